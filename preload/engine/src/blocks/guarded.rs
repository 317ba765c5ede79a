//! Guarded slots: how their pages are opened and closed, and how many may be.
//!
//! With guard markers a span is closed as a whole, once, and single pages are opened and closed inside
//! it; that splits no mapping. Without them spans lie in the closed zone and pages are opened by
//! protection, which takes two mappings a block; these are counted, and when half of what a process may
//! have is used up, no more blocks are guarded.

use core::ops::Range;
use core::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};

use super::meta::{Facts, Placing};
use super::runs::Zone;
use super::span::Descriptor;
use super::{bytes as bytes_of, in_call, limits, settings};
use crate::modes::guard::{self, Ends, GUARD_BYTES, PAGE, Placed, Side};
use crate::options::GuardMethodChoice;
use crate::sys::{mem, pages};

/// How guard pages are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Method {
    /// Guard markers.
    Markers = 0,
    /// Protection.
    Protection = 1,
}

static METHOD: AtomicU8 = AtomicU8::new(0);
/// Mappings that may still be made.
static MAPPINGS_LEFT: AtomicI64 = AtomicI64::new(0);
static MEMORY_LIMIT_BYTES: AtomicU64 = AtomicU64::new(0);
/// Bytes of open pages of guarded slots.
static OPEN_BYTES: AtomicU64 = AtomicU64::new(0);

/// How guard pages are made.
#[must_use]
pub fn method() -> Method {
    match METHOD.load(Ordering::Relaxed) {
        0 => Method::Markers,
        _ => Method::Protection,
    }
}

/// Whether the kernel takes guard markers.
fn has_markers() -> bool {
    let Some(page) = mem::allocate(mem::PAGE_BYTES) else {
        return false;
    };
    // SAFETY: a page of our own that nobody uses.
    let taken = unsafe { pages::install_markers(page as u64, PAGE) }.is_ok();
    // SAFETY: as above.
    unsafe { mem::release(page, mem::PAGE_BYTES) };
    taken
}

pub(super) fn begin(choice: GuardMethodChoice, memory_bytes: u64) {
    let markers = match choice {
        GuardMethodChoice::Mprotect => false,
        GuardMethodChoice::Auto | GuardMethodChoice::Markers => has_markers(),
    };
    let method = if markers {
        Method::Markers
    } else {
        Method::Protection
    };
    METHOD.store(method as u8, Ordering::Relaxed);
    MAPPINGS_LEFT.store(limits::mappings_for_guards() as i64, Ordering::Relaxed);
    MEMORY_LIMIT_BYTES.store(memory_bytes, Ordering::Relaxed);
}

/// Where spans with guards lie.
pub(super) fn zone() -> Zone {
    match method() {
        Method::Markers => Zone::Open,
        Method::Protection => Zone::Closed,
    }
}

/// Takes so many mappings from the budget.
pub(super) fn reserve_mappings(count: i64) -> bool {
    if MAPPINGS_LEFT.fetch_sub(count, Ordering::Relaxed) >= count {
        return true;
    }
    return_mappings(count);
    false
}

/// Gives them back.
pub(super) fn return_mappings(count: i64) {
    MAPPINGS_LEFT.fetch_add(count, Ordering::Relaxed);
}

/// The memory that is configured for guarded blocks.
pub(super) fn memory_limit_bytes() -> u64 {
    MEMORY_LIMIT_BYTES.load(Ordering::Relaxed)
}

/// The memory that guarded blocks take.
pub(super) fn open_bytes() -> u64 {
    OPEN_BYTES.load(Ordering::Relaxed)
}

/// Pages of fenced slots have memory again.
pub(super) fn add_open_bytes(bytes: u64) {
    OPEN_BYTES.fetch_add(bytes, Ordering::Relaxed);
}

/// They have none any more.
pub(super) fn remove_open_bytes(bytes: u64) {
    OPEN_BYTES.fetch_sub(bytes, Ordering::Relaxed);
}

/// Behind the slots that are in use so much is inaccessible: what overruns a block by far meets it.
const AHEAD_BYTES: u64 = 64 << 10;

/// Makes a span's pages inaccessible, up to `bytes` from its start and a little further. A whole span at once would be
/// one call instead of a dozen, but a fork copies each marker, and most programs use a part of most spans.
pub(super) fn close_ahead(span: &Descriptor, bytes: u64) -> bool {
    // The closed zone is inaccessible.
    if method() == Method::Protection {
        return true;
    }
    let range = span.range();
    let from = u64::from(span.closed_bytes.load(Ordering::Relaxed));
    let to = (bytes + AHEAD_BYTES).min(length(&range));
    if to <= from {
        return true;
    }
    // SAFETY: pages of slots that are nobody's yet.
    let closed = unsafe { pages::install_markers(range.start + from, to - from) }.is_ok();
    if closed {
        span.closed_bytes.store(to as u32, Ordering::Relaxed);
    }
    closed
}

/// Where the block that a guarded slot holds lies.
pub(super) fn placed(span: &Descriptor, slot: u32, facts: Facts) -> Placed {
    let ends = if facts.placing() == Placing::AfterExact {
        Ends::Exact
    } else {
        Ends::Rounded
    };
    let side = facts.placing().side();
    guard::place(
        &span.data(slot),
        facts.size(),
        facts.alignment(),
        side,
        ends,
    )
}

/// How a new block on this side is placed.
pub(super) fn placing(side: Side) -> Placing {
    match (side, settings::ends()) {
        (Side::Before, _) => Placing::Before,
        (Side::After, Ends::Rounded) => Placing::After,
        (Side::After, Ends::Exact) => Placing::AfterExact,
    }
}

fn length(range: &Range<u64>) -> u64 {
    range.end - range.start
}

/// Opens a slot's pages; they read as zero. Gives whether that was possible.
pub(super) fn open(slot: &Range<u64>, lifted: bool, open: &Range<u64>) -> bool {
    if lifted {
        close_all(slot);
        for guard in [
            slot.start - GUARD_BYTES..slot.start,
            slot.end..slot.end + GUARD_BYTES,
        ] {
            if in_call::needs(&guard) {
                lift(&guard);
            }
        }
    }
    let bytes = length(open);
    if bytes == 0 {
        return true;
    }
    let opened = match method() {
        // SAFETY: pages of a slot that is the caller's.
        Method::Markers => unsafe { pages::remove_markers(open.start, bytes) }.is_ok(),
        Method::Protection => {
            reserve_mappings(2) && {
                // SAFETY: as above.
                let opened = unsafe { pages::open(open.start, bytes) }.is_ok();
                if !opened {
                    return_mappings(2);
                }
                opened
            }
        }
    };
    if opened {
        OPEN_BYTES.fetch_add(bytes, Ordering::Relaxed);
    }
    opened
}

/// Closes a slot's pages and gives their memory back.
pub(super) fn close(open: &Range<u64>) {
    let bytes = length(open);
    if bytes == 0 {
        return;
    }
    OPEN_BYTES.fetch_sub(bytes, Ordering::Relaxed);
    if method() == Method::Protection {
        return_mappings(2);
    }
    close_pages(open);
}

/// Makes pages inaccessible that hold nothing worth keeping.
pub(super) fn close_pages(range: &Range<u64>) {
    let bytes = length(range);
    // SAFETY: pages of a slot that the program has no right to any more.
    unsafe {
        match method() {
            Method::Markers => {
                // Memory that the program has locked refuses markers: its pages stay accessible then,
                // and whoever opens them next expects zeroes.
                if pages::install_markers(range.start, bytes).is_err() {
                    bytes_of::zero(range.clone());
                }
            }
            // Not `mprotect`: pages that were in use stay a mapping of their own for ever then, since
            // the kernel joins only mappings whose pages were never used.
            Method::Protection => {
                let _ = pages::reserve_anew(range.start, bytes);
            }
        }
    }
}

/// Closes a whole slot, and the guards on both sides of it, which were lifted, and perhaps closed again by
/// protection.
#[cold]
fn close_all(slot: &Range<u64>) {
    let range = slot.start - GUARD_BYTES..slot.end + GUARD_BYTES;
    if method() == Method::Markers {
        lift(&range);
    }
    close_pages(&range);
}

/// Opens a range whatever is there, for [`super::lift`].
pub(super) fn lift(range: &Range<u64>) {
    // SAFETY: pages of LDT's heap. A failure shows as the same fault again, which is then fatal.
    unsafe {
        if method() == Method::Markers {
            let _ = pages::remove_markers(range.start, length(range));
        }
        let _ = pages::open(range.start, length(range));
    }
}

/// Closes a range that was lifted, by protection, which keeps what the program has written there.
pub(super) fn close_lifted(range: &Range<u64>) {
    if range.is_empty() {
        return;
    }
    // SAFETY: pages of LDT's heap that the program has no right to. A failure leaves them open.
    let _ = unsafe { pages::close(range.start, length(range)) };
}

/// Opens pages of the open zone that were mapped anew.
pub(super) fn reopen(range: &Range<u64>) -> bool {
    // SAFETY: pages of LDT's heap.
    unsafe {
        let opened = pages::open(range.start, length(range)).is_ok();
        pages::keep_small(range.start, length(range));
        opened
    }
}
