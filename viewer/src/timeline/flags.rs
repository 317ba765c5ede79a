//! The labels of moments: the peak and the marks. They stand in rows above the plot, each with a line
//! down to its moment, so that they neither cover the data nor leave the picture.

use plotters::prelude::DrawingBackend;

use super::{Peak, TimelineChart};
use crate::error::Error;
use crate::page::{Anchor, Page, Weight, Words, printable, shorten_middle};
use crate::panel::Panel;
use crate::units::{bytes, time};

/// A moment that is labelled, or, where no row has room, just marked.
struct Flag {
    text: String,
    weight: Weight,
    /// The moment's position.
    x: f64,
    /// The middle of the label, and its row from the top.
    place: Option<(f64, usize)>,
}

/// All flags of a chart in their rows.
pub(super) struct Flags {
    flags: Vec<Flag>,
    rows: usize,
    peak: Option<Peak>,
}

impl Flags {
    const EM: f64 = 12.0;
    const ROW: f64 = 17.0;
    /// A row of labels for so much of the page's height, so that a small page keeps its plot.
    const PAGE_PX_A_ROW: f64 = 150.0;
    const BETWEEN_LABELS: f64 = 12.0;
    const MARK_LABEL_PX: f64 = 180.0;

    /// Finds a row for the peak first, then for each mark in turn.
    pub(super) fn place<DB: DrawingBackend>(
        chart: &TimelineChart,
        page: &Page<'_, DB>,
        (left, right): (f64, f64),
        x_of: impl Fn(u64) -> f64,
    ) -> Self {
        let of_peak = chart
            .peak
            .map(|peak| (peak.at_ns, peak_text(peak), Weight::Bold));
        let of_marks = chart
            .marks
            .iter()
            .map(|mark| (mark.at_ns, printable(&mark.label), Weight::Regular));

        let rows = ((page.height / Self::PAGE_PX_A_ROW) as usize).clamp(1, 3);
        let mut taken: Vec<Vec<(f64, f64)>> = vec![Vec::new(); rows];
        let mut flags: Vec<Flag> = Vec::new();
        for (at_ns, text, weight) in of_peak.into_iter().chain(of_marks) {
            let x = x_of(at_ns);
            let room = match weight {
                Weight::Bold => right - left,
                Weight::Regular => Self::MARK_LABEL_PX.min(right - left),
            };
            let width_of = |part: &str| page.measure(part, Self::EM, weight);
            let text = shorten_middle(&text, room, width_of);
            let half = width_of(&text) / 2.0;
            // Over its moment, but moved inwards where it would leave the plot.
            let middle = x.min(right - half).max(left + half);
            let (start, end) = (middle - half, middle + half);
            let is_clear = |(other_start, other_end): &(f64, f64)| {
                end + Self::BETWEEN_LABELS < *other_start
                    || other_end + Self::BETWEEN_LABELS < start
            };
            let row = taken.iter().position(|row| row.iter().all(is_clear));
            if let Some(row) = row {
                taken[row].push((start, end));
            }
            flags.push(Flag {
                text,
                weight,
                x,
                place: row.map(|row| (middle, row)),
            });
        }
        let rows = taken.iter().take_while(|row| !row.is_empty()).count();
        Self {
            flags,
            rows,
            peak: chart.peak,
        }
    }

    pub(super) fn height(&self) -> f64 {
        self.rows as f64 * Self::ROW + 6.0
    }

    /// The lines from the labels down: to the ground for marks, to its dot for the peak.
    pub(super) fn draw_lines<DB: DrawingBackend>(
        &self,
        page: &Page<'_, DB>,
        panel: &Panel<'_>,
    ) -> Result<(), Error> {
        let mut columns_with_a_line = std::collections::HashSet::new();
        for flag in &self.flags {
            if !columns_with_a_line.insert(page.device(flag.x)) {
                continue; // ten thousand errors in one column are one line
            }
            let (top, colour) = match flag.place {
                Some((_, row)) => (
                    self.row_top(panel, row) + Self::EM + 3.0,
                    page.palette.muted,
                ),
                None => (panel.top, page.palette.axis),
            };
            let bottom = match (flag.weight, self.peak) {
                (Weight::Bold, Some(peak)) => panel.y_px(peak.bytes as f64),
                _ => panel.bottom,
            };
            page.plumb(flag.x, top, bottom, colour)?;
        }
        Ok(())
    }

    /// The labels, and the dot of the peak.
    pub(super) fn draw_labels<DB: DrawingBackend>(
        &self,
        page: &Page<'_, DB>,
        panel: &Panel<'_>,
    ) -> Result<(), Error> {
        for flag in &self.flags {
            let Some((middle, row)) = flag.place else {
                continue;
            };
            let colour = match flag.weight {
                Weight::Bold => page.palette.ink,
                Weight::Regular => page.palette.muted,
            };
            let words = Words {
                text: &flag.text,
                em: Self::EM,
                weight: flag.weight,
                colour,
            };
            let top = self.row_top(panel, row);
            let half = page.measure(&flag.text, Self::EM, flag.weight) / 2.0 + 3.0;
            // The line of a flag in a row above may pass here; it must not strike the words through.
            let behind = [
                middle - half,
                top - 2.0,
                middle + half,
                top + Self::EM + 3.0,
            ];
            page.rectangle(behind, page.palette.background)?;
            let baseline = top + Self::EM * 0.85;
            page.write(words, Anchor::Middle, (middle, baseline))?;
        }
        let Some(peak) = self.peak else { return Ok(()) };
        let (x, y) = (panel.x_px(peak.at_ns as f64), panel.y_px(peak.bytes as f64));
        page.dot(x, y, 5.5, page.palette.background)?;
        page.dot(x, y, 4.0, page.palette.ink)
    }

    fn row_top(&self, panel: &Panel<'_>, row: usize) -> f64 {
        panel.top - self.height() + row as f64 * Self::ROW
    }
}

fn peak_text(peak: Peak) -> String {
    let (bytes, time) = (bytes::human(peak.bytes), time::human(peak.at_ns));
    format!("peak {bytes} at {time}")
}
