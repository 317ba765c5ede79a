//! What a heap was at one moment, and what of its story does not fit together.

use crate::replay::sites::Balance;
use ldt_trace::Tick;

/// The largest heap that there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// Bytes and blocks.
    pub balance: Balance,
    /// When it was reached.
    pub tick: Tick,
}

/// Frees and allocations that do not match what is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mismatches {
    /// Frees of addresses that were not known to be live: allocated before recording began.
    pub unknown_frees: u64,
    /// Allocations at addresses that were live: their free was not seen. The block that was there
    /// counts as freed.
    pub missed_frees: u64,
}

/// A moment's balances.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The moment.
    pub tick: Tick,
    /// The whole heap.
    pub heap: Balance,
    /// By site number; sites that came later are missing.
    pub sites: Vec<Balance>,
}
