//! What LDT does in this process. Profiling leaves blocks to the program's own allocator; checking
//! takes them from LDT's heap ([`crate::blocks`]), laid out as the files of this folder say.
//!
//! The mode is chosen once, before the first block is given out, and a forked child keeps it: its
//! blocks lie where they lie.

pub mod chooser;
pub mod deferred;
pub mod elsewhere;
pub mod guard;
pub mod quarantine;
pub mod redzone;
pub mod watch;

use core::sync::atomic::{AtomicBool, Ordering};

static CHECKING: AtomicBool = AtomicBool::new(false);

static PROFILES: AtomicBool = AtomicBool::new(true);

/// Whether allocations are recorded as events: always in profile mode, on demand in check mode.
#[inline(always)]
#[must_use]
pub fn profiles() -> bool {
    PROFILES.load(Ordering::Relaxed)
}

/// Switches the recording of allocations as events, which check mode does without.
pub fn set_profiles(on: bool) {
    PROFILES.store(on, Ordering::Relaxed);
}

/// Whether blocks come from LDT's heap.
#[inline(always)]
pub fn is_checking() -> bool {
    CHECKING.load(Ordering::Relaxed)
}

/// From now on blocks come from LDT's heap.
pub fn begin_checking() {
    CHECKING.store(true, Ordering::Relaxed);
}
