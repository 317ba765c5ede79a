//! How large the requested blocks are: for each bin of sizes the number of allocations, and below it
//! the bytes that they asked for, since the many and the large are seldom the same.
//!
//! The bars are linear, each with its figure on top, and a bin that is not empty is at least two
//! pixels high. A logarithmic height was the alternative: it shows the small ones, but makes a bin with a
//! thousand times the blocks look merely twice as tall, and the picture is there to show which dominates.
//!
//! On top of the bytes that were asked for stands what the allocator adds to them, where that is known: waste is
//! seen at the sizes that cause it.
//!
//! `scale` puts sizes on a logarithmic axis and merges bins too narrow to see; the bars are `histogram`'s.

mod scale;

use plotters::prelude::DrawingBackend;

use crate::canvas::{Canvas, Picture};
use crate::error::Error;
use crate::histogram::{self, Counted, Heights, Series};
use crate::page::{Heading, Page};
use crate::panel;
use crate::units::{bytes, count};

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
    /// How many bytes they got, the rest of the allocator's granules included; 0 if that is not known.
    pub usable_bytes: u64,
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

impl Picture for SizesChart {
    fn heading(&self) -> Heading<'_> {
        Heading {
            title: &self.title,
            subtitle: &self.subtitle,
        }
    }

    fn paint<DB: DrawingBackend>(&self, page: &Page<'_, DB>, top: f64) -> Result<(), Error> {
        let Some(scale) = SizeScale::of(&self.bins) else {
            return panel::draw_empty(page, top, "Nothing was allocated in this time.");
        };
        // Before the labels of y have their width, so that the highest joined bin can be among them.
        let bins = scale.merge_narrow(page.width - 120.0);
        let palette = page.palette;
        let blocks = Series {
            headings: vec![(
                format!(
                    "allocations: {}",
                    count::grouped(total(&bins, |bin| bin.allocations))
                ),
                palette.heap,
            )],
            counted: Counted::Blocks,
            heights: Heights::Linear,
            colour: palette.heap,
            beyond: palette.heap,
            bars: scale.bars(&bins, |bin| (bin.allocations, 0)),
        };
        let requested = total(&bins, |bin| bin.bytes);
        let mut headings = vec![(
            format!("bytes requested: {}", bytes::human(requested)),
            palette.resident,
        )];
        let added = total(&bins, added_bytes);
        if added > 0 {
            let percent = added as f64 * 100.0 / (requested as f64 + added as f64);
            headings.push((
                format!(
                    "unused in their blocks: {} ({percent:.1}%)",
                    bytes::human(added)
                ),
                palette.muted,
            ));
        }
        let bytes = Series {
            headings,
            counted: Counted::Bytes,
            heights: Heights::Linear,
            colour: palette.resident,
            beyond: palette.rest,
            bars: scale.bars(&bins, |bin| (bin.bytes, added_bytes(bin))),
        };
        histogram::draw(page, top, |wanted| scale.axis(wanted), &[blocks, bytes])
    }
}

/// What a bin's blocks have beyond what was asked for.
fn added_bytes(bin: &SizeBin) -> u64 {
    bin.usable_bytes.saturating_sub(bin.bytes)
}

fn total(bins: &[SizeBin], value: fn(&SizeBin) -> u64) -> u64 {
    bins.iter().map(value).fold(0, u64::saturating_add)
}
