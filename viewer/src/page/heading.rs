//! The first two lines of every picture: what it shows, and of which command.

use plotters::prelude::DrawingBackend;

use super::{Anchor, Page, Weight, Words, printable, shorten_middle};
use crate::error::Error;

/// Title and subtitle; both are shortened in the middle when they are wider than the page.
pub(crate) struct Heading<'h> {
    pub(crate) title: &'h str,
    pub(crate) subtitle: &'h str,
}

impl Heading<'_> {
    const TITLE_EM: f64 = 17.0;
    const SUBTITLE_EM: f64 = 12.5;
    /// Below this height the plot needs the line more than the command does.
    const LEAST_HEIGHT_FOR_SUBTITLE: f64 = 200.0;

    /// Writes the lines at the top of the page and gives back where the next thing may begin.
    pub(crate) fn write<DB: DrawingBackend>(&self, page: &Page<'_, DB>) -> Result<f64, Error> {
        let mut below = Page::<DB>::MARGIN;
        let palette = page.palette;
        let shows_subtitle = page.height >= Self::LEAST_HEIGHT_FOR_SUBTITLE;
        let lines = [
            (self.title, Self::TITLE_EM, Weight::Bold, palette.ink, true),
            (
                self.subtitle,
                Self::SUBTITLE_EM,
                Weight::Regular,
                palette.muted,
                shows_subtitle,
            ),
        ];
        for (text, em, weight, colour, shown) in lines {
            if text.is_empty() || !shown {
                continue;
            }
            let room = page.width - 2.0 * Page::<DB>::MARGIN;
            let text = shorten_middle(&printable(text), room, |part| {
                page.measure(part, em, weight)
            });
            let words = Words {
                text: &text,
                em,
                weight,
                colour,
            };
            page.write(words, Anchor::Start, (Page::<DB>::MARGIN, below + em * 0.8))?;
            below += em * 1.45;
        }
        Ok(below + 8.0)
    }
}
