//! Guards that are lifted for an access that was reported, so that the run goes on, and closed again behind it.
//!
//! A guard that is closed again keeps what the program has written beyond its block: pages are closed by
//! protection then, not by markers, which would zero them. The slot is guarded as before when it is reused.
//!
//! A call that may go beyond its block, and hardly ever does, has guards opened too ([`open`]): they are made anew
//! behind it as they were, which takes no mapping, unless an error has been reported in the span.

use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};

use super::lookup::is_ours;
use super::meta::Facts;
use super::region;
use super::slot::Slot;
use super::span::{Kind, Lifts};
use super::{guarded, in_call};
use crate::modes::guard::GUARD_BYTES;

/// A guard that was lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifted {
    address: u64,
    facts: Facts,
}

impl Lifted {
    /// In two words, not both zero, for where only these can be kept.
    #[must_use]
    pub fn into_words(self) -> [u64; 2] {
        [self.address, self.facts.into_word()]
    }

    /// The way back.
    #[must_use]
    pub fn from_words([address, facts]: [u64; 2]) -> Lifted {
        Lifted {
            address,
            facts: Facts::from_word(facts),
        }
    }
}

/// Makes the guard pages around an address accessible, and the pages of a freed block, so that the run can go
/// on.
pub fn lift(address: u64) -> Option<Lifted> {
    let span = region::span_at(address)?;
    let range = match span.kind() {
        Kind::Guarded | Kind::Fenced => {
            let data = span.data(span.slot_at(address));
            data.start - GUARD_BYTES..data.end + GUARD_BYTES
        }
        Kind::Large => span.range(),
        _ => return None,
    };
    span.note_lifted(Lifts::Reported);
    guarded::lift(&range);
    let facts = Slot::at(address)?.meta.facts();
    Some(Lifted { address, facts })
}

/// Closes what [`lift`] opened, unless its block has changed hands.
pub fn close_again(lifted: Lifted) {
    let Some(slot) = Slot::at(lifted.address).filter(|slot| slot.meta.facts() == lifted.facts)
    else {
        return;
    };
    for range in closed(&slot, lifted.facts) {
        guarded::close_lifted(&range);
    }
}

/// Closings that keep what was written there, in all: each slot's costs mappings.
static KEPT: AtomicU32 = AtomicU32::new(0);
const MOST_KEPT: u32 = 4096;

/// Opens the guards that a range touches, for a call: `lifts` says whether it has been reported.
pub fn open(range: Range<u64>, lifts: Lifts) {
    if lifts == Lifts::InCase {
        in_call::add(&range);
    }
    each_guard(range, |slot, guard| {
        slot.span.note_lifted(lifts);
        guarded::lift(guard);
    });
}

/// Closes what [`open`] opened, around the blocks that lie there now.
pub fn close(range: Range<u64>) {
    in_call::clear();
    each_guard(range, |slot, guard| {
        let is_reported = slot.span.lifts() == Some(Lifts::Reported);
        if is_reported && KEPT.fetch_add(1, Ordering::Relaxed) < MOST_KEPT {
            guarded::close_lifted(guard);
        } else {
            guarded::close_pages(guard);
        }
    });
}

/// The guards that a range touches, the pages of freed blocks among them. Only these: a guard is two blocks', and
/// another thread may just be in a call with the other one.
fn each_guard(range: Range<u64>, mut then: impl FnMut(&Slot, &Range<u64>)) {
    each_slot(range.clone(), |slot| {
        for guard in closed(&slot, slot.meta.facts()) {
            if guard.start.max(range.start) < guard.end.min(range.end) {
                then(&slot, &guard);
            }
        }
    });
}

/// The guarded slots that a range touches.
fn each_slot(range: Range<u64>, mut then: impl FnMut(Slot)) {
    let mut at = range.start;
    while at < range.end && is_ours(at) {
        let Some(span) = region::span_at(at) else {
            return;
        };
        let next = match span.kind() {
            Kind::Small => span.range().end,
            Kind::None | Kind::Free => return,
            _ => {
                let Some(slot) = Slot::at(at) else {
                    return;
                };
                then(slot);
                slot.extent().end
            }
        };
        if next <= at {
            return;
        }
        at = next;
    }
}

/// What is closed around a block, and in it when it is freed.
fn closed(slot: &Slot, facts: Facts) -> [Range<u64>; 2] {
    let whole = match slot.kind {
        Kind::Guarded | Kind::Fenced => {
            let data = slot.span.data(slot.number);
            data.start - GUARD_BYTES..data.end + GUARD_BYTES
        }
        Kind::Large if slot.span.large().guarded => slot.span.range(),
        _ => return [0..0, 0..0],
    };
    let open = match slot.kind {
        // Stays open, whatever becomes of its block.
        Kind::Fenced => slot.span.data(slot.number),
        _ if !facts.is_live() => return [whole, 0..0],
        _ => slot.lies(facts).open,
    };
    [whole.start..open.start, open.end..whole.end]
}
