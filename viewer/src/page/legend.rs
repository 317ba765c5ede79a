//! The legend: below the plot, never in it, so that it cannot cover data. Its rows are counted before the plot is
//! laid out, and the plot gets what they leave.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use super::{Anchor, Page, Weight, Words, printable, shorten_middle};
use crate::error::Error;

/// What stands before a name.
#[derive(Clone, Copy)]
pub(crate) enum Swatch {
    /// An area of this colour.
    Fill(RGBColor),
    /// A line of this colour.
    Line(RGBColor),
    /// Words without one.
    Nothing,
    /// A line above an area: their colours.
    LineOverFill(RGBColor, RGBColor),
}

/// One thing that is drawn, and its name.
pub(crate) struct Entry {
    pub(crate) swatch: Swatch,
    pub(crate) name: String,
}

/// Entries that have found their places.
pub(crate) struct Legend {
    /// Each entry with its left edge and its row.
    placed: Vec<(Entry, f64, usize)>,
    rows: usize,
}

impl Legend {
    const EM: f64 = 12.0;
    const ROW: f64 = 20.0;
    const SWATCH: f64 = 18.0;
    const GAP: f64 = 7.0;
    const BETWEEN_ENTRIES: f64 = 24.0;
    /// A legend may take this much of what a plot can spare; entries that do not fit are counted.
    const LARGEST_PART: f64 = 0.35;
    const PLOT_NEEDS: f64 = 160.0;

    /// Flows entries into rows, from left to right. A name may take up to half of the width.
    pub(crate) fn flow<DB: DrawingBackend>(page: &Page<'_, DB>, entries: Vec<Entry>) -> Self {
        let left = Page::<DB>::MARGIN;
        let right = page.width - Page::<DB>::MARGIN;
        let around_name = Self::SWATCH + Self::GAP;
        let widest_name = ((right - left - Self::BETWEEN_ENTRIES) / 2.0 - around_name).max(20.0);
        let spare = (page.height - Self::PLOT_NEEDS) * Self::LARGEST_PART;
        let most_rows = ((spare / Self::ROW) as usize).max(1);

        let mut legend = Self {
            placed: Vec::new(),
            rows: 1,
        };
        let (mut x, total) = (left, entries.len());
        for Entry { swatch, name } in entries {
            let name = shorten_middle(&printable(&name), widest_name, |part| {
                Self::width(page, part)
            });
            let wide = around_name + Self::width(page, &name);
            if x > left && x + wide > right {
                if legend.rows == most_rows {
                    legend.count_rest(page, total, right);
                    break;
                }
                (x, legend.rows) = (left, legend.rows + 1);
            }
            legend
                .placed
                .push((Entry { swatch, name }, x, legend.rows - 1));
            x += wide + Self::BETWEEN_ENTRIES;
        }
        legend
    }

    /// Ends the last row with the number of entries that are not shown, in place of as many as it takes.
    fn count_rest<DB: DrawingBackend>(&mut self, page: &Page<'_, DB>, total: usize, right: f64) {
        while let Some((last, left, row)) = self.placed.last() {
            let end = left + Self::SWATCH + Self::GAP + Self::width(page, &last.name);
            let name = format!("… and {} more", total - self.placed.len());
            let x = end + Self::BETWEEN_ENTRIES;
            if x + Self::width(page, &name) <= right {
                let entry = Entry {
                    swatch: Swatch::Nothing,
                    name,
                };
                self.placed
                    .push((entry, x - Self::SWATCH - Self::GAP, *row));
                return;
            }
            self.placed.pop();
        }
    }

    fn width<DB: DrawingBackend>(page: &Page<'_, DB>, text: &str) -> f64 {
        page.measure(text, Self::EM, Weight::Regular)
    }

    pub(crate) fn height(&self) -> f64 {
        self.rows as f64 * Self::ROW
    }

    /// Draws the rows from `top` down.
    pub(crate) fn draw<DB: DrawingBackend>(
        &self,
        page: &Page<'_, DB>,
        top: f64,
    ) -> Result<(), Error> {
        for (entry, left, row) in &self.placed {
            let middle = top + (*row as f64 + 0.5) * Self::ROW;
            let right = left + Self::SWATCH;
            match entry.swatch {
                Swatch::Nothing => {}
                Swatch::Fill(colour) => {
                    page.rectangle([*left, middle - 5.0, right, middle + 5.0], colour)?;
                }
                Swatch::Line(colour) => {
                    page.rectangle([*left, middle - 1.0, right, middle + 1.0], colour)?;
                }
                Swatch::LineOverFill(line, fill) => {
                    page.rectangle([*left, middle - 5.0, right, middle + 5.0], fill)?;
                    page.rectangle([*left, middle - 5.0, right, middle - 3.0], line)?;
                }
            }
            let words = Words {
                text: &entry.name,
                em: Self::EM,
                weight: Weight::Regular,
                colour: page.palette.ink,
            };
            let baseline = middle + Self::EM * 0.36;
            page.write(words, Anchor::Start, (right + Self::GAP, baseline))?;
        }
        Ok(())
    }
}
