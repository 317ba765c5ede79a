//! The heap as its callers see it.

use super::{Block, Config, Found, Free, Request, Resized};

/// Takes over the configuration; gives whether there is memory to work with.
#[must_use]
pub fn start(_config: &Config) -> bool {
    false
}

/// What a thread allocates with: its caches, its part of the quarantine, its counters.
#[derive(Debug, Default)]
pub struct ThreadHeap {}

impl ThreadHeap {
    /// For a new thread.
    #[must_use]
    pub fn new() -> Self {
        ThreadHeap {}
    }

    /// A block, or null when there is no memory (the caller sets `ENOMEM`).
    pub fn allocate(&mut self, _request: &Request, _found: &mut dyn Found) -> *mut u8 {
        core::ptr::null_mut()
    }

    /// Gives a block back; what is wrong with it or with the call goes to `found`.
    pub fn release(&mut self, _address: u64, _free: &Free, _found: &mut dyn Found) {}

    /// Moves a block's contents to one of another size. Always moves, so that stale pointers show.
    pub fn resize(&mut self, _address: u64, _request: &Request, _found: &mut dyn Found) -> Resized {
        Resized::NotABlock
    }

    /// What a thread that ends has cached goes to the others.
    pub fn flush(&mut self, _found: &mut dyn Found) {}
}

/// Whether an address lies in LDT's heap, whatever is there.
#[must_use]
pub fn is_ours(_address: u64) -> bool {
    false
}

/// The block, live or remembered, whose slot, redzones and guard pages cover the address. Takes no
/// lock, may run in a signal handler.
#[must_use]
pub fn find(_address: u64) -> Option<Block> {
    None
}

/// The nearest blocks before and after an address. As [`find`].
#[must_use]
pub fn neighbours(_address: u64) -> [Option<Block>; 2] {
    [None, None]
}

/// Looks at every redzone and at everything in the quarantine.
pub fn check_all(_found: &mut dyn Found) {}

/// Makes the guard pages around an address accessible, so that the run can go on. Takes no lock, may
/// run in a signal handler. The slot is guarded anew when it is reused.
pub fn lift(_address: u64) {}
