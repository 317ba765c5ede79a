//! How a thread's heap guards a block: fully or by a fence, as [`Chooser`] says, while memory lasts.

use core::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::heap::ThreadHeap;
use super::meta::Placing;
use super::request::{Request, Zeroed};
use super::shelves::{self, Cache, FENCED_CLASS};
use super::slot::Slot;
use super::{
    bytes, counters, fenced, guarded, mapped, quarantine, settings, siblings, stacks, watch,
};
use crate::modes::chooser::{FIRST_CREDIT_NS, How};
use crate::modes::guard::{self, PAGE, Placed, Side};
use crate::modes::redzone::{CLASSES, Pattern};
use crate::options::{GuardChoice, GuardSideChoice, PinSide};

#[cfg(doc)]
use crate::modes::chooser::Chooser;

/// Of so many blocks of a call stack the open ends are watched: one on either side of its guard.
const WATCHED_OF_A_STACK: u8 = 2;

/// What is left of the process's first credit for guards.
static POOL_NS: AtomicI64 = AtomicI64::new(FIRST_CREDIT_NS);

/// Gives up to so much of the process's first credit.
fn take_from_pool(wanted_ns: i64) -> i64 {
    let left = POOL_NS.load(Ordering::Relaxed);
    let given = wanted_ns.min(left).max(0);
    POOL_NS.fetch_sub(given, Ordering::Relaxed);
    given
}

/// Whether this is a forked child with many siblings.
static IS_ONE_OF_MANY: AtomicBool = AtomicBool::new(false);

/// Begins in a forked child, the parent's `number`-th: what is left of the parent's first credit is not there again for
/// each of many.
pub(super) fn begin_child(number: u32) {
    let is_one_of_many = siblings::are_many(number);
    IS_ONE_OF_MANY.store(is_one_of_many, Ordering::Relaxed);
    if is_one_of_many {
        POOL_NS.store(0, Ordering::Relaxed);
    }
}

/// Whether guarded blocks may take so much more memory, for a stack of which `tried` were guarded.
fn has_memory(choice: GuardChoice, tried: u8, bytes: u64) -> bool {
    let program_bytes = match choice {
        GuardChoice::Adaptive => mapped::program_bytes(),
        _ => 0,
    };
    let configured = guarded::memory_limit_bytes();
    let volume = quarantine::allowed_bytes();
    let limit = guard::memory_limit_bytes(choice, configured, program_bytes, volume);
    let limit = match choice {
        GuardChoice::Adaptive if tried > 0 => guard::of_later_blocks_bytes(limit),
        _ => limit,
    };
    guarded::open_bytes() + bytes <= limit
}

impl ThreadHeap {
    /// Goes on in a forked child, for the thread that forked.
    pub fn begin_child(&mut self) {
        if IS_ONE_OF_MANY.load(Ordering::Relaxed) {
            self.chooser.begin_one_of_many();
        }
        self.leave_altered();
    }

    #[inline(always)]
    pub(super) fn is_due(&mut self, choice: GuardChoice, request: &Request) -> bool {
        let tried = stacks::tried(request.allocated.stack);
        match choice {
            GuardChoice::Adaptive => self.chooser.is_due(tried, request.size),
            GuardChoice::Pinned => stacks::pinned_side(request.allocated.stack).is_some(),
            GuardChoice::All => true,
            GuardChoice::Off => false,
        }
    }

    /// A guarded block, if there are memory and credit for it.
    #[cold]
    #[inline(never)]
    pub(super) fn place_guarded(&mut self, choice: GuardChoice, request: &Request) -> Option<u64> {
        let stack = request.allocated.stack;
        let tried = stacks::tried(stack);
        let how = match choice {
            GuardChoice::Adaptive => self.chooser.choose(tried, request.size, take_from_pool),
            _ => How::Fully,
        };
        let class = match how {
            How::Fully => CLASSES + guard::class_of(request.size, request.alignment)?,
            How::Fenced => FENCED_CLASS,
            How::Plain => return None,
        };
        let side = match stacks::pinned_side(stack) {
            None => settings::side(),
            Some(PinSide::After) => GuardSideChoice::After,
            Some(PinSide::Before) => GuardSideChoice::Before,
            Some(PinSide::Both) => GuardSideChoice::Alternate,
        };
        let side = self.chooser.side(side, tried);
        let cache = self.caches.get_mut(class)?;
        let Some(placed) = take(class, cache, (choice, tried), side, request) else {
            if tried == 0 {
                self.chooser.has_no_memory();
            }
            return None;
        };
        stacks::guarded(stack);
        self.watch(tried, &placed, request.size);
        counters::add(&self.counters.guarded, 1);
        counters::add(&self.counters.allocated_bytes, request.size);
        Some(placed.start)
    }

    /// Has the ends of a guarded block watched that no page guards, while there are watchpoints and credit; `tried`
    /// blocks of its stack were guarded before.
    pub(super) fn watch(&mut self, tried: u8, placed: &Placed, size: u64) {
        if tried < WATCHED_OF_A_STACK {
            let chooser = &mut self.chooser;
            watch::follow(placed, size, || {
                chooser.pays_for_watch(watch::take_from_pool)
            });
        }
    }
}

/// A block in the first slot of a cache.
fn take(
    class: usize,
    cache: &mut Cache,
    (choice, tried): (GuardChoice, u8),
    side: Side,
    request: &Request,
) -> Option<Placed> {
    if cache.mask == 0 && !shelves::refill(class, cache) {
        return None;
    }
    let bit = cache.mask.trailing_zeros();
    let slot = Slot::at(cache.base + u64::from(bit) * cache.stride)?;
    let data = slot.span.data(slot.number);
    let placing = guarded::placing(side);
    let ends = match placing {
        Placing::AfterExact => guard::Ends::Exact,
        _ => guard::Ends::Rounded,
    };
    let placed = guard::place(&data, request.size, request.alignment, side, ends);
    if class == FENCED_CLASS {
        if !fenced::make_ready(&slot, || has_memory(choice, tried, PAGE)) {
            return None;
        }
        // SAFETY: an open page, for this thread.
        unsafe { fill_fenced(&placed, request) };
    } else {
        let lifted = slot.span.lifted.load(Ordering::Relaxed) != 0;
        if !has_memory(choice, tried, data.end - data.start)
            || !guarded::open(&data, lifted, &placed.open)
        {
            return None;
        }
        // SAFETY: these pages have just been opened, for this thread.
        unsafe { fill_opened(&placed, request) };
    }
    cache.mask &= cache.mask - 1;
    slot.meta
        .begin(request.size, request.alignment, placing, &request.allocated);
    Some(placed)
}

/// The contents of a block in pages that read as zero, and its redzones.
///
/// # Safety
/// The pages are open, and the caller's.
unsafe fn fill_opened(placed: &Placed, request: &Request) {
    let end = placed.start + request.size;
    // SAFETY: as the caller vouches.
    unsafe {
        if request.size > 0 {
            bytes::fill(placed.open.start..placed.start, Pattern::REDZONE);
            if end < placed.open.end {
                // A page whose first word is partly the block's would be read first, and the kernel asked twice: once for
                // its page of zeroes, and then for one to write to.
                bytes::zero(end..end + 1);
            }
            bytes::fill(end..placed.open.end, Pattern::REDZONE);
        }
        if let (Zeroed::No, Some(fill)) = (request.zeroed, settings::malloc_fill()) {
            bytes::fill(placed.start..end, fill);
        }
    }
}

/// The contents of a block in a page that is full of the redzone pattern.
///
/// # Safety
/// As [`fill_opened`].
unsafe fn fill_fenced(placed: &Placed, request: &Request) {
    let block = placed.start..placed.start + request.size;
    // SAFETY: as the caller vouches.
    unsafe {
        match (request.zeroed, settings::malloc_fill()) {
            (Zeroed::Yes, _) => bytes::zero(block),
            (Zeroed::No, Some(fill)) => bytes::fill(block, fill),
            (Zeroed::No, None) => {}
        }
    }
}
