//! What the program has of memory, LDT's part aside: live blocks, and what it has mapped itself. Guards may take a
//! share of that. Counted from its own calls, and not asked of the kernel, so that the same seed gives the same choice again.

use core::sync::atomic::{AtomicI64, Ordering};

use super::counters;

static MAPPED_BYTES: AtomicI64 = AtomicI64::new(0);

/// The program has mapped memory of its own: anonymous and writable.
pub fn note_mapped(bytes: u64) {
    MAPPED_BYTES.fetch_add(bytes as i64, Ordering::Relaxed);
}

/// It has unmapped some, of whatever kind: the sum is rather too small.
pub fn note_unmapped(bytes: u64) {
    MAPPED_BYTES.fetch_sub(bytes as i64, Ordering::Relaxed);
}

/// See the module.
pub(super) fn program_bytes() -> u64 {
    let mapped = MAPPED_BYTES.load(Ordering::Relaxed).max(0) as u64;
    counters::totals().live_bytes() + mapped
}
