//! The graph as pixels: the boxes that are seen, each with as much of its name as fits.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use super::colours::{FOLDED, INK, NEUTRAL, growth, growth_number, warm, warm_number};
use super::view::seen;
use super::{
    ABOVE_PX, Flames, LABEL_EM, LEVEL_PX, MARGIN_PX, NARROWEST_LABEL_PX, NOTHING, PADDING_PX,
    Shades,
};
use crate::canvas::Picture;
use crate::error::Error;
use crate::page::{Anchor, Heading, Page, Weight, Words, shorten_middle};
use crate::panel;

impl Flames<'_> {
    /// The colour of a box.
    fn colour(&self, number: Option<usize>) -> RGBColor {
        let Some(number) = number else { return FOLDED };
        let one = &self.boxes.all[number];
        match self.shades {
            _ if one.folded > 0 => FOLDED,
            Shades::ByGrowth => growth(growth_number(one)),
            Shades::ByName if number == 0 => NEUTRAL,
            Shades::ByName => warm(warm_number(&self.boxes.shown_name(number))),
        }
    }
}

impl Picture for Flames<'_> {
    fn heading(&self) -> Heading<'_> {
        Heading {
            title: self.title,
            subtitle: self.subtitle,
        }
    }

    fn paint<DB: DrawingBackend>(
        &self,
        page: &Page<'_, DB>,
        below_heading: f64,
    ) -> Result<(), Error> {
        let boxes = seen(&self.boxes, page.width - 2.0 * MARGIN_PX);
        if boxes.is_empty() {
            return panel::draw_empty(page, below_heading, NOTHING);
        }
        let line = |text: &str, baseline| {
            let room = page.width - 2.0 * MARGIN_PX;
            let text = shorten_middle(text, room, |part| {
                page.measure(part, LABEL_EM, Weight::Regular)
            });
            let words = Words {
                text: &text,
                em: LABEL_EM,
                weight: Weight::Regular,
                colour: page.palette.muted,
            };
            page.write(words, Anchor::Start, (MARGIN_PX, baseline))
        };
        line(&self.overview(), ABOVE_PX - 9.0)?;
        for one in &boxes {
            let left = MARGIN_PX + one.left;
            let top = ABOVE_PX + one.level as f64 * LEVEL_PX;
            // A gap that is left out where it would eat the box.
            let right = left + (one.width - 1.0).max(one.width.min(1.0));
            page.rectangle(
                [left, top, right, top + LEVEL_PX - 1.0],
                self.colour(one.number),
            )?;
            let Some(number) = one.number else { continue };
            if one.width < NARROWEST_LABEL_PX {
                continue;
            }
            let name = self.boxes.shown_name(number);
            let room = one.width - 2.0 * PADDING_PX;
            let label = shorten_middle(&name, room, |part| {
                page.measure(part, LABEL_EM, Weight::Regular)
            });
            let words = Words {
                text: &label,
                em: LABEL_EM,
                weight: Weight::Regular,
                colour: INK,
            };
            page.write(
                words,
                Anchor::Start,
                (left + PADDING_PX, top + LEVEL_PX * 0.7),
            )?;
        }
        match self.folded() {
            Some(said) => line(&said, page.height - 12.0),
            None => Ok(()),
        }
    }
}
