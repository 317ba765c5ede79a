//! One slot and its block: where the block lies, what surrounds it, what is known of it.

use core::ops::Range;

use ldt_trace::finding::{BlockFacts, BlockState};

use super::altered;
use super::guarded;
use super::meta::{Facts, Meta, State};
use super::region;
use super::report::{Block, Guarding};
use super::settings;
use super::span::{Descriptor, Kind};
use crate::modes::guard::GUARD_BYTES;
use crate::modes::redzone::{self, GRANULE_BYTES};

/// A slot that has been given out at least once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) span: &'static Descriptor,
    pub(super) number: u32,
    pub(super) meta: &'static Meta,
    pub(super) kind: Kind,
}

/// Where the block of a slot lies, and the memory that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lies {
    /// The block.
    pub(super) start: u64,
    pub(super) size: u64,
    /// The accessible memory around it which it alone has: pattern before and after the block.
    pub(super) open: Range<u64>,
}

impl Lies {
    pub(super) fn end(&self) -> u64 {
        self.start.wrapping_add(self.size)
    }
}

impl Slot {
    /// The slot with this number.
    #[inline(always)]
    pub(super) fn of(span: &'static Descriptor, number: u32) -> Option<Slot> {
        let kind = span.kind();
        if matches!(kind, Kind::None | Kind::Free) || number >= span.fresh() {
            return None;
        }
        let meta = span.metas().get(number as usize)?;
        Some(Slot {
            span,
            number,
            meta,
            kind,
        })
    }

    /// The slot that covers an address.
    #[inline(always)]
    pub(super) fn at(address: u64) -> Option<Slot> {
        let span = region::span_at(address)?;
        let number = match span.kind() {
            Kind::Large => 0,
            _ => span.slot_at(address),
        };
        Slot::of(span, number)
    }

    /// Where its block lies, by `facts`.
    #[inline(always)]
    pub(super) fn lies(&self, facts: Facts) -> Lies {
        match self.kind {
            Kind::Small => {
                let slot = self.span.slot_start(self.number);
                Lies {
                    start: redzone::start_in_slot(slot, facts.alignment()),
                    size: facts.size(),
                    open: slot..slot + self.span.stride(),
                }
            }
            Kind::Guarded | Kind::Fenced => {
                let placed = guarded::placed(self.span, self.number, facts);
                Lies {
                    start: placed.start,
                    size: facts.size(),
                    open: placed.open,
                }
            }
            _ => {
                let large = self.span.large();
                Lies {
                    start: large.start,
                    size: large.size,
                    open: large.open,
                }
            }
        }
    }

    /// Everything around the block, redzones and guard pages included.
    pub(super) fn extent(&self) -> Range<u64> {
        match self.kind {
            Kind::Small => {
                let start = self.span.slot_start(self.number);
                start.saturating_sub(settings::redzone_bytes())..start + self.span.stride()
            }
            Kind::Guarded | Kind::Fenced => {
                let data = self.span.data(self.number);
                data.start - GUARD_BYTES..data.end + GUARD_BYTES
            }
            _ => {
                let start = self.span.start();
                start..start + self.span.granules() * GRANULE_BYTES
            }
        }
    }

    /// Whether the program has changed its mapping, so that nobody of ours may touch it.
    #[inline(always)]
    pub(super) fn is_altered(&self) -> bool {
        altered::any() && altered::touches(&self.extent())
    }

    /// What reports say of the block; `None` for a slot that has none.
    pub(super) fn block(&self) -> Option<Block> {
        let facts = self.meta.facts();
        let state = match facts.state() {
            State::Empty | State::Blank => return None,
            State::Live => BlockState::Live,
            State::Freeing | State::Freed | State::Past => BlockState::Freed,
        };
        let lies = self.lies(facts);
        let extent = self.extent();
        let (alignment, guarding) = match self.kind {
            Kind::Large => {
                let large = self.span.large();
                let guarding = if large.guarded {
                    Guarding::Both
                } else {
                    Guarding::None
                };
                (large.alignment, guarding)
            }
            _ => (facts.alignment(), facts.placing().guarding()),
        };
        let freed = match state {
            BlockState::Live => None,
            BlockState::Freed => self.meta.freed(facts),
        };
        Some(Block {
            facts: BlockFacts {
                address: lies.start,
                size: lies.size,
                alignment,
                state,
                allocated: self.meta.allocated(facts),
                freed,
            },
            slot: (extent.start, extent.end),
            guarding,
        })
    }
}
