//! Large blocks: pages of their own, with guard pages on both sides. When one is freed its pages go
//! back to the kernel at once and become guard, until the quarantine lets go of their addresses.

use core::sync::atomic::Ordering;

use super::guarded::{self, Method};
use super::meta::{Meta, Placing, State};
use super::request::Request;
use super::runs::{self, Zone};
use super::span::{Descriptor, Kind, Large};
use super::{bytes, limits, settings, shelves, stacks, watch};
use crate::modes::guard::{self, Side};
use crate::modes::redzone::Pattern;
use crate::options::{GuardChoice, GuardSideChoice, PinSide};
use crate::sys::pages;

/// From this size on, closing pages by mapping the range anew costs less than a marker a page, and
/// gives the kernel's tables of the pages back as well.
const REMAP_MIN_BYTES: u64 = 4 << 20;

fn side(request: &Request) -> Side {
    match (
        settings::side(),
        stacks::pinned_side(request.allocated.stack),
    ) {
        (_, Some(PinSide::Before)) | (GuardSideChoice::Before, None) => Side::Before,
        // Guards are on both sides: what alternates for small blocks need not here.
        _ => Side::After,
    }
}

/// Installs the guards around the open pages. The closed zone has them.
fn enclose(span: &Descriptor, open: &core::ops::Range<u64>) -> bool {
    let range = span.range();
    match guarded::method() {
        // SAFETY: a span that is nobody's yet.
        Method::Markers => unsafe {
            pages::install_markers(range.start, open.start - range.start).is_ok()
                && pages::install_markers(open.end, range.end - open.end).is_ok()
        },
        Method::Protection => {
            guarded::reserve_mappings(2) && {
                // SAFETY: as above.
                let opened = unsafe { pages::open(open.start, open.end - open.start) }.is_ok();
                if !opened {
                    guarded::return_mappings(2);
                }
                opened
            }
        }
    }
}

fn guarded_span(request: &Request, granules: u64) -> Option<(&'static Descriptor, Large)> {
    let span = runs::take(granules, guarded::zone())?;
    let placed = guard::place_large(
        &span.range(),
        request.size,
        request.alignment,
        side(request),
        settings::ends(),
    );
    if !enclose(span, &placed.open) {
        if guarded::method() == Method::Markers {
            guarded::lift(&span.range());
        }
        runs::give(span);
        return None;
    }
    let large = Large {
        start: placed.start,
        size: request.size,
        alignment: request.alignment,
        open: placed.open,
        guarded: true,
    };
    Some((span, large))
}

fn bare_span(request: &Request, granules: u64) -> Option<(&'static Descriptor, Large)> {
    let span = runs::take(granules, Zone::Open)?;
    let placed = guard::place_large_unguarded(
        &span.range(),
        request.size,
        request.alignment,
        settings::redzone_bytes(),
    );
    let large = Large {
        start: placed.start,
        size: request.size,
        alignment: request.alignment,
        open: placed.open,
        guarded: false,
    };
    Some((span, large))
}

/// A large block; `None` when there is no memory for it.
#[cold]
#[inline(never)]
pub(super) fn allocate(request: &Request) -> Option<Large> {
    if request.size > limits::largest_block_bytes() {
        return None;
    }
    let redzone_bytes = settings::redzone_bytes();
    let granules = guard::large_granules(request.size, request.alignment, redzone_bytes)?;
    let pointer = shelves::take_large_meta()?;
    let guarded = match settings::guard() {
        GuardChoice::Off => None,
        GuardChoice::Pinned if stacks::pinned_side(request.allocated.stack).is_none() => None,
        GuardChoice::Adaptive | GuardChoice::All | GuardChoice::Pinned => {
            guarded_span(request, granules)
        }
    };
    let Some((span, large)) = guarded.or_else(|| bare_span(request, granules)) else {
        shelves::put_large_meta(pointer);
        return None;
    };
    watch::grew(large.size);
    let end = large.start + large.size;
    // SAFETY: the pages are open and nobody's yet.
    unsafe {
        bytes::fill(large.open.start..large.start, Pattern::REDZONE);
        bytes::fill(end..large.open.end, Pattern::REDZONE);
        // Fresh pages are zero.
        if let Some(fill) = settings::malloc_fill()
            && request.zeroed == super::Zeroed::No
        {
            bytes::fill(large.start..end, fill);
        }
    }
    span.become_large(&large, pointer);
    if let Some(meta) = span.metas().first() {
        let placing = if large.guarded {
            Placing::After
        } else {
            Placing::Plain
        };
        meta.begin(0, 1, placing, &request.allocated);
    }
    Some(large)
}

/// Closes a freed block's pages and gives their memory back.
pub(super) fn close(span: &Descriptor, meta: &Meta) {
    let large = span.large();
    let (start, length) = (large.open.start, large.open.end - large.open.start);
    // SAFETY: pages of a block that the program has no right to any more.
    unsafe {
        if !large.guarded {
            let _ = pages::discard(start, length);
        } else if guarded::method() == Method::Protection {
            let _ = pages::reserve_anew(start, length);
            guarded::return_mappings(2);
        } else if length >= REMAP_MIN_BYTES
            && guarded::reserve_mappings(2)
            && pages::reserve_anew(start, length).is_ok()
        {
            span.remapped.store(1, Ordering::Relaxed);
        } else {
            let _ = pages::install_markers(start, length);
        }
    }
    meta.set(State::Freed);
}

/// Gives the addresses of a block back that has left the quarantine.
pub(super) fn give_back(span: &'static Descriptor) {
    let large = span.large();
    let range = span.range();
    let (start, length) = (large.open.start, large.open.end - large.open.start);
    let lifted = span.lifted.load(Ordering::Relaxed) != 0;
    // SAFETY: nobody uses the span any more.
    let clean = unsafe {
        match guarded::method() {
            _ if !large.guarded => pages::discard(start, length).is_ok(),
            Method::Protection if lifted => {
                pages::reserve_anew(range.start, range.end - range.start).is_ok()
            }
            Method::Protection => true,
            Method::Markers => {
                let remapped = span.remapped.load(Ordering::Relaxed) != 0;
                if remapped {
                    guarded::return_mappings(2);
                }
                let is_open = match (lifted, remapped) {
                    (true, _) => guarded::reopen(&range),
                    (false, true) => guarded::reopen(&large.open),
                    (false, false) => true,
                };
                is_open
                    && pages::remove_markers(range.start, range.end - range.start).is_ok()
                    && (!lifted || pages::discard(range.start, range.end - range.start).is_ok())
            }
        }
    };
    let meta = span.metas_pointer();
    if let Some(meta) = span.metas().first() {
        meta.clear();
    }
    span.set_kind(Kind::None);
    // What cannot be made as new is never used again.
    if clean {
        shelves::put_large_meta(meta);
        runs::give(span);
    }
}
