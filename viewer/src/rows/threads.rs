//! What each thread allocated and still holds. The busiest come first; what has no room becomes one row.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use super::grid::{Column, EM, Grid};
use crate::canvas::{Canvas, Picture};
use crate::error::Error;
use crate::page::{Anchor, Heading, Page, Weight, Words};
use crate::panel;
use crate::units::{bytes, count};

/// The threads of a program, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadsChart {
    /// What is shown.
    pub title: String,
    /// Whose threads: the command line. Of any length.
    pub subtitle: String,
    /// The threads, in any order.
    pub threads: Vec<ThreadRow>,
}

/// What one thread did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadRow {
    /// Its name. Of any length.
    pub name: String,
    /// Bytes that it allocated.
    pub bytes: u64,
    /// Its allocations.
    pub allocations: u64,
    /// Blocks that it freed, whoever allocated them.
    pub frees: u64,
    /// Bytes that it allocated and that are live at the end.
    pub live_bytes: u64,
}

/// A column of the picture.
struct Figure {
    heading: &'static str,
    colour: RGBColor,
    value: fn(&ThreadRow) -> u64,
    human: fn(u64) -> String,
}

const HEADING_PX: f64 = 26.0;
const LEAST_ROW_PX: f64 = 18.0;
const MOST_ROW_PX: f64 = 44.0;
const MOST_NAMES: f64 = 0.25;
/// A bar that can be told from another, with its figure and under its heading.
const LEAST_COLUMN_PX: f64 = 150.0;

impl ThreadsChart {
    /// The bytes of a PNG or SVG file that shows this chart.
    ///
    /// # Errors
    /// When the canvas is of a size that cannot be drawn, and never because of the figures.
    pub fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        canvas.render(self)
    }

    /// The busiest threads, and one row for all others.
    fn rows(&self, height: f64) -> Vec<ThreadRow> {
        let mut rows: Vec<ThreadRow> = self.threads.clone();
        rows.sort_by(|one, other| {
            let key = |row: &ThreadRow| (row.bytes, row.allocations, row.frees);
            key(other)
                .cmp(&key(one))
                .then_with(|| one.name.cmp(&other.name))
        });
        let shown = Grid::rows_that_fit(height, LEAST_ROW_PX, rows.len());
        let others = rows.split_off(shown);
        if !others.is_empty() {
            let sum = |value: fn(&ThreadRow) -> u64| {
                others.iter().map(value).fold(0, u64::saturating_add)
            };
            rows.push(ThreadRow {
                name: format!("{} more threads", count::grouped(others.len() as u64)),
                bytes: sum(|row| row.bytes),
                allocations: sum(|row| row.allocations),
                frees: sum(|row| row.frees),
                live_bytes: sum(|row| row.live_bytes),
            });
        }
        rows
    }
}

impl Picture for ThreadsChart {
    fn heading(&self) -> Heading<'_> {
        Heading {
            title: &self.title,
            subtitle: &self.subtitle,
        }
    }

    fn paint<DB: DrawingBackend>(
        &self,
        page: &Page<'_, DB>,
        below_heading: f64,
    ) -> Result<(), Error> {
        let top = below_heading + HEADING_PX;
        if self
            .threads
            .iter()
            .all(|row| row.allocations == 0 && row.frees == 0)
        {
            return panel::draw_empty(
                page,
                top - HEADING_PX,
                "Nothing was allocated in this time.",
            );
        }
        let palette = page.palette;
        let figures = [
            Figure {
                heading: "bytes allocated",
                colour: palette.heap,
                value: |row| row.bytes,
                human: bytes::human,
            },
            Figure {
                heading: "allocations",
                colour: palette.layers[2],
                value: |row| row.allocations,
                human: count::human,
            },
            Figure {
                heading: "frees",
                colour: palette.layers[3],
                value: |row| row.frees,
                human: count::human,
            },
            Figure {
                heading: "bytes live at the end",
                colour: palette.resident,
                value: |row| row.live_bytes,
                human: bytes::human,
            },
        ];
        // A narrow page shows the first of them well instead of all of them badly.
        let room = page.width * (1.0 - MOST_NAMES) / LEAST_COLUMN_PX;
        let figures = &figures[..(room as usize).clamp(1, figures.len())];
        let bottom = page.height - Page::<DB>::MARGIN;
        let rows = self.rows(bottom - top);
        let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
        let grid = Grid::of(page, (top, bottom), &names, MOST_ROW_PX, MOST_NAMES);
        for (row, name) in names.iter().enumerate() {
            grid.write_name(page, row, name)?;
        }
        for (number, figure) in figures.iter().enumerate() {
            let most = rows.iter().map(figure.value).max().unwrap_or(0);
            let texts: Vec<String> = rows
                .iter()
                .map(|row| (figure.human)((figure.value)(row)))
                .collect();
            let widths = texts
                .iter()
                .map(|text| page.measure(text, EM, Weight::Regular));
            let column = grid.column(
                number,
                figures.len(),
                most,
                widths.fold(0.0, f64::max) + 4.0,
            );
            let words = Words {
                text: figure.heading,
                em: EM,
                weight: Weight::Bold,
                colour: palette.ink,
            };
            page.write(words, Anchor::Start, (column.left, top - 9.0))?;
            for (row, (thread, text)) in rows.iter().zip(&texts).enumerate() {
                let ends = (
                    grid.row_top(row) + grid.row_px * 0.14,
                    grid.row_top(row) + grid.row_px * 0.86,
                );
                let right = column.bar(page, ends, (figure.value)(thread), figure.colour)?;
                let middle = grid.row_top(row) + grid.row_px / 2.0;
                Column::write_figure(page, (right, middle), text, Weight::Regular, palette.ink)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_without_room_are_summed_up() {
        let thread = |number: u64| ThreadRow {
            name: format!("T{number}"),
            bytes: number,
            allocations: 1,
            ..ThreadRow::default()
        };
        let chart = ThreadsChart {
            threads: (0..1_000).map(thread).collect(),
            ..ThreadsChart::default()
        };
        let rows = chart.rows(LEAST_ROW_PX * 5.0);
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["T999", "T998", "T997", "T996", "996 more threads"]);
        assert_eq!(
            rows.iter().map(|row| row.bytes).sum::<u64>(),
            (0..1_000).sum::<u64>()
        );
    }
}
