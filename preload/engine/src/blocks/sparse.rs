//! Moving a large block whose pages were mostly never touched, as buffers are that a program asks for in case.
//!
//! glibc moves such a block by `mremap` and touches nothing; copied whole, 3 GB of which one page was used took 8 s and
//! 6 GB of memory. What was never touched reads as zero, and so does a new large block: only the rest is copied.
//! (`mremap` will not do: a block ends at its guard page, so that one of another size begins elsewhere in its page.)

use super::{altered, bytes, settings};
use crate::modes::guard::PAGE;
use crate::sys::pagemap::Pagemap;
use crate::sys::thread;

/// Smaller blocks are copied sooner than the kernel is asked.
const LEAST_BYTES: u64 = 4 << 20;
/// Pages that are read about at a time: what the list takes is the program's stack.
const PAGES: usize = 64;

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
    let pagemap = if is_plain {
        None
    } else {
        Pagemap::<PAGES>::open()
    };
    let Some(mut pagemap) = pagemap else {
        // SAFETY: as the caller vouches.
        return unsafe { bytes::copy(from, to, length) };
    };
    let end = from + length;
    let mut at = from;
    let mut touched = at;
    while at < end {
        let next = (at / PAGE * PAGE + PAGE).min(end);
        if pagemap.page_of(at).is_some_and(|page| page.is_untouched()) {
            // SAFETY: a part of the range.
            unsafe { bytes::copy(touched, to + (touched - from), at - touched) };
            touched = next;
        }
        at = next;
    }
    // SAFETY: as above.
    unsafe { bytes::copy(touched, to + (touched - from), end - touched) };
}
