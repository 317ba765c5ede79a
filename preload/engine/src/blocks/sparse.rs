//! Moving a large block whose pages were mostly never touched, as buffers are that a program asks for in case.
//!
//! glibc moves such a block by `mremap` and touches nothing; copied whole, 3 GB of which one page was used took 8 s and
//! 6 GB of memory. What was never touched reads as zero, and so does a new large block: only the rest is copied.
//! (`mremap` will not do: a block ends at its guard page, so that one of another size begins elsewhere in its page.)

use super::{altered, bytes, settings};
use crate::sys::pagemap::each_touched;
use crate::sys::thread;

/// Smaller blocks are copied sooner than the kernel is asked.
const LEAST_BYTES: u64 = 4 << 20;

/// Copies `length` bytes of a block to the beginning of another one, which is new.
///
/// # Safety
/// As [`bytes::copy`].
pub(super) unsafe fn copy(from: u64, to: u64, length: u64) {
    // A new block's pages hold what they are filled with. Pages of a file that the program has mapped over the block are not
    // zero before they are touched. In a sandbox nothing is opened.
    let is_plain = length < LEAST_BYTES
        || settings::malloc_fill().is_some()
        || altered::any()
        || thread::is_sandboxed();
    if is_plain {
        // SAFETY: as the caller vouches.
        return unsafe { bytes::copy(from, to, length) };
    }
    each_touched(from..from + length, &mut |part| {
        let into = to + (part.start - from);
        // SAFETY: a part of the range.
        unsafe { bytes::copy(part.start, into, part.end - part.start) };
    });
}
