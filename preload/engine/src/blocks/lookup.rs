//! From an address to what is known of it. No lock is taken and nothing is changed but guard pages: all
//! of this may run in a signal handler that has interrupted the heap anywhere.

use super::altered;
use super::region::{self, Region};
use super::report::Block;
use super::slot::Slot;
use super::span::{Descriptor, Kind};
use super::walk::locate;
use crate::sys::prefetch;

/// Slots and spans that are looked at for a neighbour.
const STEPS: u32 = 4096;

/// A block that is gone is taken for the one that an address is about only when it is nearer than a live
/// one by this much.
const FREED_HANDICAP_BYTES: u64 = 64;

/// Whether an address lies in LDT's heap, whatever is there.
#[inline(always)]
#[must_use]
pub fn is_ours(address: u64) -> bool {
    region::of(address).is_some()
}

/// Asks the processor for what a release of the block at this address will look at first, while the caller
/// has something else to do.
#[inline(always)]
pub fn ask_for(address: u64) {
    if let Some(span) = region::first_span_at(address)
        && span.kind() == Kind::Small
        && let Some((slot, _)) = span.slot_and_offset(address)
    {
        prefetch(span.meta_at(slot) as u64);
        prefetch(address - 16);
        prefetch(address + span.stride() - 32);
    }
}

/// Whether a range certainly lies in one live block, or begins outside the heap: what every copy of the program's asks
/// twice. It may say no where [`room`] knows better.
#[inline(always)]
#[must_use]
pub fn fits(address: u64, bytes: u64) -> bool {
    let Some(span) = region::first_span_at(address) else {
        return region::is_outside(address);
    };
    match span.kind() {
        Kind::Small => fits_in_slot(span, address, bytes),
        Kind::Large => fits_in_large(span, address, bytes),
        _ => fits_in_page(span, address, bytes),
    }
}

/// In a block between redzones, with the alignment that malloc gives.
#[inline(always)]
fn fits_in_slot(span: &'static Descriptor, address: u64, bytes: u64) -> bool {
    let Some((slot, offset)) = span.slot_and_offset(address) else {
        return false;
    };
    let Some(meta) = span.metas().get(slot as usize) else {
        return false;
    };
    let facts = meta.facts();
    let left = facts.size().wrapping_sub(offset);
    facts.is_live_and_plain() & (offset <= facts.size()) & (bytes <= left)
}

/// In a large one: pools of the program's own lie in those.
#[inline(always)]
fn fits_in_large(span: &'static Descriptor, address: u64, bytes: u64) -> bool {
    let block = span.large_bytes();
    let is_live = span
        .metas()
        .first()
        .is_some_and(|meta| meta.facts().is_live());
    is_live && block.contains(&address) && bytes <= block.end - address
}

/// In a guarded or fenced one: few, but often a program's most important ones, which were its first.
#[inline(never)]
fn fits_in_page(span: &'static Descriptor, address: u64, bytes: u64) -> bool {
    if !matches!(span.kind(), Kind::Guarded | Kind::Fenced) {
        return false;
    }
    let slot = span.slot_and_offset(address);
    let Some(slot) = slot.and_then(|(slot, _)| Slot::of(span, slot)) else {
        return false;
    };
    let facts = slot.meta.facts();
    let lies = slot.lies(facts);
    facts.is_live() && (lies.start..lies.end()).contains(&address) && bytes <= lies.end() - address
}

/// How many bytes from an address on lie in one live block: none elsewhere in the heap, and no limit
/// outside it, or where the program has mapped something over what is no block.
#[must_use]
pub fn room(address: u64) -> u64 {
    if !is_ours(address) {
        return u64::MAX;
    }
    match locate(address) {
        Some(place) => (place.start + place.size).saturating_sub(address),
        None if altered::is_altered(address) => u64::MAX,
        None => 0,
    }
}

/// The block, live or remembered, whose slot, redzones and guard pages cover the address. Of two that
/// share guard pages or a redzone, the nearer one, with a little advantage for a live one.
#[must_use]
pub fn find(address: u64) -> Option<Block> {
    let slot = Slot::at(address);
    let span = region::span_at(address)?;
    let here = slot.and_then(|slot| slot.block());
    if here.is_some_and(|block| block.bytes().contains(&address)) || span.kind() == Kind::Large {
        return here;
    }
    let number = span.slot_at(address);
    let block_of = |number: Option<u32>| Slot::of(span, number?)?.block();
    let covers = |block: &Block| block.slot().contains(&address);
    [
        here,
        block_of(number.checked_add(1)).filter(covers),
        block_of(number.checked_sub(1)).filter(covers),
    ]
    .into_iter()
    .flatten()
    .min_by_key(|block| {
        let handicap = block.facts.freed.map_or(0, |_| FREED_HANDICAP_BYTES);
        distance(block, address) + handicap
    })
}

fn distance(block: &Block, address: u64) -> u64 {
    let bytes = block.bytes();
    if address < bytes.start {
        bytes.start - address
    } else {
        address.saturating_sub(bytes.end)
    }
}

/// The nearest blocks that begin at or before an address, and after it.
#[must_use]
pub fn neighbours(address: u64) -> [Option<Block>; 2] {
    let Some(region) = region::of(address) else {
        return [None, None];
    };
    [before(region, address), after(region, address)]
}

fn before(region: &Region, address: u64) -> Option<Block> {
    let mut granule = region.granule_of(address);
    let mut steps = 0;
    loop {
        if let Some(span) = run_at(region, granule) {
            granule = region.granule_of(span.start());
            if !matches!(span.kind(), Kind::Free | Kind::None) {
                let mut number = span.slot_at(address).min(span.fresh().saturating_sub(1));
                loop {
                    let block = Slot::of(span, number).and_then(|slot| slot.block());
                    if let Some(block) = block.filter(|block| block.facts.address <= address) {
                        return Some(block);
                    }
                    steps += 1;
                    if number == 0 || steps > STEPS {
                        break;
                    }
                    number -= 1;
                }
            }
        }
        steps += 1;
        if granule == 0 || steps > STEPS {
            return None;
        }
        granule -= 1;
    }
}

fn after(region: &Region, address: u64) -> Option<Block> {
    let mut granule = region.granule_of(address);
    let mut steps = 0;
    while granule < region.granules() && steps <= STEPS {
        let Some(span) = run_at(region, granule) else {
            granule += 1;
            steps += 1;
            continue;
        };
        if !matches!(span.kind(), Kind::Free | Kind::None) {
            for number in span.slot_at(address)..span.fresh() {
                let block = Slot::of(span, number).and_then(|slot| slot.block());
                if let Some(block) = block.filter(|block| block.facts.address > address) {
                    return Some(block);
                }
                steps += 1;
                if steps > STEPS {
                    return None;
                }
            }
        }
        granule = region.granule_of(span.start()) + span.granules().max(1);
        steps += 1;
    }
    None
}

/// The span or free run that covers a granule.
fn run_at(region: &Region, granule: u64) -> Option<&'static Descriptor> {
    let span = region.span_of(granule)?;
    let covers = span.range().contains(&region.address_of(granule));
    covers.then_some(span)
}
