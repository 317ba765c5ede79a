//! The heap over time: live bytes as an area, on request stacked by the call stacks that hold them,
//! resident memory as a line, the peak marked and labelled, and further moments marked.
//!
//! The steps: `columns` brings any number of points down to one a pixel column without losing a spike,
//! `layout` gives each part its place, `curves` draws the areas and lines, `flags` the labels above the plot.

mod columns;
mod curves;
mod flags;
mod layout;

use plotters::prelude::DrawingBackend;

use crate::canvas::{Canvas, Picture};
use crate::error::Error;
use crate::page::{Heading, Page};
use crate::panel;

use curves::Outline;
use layout::Layout;

/// A picture of the heap over time. Times count from the start of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineChart {
    /// What is shown, for example the name of the program.
    pub title: String,
    /// Whose heap it is: the command line. Of any length; the middle of what is too long is left out.
    pub subtitle: String,
    /// Where the axis of time begins, unless something lies before it.
    pub from_ns: u64,
    /// Where it ends, unless something lies after it. The last point holds until here.
    pub to_ns: u64,
    /// The heap, in any number of points: each pixel column shows the lowest and the highest of its points.
    pub points: Vec<HeapPoint>,
    /// The call stacks that hold most, from the bottom of the stack up. Up to six are told apart by colour.
    pub layers: Vec<Layer>,
    /// What the kernel counted as resident. Drawn into the heap's plot, or, where that would flatten the heap,
    /// into one of its own below it.
    pub resident: Vec<ResidentSample>,
    /// The moment with the most live bytes.
    pub peak: Option<Peak>,
    /// Other moments worth a line: errors, leak checks.
    pub marks: Vec<Mark>,
}

/// Live bytes from one moment until the next point's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapPoint {
    /// When it begins.
    pub at_ns: u64,
    /// The fewest bytes that were live in that time.
    pub low_bytes: u64,
    /// The most bytes that were live in that time.
    pub high_bytes: u64,
}

impl HeapPoint {
    /// A point at which the heap is known exactly.
    pub fn at(at_ns: u64, bytes: u64) -> Self {
        Self {
            at_ns,
            low_bytes: bytes,
            high_bytes: bytes,
        }
    }
}

/// What one call stack holds over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// How the legend names it. Of any length.
    pub name: String,
    /// For each of the chart's points, in the same order, the bytes of it that this layer held when
    /// that point was at its highest. What is missing counts as 0.
    pub bytes: Vec<u64>,
}

/// Resident memory, until the next sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResidentSample {
    /// When it was taken.
    pub at_ns: u64,
    /// Resident bytes.
    pub bytes: u64,
}

/// The moment with the most live bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// When it was.
    pub at_ns: u64,
    /// Live bytes then.
    pub bytes: u64,
}

/// A moment with a name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mark {
    /// When it was.
    pub at_ns: u64,
    /// What happened then, in a word or two.
    pub label: String,
}

impl TimelineChart {
    /// The bytes of a PNG or SVG file that shows this chart.
    ///
    /// # Errors
    /// When the canvas is of a size that cannot be drawn, and never because of the figures.
    pub fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        canvas.render(self)
    }

    fn most_live_bytes(&self) -> u64 {
        let points = self.points.iter().map(|point| point.high_bytes);
        points
            .chain(self.peak.map(|peak| peak.bytes))
            .max()
            .unwrap_or(0)
    }

    fn most_resident_bytes(&self) -> u64 {
        let samples = self.resident.iter().map(|sample| sample.bytes);
        samples.max().unwrap_or(0)
    }
}

impl Picture for TimelineChart {
    fn heading(&self) -> Heading<'_> {
        Heading {
            title: &self.title,
            subtitle: &self.subtitle,
        }
    }

    fn paint<DB: DrawingBackend>(&self, page: &Page<'_, DB>, top: f64) -> Result<(), Error> {
        if self.points.is_empty() {
            return panel::draw_empty(page, top, "Nothing was allocated in this time.");
        }
        let layout = Layout::of(self, page, top);
        let (heap, resident) = layout.panels();

        let outline = Outline::of(page, &heap, &self.points);
        curves::fill_heap(self, page, &heap, &outline)?;
        heap.draw_grid(page)?;
        layout.flags.draw_lines(page, &heap)?;
        let colour = curves::heap_line(self, page);
        curves::trace(page, &heap, &outline, &self.points, colour)?;

        if let Some(own_panel) = &resident {
            own_panel.draw_grid(page)?;
            own_panel.draw_y_axis(page)?;
        }
        let lowest = resident.as_ref().unwrap_or(&heap);
        let samples = columns::as_points(&self.resident);
        let outline = Outline::of(page, lowest, &samples);
        curves::trace(page, lowest, &outline, &samples, page.palette.resident)?;

        heap.draw_y_axis(page)?;
        lowest.draw_x_axis(page)?;
        layout.flags.draw_labels(page, &heap)?;
        layout.legend.draw(page, layout.legend_top)
    }
}
