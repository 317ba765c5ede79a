//! Calls in check mode that come while the thread is inside LDT already (a signal handler that interrupted it, libc on
//! LDT's behalf): served by the allocator beneath, and their blocks remembered as ones from [`elsewhere`], since the heap's
//! caches are in use by whoever was interrupted. A free of one of the heap's own blocks waits ([`crate::waiting`]).

use crate::blocks;
use crate::modes::{deferred, elsewhere};
use crate::{early, modules, real};

/// A call inside LDT itself, served by the allocator beneath.
#[cold]
pub(super) fn allocate(place: impl FnOnce() -> *mut u8) -> *mut u8 {
    let block = place();
    elsewhere::add(block as u64);
    block
}

/// A free inside LDT itself: a block of the heap, whose caches are in use, waits for the next free.
#[cold]
pub(super) fn release(block: *mut u8) {
    if blocks::is_ours(block as u64) {
        deferred::add(block as u64);
    } else if !block.is_null() {
        release_elsewhere(block);
    }
}

/// A realloc inside LDT itself.
#[cold]
pub(super) fn resize(old: *mut u8, size: usize) -> *mut u8 {
    if !blocks::is_ours(old as u64) {
        let known = elsewhere::take(old as u64);
        // SAFETY: a block of the allocator beneath, as the program vouches.
        let block = allocate(|| unsafe { real::realloc(old, size) });
        if block.is_null() && size > 0 && known {
            elsewhere::add(old as u64);
        }
        return block;
    }
    // SAFETY: a plain request.
    let block = allocate(|| unsafe { real::malloc(size) });
    if !block.is_null() {
        let bytes = blocks::size_of_live(old as u64)
            .unwrap_or(0)
            .min(size as u64) as usize;
        // SAFETY: both have at least these bytes and are different blocks.
        unsafe { core::ptr::copy_nonoverlapping(old, block, bytes) };
        deferred::add(old as u64);
    }
    block
}

/// A block that the allocator beneath gave goes back there; says whether it was one.
#[cold]
pub(super) fn release_elsewhere(block: *mut u8) -> bool {
    let known = early::owns(block)
        || elsewhere::take(block as u64)
        || real::is_replaced() && !is_stack_or_static(block as u64);
    if known {
        // SAFETY: a block of the allocator beneath.
        unsafe { real::free(block) };
    }
    known
}

/// Whether an address lies in a module or on the calling thread's stack: no allocator gives those.
fn is_stack_or_static(address: u64) -> bool {
    let here = 0u8;
    let distance = address.abs_diff(core::ptr::from_ref(&here) as u64);
    distance < 1 << 20 || modules::all().any(|module| (module.start..module.end).contains(&address))
}
