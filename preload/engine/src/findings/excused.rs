//! Ranges whose misuse has been reported as it was done: the access that a guard page or the check of a
//! C library call stopped is let go on. What a write leaves in a redzone, and a crash by the pointer that was read, are no
//! second errors.

use core::ops::Range;
use std::collections::VecDeque;

use ldt_trace::finding::Access;

use crate::sys::lock::Lock;

/// Ranges that are remembered of each. Damage whose range has been forgotten is reported twice, not lost.
const KEPT: usize = 1024;

static READ: Lock<VecDeque<(u64, u64)>> = Lock::new(VecDeque::new());
static WRITTEN: Lock<VecDeque<(u64, u64)>> = Lock::new(VecDeque::new());

fn ranges(access: Access) -> &'static Lock<VecDeque<(u64, u64)>> {
    match access {
        Access::Read => &READ,
        Access::Write | Access::Unknown => &WRITTEN,
    }
}

/// Remembers an access that was reported: its first byte and how many.
pub(super) fn add(access: Access, address: u64, bytes: u64) {
    ranges(access).with(|ranges| {
        if ranges.len() >= KEPT {
            ranges.pop_front();
        }
        ranges.push_back((address, address.saturating_add(bytes)));
    });
}

/// Whether accesses that were reported cover all of these bytes, as those of a loop do together; they are forgotten then.
pub(super) fn take(access: Access, address: u64, bytes: u64) -> bool {
    let end = address.saturating_add(bytes);
    ranges(access).with(|ranges| {
        let covers = is_covered(ranges, address..end);
        if covers {
            ranges.retain(|&(from, to)| to <= address || end <= from);
        }
        covers
    })
}

fn is_covered(ranges: &VecDeque<(u64, u64)>, damaged: Range<u64>) -> bool {
    let mut covered_to = damaged.start;
    while covered_to < damaged.end {
        let reaching = ranges
            .iter()
            .filter(|&&(from, to)| from <= covered_to && covered_to < to);
        match reaching.map(|&(_, to)| to).max() {
            Some(to) => covered_to = to,
            None => return false,
        }
    }
    true
}

/// # Safety
/// Only while the process has one thread.
pub(super) unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe {
        READ.reopen_after_fork();
        WRITTEN.reopen_after_fork();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_cover_together_what_a_loop_has_damaged() {
        let ranges = VecDeque::from([(10, 11), (12, 16), (11, 13), (20, 24)]);
        assert!(is_covered(&ranges, 10..16));
        assert!(is_covered(&ranges, 12..14));
        assert!(!is_covered(&ranges, 10..17));
        assert!(!is_covered(&ranges, 9..12));
        assert!(!is_covered(&ranges, 14..22));
    }
}
