//! Each class's spans with slots to give: threads take slots from here a handful at a time, and what
//! leaves the quarantine comes back.
//!
//! A free slot is a bit in its span. Taking and giving go under the class's lock, up to 64 slots at a
//! time, so that a block costs no locked instruction here. (Bits that are set and counted by atomic
//! instructions, without the lock, took two a block, about 10 ns.) A span is *listed* while it has bits
//! or fresh slots.

use core::sync::atomic::Ordering;

use super::guarded;
use super::meta::Meta;
use super::runs::{self, Zone};
use super::slot::Slot;
use super::span::{Descriptor, Kind, Slots, follow, push, unlink};
use super::{altered, bytes, limits, quarantine, settings, tables, watch};
use crate::modes::redzone::{CLASSES, GRANULE_BYTES, Pattern};
use crate::modes::{guard, redzone};
use crate::sys::lock::Lock;
use crate::sys::{pages, prefetch};

/// The classes of guarded slots come after those of small ones, and then that of fenced ones.
pub(super) const FENCED_CLASS: usize = CLASSES + guard::GUARD_CLASSES;
pub(super) const ALL_CLASSES: usize = FENCED_CLASS + 1;

/// A thread takes no more slots at a time than this many bytes.
const TAKEN_BYTES: u64 = 16 << 10;

/// And no more guarded ones than this.
const TAKEN_GUARDED: u32 = 8;

/// What one class has.
pub(super) struct Shelf {
    head: Option<&'static Descriptor>,
    /// Arrays of spans that are gone, with their links in the first words.
    arrays: usize,
}

pub(super) static SHELVES: [Lock<Shelf>; ALL_CLASSES] = [const {
    Lock::new(Shelf {
        head: None,
        arrays: 0,
    })
}; ALL_CLASSES];

fn end_idleness(span: &Descriptor) {
    if span.idle.load(Ordering::Relaxed) != 0 {
        span.idle.store(0, Ordering::Relaxed);
        quarantine::end_idleness(span.granules() * GRANULE_BYTES);
    }
}

/// Slots of one span that a thread has for itself: up to 64, by their bits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cache {
    /// The slots that are left.
    pub(super) mask: u64,
    /// Where the slot of bit 0 is.
    pub(super) base: u64,
    pub(super) stride: u64,
    /// What is known of the slots from bit 0 on.
    pub(super) metas: &'static [Meta],
    /// Whether the slots were never used: their memory is zero.
    pub(super) fresh: bool,
}

impl Cache {
    /// Leaves slots out for good that the program has mapped something over.
    pub(super) fn leave_altered(&mut self) {
        if !altered::any() {
            return;
        }
        let mut left = self.mask;
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            let start = self.base + u64::from(bit) * self.stride;
            if Slot::at(start).is_none_or(|slot| slot.is_altered()) {
                self.mask &= !(1 << bit);
            }
        }
    }

    /// Asks the processor for the slot that is next: what was in quarantine is cold. Not for fresh ones, which
    /// it sees coming.
    #[inline(always)]
    pub(super) fn ask_for_next(&self) {
        if self.fresh {
            return;
        }
        let next = self.base + u64::from(self.mask.trailing_zeros()) * self.stride;
        prefetch(next);
        prefetch(next + self.stride - 32);
    }
}

/// The shape of a class's spans.
fn shape(class: usize) -> (u64, Slots) {
    if class < CLASSES {
        let stride = redzone::slot_bytes(class);
        let granules = redzone::span_granules(class);
        let first = settings::redzone_bytes();
        let slots = Slots {
            kind: Kind::Small,
            class,
            first,
            stride,
            count: (granules * GRANULE_BYTES - first) / stride,
        };
        return (granules, slots);
    }
    let (kind, guarded) = match class {
        FENCED_CLASS => (Kind::Fenced, 0),
        _ => (Kind::Guarded, class - CLASSES),
    };
    let slots = Slots {
        kind,
        class,
        first: guard::GUARD_BYTES,
        stride: guard::stride_bytes(guarded),
        count: guard::span_slots(guarded),
    };
    (guard::GUARD_SPAN_GRANULES, slots)
}

impl Shelf {
    fn take_arrays(&mut self, slots: u64) -> Option<*mut Meta> {
        if self.arrays == 0 {
            return tables::take(slots);
        }
        let arrays = self.arrays as *mut Meta;
        // SAFETY: arrays on this list are nobody's, and their first word is the link.
        unsafe {
            self.arrays = arrays.cast::<usize>().read();
            tables::clear(arrays, slots);
        }
        Some(arrays)
    }

    fn put_arrays(&mut self, arrays: *mut Meta) {
        // The link looks like the metadata of a slot that was never used: its low bits are those of an
        // address, so late readers, who look at `fresh` and the kind first, are told nothing.
        // SAFETY: the span is gone, so the arrays are nobody's.
        unsafe { arrays.cast::<usize>().write(self.arrays) };
        self.arrays = arrays as usize;
    }

    fn list(&mut self, span: &'static Descriptor) {
        push(&mut self.head, span);
        span.listed.store(1, Ordering::Relaxed);
    }

    fn unlist(&mut self, span: &'static Descriptor) {
        unlink(&mut self.head, span);
        span.listed.store(0, Ordering::Relaxed);
    }

    fn grow(&mut self, class: usize) -> Option<&'static Descriptor> {
        let (granules, slots) = shape(class);
        let span_bytes = granules * GRANULE_BYTES;
        if slots.kind != Kind::Small && !limits::has_guard_addresses(span_bytes) {
            return None;
        }
        let arrays = self.take_arrays(slots.count)?;
        let zone = match slots.kind {
            Kind::Guarded | Kind::Fenced => guarded::zone(),
            _ => Zone::Open,
        };
        let Some(span) = runs::take(granules, zone) else {
            self.put_arrays(arrays);
            return None;
        };
        span.closed_bytes.store(0, Ordering::Relaxed);
        let first_taken = slots.first + u64::from(TAKEN_GUARDED) * slots.stride;
        if slots.kind != Kind::Small && !guarded::close_ahead(span, first_taken) {
            self.put_arrays(arrays);
            runs::give(span);
            return None;
        }
        span.become_slots(&slots, arrays, tables::bits_of(arrays, slots.count));
        if slots.kind == Kind::Small {
            let pad = span.start()..span.first_slot();
            // SAFETY: the span is open and nobody's yet.
            unsafe { bytes::fill(pad, Pattern::REDZONE) };
            watch::grew(span_bytes);
        } else {
            limits::count_guard_addresses(span_bytes);
        }
        self.list(span);
        Some(span)
    }

    fn refill(&mut self, class: usize, cache: &mut Cache) -> bool {
        loop {
            let Some(span) = self.head.or_else(|| self.grow(class)) else {
                return false;
            };
            let stride = span.stride();
            let most = match span.kind() {
                Kind::Guarded | Kind::Fenced => TAKEN_GUARDED,
                _ => (TAKEN_BYTES / stride).clamp(1, 64) as u32,
            };
            if take_used(span, most, cache) || take_fresh(span, most, cache) {
                end_idleness(span);
                cache.stride = stride;
                cache.leave_altered();
                if cache.mask != 0 {
                    return true;
                }
                continue;
            }
            self.unlist(span);
        }
    }

    fn free(&mut self, span: &'static Descriptor, slot: u32, gone: &mut Gone) {
        if let Some(bits) = span.free_bits().get(slot as usize / 64) {
            let set = bits.load(Ordering::Relaxed) | 1 << (slot % 64);
            bits.store(set, Ordering::Relaxed);
        }
        let out = span.out.load(Ordering::Relaxed).wrapping_sub(1);
        span.out.store(out, Ordering::Relaxed);
        if span.listed.load(Ordering::Relaxed) == 0 {
            self.list(span);
        }
        // Guarded slots that are closed have no memory to give back.
        if out == 0 && span.kind() == Kind::Small {
            self.empty(span, gone);
        }
    }

    #[cold]
    fn empty(&mut self, span: &'static Descriptor, gone: &mut Gone) {
        let bytes = span.granules() * GRANULE_BYTES;
        if quarantine::keeps_idle(bytes) {
            span.idle.store(1, Ordering::Relaxed);
        } else {
            self.remove(span);
            push(&mut gone.head, span);
        }
    }

    /// Takes a span that is empty out, for [`dissolve`].
    fn remove(&mut self, span: &'static Descriptor) {
        if span.listed.load(Ordering::Relaxed) != 0 {
            self.unlist(span);
        }
        end_idleness(span);
        span.set_kind(Kind::None);
        self.put_arrays(span.metas_pointer());
    }
}

fn offer(span: &Descriptor, word: usize, mask: u64, cache: &mut Cache) {
    let first = word * 64;
    let out = span.out.load(Ordering::Relaxed) + mask.count_ones();
    span.out.store(out, Ordering::Relaxed);
    cache.mask = mask;
    cache.base = span.slot_start(first as u32);
    cache.metas = span.metas().get(first..).unwrap_or(&[]);
}

/// Slots that were in use before.
fn take_used(span: &Descriptor, most: u32, cache: &mut Cache) -> bool {
    for (word, bits) in span.free_bits().iter().enumerate() {
        let free = bits.load(Ordering::Relaxed);
        let mut mask = free;
        while mask.count_ones() > most {
            mask &= !(1 << mask.ilog2());
        }
        if mask != 0 {
            bits.store(free & !mask, Ordering::Relaxed);
            offer(span, word, mask, cache);
            cache.fresh = false;
            return true;
        }
    }
    false
}

/// Slots that were never used: neighbours, whose memory is touched only when they are.
fn take_fresh(span: &Descriptor, most: u32, cache: &mut Cache) -> bool {
    let fresh = span.fresh();
    let end = (fresh + most)
        .min(span.slots())
        .min((fresh & !63).saturating_add(64));
    if end <= fresh {
        return false;
    }
    let mask = u64::MAX >> (64 - (end - fresh)) << (fresh & 63);
    if span.kind() != Kind::Small {
        if !guarded::close_ahead(span, span.slot_start(end) - span.start()) {
            return false;
        }
    } else {
        // Slots are used in their order, and each fills its own end, which is the redzone before the
        // next one; but the slot after the last one may be another thread's, and used earlier.
        let last = span.slot_start(end);
        // SAFETY: the end of a slot that is nobody's yet.
        unsafe { bytes::fill(last - settings::redzone_bytes()..last, Pattern::REDZONE) };
    }
    span.set_fresh(end);
    offer(span, (fresh / 64) as usize, mask, cache);
    cache.fresh = true;
    true
}

/// Gets a thread slots of a class.
#[cold]
#[inline(never)]
pub(super) fn refill(class: usize, cache: &mut Cache) -> bool {
    SHELVES[class].with(|shelf| shelf.refill(class, cache))
}

/// A slot on its way back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Returned {
    /// `None` once it has been given back.
    span: Option<&'static Descriptor>,
    slot: u32,
    class: u8,
}

impl Returned {
    pub(super) fn new(span: &'static Descriptor, slot: u32) -> Self {
        Returned {
            span: Some(span),
            slot,
            class: span.class() as u8,
        }
    }
}

/// Gives slots back that are nobody's any more: those of one class together, under one lock.
pub(super) fn give_back(slots: &mut [Returned]) {
    for at in 0..slots.len() {
        if slots[at].span.is_none() {
            continue;
        }
        let class = slots[at].class;
        let mut gone = Gone::default();
        SHELVES[usize::from(class)].with(|shelf| {
            for returned in &mut slots[at..] {
                if returned.class == class
                    && let Some(span) = returned.span.take()
                {
                    shelf.free(span, returned.slot, &mut gone);
                }
            }
        });
        let mut next = gone.head;
        while let Some(span) = next {
            next = follow(&span.next);
            dissolve(span);
        }
    }
}

/// Spans that have become empty, and nobody's.
#[derive(Default)]
struct Gone {
    head: Option<&'static Descriptor>,
}

/// Gives the memory of a span that was removed back to the kernel, and its addresses to others.
fn dissolve(span: &'static Descriptor) {
    let range = span.range();
    if altered::any() && altered::touches(&range) {
        // Free memory that the program has mapped over: its own for good.
        return;
    }
    // SAFETY: no slot is in use and no class knows the span.
    let discarded = unsafe { pages::discard(range.start, range.end - range.start) };
    if discarded.is_err() {
        // Locked memory stays; what is given out as fresh must be zero.
        // SAFETY: as above.
        unsafe { bytes::zero(range) };
    }
    runs::give(span);
}

/// Gives the empty spans of all classes back; gives whether there were any.
pub(super) fn trim() -> bool {
    let mut any = false;
    for shelf in &SHELVES[..CLASSES] {
        while let Some(span) = shelf.with(|shelf| {
            let mut span = shelf.head;
            while let Some(candidate) = span {
                if candidate.out.load(Ordering::Relaxed) == 0 && candidate.fresh() > 0 {
                    shelf.remove(candidate);
                    return Some(candidate);
                }
                span = follow(&candidate.next);
            }
            None
        }) {
            dissolve(span);
            any = true;
        }
    }
    any
}

/// The arrays for a large block, which are those of one slot.
static LARGE: Lock<Shelf> = Lock::new(Shelf {
    head: None,
    arrays: 0,
});

/// Room for what is known of a large block.
pub(super) fn take_large_meta() -> Option<*mut Meta> {
    LARGE.with(|shelf| shelf.take_arrays(1))
}

/// Gives it back.
pub(super) fn put_large_meta(meta: *mut Meta) {
    LARGE.with(|shelf| shelf.put_arrays(meta));
}

/// The lock of [`take_large_meta`], for a fork.
pub(super) fn large_lock() -> &'static Lock<Shelf> {
    &LARGE
}
