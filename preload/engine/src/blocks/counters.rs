//! What each thread has counted. A thread writes its own counters, plainly; whoever asks adds them up.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use crate::sys::mem;

/// One thread's.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Counters {
    pub(super) allocated_bytes: AtomicU64,
    pub(super) freed_bytes: AtomicU64,
    pub(super) redzoned: AtomicU64,
    pub(super) guarded: AtomicU64,
    pub(super) freed: AtomicU64,
    next: AtomicPtr<Counters>,
    taken: AtomicBool,
}

static FIRST: AtomicPtr<Counters> = AtomicPtr::new(ptr::null_mut());
/// Serves threads for whose counters there is no memory.
static SPARE: Counters = Counters {
    allocated_bytes: AtomicU64::new(0),
    freed_bytes: AtomicU64::new(0),
    redzoned: AtomicU64::new(0),
    guarded: AtomicU64::new(0),
    freed: AtomicU64::new(0),
    next: AtomicPtr::new(ptr::null_mut()),
    taken: AtomicBool::new(true),
};

/// Adds to a counter that only this thread writes: no locked instruction.
#[inline(always)]
pub(super) fn add(counter: &AtomicU64, amount: u64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(amount),
        Ordering::Relaxed,
    );
}

fn list() -> impl Iterator<Item = &'static Counters> {
    // SAFETY: the list's elements are never unmapped.
    let first = unsafe { FIRST.load(Ordering::Acquire).as_ref() };
    // SAFETY: as above.
    core::iter::successors(first, |counters| unsafe {
        counters.next.load(Ordering::Relaxed).as_ref()
    })
    .chain(core::iter::once(&SPARE))
}

/// Counters for a thread: those of a thread that has ended, which it goes on with, or new ones.
pub(super) fn take() -> &'static Counters {
    let free = list().find(|counters| {
        counters
            .taken
            .compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    });
    if let Some(free) = free {
        return free;
    }
    // Not as many as fit: whoever adds them up goes through all.
    const PIECE: usize = 8;
    const _: () = assert!(PIECE * size_of::<Counters>() <= mem::PAGE_BYTES);
    let Some(piece) = mem::allocate(mem::PAGE_BYTES) else {
        return &SPARE;
    };
    let piece = piece.cast::<Counters>();
    for index in 0..PIECE {
        // SAFETY: inside the new page; all zero is valid.
        let counters = unsafe { &*piece.add(index) };
        counters.taken.store(index == 0, Ordering::Relaxed);
        let mut first = FIRST.load(Ordering::Relaxed);
        loop {
            counters.next.store(first, Ordering::Relaxed);
            let pushed = FIRST.compare_exchange(
                first,
                ptr::from_ref(counters).cast_mut(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match pushed {
                Ok(_) => break,
                Err(other) => first = other,
            }
        }
    }
    // SAFETY: as above; the first of the piece was taken before anybody saw it.
    unsafe { &*piece }
}

/// Gives a thread's counters to the next one; what they counted stays.
pub(super) fn give(counters: &Counters) {
    if !ptr::eq(counters, &SPARE) {
        counters.taken.store(false, Ordering::Release);
    }
}

/// All threads' counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) allocated_bytes: u64,
    pub(super) freed_bytes: u64,
    pub(super) redzoned: u64,
    pub(super) guarded: u64,
    pub(super) freed: u64,
}

impl Totals {
    /// Bytes of live blocks. Counted by several threads, one at a time, so it may pass below zero.
    pub(super) fn live_bytes(&self) -> u64 {
        let live = self.allocated_bytes.wrapping_sub(self.freed_bytes);
        if (live as i64) < 0 { 0 } else { live }
    }

    pub(super) fn live_blocks(&self) -> u64 {
        let live = (self.redzoned + self.guarded).wrapping_sub(self.freed);
        if (live as i64) < 0 { 0 } else { live }
    }
}

pub(super) fn totals() -> Totals {
    let mut totals = Totals::default();
    for counters in list() {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        totals.allocated_bytes = totals
            .allocated_bytes
            .wrapping_add(of(&counters.allocated_bytes));
        totals.freed_bytes = totals.freed_bytes.wrapping_add(of(&counters.freed_bytes));
        totals.redzoned += of(&counters.redzoned);
        totals.guarded += of(&counters.guarded);
        totals.freed = totals.freed.wrapping_add(of(&counters.freed));
    }
    totals
}

/// Counts anew from what is live, in a forked child.
pub(super) fn forget() {
    let live_bytes = totals().live_bytes();
    let live_blocks = totals().live_blocks();
    for counters in list() {
        for counter in [
            &counters.allocated_bytes,
            &counters.freed_bytes,
            &counters.redzoned,
            &counters.guarded,
            &counters.freed,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
    }
    // Live blocks of the parent's are the child's too, but it has not allocated them.
    SPARE.allocated_bytes.store(live_bytes, Ordering::Relaxed);
    SPARE
        .freed
        .store(live_blocks.wrapping_neg(), Ordering::Relaxed);
}
