//! Where the parts of a timeline go, from the outside in: heading and legend take what they need, the
//! flags their rows, the labels of y their width, and the plot all that is left.

use plotters::prelude::DrawingBackend;

use super::TimelineChart;
use super::curves::{BETWEEN, SURE, heap_line};
use super::flags::Flags;
use crate::page::{Entry, Legend, Page, Swatch};
use crate::panel::{Axis, Panel};
use crate::units::{bytes, time};

/// Resident memory this many times the heap gets a plot of its own, since in one the heap would be flat.
const DWARFED: u64 = 4;
/// The part of the height that such a plot takes, and the gap above it.
const RESIDENT_PART: f64 = 0.3;
const BETWEEN_PANELS: f64 = 18.0;
/// What is left free above the highest value.
const HEADROOM: f64 = 1.04;

/// The places of everything below the heading.
pub(super) struct Layout {
    time: Axis,
    left: f64,
    right: f64,
    heap_ends: (f64, f64),
    heap_bytes: Axis,
    resident: Option<((f64, f64), Axis)>,
    pub(super) flags: Flags,
    pub(super) legend: Legend,
    pub(super) legend_top: f64,
}

impl Layout {
    /// Lays out what stands from `top` down.
    pub(super) fn of<DB: DrawingBackend>(
        chart: &TimelineChart,
        page: &Page<'_, DB>,
        top: f64,
    ) -> Self {
        let (from, to) = time_span(chart);
        let legend = Legend::flow(page, entries(chart, page));
        let legend_top = page.height - Page::<DB>::MARGIN * 0.6 - legend.height();
        let bottom = legend_top - 4.0 - Panel::BELOW;

        let (live, held) = (chart.most_live_bytes(), chart.most_resident_bytes());
        let is_dwarfed = live > 0 && held / DWARFED > live;
        let resident_top = bottom - (bottom - top) * RESIDENT_PART;
        let (heap_bottom, most) = if is_dwarfed {
            (resident_top - BETWEEN_PANELS, live)
        } else {
            (bottom, live.max(held))
        };
        let heap_bytes = byte_axis(most, heap_bottom - top);
        let resident = is_dwarfed.then(|| {
            (
                (resident_top, bottom),
                byte_axis(held, bottom - resident_top),
            )
        });

        let of_resident = resident.iter().map(|(_, axis)| axis);
        let widest = of_resident
            .chain([&heap_bytes])
            .map(|axis| axis.widest_label(page))
            .fold(0.0, f64::max);
        let left = Page::<DB>::MARGIN + Panel::room_beside(widest);
        let right = Panel::right_edge(page);
        let wanted = (right - left) / Panel::BETWEEN_X_LABELS;
        let time = Axis {
            from,
            to,
            ticks: time::ticks(from, to, wanted),
        };

        let x_of = |ns: u64| left + (ns as f64 - from) / (to - from) * (right - left);
        let flags = Flags::place(chart, page, (left, right), x_of);
        Self {
            time,
            left,
            right,
            heap_ends: (top + flags.height(), heap_bottom),
            heap_bytes,
            resident,
            flags,
            legend,
            legend_top,
        }
    }

    /// The plot of the heap, and that of resident memory if it has its own.
    pub(super) fn panels(&self) -> (Panel<'_>, Option<Panel<'_>>) {
        let panel = |(top, bottom), y: &Axis, caption| Panel {
            left: self.left,
            right: self.right,
            top,
            bottom,
            x: &self.time,
            y: y.clone(),
            caption,
        };
        let resident = self.resident.as_ref();
        (
            panel(self.heap_ends, &self.heap_bytes, "bytes"),
            resident.map(|(ends, y)| panel(*ends, y, "resident")),
        )
    }
}

/// From the earliest to the latest of what is drawn.
fn time_span(chart: &TimelineChart) -> (f64, f64) {
    let moments = || {
        let points = chart.points.iter().map(|point| point.at_ns);
        let samples = chart.resident.iter().map(|sample| sample.at_ns);
        let marks = chart.marks.iter().map(|mark| mark.at_ns);
        let peak = chart.peak.map(|peak| peak.at_ns);
        points.chain(samples).chain(marks).chain(peak)
    };
    let from = moments().fold(chart.from_ns, u64::min) as f64;
    let to = moments().fold(chart.to_ns, u64::max) as f64;
    if to > from {
        return (from, to);
    }
    // No time passed. An axis needs some, and a lone moment stands best in its middle.
    const A_MOMENT_NS: f64 = 1_000.0;
    if to > 0.0 {
        (0.0, 2.0 * to)
    } else {
        (0.0, A_MOMENT_NS)
    }
}

fn byte_axis(most: u64, height: f64) -> Axis {
    // A heap that was always empty is drawn on an axis of one KiB.
    let to = if most == 0 {
        1024.0
    } else {
        most as f64 * HEADROOM
    };
    Axis {
        from: 0.0,
        to,
        ticks: bytes::ticks(to, height / Panel::BETWEEN_Y_LABELS),
    }
}

fn entries<DB: DrawingBackend>(chart: &TimelineChart, page: &Page<'_, DB>) -> Vec<Entry> {
    let palette = page.palette;
    let entry = |swatch, name: &str| Entry {
        swatch,
        name: name.to_owned(),
    };
    let mut entries = Vec::new();
    if chart.layers.is_empty() {
        let fill = palette.tint(palette.heap, SURE);
        entries.push(entry(Swatch::LineOverFill(palette.heap, fill), "live heap"));
        let has_ranges = chart
            .points
            .iter()
            .any(|point| point.low_bytes != point.high_bytes)
            || chart.points.len() > page.device(page.width).unsigned_abs() as usize;
        if has_ranges {
            let fill = palette.tint(palette.heap, BETWEEN);
            entries.push(entry(
                Swatch::Fill(fill),
                "between its lowest and highest in that moment",
            ));
        }
    } else {
        entries.push(entry(
            Swatch::Line(heap_line(chart, page)),
            "live heap, of which:",
        ));
        for (layer, colour) in chart.layers.iter().zip(palette.layers) {
            entries.push(entry(Swatch::Fill(colour), &layer.name));
        }
        entries.push(entry(Swatch::Fill(palette.rest), "everything else"));
    }
    if !chart.resident.is_empty() {
        entries.push(entry(
            Swatch::Line(palette.resident),
            "resident memory (RSS)",
        ));
    }
    entries
}
