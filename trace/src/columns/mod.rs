//! Words sorted by meaning: what a chunk holds, before compression and after decompression.
//!
//! [`encode`] and [`decode`] run the same `model` of what comes next (the decoder as `recall`); only what it does not expect is
//! written, each kind of number in a column of its own (`sheet`), led by one `token` an event.

mod belief;
mod counters;
mod decode;
mod encode;
mod freed;
mod model;
mod reader;
mod recall;
mod sheet;
mod token;

use core::ops::Range;

pub use counters::Counters;
pub use decode::decode;
pub use encode::encode;
pub use model::Model;
pub use recall::Recall;
pub use token::{Layout, by_kind_before};

/// How many columns are written now; a chunk says how many it has.
pub const COLUMNS: u32 = sheet::COLUMNS as u32;

/// The columns of tokens; the first has all if they are laid out [`Layout::Together`].
pub const TOKENS: [u32; 3] = [
    sheet::Column::OF_TOKENS[0] as u32,
    sheet::Column::OF_TOKENS[1] as u32,
    sheet::Column::OF_TOKENS[2] as u32,
];

/// How many columns there were in version 3 of the format.
pub const COLUMNS_OF_VERSION_3: u32 = sheet::COLUMNS_OF_VERSION_3 as u32;

/// How many columns there were in version 2 of the format.
pub const COLUMNS_OF_VERSION_2: u32 = sheet::COLUMNS_OF_VERSION_2 as u32;

/// How many columns there were in version 1 of the format.
pub const COLUMNS_OF_VERSION_1: u32 = sheet::COLUMNS_OF_VERSION_1 as u32;

/// What [`encode`] made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Bytes of columns, from the start of `out`.
    pub bytes: usize,
    /// How long each column is; the first one begins behind the table.
    lengths: [usize; sheet::COLUMNS],
    /// What the words held.
    pub counters: Counters,
}

impl Encoded {
    /// The columns in pieces that are best compressed apart, in order: each has another distribution, so one
    /// table of codes for all of them fits none (a tenth larger). Small ones stay with their neighbours.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        sheet::parts(self.lengths)
    }
}

/// A piece of what [`encode`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it stands in `out`.
    pub place: Range<usize>,
    /// What it holds.
    pub content: Content,
}

/// What a [`Part`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The table, and columns too small to stand alone.
    Several,
    /// The column with this number, below [`COLUMNS`].
    Column(u32),
    /// A column of records of 6 bytes each, in which whole records come again.
    Records,
}

/// How long `out` must be for [`encode`] to succeed with this many words. The columns grow in regions
/// of their own, each sized for the worst case, so most of it is never touched.
#[must_use]
pub const fn bound(words: usize) -> usize {
    sheet::bound(words)
}

/// Why columns could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

#[cfg(test)]
mod tests;
