//! Walking over all blocks, for the leak check: other threads stand still meanwhile.
//!
//! Blocks have numbers there: `Span::first_number() + slot` is less than what [`number_blocks`] gave,
//! and grows with the address, so that marks are bits and bytes in arrays of the caller's.

use core::sync::atomic::Ordering;

use ldt_trace::finding::Use;

use super::meta::State;
use super::region;
use super::report::Block;
use super::slot::Slot;
use super::span::{Descriptor, Kind};

/// Slots of one size, one after the other; or one large block.
#[derive(Clone, Copy, Debug)]
pub struct Span(&'static Descriptor);

impl Span {
    /// The number of slot 0.
    #[must_use]
    pub fn first_number(&self) -> u64 {
        self.0.number.load(Ordering::Relaxed)
    }

    /// How many slots have ever been in use; the others hold no block.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.0.fresh()
    }

    /// The first byte and the size of the live block in a slot, if there is one.
    #[inline]
    #[must_use]
    pub fn live(&self, slot: u32) -> Option<(u64, u64)> {
        let slot = Slot::of(self.0, slot)?;
        let facts = slot.meta.facts();
        if !facts.is_live() {
            return None;
        }
        let lies = slot.lies(facts);
        Some((lies.start, lies.size))
    }

    /// Who allocated the live block in a slot, if there is one: all that the leak check asks of most.
    #[inline]
    #[must_use]
    pub fn allocated(&self, slot: u32) -> Option<Use> {
        let slot = Slot::of(self.0, slot)?;
        let facts = slot.meta.facts();
        facts.is_live().then(|| slot.meta.allocated(facts))
    }

    /// Notes that a leak check has met the live block in a slot; gives whether one had before.
    #[must_use]
    pub fn meet(&self, slot: u32) -> bool {
        Slot::of(self.0, slot).is_some_and(|slot| slot.meta.meet())
    }

    /// Everything about the block in a slot, live or remembered.
    #[must_use]
    pub fn block(&self, slot: u32) -> Option<Block> {
        Slot::of(self.0, slot)?.block()
    }
}

/// A live block that an address leads to.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its span.
    pub span: Span,
    /// Its slot there.
    pub slot: u32,
    /// Its first byte.
    pub start: u64,
    /// Bytes asked for.
    pub size: u64,
}

impl Place {
    /// The block's number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.span.first_number() + u64::from(self.slot)
    }
}

/// Calls `visit` with every span in use, region by region, in the order of their addresses.
pub(super) fn each_descriptor(visit: &mut dyn FnMut(&'static Descriptor)) {
    for region in region::all() {
        let mut granule = 0;
        // Granules that were never used have no span: from the first one on there is nothing but, up
        // to the closed zone at the region's end.
        while granule < region.granules() {
            let Some(span) = region.span_of(granule) else {
                granule = region.next_used(granule);
                continue;
            };
            let covers = span.range().contains(&region.address_of(granule));
            if covers && !matches!(span.kind(), Kind::None | Kind::Free) {
                visit(span);
            }
            let end = if covers {
                region.granule_of(span.start()) + span.granules()
            } else {
                granule
            };
            granule = end.max(granule + 1);
        }
    }
}

/// Gives every span its first number; to be called once the other threads stand still. Gives how many
/// numbers there are.
pub fn number_blocks() -> u64 {
    let mut next = 0;
    each_descriptor(&mut |span| {
        span.number.store(next, Ordering::Relaxed);
        next += u64::from(span.fresh());
    });
    next
}

/// Calls `visit` with every span, in the order of their addresses.
pub fn each_span(visit: &mut dyn FnMut(Span)) {
    each_descriptor(&mut |span| visit(Span(span)));
}

/// The live block that an address points to or into: one past its last byte and the whole slot do not
/// count, the start of an empty block does. Constant time.
#[inline]
#[must_use]
pub fn locate(address: u64) -> Option<Place> {
    let slot = Slot::at(address)?;
    let facts = slot.meta.facts();
    if facts.state() != State::Live {
        return None;
    }
    let lies = slot.lies(facts);
    let offset = address.wrapping_sub(lies.start);
    (offset < lies.size || offset == 0).then_some(Place {
        span: Span(slot.span),
        slot: slot.number,
        start: lies.start,
        size: lies.size,
    })
}

/// The size of the live block that begins at this address.
#[must_use]
pub fn size_of_live(address: u64) -> Option<u64> {
    locate(address)
        .filter(|place| place.start == address)
        .map(|place| place.size)
}
