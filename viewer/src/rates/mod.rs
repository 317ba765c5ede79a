//! Allocations and frees per second over the time of the run.
//!
//! A rate is a mean over a column of the picture, three pixels wide: unlike a heap, which is as large as it is at
//! a moment, calls have a rate only over some time, and the highest of ever shorter times is without bound.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use crate::canvas::{Canvas, Picture};
use crate::error::Error;
use crate::page::{Heading, Page, Stair};
use crate::panel::{self, Axis, Panel};
use crate::units::{count, time};

/// How often memory was allocated and freed, over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RatesChart {
    /// What is shown.
    pub title: String,
    /// Whose calls: the command line. Of any length.
    pub subtitle: String,
    /// The calls, by when they were made. In any number, in any order.
    pub bins: Vec<RateBin>,
}

/// What was called in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateBin {
    /// When it begins.
    pub from_ns: u64,
    /// When it ends.
    pub to_ns: u64,
    /// Allocations made in it.
    pub allocations: u64,
    /// Blocks freed in it.
    pub frees: u64,
}

const COLUMN_PX: f64 = 3.0;
const LINE_PX: f64 = 1.5;
/// What the line of figures above the plot takes.
const HEADING_PX: f64 = 24.0;
const HEADROOM: f64 = 1.04;

impl RatesChart {
    /// The bytes of a PNG or SVG file that shows this chart.
    ///
    /// # Errors
    /// When the canvas is of a size that cannot be drawn, and never because of the figures.
    pub fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        canvas.render(self)
    }

    /// Calls per second in each of `count` equal parts of the time from `from` to `to`.
    fn per_second(
        &self,
        (from, to): (f64, f64),
        count: usize,
        calls: fn(&RateBin) -> u64,
    ) -> Vec<f64> {
        let mut sums = vec![0.0; count];
        let column_ns = (to - from) / count as f64;
        for bin in self.bins.iter().filter(|bin| calls(bin) > 0) {
            let start = (bin.from_ns as f64 - from) / column_ns;
            // A bin of no length still has its calls at its moment.
            let end = ((bin.to_ns as f64 - from) / column_ns).max(start + 1e-9);
            let first = (start as usize).min(count - 1);
            let last = (end.ceil() as usize).clamp(first + 1, count);
            for (column, sum) in sums.iter_mut().enumerate().take(last).skip(first) {
                let overlap = end.min(column as f64 + 1.0) - start.max(column as f64);
                let part = if last == first + 1 {
                    1.0
                } else {
                    overlap.max(0.0) / (end - start)
                };
                *sum += calls(bin) as f64 * part;
            }
        }
        let seconds = column_ns / 1e9;
        sums.iter().map(|sum| sum / seconds).collect()
    }
}

/// One of the two figures: its name, colour and columns.
struct Line {
    name: &'static str,
    colour: RGBColor,
    total: u64,
    rates: Vec<f64>,
}

impl Line {
    fn most(&self) -> (usize, f64) {
        let numbered = self.rates.iter().copied().enumerate();
        numbered.fold(
            (0, 0.0),
            |most, rate| if rate.1 > most.1 { rate } else { most },
        )
    }
}

impl Picture for RatesChart {
    fn heading(&self) -> Heading<'_> {
        Heading {
            title: &self.title,
            subtitle: &self.subtitle,
        }
    }

    fn paint<DB: DrawingBackend>(&self, page: &Page<'_, DB>, top: f64) -> Result<(), Error> {
        if self
            .bins
            .iter()
            .all(|bin| bin.allocations == 0 && bin.frees == 0)
        {
            return panel::draw_empty(page, top, "Nothing was allocated in this time.");
        }
        let from = self.bins.iter().map(|bin| bin.from_ns).min().unwrap_or(0) as f64;
        let to = self.bins.iter().map(|bin| bin.to_ns).max().unwrap_or(0) as f64;
        // A run of no duration is given a microsecond.
        let to = if to > from { to } else { from + 1e3 };

        let (palette, right) = (page.palette, Panel::right_edge(page));
        let (plot_top, bottom) = (
            top + HEADING_PX,
            page.height - Page::<DB>::MARGIN * 0.6 - Panel::BELOW,
        );
        let lines = |left: f64| {
            let columns = (((right - left) / COLUMN_PX) as usize).max(1);
            let line = |name, colour, calls: fn(&RateBin) -> u64| Line {
                name,
                colour,
                total: self.bins.iter().map(calls).fold(0, u64::saturating_add),
                rates: self.per_second((from, to), columns, calls),
            };
            [
                line("allocations", palette.heap, |bin| bin.allocations),
                line("frees", palette.resident, |bin| bin.frees),
            ]
        };
        let axis = |lines: &[Line; 2]| {
            let most = lines.iter().map(|line| line.most().1).fold(1.0, f64::max) * HEADROOM;
            Axis {
                from: 0.0,
                to: most,
                ticks: count::ticks(
                    most,
                    ((bottom - plot_top) / Panel::BETWEEN_Y_LABELS).max(3.0),
                ),
            }
        };
        // Columns depend on where the labels of y end, and these, a little, on the columns: two rounds settle it.
        let room = |widest| Page::<DB>::MARGIN + Panel::room_beside(widest);
        let left = room(axis(&lines(room(40.0))).widest_label(page));
        let lines = lines(left);
        let x = Axis {
            from,
            to,
            ticks: time::ticks(from, to, (right - left) / Panel::BETWEEN_X_LABELS),
        };
        let panel = Panel {
            left,
            right,
            top: plot_top,
            bottom,
            x: &x,
            y: axis(&lines),
            caption: "per second",
        };
        let [allocations, _] = &lines;
        page.fill_stairs(
            &stairs(page, &panel, &allocations.rates),
            palette.tint(palette.heap, 0.35),
        )?;
        panel.draw_grid(page)?;
        for line in &lines {
            page.trace_stairs(&stairs(page, &panel, &line.rates), LINE_PX, line.colour)?;
        }
        panel.draw_y_axis(page)?;
        panel.draw_x_axis(page)?;
        let heading = |line: &Line| {
            let (column, most) = line.most();
            let at = from + (to - from) * column as f64 / line.rates.len() as f64;
            let text = format!(
                "{} {}, at most {} a second at {}",
                count::grouped(line.total),
                line.name,
                count::human(most.round() as u64),
                time::human(at as u64)
            );
            (text, line.colour)
        };
        let headings: Vec<_> = lines.iter().map(heading).collect();
        panel::write_headings(page, &headings, (left, plot_top - 9.0))
    }
}

/// A column after another, at its height.
fn stairs<DB: DrawingBackend>(page: &Page<'_, DB>, panel: &Panel<'_>, rates: &[f64]) -> Vec<Stair> {
    let wide = (panel.right - panel.left) / rates.len() as f64;
    let edge = |column: usize| page.device(panel.left + wide * column as f64);
    let columns = rates.iter().enumerate();
    columns
        .map(|(column, rate)| Stair {
            left: edge(column),
            right: edge(column + 1),
            top: page.device(panel.y_px(*rate)),
            bottom: page.device(panel.bottom),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(from_ns: u64, to_ns: u64, allocations: u64) -> RateBin {
        RateBin {
            from_ns,
            to_ns,
            allocations,
            frees: 0,
        }
    }

    fn rates(bins: &[RateBin], to: f64, count: usize) -> Vec<f64> {
        let chart = RatesChart {
            bins: bins.to_vec(),
            ..RatesChart::default()
        };
        chart.per_second((0.0, to), count, |bin| bin.allocations)
    }

    #[test]
    fn calls_are_shared_out_over_the_columns_of_their_time() {
        let second = 1_000_000_000;
        let found = rates(
            &[bin(0, 2 * second, 100), bin(2 * second, 4 * second, 10)],
            4e9,
            4,
        );
        assert_eq!(found, [50.0, 50.0, 5.0, 5.0]);
    }

    #[test]
    fn no_call_is_lost() {
        let bins: Vec<RateBin> = (0..777)
            .map(|at| bin(at * 1_000, (at + 1) * 1_000, at))
            .collect();
        let to = 777_000.0;
        for count in [1, 7, 100, 5_000] {
            let sum: f64 = rates(&bins, to, count).iter().sum();
            let calls = sum * (to / 1e9) / count as f64;
            let expected = (0..777).sum::<u64>() as f64;
            assert!((calls - expected).abs() < 0.01, "{count}: {calls}");
        }
    }

    #[test]
    fn calls_of_a_moment_have_a_column() {
        assert_eq!(rates(&[bin(5, 5, 3)], 10.0, 2), [0.0, 3.0 / 5e-9]);
        assert_eq!(rates(&[bin(10, 10, 3)], 10.0, 2), [0.0, 3.0 / 5e-9]);
    }
}
