//! What proves a step out of a frame: the words that it read.

use super::{READS, Read};

/// What the step out of a frame read: the last word repeated where there was only one. Where a step
/// must be made again each time, words that never compare equal ([`never`]).
pub(super) type Proof = [Read; READS];

/// Whether the words are not as they were.
///
/// # Safety
/// They must be readable.
#[inline(always)]
pub(super) unsafe fn differs(proof: &Proof) -> bool {
    let [first, second] = proof;
    // SAFETY: as the caller vouches.
    unsafe {
        (*(first.address as *const u64) != first.value)
            | (*(second.address as *const u64) != second.value)
    }
}

static CONSTANT: u64 = 0;

/// Words that always compare equal.
pub(super) fn always() -> Proof {
    [Read {
        address: &raw const CONSTANT as u64,
        value: 0,
    }; READS]
}

/// Words that never compare equal.
pub(super) fn never() -> Proof {
    [Read {
        address: &raw const CONSTANT as u64,
        value: 1,
    }; READS]
}
