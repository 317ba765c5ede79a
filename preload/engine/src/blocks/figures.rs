//! What the heap amounts to, for `mallinfo2`, `malloc_info`, `malloc_stats` and for the coverage that
//! reports end with.

use super::{counters, guarded, quarantine, runs, shelves, stacks};

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Live blocks.
    pub live_blocks: u64,
    /// Bytes in them.
    pub live_bytes: u64,
    /// What the quarantine holds back.
    pub quarantined_bytes: u64,
    /// Address space that spans have, or had.
    pub heap_bytes: u64,
    /// Open pages of guarded blocks.
    pub guarded_bytes: u64,
    /// Blocks ever guarded.
    pub guarded_blocks: u64,
    /// Blocks ever between redzones only.
    pub redzoned_blocks: u64,
    /// Call stacks that allocated.
    pub stacks: u64,
    /// Those of which a block was guarded.
    pub guarded_stacks: u64,
}

/// The figures now. Takes no lock: the leak check asks while other threads stand still.
#[must_use]
pub fn figures() -> Figures {
    let totals = counters::totals();
    let (stacks, guarded_stacks) = stacks::counts();
    Figures {
        live_blocks: totals.live_blocks(),
        live_bytes: totals.live_bytes(),
        quarantined_bytes: quarantine::weight_bytes(),
        heap_bytes: runs::used_bytes(),
        guarded_bytes: guarded::open_bytes(),
        guarded_blocks: totals.guarded,
        redzoned_blocks: totals.redzoned,
        stacks,
        guarded_stacks,
    }
}

/// Gives back the addresses that are reserved and not in use: the process is about to be limited to so many bytes.
pub fn give_back_reserved(limit_bytes: u64) {
    runs::shrink(limit_bytes);
}

/// `malloc_trim`: gives back what is free; gives whether there was anything.
#[must_use]
pub fn trim() -> bool {
    shelves::trim()
}
