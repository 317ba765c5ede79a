//! Pages of the heap whose mapping the program has changed itself: mapped over (`MAP_FIXED`, `mremap`), unmapped or
//! protected.
//!
//! Programs do so with blocks of their own (a ring that is mapped twice, the guard page of a coroutine's stack, a
//! page for code), and some find free addresses by freeing a block. glibc's allocator touches little but the
//! first bytes of a freed block, and unmaps large ones; LDT fills, closes, compares and reuses, which would
//! write into the program's file, meet a page that cannot be written, or tell a use after free of what is the
//! program's again. So such pages are marked, two bits each, in a table that there is only where somebody marks:
//!
//! - In a **live** block they are made ordinary pages again when it is freed ([`restore`]), and all goes on as always.
//! - Elsewhere (a freed block, free memory) they are the program's for good: what overlaps them never leaves the quarantine,
//!   is not compared and not given out. That costs addresses, and it is what is sure: rejected was to take slots
//!   out of the lists of other threads.
//!
//! No lock: marks are read by the handler of faults.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::region::{self, Region};
use crate::modes::guard::PAGE;
use crate::modes::redzone::GRANULE_BYTES;
use crate::sys::{mem, pages};

const PAGES_A_GRANULE: u64 = GRANULE_BYTES / PAGE;
const _: () = assert!(PAGES_A_GRANULE == 16, "two marks a page fill a word");

static ANY: AtomicBool = AtomicBool::new(false);
/// Where marks were ever made: from the lowest address on, and up to the end.
static LOWEST: AtomicU64 = AtomicU64::new(u64::MAX);
static END: AtomicU64 = AtomicU64::new(0);
/// Set in a forked child that lacks pages.
static LACKS: AtomicBool = AtomicBool::new(false);

/// What the program did to pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// They cannot be read or written as before; their content stays.
    Protected,
    /// Something else lies there now, or nothing.
    Replaced,
}

impl Alteration {
    /// Its bits in a granule's word, for these pages of it.
    fn bits(self, pages: u32) -> u32 {
        match self {
            Alteration::Protected => pages,
            Alteration::Replaced => pages << PAGES_A_GRANULE,
        }
    }
}

/// Whether a program has ever done so: what everybody asks first.
#[inline(always)]
pub(super) fn any() -> bool {
    ANY.load(Ordering::Relaxed)
}

/// The part of a range that lies in the heap, in whole pages: the programs ask for those that lie in one region.
#[must_use]
pub fn part_of_heap(start: u64, bytes: u64) -> Option<Range<u64>> {
    let end = start.checked_add(bytes)?.checked_next_multiple_of(PAGE)?;
    let start = start - start % PAGE;
    if start >= end {
        return None;
    }
    region::all().iter().find_map(|region| {
        let ours = region.range();
        let part = start.max(ours.start)..end.min(ours.end);
        (part.start < part.end).then_some(part)
    })
}

/// Notes what the program is about to do to pages of the heap.
pub fn alter(range: &Range<u64>, alteration: Alteration) {
    LOWEST.fetch_min(range.start, Ordering::Relaxed);
    END.fetch_max(range.end, Ordering::Relaxed);
    each_word(range, true, &mut |word, pages, _| {
        word.fetch_or(alteration.bits(pages), Ordering::Relaxed);
    });
    ANY.store(true, Ordering::Release);
}

/// Notes pages that this process, a forked child, does not have. They may be parts of blocks that it has, and nobody knows
/// what was in them: what overlaps them is left alone for good.
pub(super) fn lack(range: &Range<u64>) {
    alter(range, Alteration::Replaced);
    LACKS.store(true, Ordering::Relaxed);
}

/// The program has made pages readable and writable again that it had protected.
pub fn unprotected(range: &Range<u64>) {
    each_word(range, false, &mut |word, pages, _| {
        word.fetch_and(!Alteration::Protected.bits(pages), Ordering::Relaxed);
    });
}

/// The pages of a range that `is_whole` says it of (by their address) are not altered any more.
pub(super) fn unmark(range: &Range<u64>, is_whole: &dyn Fn(u64) -> bool) {
    each_word(range, false, &mut |word, pages, granule| {
        for page in (0..PAGES_A_GRANULE).filter(|page| pages >> page & 1 != 0) {
            if is_whole(granule + page * PAGE) {
                let both = Alteration::Protected.bits(1) | Alteration::Replaced.bits(1);
                word.fetch_and(!(both << page), Ordering::Relaxed);
            }
        }
    });
}

/// Whether the page at an address is not as LDT has left it.
#[must_use]
pub fn is_altered(address: u64) -> bool {
    any() && marks_at(address) != 0
}

/// Whether any page of a range is not as LDT has left it.
#[cold]
#[inline(never)]
pub(super) fn touches(range: &Range<u64>) -> bool {
    let mut found = false;
    each_word(range, false, &mut |word, pages, _| {
        found |= word.load(Ordering::Relaxed) & (pages | pages << PAGES_A_GRANULE) != 0;
    });
    found
}

/// Makes the pages of a block that is being freed as they were, but for the content of those that were replaced; gives
/// whether that was possible.
#[cold]
#[inline(never)]
pub(super) fn restore(range: &Range<u64>) -> bool {
    let mut at = range.start - range.start % PAGE;
    while at < range.end {
        let marks = marks_at(at);
        let start = at;
        at += PAGE;
        if marks == 0 {
            continue;
        }
        while at < range.end && marks_at(at) == marks {
            at += PAGE;
        }
        let is_replaced = marks & Alteration::Replaced.bits(1) != 0;
        if is_replaced && LACKS.load(Ordering::Relaxed) {
            return false;
        }
        // SAFETY: pages of a block that is the caller's alone.
        let restored = unsafe {
            if is_replaced {
                pages::renew(start, at - start)
            } else {
                pages::open(start, at - start)
            }
        };
        if restored.is_err() {
            return false;
        }
        each_word(&(start..at), false, &mut |word, pages, _| {
            word.fetch_and(!(pages | pages << PAGES_A_GRANULE), Ordering::Relaxed);
        });
    }
    true
}

/// Calls `visit` with each page in `range` where something else lies than LDT has mapped, or nothing.
pub(super) fn each_replaced(range: &Range<u64>, visit: &mut dyn FnMut(Range<u64>)) {
    if !any() {
        return;
    }
    // A leak check asks for a whole region, of which the table has 64 MiB.
    let marked = LOWEST.load(Ordering::Relaxed)..END.load(Ordering::Relaxed);
    let range = range.start.max(marked.start)..range.end.min(marked.end);
    each_word(&range, false, &mut |word, pages, granule| {
        let replaced = word.load(Ordering::Relaxed) >> PAGES_A_GRANULE & pages;
        for page in (0..PAGES_A_GRANULE).filter(|page| replaced >> page & 1 != 0) {
            let start = granule + page * PAGE;
            visit(start..start + PAGE);
        }
    });
}

/// The marks of the page at an address, at the places of a granule's first page.
fn marks_at(address: u64) -> u32 {
    let mut marks = 0;
    each_word(&(address..address + 1), false, &mut |word, pages, _| {
        let word = word.load(Ordering::Relaxed) >> pages.trailing_zeros();
        marks = word & (Alteration::Protected.bits(1) | Alteration::Replaced.bits(1));
    });
    marks
}

/// Calls `visit` with the word of each granule that a range touches, a bit for each of its pages that it touches,
/// and where the granule begins. Where there is no table there is nothing to visit, unless it is to be made.
fn each_word(range: &Range<u64>, make: bool, visit: &mut dyn FnMut(&AtomicU32, u32, u64)) {
    for region in region::all() {
        let ours = region.range();
        let part = range.start.max(ours.start)..range.end.min(ours.end);
        if part.start >= part.end {
            continue;
        }
        let Some(table) = table(region, make) else {
            continue;
        };
        let granules = region.granule_of(part.start)..=region.granule_of(part.end - 1);
        for granule in granules {
            let start = region.address_of(granule);
            let first = part.start.saturating_sub(start) / PAGE;
            let end = (part.end - start).min(GRANULE_BYTES).div_ceil(PAGE);
            let pages = (1u32 << end) - (1u32 << first);
            // SAFETY: a table has a word for each granule of its region, and is never unmapped.
            visit(unsafe { &*table.add(granule as usize) }, pages, start);
        }
    }
}

fn table(region: &Region, make: bool) -> Option<*const AtomicU32> {
    let there = region.marks.load(Ordering::Acquire);
    if !there.is_null() || !make {
        return (!there.is_null()).then_some(there);
    }
    let bytes = region.granules() as usize * size_of::<AtomicU32>();
    let made = mem::allocate(bytes)?.cast::<AtomicU32>();
    let null = core::ptr::null_mut();
    match region
        .marks
        .compare_exchange(null, made, Ordering::AcqRel, Ordering::Acquire)
    {
        Ok(_) => Some(made),
        Err(other) => {
            // SAFETY: just made, and nobody knows of it.
            unsafe { mem::release(made.cast(), bytes) };
            Some(other)
        }
    }
}
