//! What those who follow blocks are told of each.

use ldt_trace::Tick;

/// A block that comes or goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing {
    pub(super) address: u64,
    pub(super) size: u64,
    pub(super) site: u32,
    pub(super) tick: Tick,
}
