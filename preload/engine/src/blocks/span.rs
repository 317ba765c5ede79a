//! A span: granules in a row that hold slots of one size, or one large block; or nothing, for now.
//!
//! Each granule of a region has room for a descriptor, and the first granule's describes the span.
//! Descriptors are never unmapped, all their fields are atomic and all zero is valid, so that signal
//! handlers and other threads may read one at any time. What they read of a span that changes hands just
//! now may be mixed up; every reader checks that an address lies where the span says it does.
//!
//! Fields change under the lock of the class ([`super::shelves`]) or of the runs ([`super::runs`]).

use core::ops::Range;
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

use super::meta::Meta;
use crate::modes::guard;
use crate::modes::redzone::GRANULE_BYTES;

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// Not yet, or no longer, anything.
    None = 0,
    /// A free run of granules.
    Free = 1,
    /// Slots with redzones.
    Small = 2,
    /// Slots with guard pages.
    Guarded = 3,
    /// One block.
    Large = 4,
    /// Slots between guard pages, whose pages stay open.
    Fenced = 5,
}

/// Why guards of a span were lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Lifts {
    /// A call may touch them.
    InCase = 1,
    /// An access was reported: what it has written there is kept.
    Reported = 2,
}

/// See the module.
#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct Descriptor {
    start: AtomicU64,
    reciprocal: AtomicU64,
    metas: AtomicPtr<Meta>,
    free: AtomicPtr<AtomicU64>,
    granules: AtomicU32,
    stride: AtomicU32,
    /// From the span's start to slot 0.
    first: AtomicU32,
    slots: AtomicU32,
    /// The first slot that was never given out.
    fresh: AtomicU32,
    /// Slots that are neither free nor fresh.
    pub(super) out: AtomicU32,
    /// Of a span with guards: so much from its start on is closed, or was once.
    pub(super) closed_bytes: AtomicU32,
    kind: AtomicU8,
    class: AtomicU8,
    /// 0 open, 1 closed: see [`super::runs::Zone`].
    pub(super) zone: AtomicU8,
    /// Set when its class knows it as one with slots to give.
    pub(super) listed: AtomicU8,
    /// Set when a guard page of it was lifted ([`Lifts`]): guards are installed anew then.
    pub(super) lifted: AtomicU8,
    /// Set when a large block's pages were closed by mapping them anew.
    pub(super) remapped: AtomicU8,
    /// How the guards of a large block are: 0 none, else both.
    pub(super) guarded: AtomicU8,
    alignment_shift: AtomicU8,
    /// Set while it is empty, but kept.
    pub(super) idle: AtomicU8,
    pub(super) next: AtomicPtr<Descriptor>,
    pub(super) previous: AtomicPtr<Descriptor>,
    pub(super) number: AtomicU64,
    large_start: AtomicU64,
    large_size: AtomicU64,
    /// Open bytes before a large block's start, and after its end: less than two pages each.
    large_before: AtomicU32,
    large_after: AtomicU32,
}
const _: () = assert!(size_of::<Descriptor>() == 128);

/// The fractional bits of a reciprocal: enough for offsets of 21 bits and slots of 17.
const RECIPROCAL_BITS: u32 = 44;
/// No span of slots is longer than so many bits say.
const SPAN_BITS_MAX: u32 = 21;

/// What makes divisions by this multiplications.
fn reciprocal(stride: u64) -> u64 {
    (1u64 << RECIPROCAL_BITS).div_ceil(stride)
}

#[inline(always)]
fn divide(offset: u64, reciprocal: u64) -> u64 {
    offset.wrapping_mul(reciprocal) >> RECIPROCAL_BITS
}

/// The slots of a new span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    pub(super) kind: Kind,
    pub(super) class: usize,
    pub(super) first: u64,
    pub(super) stride: u64,
    pub(super) count: u64,
}

impl Descriptor {
    #[inline(always)]
    pub(super) fn kind(&self) -> Kind {
        match self.kind.load(Ordering::Acquire) {
            1 => Kind::Free,
            2 => Kind::Small,
            3 => Kind::Guarded,
            4 => Kind::Large,
            5 => Kind::Fenced,
            _ => Kind::None,
        }
    }

    pub(super) fn set_kind(&self, kind: Kind) {
        self.kind.store(kind as u8, Ordering::Release);
    }

    #[inline(always)]
    pub(super) fn start(&self) -> u64 {
        self.start.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(super) fn granules(&self) -> u64 {
        u64::from(self.granules.load(Ordering::Relaxed))
    }

    pub(super) fn range(&self) -> Range<u64> {
        self.start()..self.start() + self.granules() * GRANULE_BYTES
    }

    pub(super) fn set_range(&self, start: u64, granules: u64) {
        self.start.store(start, Ordering::Relaxed);
        self.granules.store(granules as u32, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn class(&self) -> usize {
        usize::from(self.class.load(Ordering::Relaxed))
    }

    #[inline(always)]
    pub(super) fn stride(&self) -> u64 {
        u64::from(self.stride.load(Ordering::Relaxed))
    }

    /// How many slots there are.
    #[inline(always)]
    pub(super) fn slots(&self) -> u32 {
        self.slots.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(super) fn fresh(&self) -> u32 {
        self.fresh.load(Ordering::Acquire)
    }

    pub(super) fn set_fresh(&self, fresh: u32) {
        self.fresh.store(fresh, Ordering::Release);
    }

    /// Makes a run a span of slots. `metas` and `free` have room for them, all zero.
    pub(super) fn become_slots(&self, slots: &Slots, metas: *mut Meta, free: *mut AtomicU64) {
        self.class.store(slots.class as u8, Ordering::Relaxed);
        self.first.store(slots.first as u32, Ordering::Relaxed);
        self.stride.store(slots.stride as u32, Ordering::Relaxed);
        self.reciprocal
            .store(reciprocal(slots.stride), Ordering::Relaxed);
        self.slots.store(slots.count as u32, Ordering::Relaxed);
        self.metas.store(metas, Ordering::Relaxed);
        self.free.store(free, Ordering::Relaxed);
        self.out.store(0, Ordering::Relaxed);
        self.listed.store(0, Ordering::Relaxed);
        self.lifted.store(0, Ordering::Relaxed);
        self.idle.store(0, Ordering::Relaxed);
        self.set_fresh(0);
        self.set_kind(slots.kind);
    }

    /// A guard of it is lifted.
    pub(super) fn note_lifted(&self, lifts: Lifts) {
        self.lifted.fetch_max(lifts as u8, Ordering::Relaxed);
    }

    /// Whether guards of it were lifted, and the gravest reason.
    pub(super) fn lifts(&self) -> Option<Lifts> {
        match self.lifted.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Lifts::InCase),
            _ => Some(Lifts::Reported),
        }
    }

    /// Makes a run the span of a large block.
    pub(super) fn become_large(&self, block: &Large, metas: *mut Meta) {
        let end = block.start + block.size;
        self.large_start.store(block.start, Ordering::Relaxed);
        self.large_size.store(block.size, Ordering::Relaxed);
        self.large_before
            .store((block.start - block.open.start) as u32, Ordering::Relaxed);
        self.large_after
            .store((block.open.end - end) as u32, Ordering::Relaxed);
        self.alignment_shift
            .store(block.alignment.trailing_zeros() as u8, Ordering::Relaxed);
        self.slots.store(1, Ordering::Relaxed);
        self.metas.store(metas, Ordering::Relaxed);
        self.lifted.store(0, Ordering::Relaxed);
        self.remapped.store(0, Ordering::Relaxed);
        self.guarded
            .store(u8::from(block.guarded), Ordering::Relaxed);
        self.set_fresh(1);
        self.set_kind(Kind::Large);
    }

    /// The large block.
    pub(super) fn large(&self) -> Large {
        let start = self.large_start.load(Ordering::Relaxed);
        let size = self.large_size.load(Ordering::Relaxed);
        let before = u64::from(self.large_before.load(Ordering::Relaxed));
        let after = u64::from(self.large_after.load(Ordering::Relaxed));
        Large {
            start,
            size,
            alignment: 1 << self.alignment_shift.load(Ordering::Relaxed),
            open: start.wrapping_sub(before)..start.wrapping_add(size).wrapping_add(after),
            guarded: self.guarded.load(Ordering::Relaxed) != 0,
        }
    }

    /// Where the large block lies.
    #[inline(always)]
    pub(super) fn large_bytes(&self) -> Range<u64> {
        let start = self.large_start.load(Ordering::Relaxed);
        start..start.wrapping_add(self.large_size.load(Ordering::Relaxed))
    }

    pub(super) fn metas_pointer(&self) -> *mut Meta {
        self.metas.load(Ordering::Relaxed)
    }

    /// What is known of each slot.
    #[inline(always)]
    pub(super) fn metas(&self) -> &'static [Meta] {
        let metas = self.metas.load(Ordering::Relaxed);
        if metas.is_null() {
            return &[];
        }
        // SAFETY: arrays of metadata are never unmapped and all zero is valid. While a span changes
        // hands, `slots` may be of another class than `metas`: readers check against `fresh` first,
        // and the arrays of all classes lie in pieces that end in unused ones ([`super::tables`]).
        unsafe { slice::from_raw_parts(metas, self.slots() as usize) }
    }

    /// Where what is known of a slot stands.
    #[inline(always)]
    pub(super) fn meta_at(&self, slot: u32) -> *const Meta {
        self.metas
            .load(Ordering::Relaxed)
            .wrapping_add(slot as usize)
    }

    /// A bit for each slot that is free.
    pub(super) fn free_bits(&self) -> &'static [AtomicU64] {
        let free = self.free.load(Ordering::Relaxed);
        if free.is_null() {
            return &[];
        }
        // SAFETY: as for `metas`.
        unsafe { slice::from_raw_parts(free, self.slots().div_ceil(64) as usize) }
    }

    /// Where the bit of a slot stands.
    #[inline(always)]
    pub(super) fn bits_at(&self, slot: u32) -> *const AtomicU64 {
        self.free
            .load(Ordering::Relaxed)
            .wrapping_add(slot as usize / 64)
    }

    /// Where slot 0 is.
    #[inline(always)]
    pub(super) fn first_slot(&self) -> u64 {
        self.start() + u64::from(self.first.load(Ordering::Relaxed))
    }

    /// The slot at an address of this span; what is before slot 0 counts as its, what is after the last
    /// one as that one's.
    #[inline(always)]
    pub(super) fn slot_at(&self, address: u64) -> u32 {
        let offset = address.saturating_sub(self.first_slot());
        let slot = divide(offset, self.reciprocal.load(Ordering::Relaxed)) as u32;
        slot.min(self.slots().saturating_sub(1))
    }

    /// The slot at an address and how far into it that is; `None` outside the slots.
    #[inline(always)]
    pub(super) fn slot_and_offset(&self, address: u64) -> Option<(u32, u64)> {
        let offset = address.checked_sub(self.first_slot())?;
        if offset >> SPAN_BITS_MAX != 0 {
            return None;
        }
        let slot = divide(offset, self.reciprocal.load(Ordering::Relaxed)) as u32;
        Some((slot, offset - u64::from(slot) * self.stride()))
    }

    /// The start of a slot; for guarded ones, of its data pages.
    #[inline(always)]
    pub(super) fn slot_start(&self, slot: u32) -> u64 {
        self.first_slot() + u64::from(slot) * self.stride()
    }

    /// The data pages of a guarded slot.
    pub(super) fn data(&self, slot: u32) -> Range<u64> {
        let start = self.slot_start(slot);
        start..start + (self.stride() - guard::GUARD_BYTES.min(self.stride()))
    }
}

/// A large block and its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Large {
    pub(super) start: u64,
    pub(super) size: u64,
    pub(super) alignment: u64,
    /// The open pages.
    pub(super) open: Range<u64>,
    pub(super) guarded: bool,
}

/// A link of a list of spans.
pub(super) fn follow(link: &AtomicPtr<Descriptor>) -> Option<&'static Descriptor> {
    let pointer = link.load(Ordering::Relaxed);
    // SAFETY: links are null or point to descriptors, which are never unmapped.
    unsafe { pointer.as_ref() }
}

/// Sets a link.
pub(super) fn tie(link: &AtomicPtr<Descriptor>, to: Option<&'static Descriptor>) {
    let pointer = to.map_or(ptr::null_mut(), |to| ptr::from_ref(to).cast_mut());
    link.store(pointer, Ordering::Relaxed);
}

/// Puts a span at the head of a list.
pub(super) fn push(head: &mut Option<&'static Descriptor>, span: &'static Descriptor) {
    tie(&span.previous, None);
    tie(&span.next, *head);
    if let Some(second) = *head {
        tie(&second.previous, Some(span));
    }
    *head = Some(span);
}

/// Takes a span out of its list.
pub(super) fn unlink(head: &mut Option<&'static Descriptor>, span: &'static Descriptor) {
    let next = follow(&span.next);
    let previous = follow(&span.previous);
    match previous {
        Some(previous) => tie(&previous.next, next),
        None => *head = next,
    }
    if let Some(next) = next {
        tie(&next.previous, previous);
    }
    tie(&span.next, None);
    tie(&span.previous, None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modes::redzone;

    #[test]
    fn multiplying_divides() {
        let guarded = (0..guard::GUARD_CLASSES).map(guard::stride_bytes);
        for stride in (0..redzone::CLASSES)
            .map(redzone::slot_bytes)
            .chain(guarded)
        {
            let magic = reciprocal(stride);
            for slot in 0..(2 << 20) / stride {
                let start = slot * stride;
                for offset in [start, start + 1, start + stride - 1] {
                    assert_eq!(divide(offset, magic), slot, "{offset} by {stride}");
                }
            }
        }
    }
}
