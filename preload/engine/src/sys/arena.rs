//! The allocator of LDT's own: the Rust code inside the preload must never call the program's malloc.
//!
//! Only cold paths allocate (a new module, the tables of a new thread), a few hundred kilobytes in
//! all, so it is as plain as can be: size classes in powers of two, each with a free list, cut from
//! pieces of mapped memory; large requests are mappings of their own.

use core::alloc::{GlobalAlloc, Layout};
use core::ops::Range;
use core::ptr;

use super::lock::Lock;
use super::mem;

/// Blocks of this size and above are mappings of their own.
const LARGE_BYTES: usize = 64 << 10;
/// The smallest block, large enough for a free-list link.
const SMALL_SHIFT: u32 = 4;
const CLASSES: usize = (LARGE_BYTES.ilog2() - SMALL_SHIFT) as usize + 1;
const PIECE_BYTES: usize = 256 << 10;
/// Set aside with the first piece, and used when the kernel gives nothing more: where the program has used up what it may
/// have, LDT still has to tell what it found, and an allocation that fails would end the program. Untouched, it is
/// no memory, but it counts where addresses or data are limited: no more than a part of that.
const RESERVE_BYTES: usize = 4 << 20;
const RESERVE_SHARE: u64 = 8;
/// What large blocks leave of the reserve: a text of megabytes that grows (a list of all mappings) asks whether there is room,
/// and its reader does without; what is small has nobody to do without.
const RESERVE_FOR_SMALL_BYTES: usize = 2 * PIECE_BYTES;

fn reserve_bytes() -> usize {
    let limits = [libc::RLIMIT_AS, libc::RLIMIT_DATA].map(mem::resource_limit);
    let least = limits.into_iter().flatten().min();
    let share = least.map_or(u64::MAX, |limit| limit / RESERVE_SHARE);
    RESERVE_BYTES
        .min(share as usize)
        .next_multiple_of(mem::PAGE_BYTES)
}

struct State {
    /// Each class's first free block; a free block's first word is the address of the next.
    free: [usize; CLASSES],
    next: usize,
    end: usize,
    /// What is left of the reserve; it is not filled up again.
    reserve: Range<usize>,
}

static STATE: Lock<State> = Lock::new(State {
    free: [0; CLASSES],
    next: 0,
    end: 0,
    reserve: 0..0,
});

/// The allocator; `#[global_allocator]` in the preload.
#[derive(Debug)]
pub struct Arena;

fn class(layout: Layout) -> usize {
    let bytes = layout
        .size()
        .max(layout.align())
        .max(1 << SMALL_SHIFT)
        .next_power_of_two();
    (bytes.ilog2() - SMALL_SHIFT) as usize
}

impl State {
    fn take(&mut self, class: usize) -> *mut u8 {
        let block = self.free[class];
        if block != 0 {
            // SAFETY: a free block's first word is the next one's address, see `State::free`.
            self.free[class] = unsafe { *(block as *const usize) };
            return block as *mut u8;
        }
        let bytes = 1usize << (class as u32 + SMALL_SHIFT);
        let start = self.next.next_multiple_of(bytes);
        if start + bytes > self.end || self.next == 0 {
            let is_first = self.next == 0;
            let piece = mem::allocate(PIECE_BYTES).or_else(|| self.take_reserve(PIECE_BYTES));
            let Some(piece) = piece else {
                return ptr::null_mut();
            };
            if is_first {
                let bytes = reserve_bytes();
                if let Some(reserve) = mem::allocate(bytes) {
                    self.reserve = reserve as usize..reserve as usize + bytes;
                }
            }
            self.next = piece as usize;
            self.end = self.next + PIECE_BYTES;
            return self.take(class);
        }
        self.next = start + bytes;
        start as *mut u8
    }

    /// Memory of the reserve for a large block, as long as there is enough for small ones.
    fn take_spare_reserve(&mut self, bytes: usize) -> Option<*mut u8> {
        let spare = self.reserve.len().checked_sub(RESERVE_FOR_SMALL_BYTES)?;
        (bytes <= spare).then(|| self.take_reserve(bytes))?
    }

    /// Whole pages of the reserve, never used before.
    fn take_reserve(&mut self, bytes: usize) -> Option<*mut u8> {
        let bytes = bytes.next_multiple_of(mem::PAGE_BYTES);
        if self.reserve.len() < bytes {
            return None;
        }
        let start = self.reserve.start;
        self.reserve.start += bytes;
        Some(start as *mut u8)
    }
}

// SAFETY: blocks come from memory that is mapped once and handed out to one owner at a time; a class
// is a power of two at least as large as size and alignment, and blocks lie at its multiples.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size().max(layout.align()) >= LARGE_BYTES {
            return mem::allocate(layout.size())
                .or_else(|| STATE.with(|state| state.take_spare_reserve(layout.size())))
                .unwrap_or(ptr::null_mut());
        }
        STATE.with(|state| state.take(class(layout)))
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller vouches.
        let block = unsafe { self.alloc(layout) };
        // Fresh mappings are zero, and are better not touched before they are used.
        if layout.size().max(layout.align()) < LARGE_BYTES && !block.is_null() {
            // SAFETY: just allocated, with at least this size.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size().max(layout.align()) >= LARGE_BYTES {
            // SAFETY: large blocks are mappings of this size.
            unsafe { mem::release(block, layout.size()) };
            return;
        }
        STATE.with(|state| {
            let class = class(layout);
            // SAFETY: the block is ours again and at least a word long.
            unsafe { *block.cast::<usize>() = state.free[class] };
            state.free[class] = block as usize;
        });
    }
}

/// Fresh zeroed memory, from the reserve where the kernel gives none. It may be given back by [`mem::release`].
#[must_use]
pub fn pages(bytes: usize) -> Option<*mut u8> {
    mem::allocate(bytes).or_else(|| STATE.with(|state| state.take_reserve(bytes)))
}

/// Whether so much could be allocated now.
#[must_use]
pub fn has_room(bytes: usize) -> bool {
    mem::has_room(bytes) || STATE.with(|state| state.reserve.len() >= bytes)
}

/// Whether a thread is in the allocator this moment.
#[must_use]
pub fn is_busy() -> bool {
    STATE.is_taken()
}

/// See [`Lock::reopen_after_fork`].
///
/// # Safety
/// As there.
pub unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { STATE.reopen_after_fork() };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_blocks_leave_memory_for_small_ones() {
        let start = mem::allocate(RESERVE_BYTES).expect("memory") as usize;
        let mut state = State {
            free: [0; CLASSES],
            next: 0,
            end: 0,
            reserve: start..start + RESERVE_BYTES,
        };
        while state.take_spare_reserve(LARGE_BYTES).is_some() {}
        // What small blocks are cut from.
        assert!(state.take_reserve(PIECE_BYTES).is_some());
        assert!(state.take_reserve(PIECE_BYTES).is_some());
    }
}
