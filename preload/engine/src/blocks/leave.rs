//! Blocks leave the quarantine: what they and their redzones hold is looked at one last time, then their
//! slots are free.

use super::check::{self, Look};
use super::meta::State;
use super::report::Found;
use super::shelves::{self, Returned};
use super::slot::Slot;
use super::span::Kind;
use super::{fenced, large};
use crate::modes::quarantine::BATCH_BLOCKS;
use crate::sys::prefetch;

/// The whole of a larger block is asked for this many blocks ahead: asking for all at once is more than
/// the processor keeps in mind.
const BODIES_AHEAD: usize = 4;
/// What is asked for of one block; the processor sees by itself how longer ones go on.
const BODY_BYTES: u64 = 1024;
const LINE_BYTES: u64 = 64;

/// Asks for what a small block has beyond its first lines.
#[inline(always)]
fn ask_for_body(slot: &Slot, address: u64) {
    if slot.kind == Kind::Small {
        let bytes = slot.span.stride().min(BODY_BYTES);
        for line in 2..bytes / LINE_BYTES {
            prefetch(address + line * LINE_BYTES);
        }
    }
}

/// Lets a batch of blocks go. They were freed a long time ago, so the processor has forgotten them:
/// all are asked for before the first one is looked at.
pub(super) fn let_go(blocks: &[u64], found: &mut dyn Found) {
    let mut slots: [Option<Slot>; BATCH_BLOCKS] = [None; BATCH_BLOCKS];
    for (slot, &address) in slots.iter_mut().zip(blocks) {
        *slot = Slot::at(address);
        if let Some(slot) = slot {
            prefetch(core::ptr::from_ref(slot.meta) as u64);
            if slot.kind == Kind::Small {
                prefetch(address - 16);
                prefetch(address + 48);
                prefetch(slot.span.bits_at(slot.number) as u64);
            }
        }
    }
    let mut free = [Returned::default(); BATCH_BLOCKS];
    let mut count = 0;
    for (index, slot) in slots.iter().enumerate() {
        if let Some(Some(ahead)) = slots.get(index + BODIES_AHEAD) {
            ask_for_body(ahead, blocks[index + BODIES_AHEAD]);
        }
        let Some(slot) = slot.filter(|slot| !slot.is_altered()) else {
            continue;
        };
        match slot.kind {
            Kind::Small => {
                let facts = slot.meta.facts();
                let lies = slot.lies(facts);
                check::look(&slot, facts, &lies, Look::Inside, found);
            }
            Kind::Guarded => {}
            Kind::Fenced => fenced::let_go(&slot, found),
            _ => {
                large::give_back(slot.span);
                continue;
            }
        }
        if slot.kind != Kind::Fenced {
            slot.meta.set(State::Past);
        }
        if let Some(place) = free.get_mut(count) {
            *place = Returned::new(slot.span, slot.number);
            count += 1;
        }
    }
    shelves::give_back(&mut free[..count]);
}
