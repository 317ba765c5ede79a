//! The places of rows: names on the left, shortened in the middle where they are long, and beside them columns of
//! bars with their figures.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use crate::error::Error;
use crate::page::{Anchor, Page, Weight, Words, printable, shorten_middle};

pub(super) const EM: f64 = 12.0;
/// A bar that is not nothing is seen.
const SHORTEST_BAR_PX: f64 = 2.0;
const GAP_PX: f64 = 8.0;
const BETWEEN_COLUMNS_PX: f64 = 24.0;

/// The rows of a page.
pub(super) struct Grid {
    pub(super) top: f64,
    pub(super) row_px: f64,
    /// Where the columns begin, behind the names.
    left: f64,
    right: f64,
}

/// One column of bars, from its left edge to the end of its figures.
pub(super) struct Column {
    pub(super) left: f64,
    bars_px: f64,
    most: u64,
}

impl Grid {
    /// How many rows of at least this height there is room for, one of them for what is left over if not all fit.
    pub(super) fn rows_that_fit(height: f64, least_row_px: f64, wanted: usize) -> usize {
        let room = ((height / least_row_px) as usize).max(1);
        if wanted <= room {
            wanted
        } else {
            room.saturating_sub(1)
        }
    }

    /// Rows from `top` to `bottom`, no higher than `most_row_px`; names take at most `most_names` of the width.
    pub(super) fn of<DB: DrawingBackend>(
        page: &Page<'_, DB>,
        (top, bottom): (f64, f64),
        names: &[String],
        most_row_px: f64,
        most_names: f64,
    ) -> Self {
        let margin = Page::<DB>::MARGIN;
        let widest = names
            .iter()
            .map(|name| {
                // No need to measure a name of 5,000 letters to know that it is too wide.
                let head: String = name.chars().take(200).collect();
                page.measure(&head, EM, Weight::Regular)
            })
            .fold(0.0, f64::max);
        let names_px = widest.min((page.width - 2.0 * margin) * most_names);
        Self {
            top,
            row_px: ((bottom - top) / names.len().max(1) as f64).min(most_row_px),
            left: margin + names_px + GAP_PX,
            right: page.width - margin,
        }
    }

    /// The top of a row.
    pub(super) fn row_top(&self, row: usize) -> f64 {
        self.top + row as f64 * self.row_px
    }

    /// The name of a row, in its middle.
    pub(super) fn write_name<DB: DrawingBackend>(
        &self,
        page: &Page<'_, DB>,
        row: usize,
        name: &str,
    ) -> Result<(), Error> {
        let room = self.left - GAP_PX - Page::<DB>::MARGIN;
        let name = shorten_middle(&printable(name), room, |part| {
            page.measure(part, EM, Weight::Regular)
        });
        let words = Words {
            text: &name,
            em: EM,
            weight: Weight::Regular,
            colour: page.palette.ink,
        };
        let baseline = self.row_top(row) + self.row_px / 2.0 + EM * 0.36;
        page.write(words, Anchor::End, (self.left - GAP_PX, baseline))
    }

    /// Column `number` of `count` equal ones, for bars up to `most` whose figures are `figures_px` wide.
    pub(super) fn column(&self, number: usize, count: usize, most: u64, figures_px: f64) -> Column {
        let gaps = BETWEEN_COLUMNS_PX * (count - 1) as f64;
        let each = (self.right - self.left - gaps) / count as f64;
        Column {
            left: self.left + number as f64 * (each + BETWEEN_COLUMNS_PX),
            bars_px: (each - figures_px - GAP_PX).max(SHORTEST_BAR_PX),
            most: most.max(1),
        }
    }
}

impl Column {
    /// A bar between two heights; gives its right end.
    pub(super) fn bar<DB: DrawingBackend>(
        &self,
        page: &Page<'_, DB>,
        (top, bottom): (f64, f64),
        figure: u64,
        colour: RGBColor,
    ) -> Result<f64, Error> {
        let long = figure as f64 / self.most as f64 * self.bars_px;
        let long = if figure == 0 {
            0.0
        } else {
            long.max(SHORTEST_BAR_PX)
        };
        page.rectangle([self.left, top, self.left + long, bottom], colour)?;
        Ok(self.left + long)
    }

    /// A figure behind a bar that ends at `right`.
    pub(super) fn write_figure<DB: DrawingBackend>(
        page: &Page<'_, DB>,
        (right, middle): (f64, f64),
        text: &str,
        weight: Weight,
        colour: RGBColor,
    ) -> Result<(), Error> {
        let words = Words {
            text,
            em: EM,
            weight,
            colour,
        };
        page.write(
            words,
            Anchor::Start,
            (right + GAP_PX / 2.0 + 2.0, middle + EM * 0.36),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_is_kept_for_the_rest() {
        assert_eq!(Grid::rows_that_fit(100.0, 20.0, 5), 5);
        assert_eq!(Grid::rows_that_fit(100.0, 20.0, 6), 4);
        assert_eq!(Grid::rows_that_fit(3.0, 20.0, 1), 1);
        assert_eq!(Grid::rows_that_fit(3.0, 20.0, 9), 0);
    }
}
