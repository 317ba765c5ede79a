//! Fenced slots: one page between guard pages, which stays open when its block is freed.
//!
//! Once its page is there, a fenced block needs no system call and meets no page fault: it is a block between
//! redzones, of which one happens to end at a guard page. Freed, it is filled, goes through a quarantine of its own, and
//! is looked at when it leaves. In its page everything but the block holds the redzone pattern, all the time,
//! so that only what the last block had is filled anew for the next.
//!
//! A page that no block has is kept for the next one, up to a limit; beyond it its memory is given back.

use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use super::check::{self, Look};
use super::meta::State;
use super::report::Found;
use super::slot::{Lies, Slot};
use super::{bytes, guarded, quarantine, settings};
use crate::modes::guard::PAGE;
use crate::modes::redzone::Pattern;
use crate::sys::pages;

/// Bytes of pages that have memory, and no block.
static IDLE_BYTES: AtomicU64 = AtomicU64::new(0);

/// Makes the page of a slot that is the caller's ready for a block: open, and full of the redzone pattern.
/// `has_memory` is asked when it takes memory that no slot has yet. Gives whether it is ready.
pub(super) fn make_ready(slot: &Slot, has_memory: impl FnOnce() -> bool) -> bool {
    let page = slot.span.data(slot.number);
    let mut state = slot.meta.facts().state();
    let is_lifted = slot.span.lifted.load(Ordering::Relaxed) != 0;
    if state != State::Past && !has_memory() {
        return false;
    }
    if state == State::Past {
        IDLE_BYTES.fetch_sub(PAGE, Ordering::Relaxed);
    }
    if is_lifted && matches!(state, State::Past | State::Blank) {
        // Its guards are not as they were: everything is made anew.
        if state == State::Blank {
            guarded::add_open_bytes(PAGE);
        }
        guarded::close(&page);
        state = State::Empty;
    }
    let stale = match state {
        State::Past => {
            let lies = slot.lies(slot.meta.facts());
            lies.start..lies.end()
        }
        State::Blank => {
            guarded::add_open_bytes(PAGE);
            page
        }
        _ if guarded::open(&page, is_lifted, &page) => page,
        _ => {
            slot.meta.clear();
            return false;
        }
    };
    // SAFETY: the page is open, and the caller's.
    unsafe { bytes::fill(stale, Pattern::REDZONE) };
    true
}

/// Fills a freed block, which is the caller's alone.
pub(super) fn fill_freed(slot: &Slot, lies: &Lies) {
    // SAFETY: as the caller vouches.
    unsafe { bytes::fill(lies.start..lies.end(), settings::freed_pattern()) };
    slot.meta.set(State::Freed);
}

/// A block leaves the quarantine: it is looked at, and its slot may be used again.
pub(super) fn let_go(slot: &Slot, found: &mut dyn Found) {
    let facts = slot.meta.facts();
    check::look(slot, facts, &slot.lies(facts), Look::Inside, found);
    let idle = IDLE_BYTES.fetch_add(PAGE, Ordering::Relaxed) + PAGE;
    slot.meta.set(State::Past);
    if idle > quarantine::idle_limit_bytes() && discard(&slot.span.data(slot.number)) {
        IDLE_BYTES.fetch_sub(PAGE, Ordering::Relaxed);
        guarded::remove_open_bytes(PAGE);
        slot.meta.blank();
    }
}

/// Gives a page's memory back; gives whether the kernel took it (not where memory is locked).
fn discard(page: &Range<u64>) -> bool {
    // SAFETY: a page that no block has.
    unsafe { pages::discard(page.start, PAGE) }.is_ok()
}
