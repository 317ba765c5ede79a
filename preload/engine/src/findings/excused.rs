//! Ranges whose damage has been reported as it was done: the write that a guard page or the check of a
//! C library call stopped is let go on, and what it leaves in a redzone is not a second error.

use std::collections::VecDeque;

use crate::sys::lock::Lock;

/// Ranges that are remembered. Damage whose range has been forgotten is reported twice, not lost.
const KEPT: usize = 1024;

static RANGES: Lock<VecDeque<(u64, u64)>> = Lock::new(VecDeque::new());

/// Remembers a write that was reported: its first byte and how many.
pub(super) fn add(address: u64, bytes: u64) {
    RANGES.with(|ranges| {
        if ranges.len() >= KEPT {
            ranges.pop_front();
        }
        ranges.push_back((address, address.saturating_add(bytes)));
    });
}

/// Whether one write that was reported covers all of these bytes; it is forgotten then.
pub(super) fn take(address: u64, bytes: u64) -> bool {
    let end = address.saturating_add(bytes);
    RANGES.with(|ranges| {
        let covering = ranges
            .iter()
            .position(|&(from, to)| from <= address && end <= to);
        covering.map(|index| ranges.remove(index)).is_some()
    })
}

/// # Safety
/// Only while the process has one thread.
pub(super) unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { RANGES.reopen_after_fork() };
}
