//! Pages of the heap that a forked child does not have.
//!
//! Who hands memory to a device leaves it out of forks (`MADV_DONTFORK`): libraries for RDMA do so with every page that a
//! buffer of the program's touches, whoever else has blocks there. The child then has holes in the heap, into which LDT must
//! not look at its end. Where they are is asked of the kernel: a list of what was left out would have to be as long as the
//! program likes, and to follow what is freed.

use core::sync::atomic::{AtomicBool, Ordering};

use super::{altered, region};
use crate::sys::{file, mapping, thread};

/// Whether the program has ever left pages of the heap out.
static ANY: AtomicBool = AtomicBool::new(false);

/// The program leaves pages of the heap out of what its children get.
pub fn leave_out() {
    ANY.store(true, Ordering::Relaxed);
}

/// Marks what the calling process, a forked child, lacks of the heap.
pub(super) fn begin_child() {
    // A sandbox may kill who opens files.
    if !ANY.load(Ordering::Relaxed) || thread::is_sandboxed() {
        return;
    }
    let Ok(maps) = file::open_read(b"/proc/thread-self/maps\0", true) else {
        return;
    };
    // They come in the order of their addresses.
    let mut end_before = 0;
    mapping::find(maps, |mapped, _| {
        for region in region::all() {
            let ours = region.range();
            let hole = ours.start.max(end_before)..ours.end.min(mapped.start);
            if hole.start < hole.end {
                altered::lack(&hole);
            }
        }
        end_before = mapped.end;
        false
    });
    file::close(maps);
}
