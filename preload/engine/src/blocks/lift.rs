//! Guards that are lifted for an access that was reported, so that the run goes on, and closed again behind it.
//!
//! A guard that is closed again keeps what the program has written beyond its block: pages are closed by
//! protection then, not by markers, which would zero them. The slot is guarded as before when it is reused.

use core::ops::Range;
use core::sync::atomic::Ordering;

use super::guarded;
use super::meta::Facts;
use super::region;
use super::slot::Slot;
use super::span::Kind;
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
    span.lifted.store(1, Ordering::Relaxed);
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

/// Closes what [`lift`] opened around the block that lies there now.
pub fn close(address: u64) {
    if let Some(slot) = Slot::at(address) {
        for range in closed(&slot, slot.meta.facts()) {
            guarded::close_lifted(&range);
        }
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
