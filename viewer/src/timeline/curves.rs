//! The areas and lines of the timeline, from columns to stairs.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use super::columns::{Column, columns};
use super::{HeapPoint, TimelineChart};
use crate::error::Error;
use crate::page::{Page, Stair};
use crate::panel::Panel;

const LINE_PX: f64 = 1.5;

/// How much of the series' colour its area has: where the heap surely was, and between its lowest and
/// its highest within one column.
pub(super) const SURE: f64 = 0.45;
pub(super) const BETWEEN: f64 = 0.2;

/// A series in columns that are as narrow as the outline can be followed with the eye: a heap that goes up and
/// down a thousand times is a solid bar when each column is a pixel, and an envelope when they are wider.
pub(super) struct Outline {
    columns: Vec<Option<Column>>,
    /// Left, right and bottom edge of the plot, and the width of a column, in device pixels.
    left: i32,
    right: i32,
    bottom: i32,
    column_px: i32,
}

impl Outline {
    const WIDEST_COLUMN: f64 = 8.0;

    pub(super) fn of<DB: DrawingBackend>(
        page: &Page<'_, DB>,
        panel: &Panel<'_>,
        points: &[HeapPoint],
    ) -> Self {
        let [left, right] = [panel.left, panel.right].map(|edge| page.device(edge));
        let outline = |column_px: i32| Self {
            columns: columns(
                points,
                panel.x,
                f64::from(right - left) / f64::from(column_px),
            ),
            left,
            right,
            bottom: page.device(panel.bottom),
            column_px,
        };
        let mut column_px = 1;
        loop {
            let outline = outline(column_px);
            column_px *= 2;
            let is_widest = column_px > page.device(Self::WIDEST_COLUMN);
            if is_widest || !is_crowded(&outline.stairs(page, panel, |column| column.high)) {
                return outline;
            }
        }
    }

    /// One column after another, at the height that `value` gives it.
    fn stairs<DB: DrawingBackend>(
        &self,
        page: &Page<'_, DB>,
        panel: &Panel<'_>,
        value: impl Fn(&Column) -> u64,
    ) -> Vec<Stair> {
        let lefts = (self.left..).step_by(self.column_px.unsigned_abs() as usize);
        let placed = self.columns.iter().zip(lefts).filter_map(|(column, left)| {
            Some(Stair {
                left,
                right: (left + self.column_px).min(self.right),
                top: page.device(panel.y_px(value(column.as_ref()?) as f64)),
                bottom: self.bottom,
            })
        });
        placed.collect()
    }
}

/// Whether a line through these tops would go up and down so much that it would paint the area over.
fn is_crowded(tops: &[Stair]) -> bool {
    const MOST_RISE_A_PIXEL: i64 = 5;
    let rises = tops
        .windows(2)
        .map(|pair| i64::from(pair[1].top - pair[0].top).abs());
    let wide: i64 = tops
        .iter()
        .map(|stair| i64::from(stair.right - stair.left))
        .sum();
    rises.sum::<i64>() > MOST_RISE_A_PIXEL * wide
}

/// The area of the heap: in two shades of one colour, or stacked by layers.
pub(super) fn fill_heap<DB: DrawingBackend>(
    chart: &TimelineChart,
    page: &Page<'_, DB>,
    panel: &Panel<'_>,
    outline: &Outline,
) -> Result<(), Error> {
    let fill = |value: &dyn Fn(&Column) -> u64, colour| {
        page.fill_stairs(&outline.stairs(page, panel, value), colour)
    };
    if chart.layers.is_empty() {
        let heap = page.palette.heap;
        fill(&|column| column.high, page.palette.tint(heap, BETWEEN))?;
        return fill(&|column| column.low, page.palette.tint(heap, SURE));
    }
    fill(&|column| column.high, page.palette.rest)?;
    // From the top down: each layer is filled to the ground, and those under it cover its lower part.
    for (index, colour) in page.palette.layers.iter().enumerate().rev() {
        let Some(up_to_here) = chart.layers.get(..=index) else {
            continue;
        };
        let sum = |column: &Column| {
            let held = up_to_here
                .iter()
                .filter_map(|layer| layer.bytes.get(column.highest_point));
            let sum = held.fold(0u64, |sum, bytes| sum.saturating_add(*bytes));
            sum.min(column.high)
        };
        fill(&sum, *colour)?;
    }
    Ok(())
}

/// Over layers of every colour, the line is in ink.
pub(super) fn heap_line<DB: DrawingBackend>(
    chart: &TimelineChart,
    page: &Page<'_, DB>,
) -> RGBColor {
    if chart.layers.is_empty() {
        page.palette.heap
    } else {
        page.palette.ink
    }
}

/// The line on top of an outline; a series of one point is a dot as well, since it may be one column
/// wide, which nobody would find.
pub(super) fn trace<DB: DrawingBackend>(
    page: &Page<'_, DB>,
    panel: &Panel<'_>,
    outline: &Outline,
    points: &[HeapPoint],
    colour: RGBColor,
) -> Result<(), Error> {
    let tops = outline.stairs(page, panel, |column| column.high);
    page.trace_stairs(&tops, LINE_PX, colour)?;
    let [only] = points else { return Ok(()) };
    let (x, y) = (
        panel.x_px(only.at_ns as f64),
        panel.y_px(only.high_bytes as f64),
    );
    page.dot(x, y, 4.0, colour)
}
