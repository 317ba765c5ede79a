//! Memory for calls that come while the allocator beneath ([`crate::real`]) is being looked up: a small arena that is never
//! given back, whose blocks are known by their address.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

const BYTES: usize = 128 << 10;

#[repr(align(64))]
struct Memory(UnsafeCell<[u8; BYTES]>);
// SAFETY: pieces are handed out once, by an atomic counter, and belong to who got them.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; BYTES]));
static USED: AtomicUsize = AtomicUsize::new(0);

fn start() -> usize {
    MEMORY.0.get() as usize
}

/// What was given out.
pub(crate) fn used() -> core::ops::Range<u64> {
    let used = USED.load(Ordering::Relaxed).min(BYTES);
    start() as u64..(start() + used) as u64
}

/// A zeroed block; its size stands in the word before it.
#[cold]
pub(crate) fn allocate(size: usize, alignment: usize) -> *mut u8 {
    let alignment = alignment.max(16).next_power_of_two();
    let Some(room) = size
        .checked_add(16 + alignment)
        .filter(|&room| room <= BYTES)
    else {
        return ptr::null_mut();
    };
    let at = start() + USED.fetch_add(room, Ordering::Relaxed);
    let block = (at + 16).next_multiple_of(alignment);
    if block + size > start() + BYTES {
        return ptr::null_mut();
    }
    // SAFETY: inside the piece that was just set aside.
    unsafe { *((block - 8) as *mut usize) = size };
    block as *mut u8
}

/// Whether a block is one of these.
#[inline(always)]
pub(crate) fn owns(block: *mut u8) -> bool {
    (block as usize).wrapping_sub(start()) < BYTES
}

/// What was asked for.
pub(crate) fn size(block: *mut u8) -> usize {
    // SAFETY: one of ours, see `allocate`.
    unsafe { *((block as usize - 8) as *const usize) }
}
