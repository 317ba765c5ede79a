//! Words sorted by meaning: what a chunk holds, before compression and after decompression.
//!
//! [`encode`] and [`decode`] run the same `model` of what comes next; only what it does not expect is
//! written, each kind of number in a column of its own (`sheet`), led by one `token` an event.

mod counters;
mod decode;
mod encode;
mod model;
mod sheet;
mod token;

pub use counters::Counters;
pub use decode::decode;
pub use encode::encode;
pub use model::Model;

/// How many columns are written now; a chunk says how many it has.
pub const COLUMNS: u32 = sheet::COLUMNS as u32;

/// How many columns there were in version 1 of the format.
pub const COLUMNS_OF_VERSION_1: u32 = sheet::COLUMNS_OF_VERSION_1 as u32;

/// Cuts of [`Encoded::cuts`].
pub const CUTS: usize = 2 * sheet::COLUMNS;

/// What [`encode`] made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Bytes of columns, from the start of `out`.
    pub bytes: usize,
    /// Where these are best cut into blocks of a zstd frame, in order; the last one is `bytes`, and
    /// several may be the same. One block for all is a tenth larger.
    pub cuts: [usize; CUTS],
    /// What the words held.
    pub counters: Counters,
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
