//! What the options say about the heap.

use crate::options::{CheckOptions, GuardChoice, GuardMethodChoice, GuardSideChoice};

/// Set once, before the first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which blocks are guarded.
    pub guard: GuardChoice,
    /// On which side.
    pub guard_side: GuardSideChoice,
    /// How guard pages are made.
    pub guard_method: GuardMethodChoice,
    /// Memory for guarded blocks; `None`: a quarter of what is free.
    pub guard_memory_bytes: Option<u64>,
    /// Bytes of freed blocks that are held back.
    pub quarantine_bytes: u64,
    /// Bytes of redzone after a block, at least.
    pub redzone_bytes: u64,
    /// What new blocks are filled with.
    pub malloc_fill: Option<u8>,
    /// What freed blocks are filled with; `None`: a pattern that depends on the address.
    pub free_fill: Option<u8>,
    /// Seeds every choice made by chance.
    pub seed: u64,
    /// Guarded blocks end at the guard page to the byte.
    pub exact: bool,
}

impl From<&CheckOptions> for Config {
    fn from(options: &CheckOptions) -> Self {
        Config {
            guard: options.guard,
            guard_side: options.guard_side,
            guard_method: options.guard_method,
            guard_memory_bytes: options.guard_memory_bytes,
            quarantine_bytes: options.freelist_vol_bytes,
            redzone_bytes: options.redzone_size_bytes,
            malloc_fill: options.malloc_fill,
            free_fill: options.free_fill,
            seed: options.seed,
            exact: options.exact,
        }
    }
}
