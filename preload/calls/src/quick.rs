//! The commonest calls, and nothing wrong with them: whether a copy, a comparison or a fill lies inside live
//! blocks is one question, asked with the registers as they came.
//!
//! Telling the story of a memcpy takes 40 ns, half of it for keeping six registers twice, finding the story
//! and asking for the room behind each pointer apart. A question here may say no when nothing is wrong: then
//! the story is told, and it decides.

use crate::heap;

/// Whether a copy whose ranges must not overlap has nothing to tell of. Equal pointers are let pass.
pub(crate) extern "C" fn copies(to: u64, from: u64, bytes: u64) -> bool {
    (to == from || to.abs_diff(from) >= bytes) && heap::both_fit(to, from, bytes)
}

/// Whether two ranges, overlapping or not, may be touched.
pub(crate) extern "C" fn pairs(left: u64, right: u64, bytes: u64) -> bool {
    heap::both_fit(left, right, bytes)
}

/// Whether a range may be filled.
pub(crate) extern "C" fn fills(to: u64, _byte: u64, bytes: u64) -> bool {
    heap::fits(to, bytes)
}

/// Whether the character that a text begins with can be converted, whatever its length, and has a place to go to.
pub(crate) extern "C" fn characters(to: u64, from: u64, bytes: u64) -> bool {
    heap::fits(from, bytes.min(16)) && (to == 0 || heap::room(to) >= 4)
}
