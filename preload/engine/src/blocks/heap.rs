//! A thread's part of the heap: the story of a block from request to release.

use core::sync::atomic::{AtomicU32, Ordering};

use ldt_trace::finding::ErrorKind;

use super::check::{self, Look};
use super::counters::{self, Counters};
use super::meta::{Placing, State};
use super::quarantine::{self, Batch, Keep, Line};
use super::report::{Found, Misuse};
use super::request::{Free, Request, Resized, Zeroed};
use super::shelves::{self, ALL_CLASSES, Cache, Returned};
use super::slot::{Lies, Slot};
use super::span::{Kind, Large};
use super::{
    Config, altered, bytes, fenced, guarded, large, leave, limits, misuse, region, runs, settings,
    siblings, sparse, stacks, watch,
};
use crate::modes::chooser::Chooser;
use crate::modes::guard::Placed;
use crate::modes::quarantine::{
    FENCED_WEIGHT_BYTES, guarded_weight_bytes, large_weight_bytes, small_weight_bytes,
};
use crate::modes::redzone::{self, Pattern};
use crate::options::GuardChoice;

/// How many threads have begun: each has its own random numbers.
static THREADS: AtomicU32 = AtomicU32::new(0);

/// Takes over the configuration, before the first block; gives whether there is memory to work with.
#[must_use]
pub fn start(config: &Config) -> bool {
    limits::begin();
    settings::set(config);
    let guard_memory = config
        .guard_memory_bytes
        .unwrap_or_else(limits::guard_memory_bytes);
    guarded::begin(config.guard_method, guard_memory);
    quarantine::begin(config.quarantine_bytes, limits::memory_limit_bytes());
    runs::begin()
}

/// What a thread allocates with: its caches, its part of the quarantine, its counters.
#[derive(Debug)]
pub struct ThreadHeap {
    pub(super) caches: [Cache; ALL_CLASSES],
    batch: Batch,
    /// Freed blocks of fenced slots.
    fenced: Batch,
    pub(super) counters: &'static Counters,
    pub(super) chooser: Chooser,
}

// SAFETY: a thread's heap may be taken over by another thread after the first one's end; what it points to
// is never unmapped and its own.
unsafe impl Send for ThreadHeap {}

impl Drop for ThreadHeap {
    fn drop(&mut self) {
        counters::give(self.counters);
    }
}

impl Default for ThreadHeap {
    fn default() -> Self {
        ThreadHeap::new()
    }
}

impl ThreadHeap {
    /// For a new thread.
    #[must_use]
    pub fn new() -> Self {
        let thread = THREADS.fetch_add(1, Ordering::Relaxed);
        watch::thread_begins(thread);
        ThreadHeap {
            caches: [Cache::default(); ALL_CLASSES],
            batch: Batch::EMPTY,
            fenced: Batch::EMPTY,
            counters: counters::take(),
            chooser: Chooser::new(settings::seed(), u64::from(thread)),
        }
    }

    /// A block, or null when there is no memory (the caller sets `ENOMEM`).
    #[inline(always)]
    pub fn allocate(&mut self, request: &Request, found: &mut dyn Found) -> *mut u8 {
        match self.place(request) {
            Some(address) => address as *mut u8,
            None => self.allocate_again(request, found),
        }
    }

    /// When there was no memory: with that of the quarantine.
    #[cold]
    #[inline(never)]
    fn allocate_again(&mut self, request: &Request, found: &mut dyn Found) -> *mut u8 {
        self.empty_quarantine(found);
        shelves::trim();
        self.place(request)
            .map_or(core::ptr::null_mut(), |address| address as *mut u8)
    }

    #[inline(always)]
    fn place(&mut self, request: &Request) -> Option<u64> {
        let in_slot =
            redzone::bytes_in_slot(request.size, request.alignment, settings::redzone_bytes());
        let Some(in_slot) = in_slot else {
            return self.place_large(request);
        };
        let choice = settings::guard();
        if choice != GuardChoice::Off
            && self.is_due(choice, request)
            && let Some(address) = self.place_guarded(choice, request)
        {
            return Some(address);
        }
        let address = self.place_small(redzone::class_of(in_slot), request)?;
        counters::add(&self.counters.redzoned, 1);
        counters::add(&self.counters.allocated_bytes, request.size);
        Some(address)
    }

    #[inline(always)]
    fn place_small(&mut self, class: usize, request: &Request) -> Option<u64> {
        let cache = self.caches.get_mut(class)?;
        if cache.mask == 0 && !shelves::refill(class, cache) {
            return None;
        }
        let bit = cache.mask.trailing_zeros();
        cache.mask &= cache.mask - 1;
        let slot = cache.base + u64::from(bit) * cache.stride;
        let meta = cache.metas.get(bit as usize)?;
        cache.ask_for_next();
        let start = redzone::start_in_slot(slot, request.alignment);
        let end = start + request.size;
        // SAFETY: the slot is this thread's, and the block with its redzone fits it.
        unsafe {
            bytes::fill_redzone(end..slot + cache.stride);
            if start > slot {
                bytes::fill(slot..start, Pattern::REDZONE);
            }
            match (request.zeroed, settings::malloc_fill()) {
                (Zeroed::Yes, _) if cache.fresh => {}
                (Zeroed::Yes, _) => bytes::zero(start..end),
                (Zeroed::No, Some(fill)) => bytes::fill(start..end, fill),
                (Zeroed::No, None) => {}
            }
        }
        meta.begin(
            request.size,
            request.alignment,
            Placing::Plain,
            &request.allocated,
        );
        Some(start)
    }

    #[cold]
    #[inline(never)]
    fn place_large(&mut self, request: &Request) -> Option<u64> {
        let tried = stacks::tried(request.allocated.stack);
        let large = large::allocate(request)?;
        let counter = if large.guarded {
            stacks::guarded(request.allocated.stack);
            let Large {
                start, ref open, ..
            } = large;
            let open = open.clone();
            self.watch(tried, &Placed { start, open }, request.size);
            &self.counters.guarded
        } else {
            &self.counters.redzoned
        };
        counters::add(counter, 1);
        counters::add(&self.counters.allocated_bytes, request.size);
        Some(large.start)
    }

    /// Gives a block back; what is wrong with it or with the call goes to `found`. Tells the size of the
    /// block, if there was one.
    #[inline(always)]
    pub fn release(&mut self, address: u64, free: &Free, found: &mut dyn Found) -> Option<u64> {
        let (slot, lies) = claim(address, free, found)?;
        if altered::any() && !altered::restore(&slot.extent()) {
            // Pages that cannot be had back are left alone for good.
            slot.meta.set(State::Freed);
            return Some(lies.size);
        }
        let look = match slot.kind {
            Kind::Fenced => Look::Near,
            _ => Look::Around,
        };
        if slot.kind != Kind::Small {
            watch::leave(address);
        }
        check::look(&slot, slot.meta.facts(), &lies, look, found);
        counters::add(&self.counters.freed, 1);
        counters::add(&self.counters.freed_bytes, lies.size);
        let weight_bytes = put_away(&slot, &lies);
        if slot.kind == Kind::Fenced {
            self.hold_fenced(address, weight_bytes, found);
        } else if self.batch.push(address, weight_bytes) {
            self.hand_over(Line::Common, Keep::Volume, found);
        }
        Some(lies.size)
    }

    #[inline(never)]
    fn hold_fenced(&mut self, address: u64, weight_bytes: u64, found: &mut dyn Found) {
        if self.fenced.push(address, weight_bytes) {
            self.hand_over(Line::Fenced, Keep::Volume, found);
        }
    }

    /// Moves a block's contents to one of another size. Always moves, so that stale pointers show.
    pub fn resize(&mut self, address: u64, request: &Request, found: &mut dyn Found) -> Resized {
        let free = Free {
            freed: request.allocated,
            size: None,
            alignment: None,
        };
        let Some(slot) = Slot::at(address) else {
            refuse(address, None, found);
            return Resized::NotABlock;
        };
        let facts = slot.meta.facts();
        let lies = slot.lies(facts);
        if !facts.is_live() || lies.start != address {
            refuse(address, Some(&slot), found);
            return Resized::NotABlock;
        }
        let moved = self.allocate(request, found);
        if moved.is_null() {
            return Resized::Failed;
        }
        // SAFETY: both blocks are live and at least so long; the program has no right to free the old
        // one while it resizes it.
        unsafe { sparse::copy(address, moved as u64, lies.size.min(request.size)) };
        self.release(address, &free, found);
        Resized::Moved(moved)
    }

    /// What a thread that ends has cached goes to the others. Its heap goes on with nothing.
    pub fn flush(&mut self, found: &mut dyn Found) {
        for line in [Line::Common, Line::Fenced] {
            self.hand_over(line, Keep::Volume, found);
        }
        for cache in &mut self.caches {
            return_slots(cache);
        }
    }

    /// Slots that the program has just mapped something over are not given out.
    pub fn leave_altered(&mut self) {
        for cache in &mut self.caches {
            cache.leave_altered();
        }
    }

    /// Lets everything go that is in the quarantine, whatever it weighs.
    pub fn empty_quarantine(&mut self, found: &mut dyn Found) {
        for line in [Line::Common, Line::Fenced] {
            self.hand_over(line, Keep::Nothing, found);
        }
    }

    /// Hands the batch over; lets go what is too much then.
    #[cold]
    #[inline(never)]
    fn hand_over(&mut self, line: Line, keep: Keep, found: &mut dyn Found) {
        // The batch is empty before `found` is told anything: telling may come back to this heap.
        let mine = match line {
            Line::Common => &mut self.batch,
            Line::Fenced => &mut self.fenced,
        };
        let mut batch = core::mem::replace(mine, Batch::EMPTY);
        quarantine::exchange(&mut batch, line, keep);
        while batch.count > 0 {
            leave::let_go(batch.blocks(), found);
            if !quarantine::next(&mut batch, line, keep) {
                break;
            }
        }
    }
}

/// Makes the block at this address the caller's alone, if it is live; reports it if it is not, and what is
/// wrong with the call.
#[inline(always)]
fn claim(address: u64, free: &Free, found: &mut dyn Found) -> Option<(Slot, Lies)> {
    let Some(slot) = Slot::at(address) else {
        refuse(address, None, found);
        return None;
    };
    let facts = slot.meta.facts();
    let lies = slot.lies(facts);
    if !facts.is_live() || lies.start != address {
        refuse(address, Some(&slot), found);
        return None;
    }
    let alignment = match slot.kind {
        Kind::Large => slot.span.large().alignment,
        _ => facts.alignment(),
    };
    let wrong = misuse::mismatch(facts, lies.size, alignment, free);
    let block = wrong.and_then(|_| slot.block());
    if slot.meta.end(facts, &free.freed).is_err() {
        refuse(address, Some(&slot), found);
        return None;
    }
    if let Some((kind, note)) = wrong {
        found.misuse(&Misuse {
            kind,
            address,
            block,
            note,
        });
    }
    Some((slot, lies))
}

/// Reports a free of what is no live block.
#[cold]
#[inline(never)]
fn refuse(address: u64, slot: Option<&Slot>, found: &mut dyn Found) {
    let block = slot.and_then(Slot::block);
    let kind = match &block {
        Some(block) if block.facts.address == address => ErrorKind::DoubleFree,
        _ => ErrorKind::BadFree,
    };
    found.misuse(&Misuse {
        kind,
        address,
        block,
        note: "",
    });
}

/// Fills or closes a freed block; gives what it weighs in the quarantine.
#[inline(always)]
fn put_away(slot: &Slot, lies: &Lies) -> u64 {
    match slot.kind {
        Kind::Small => {
            // SAFETY: the block is the caller's alone.
            unsafe { bytes::fill_block(lies.start..lies.end(), settings::freed_pattern()) };
            slot.meta.set(State::Freed);
            small_weight_bytes(slot.span.stride())
        }
        Kind::Guarded => {
            guarded::close(&lies.open);
            slot.meta.set(State::Freed);
            guarded_weight_bytes(siblings::forks())
        }
        Kind::Fenced => {
            fenced::fill_freed(slot, lies);
            FENCED_WEIGHT_BYTES
        }
        _ => {
            large::close(slot.span, slot.meta);
            large_weight_bytes(lies.size)
        }
    }
}

/// Gives what is left of a cache back.
fn return_slots(cache: &mut Cache) {
    while cache.mask != 0 {
        let bit = cache.mask.trailing_zeros();
        cache.mask &= cache.mask - 1;
        let start = cache.base + u64::from(bit) * cache.stride;
        let Some(span) = region::span_at(start) else {
            continue;
        };
        if span.kind() == Kind::Small {
            let end = start + cache.stride;
            // SAFETY: the end of a slot of this thread's, which is the redzone before the next one.
            unsafe { bytes::fill(end - settings::redzone_bytes()..end, Pattern::REDZONE) };
        }
        shelves::give_back(&mut [Returned::new(span, span.slot_at(start))]);
    }
}
