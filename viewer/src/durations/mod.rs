//! Spans of time on a logarithmic axis: how long blocks lived, and how old those were that made the peak.
//!
//! Lifetimes are logarithmic both ways, since a million blocks that live a microsecond and ten that live for
//! ever are both worth seeing. Ages are linear upwards: there the question is which of them hold most.

mod scale;

use plotters::prelude::DrawingBackend;

use crate::canvas::{Canvas, Picture};
use crate::error::Error;
use crate::histogram::{self, Counted, Heights, Series};
use crate::page::{Heading, Page};
use crate::panel;
use crate::units::{bytes, count};

use scale::DurationScale;

/// Blocks whose span of time lies from `from_ns` up to but not including `to_ns`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DurationBin {
    /// The shortest span in this bin; 0 for spans too short to be told from none.
    pub from_ns: u64,
    /// The shortest span that is too long for it.
    pub to_ns: u64,
    /// How many blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// How long blocks lived, from allocation to free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifetimesChart {
    /// What is shown.
    pub title: String,
    /// Whose blocks: the command line. Of any length.
    pub subtitle: String,
    /// The blocks that were freed.
    pub bins: Vec<DurationBin>,
    /// Blocks that were not, and have no lifetime.
    pub never_freed_blocks: u64,
}

/// How old the blocks were that were live when the heap was largest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgesChart {
    /// What is shown.
    pub title: String,
    /// Whose blocks: the command line. Of any length.
    pub subtitle: String,
    /// The blocks.
    pub bins: Vec<DurationBin>,
}

impl LifetimesChart {
    /// The bytes of a PNG or SVG file that shows this chart.
    ///
    /// # Errors
    /// When the canvas is of a size that cannot be drawn, and never because of the figures.
    pub fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        canvas.render(self)
    }
}

impl AgesChart {
    /// The bytes of a PNG or SVG file that shows this chart.
    ///
    /// # Errors
    /// When the canvas is of a size that cannot be drawn, and never because of the figures.
    pub fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        canvas.render(self)
    }
}

impl Picture for LifetimesChart {
    fn heading(&self) -> Heading<'_> {
        Heading {
            title: &self.title,
            subtitle: &self.subtitle,
        }
    }

    fn paint<DB: DrawingBackend>(&self, page: &Page<'_, DB>, top: f64) -> Result<(), Error> {
        let Some(scale) = DurationScale::of(&self.bins) else {
            let left = self.never_freed_blocks;
            let said = match left {
                0 => "Nothing was allocated in this time.".to_owned(),
                _ => format!(
                    "Nothing was freed; {} blocks are left.",
                    count::grouped(left)
                ),
            };
            return panel::draw_empty(page, top, &said);
        };
        let palette = page.palette;
        let mut headings = vec![(
            format!(
                "blocks freed: {}",
                count::grouped(total(&self.bins, |bin| bin.blocks))
            ),
            palette.heap,
        )];
        if self.never_freed_blocks > 0 {
            let left = count::grouped(self.never_freed_blocks);
            headings.push((
                format!("never freed, not in the bars: {left}"),
                palette.muted,
            ));
        }
        let blocks = Series {
            headings,
            counted: Counted::Blocks,
            heights: Heights::Logarithmic,
            colour: palette.heap,
            beyond: palette.heap,
            bars: scale.bars(&self.bins, |bin| bin.blocks),
        };
        histogram::draw(page, top, |wanted| scale.axis(wanted), &[blocks])
    }
}

impl Picture for AgesChart {
    fn heading(&self) -> Heading<'_> {
        Heading {
            title: &self.title,
            subtitle: &self.subtitle,
        }
    }

    fn paint<DB: DrawingBackend>(&self, page: &Page<'_, DB>, top: f64) -> Result<(), Error> {
        let Some(scale) = DurationScale::of(&self.bins) else {
            return panel::draw_empty(page, top, "Nothing was allocated in this time.");
        };
        let palette = page.palette;
        let blocks = total(&self.bins, |bin| bin.blocks);
        let held = total(&self.bins, |bin| bin.bytes);
        let series = |heading: String, colour, counted, figure: fn(&DurationBin) -> u64| Series {
            headings: vec![(heading, colour)],
            counted,
            heights: Heights::Linear,
            colour,
            beyond: colour,
            bars: scale.bars(&self.bins, figure),
        };
        let panels = [
            series(
                format!("blocks live at the peak: {}", count::grouped(blocks)),
                palette.heap,
                Counted::Blocks,
                |bin| bin.blocks,
            ),
            series(
                format!("bytes in them: {}", bytes::human(held)),
                palette.resident,
                Counted::Bytes,
                |bin| bin.bytes,
            ),
        ];
        histogram::draw(page, top, |wanted| scale.axis(wanted), &panels)
    }
}

fn total(bins: &[DurationBin], figure: fn(&DurationBin) -> u64) -> u64 {
    bins.iter().map(figure).fold(0, u64::saturating_add)
}
