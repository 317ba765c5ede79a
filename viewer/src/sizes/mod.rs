//! How large the requested blocks are: for each bin of sizes the number of allocations, and below it
//! the bytes that they asked for, since the many and the large are seldom the same.
//!
//! The bars are linear, each with its figure on top, and a bin that is not empty is at least two
//! pixels high. A logarithmic height was the alternative: it shows the small ones, but makes a bin with a
//! thousand times the blocks look merely twice as tall, and the picture is there to show which dominates.
//!
//! The steps: `scale` puts sizes on a logarithmic axis and merges bins too narrow to see, `bars` draws
//! one panel of them.

mod bars;
mod scale;

use plotters::prelude::DrawingBackend;

use crate::canvas::{Canvas, Picture};
use crate::error::Error;
use crate::page::{Heading, Page};
use crate::panel::{self, Panel};
use crate::units::{Tick, bytes, count};

use bars::BarPanel;
use scale::SizeScale;

/// A histogram of requested sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SizesChart {
    /// What is shown, for example the name of the program.
    pub title: String,
    /// Whose blocks they are: the command line. Of any length; the middle of what is too long is left out.
    pub subtitle: String,
    /// The bins, of any widths and in any order; powers of two come out equally wide.
    pub bins: Vec<SizeBin>,
}

/// The blocks of the sizes from `from_bytes` to `to_bytes`, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeBin {
    /// The smallest size in this bin.
    pub from_bytes: u64,
    /// The largest size in this bin. For one that is open above, the largest size that was seen.
    pub to_bytes: u64,
    /// How many allocations asked for such a size.
    pub allocations: u64,
    /// How many bytes they asked for together.
    pub bytes: u64,
}

impl SizesChart {
    /// The bytes of a PNG or SVG file that shows this chart.
    ///
    /// # Errors
    /// When the canvas is of a size that cannot be drawn, and never because of the figures.
    pub fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        canvas.render(self)
    }
}

/// What the heading of a panel takes above it.
const HEADING_PX: f64 = 30.0;

impl Picture for SizesChart {
    fn name(&self) -> &str {
        &self.title
    }

    fn paint<DB: DrawingBackend>(&self, page: &Page<'_, DB>) -> Result<(), Error> {
        let heading = Heading {
            title: &self.title,
            subtitle: &self.subtitle,
        };
        let top = heading.write(page)?;
        let Some(scale) = SizeScale::of(&self.bins) else {
            return panel::draw_empty(page, top, "Nothing was allocated in this time.");
        };
        let bottom = page.height - Page::<DB>::MARGIN * 0.6 - Panel::BELOW;
        let each = (bottom - top) / 2.0;
        let right = Panel::right_edge(page);
        // Before the labels of y have their width, so that the highest joined bin can be among them.
        let bins = scale.merge_narrow(page.width - 120.0);
        let series = [allocations(&bins), bytes_requested(&bins)];
        // Both panels begin where the wider labels of the two end.
        let widths = series
            .each_ref()
            .map(|series| series.widest_label(page, each - HEADING_PX));
        let left = Page::<DB>::MARGIN + Panel::room_beside(widths[0].max(widths[1]));

        let x = scale.axis((right - left) / Panel::BETWEEN_X_LABELS * 1.5);
        let colours = [page.palette.heap, page.palette.resident];
        let tops = [top, top + each];
        for ((series, colour), top) in series.iter().zip(colours).zip(tops) {
            let panel = BarPanel {
                corners: ([left, top + HEADING_PX], [right, top + each]),
                x: &x,
                colour,
                series,
            };
            panel.draw(page, &scale.bars(&bins, series.value))?;
        }
        bars::draw_sizes(page, &x, ([left, top], [right, bottom]))
    }
}

/// One of the two figures of a bin: how it is named, written and ticked.
struct Series {
    /// What the bars count, and all of it together: it takes the place of a legend.
    heading: String,
    most: u64,
    value: fn(&SizeBin) -> u64,
    human: fn(u64) -> String,
    ticks: fn(f64, f64) -> Vec<Tick>,
}

fn allocations(bins: &[SizeBin]) -> Series {
    let value = |bin: &SizeBin| bin.allocations;
    let total = total(bins, value);
    Series {
        heading: format!("allocations: {}", count::grouped(total)),
        most: most(bins, value),
        value,
        human: count::human,
        ticks: count::ticks,
    }
}

fn bytes_requested(bins: &[SizeBin]) -> Series {
    let value = |bin: &SizeBin| bin.bytes;
    let total = total(bins, value);
    Series {
        heading: format!("bytes requested: {}", bytes::human(total)),
        most: most(bins, value),
        value,
        human: bytes::human,
        ticks: bytes::ticks,
    }
}

fn total(bins: &[SizeBin], value: fn(&SizeBin) -> u64) -> u64 {
    bins.iter().map(value).fold(0, u64::saturating_add)
}

fn most(bins: &[SizeBin], value: fn(&SizeBin) -> u64) -> u64 {
    bins.iter().map(value).max().unwrap_or(0)
}

impl Series {
    fn widest_label<DB: DrawingBackend>(&self, page: &Page<'_, DB>, height: f64) -> f64 {
        self.axis(height, 0.0).widest_label(page)
    }

    /// From 0 to the highest bar, with `headroom` pixels of the height left above it.
    fn axis(&self, height: f64, headroom: f64) -> panel::Axis {
        let to = self.most.max(1) as f64 * height / (height - headroom).max(height * 0.3);
        panel::Axis {
            from: 0.0,
            to,
            ticks: (self.ticks)(to, height / Panel::BETWEEN_Y_LABELS),
        }
    }
}
