//! The ends of guarded blocks that no page guards, under the processor's watchpoints ([`crate::sys::watchpoint`]): a
//! read of the bytes behind an odd end, or in front of a call stack's first block, is told at the instruction.
//!
//! There are four for a process, and each move costs a system call (5 µs in a virtual machine, since the processor's
//! registers are the host's to write). So they follow the first two guarded blocks of each call stack, the newest
//! first, as long as [`Chooser::pays_for_watch`] allows it, and leave a block when it is freed. A hit is judged in
//! `faults/watched.rs`; code that may touch these bytes by its nature (LDT's own, the C library's string functions,
//! which read whole vectors) is let pass, and a place where that happens often is not watched any more.
//!
//! Rejected: events without descriptors, kept alive by a mapping of their buffer (60 µs a move, and not inherited by
//! threads); the kernel's buffer of samples instead of a signal (the call stack would have to be copied at every hit,
//! and the error would be told after the fact).

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};

use crate::modes::chooser::WATCH_FIRST_CREDIT_NS;
use crate::modes::guard::Placed;
use crate::modes::watch::ends;
use crate::recording;
use crate::sys::lock::Lock;
use crate::sys::watchpoint::{COUNT, Watchpoint};

#[cfg(doc)]
use crate::modes::chooser::Chooser;

/// Hits that were no errors, after which a place is left; each takes about 20 µs.
const PASSED_MAX: u32 = 6;
/// The same of a process, after which a place is left at its first one.
const PASSED_FIRST: i64 = 12;
/// What a forked child has of its parent's first credit: shells fork a great deal.
const CHILDS_PART: i64 = 18;
/// And of the hits that are let pass.
const CHILDS_PART_OF_PASSES: i64 = 6;

/// When the heap has taken more memory than this, nothing is watched any more: in a virtual machine with watchpoints
/// set the host serves a page fault in 2.7 to 5.4 µs where it takes 1.5 to 1.7 without (a tenth to a sixth of the time of
/// python3 parsing JSON).
const GROWTH_MAX_BYTES: u64 = 8 << 20;

/// With more threads than this in all, nothing is watched any more: each inherits what is set, which the kernel makes at
/// its start and takes apart at its end (0.2 ms a thread).
const THREADS_MAX: u32 = 64;

/// Whether blocks are watched. Not in a process with many forked children ([`super::fork`]), nor in these: what they copy of each
/// other costs page faults, too (a tenth of the time of bash with 300 forks).
static ON: AtomicBool = AtomicBool::new(false);
/// What is left of the process's first credit.
static POOL_NS: AtomicI64 = AtomicI64::new(WATCH_FIRST_CREDIT_NS);
static GROWN_BYTES: AtomicU64 = AtomicU64::new(0);
static PASSES_LEFT: AtomicI64 = AtomicI64::new(PASSED_FIRST);
static PLACES: [Place; COUNT] = [const { Place::new() }; COUNT];
static LENT: Lock<Lent> = Lock::new(Lent {
    watchpoints: [const { None }; COUNT],
    next: 0,
    is_told: || false,
});

/// What a watchpoint watches, for whoever is hit: written under the lock of [`LENT`], read without.
struct Place {
    /// Where the block begins; 0 while nothing is watched.
    block: AtomicU64,
    start: AtomicU64,
    bytes: AtomicU64,
    passed: AtomicU32,
}

impl Place {
    const fn new() -> Place {
        Place {
            block: AtomicU64::new(0),
            start: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            passed: AtomicU32::new(0),
        }
    }
}

/// The watchpoints that the kernel has lent.
struct Lent {
    watchpoints: [Option<Watchpoint>; COUNT],
    /// The place that has been in use for longest.
    next: usize,
    is_told: fn() -> bool,
}

impl Lent {
    /// Watches a range; gives whether the kernel lets us.
    fn watch(&mut self, block: u64, range: &Range<u64>) -> bool {
        if !(self.is_told)() {
            return false;
        }
        let is_free = |place: &Place| place.block.load(Ordering::Relaxed) == 0;
        let number = PLACES.iter().position(is_free).unwrap_or(self.next);
        self.next = (number + 1) % COUNT;
        let (Some(place), Some(watchpoint)) =
            (PLACES.get(number), self.watchpoints.get_mut(number))
        else {
            return false;
        };
        place.block.store(0, Ordering::Release);
        place.start.store(range.start, Ordering::Relaxed);
        place
            .bytes
            .store(range.end - range.start, Ordering::Relaxed);
        place.passed.store(0, Ordering::Relaxed);
        if watchpoint.is_none() {
            *watchpoint = Watchpoint::open(number).ok();
        }
        let pointed = watchpoint
            .as_ref()
            .is_some_and(|watchpoint| watchpoint.point_at(range).is_ok());
        place.block.store(block, Ordering::Release);
        pointed
    }

    /// Takes all of them at once, so that the program's descriptors do not grow in number while it counts them.
    fn open(&mut self) -> bool {
        for (number, watchpoint) in self.watchpoints.iter_mut().enumerate() {
            *watchpoint = Watchpoint::open(number).ok();
        }
        self.watchpoints.iter().all(Option::is_some)
    }

    fn leave(&mut self, number: usize) {
        let place = PLACES.get(number);
        let watchpoint = self.watchpoints.get(number).and_then(Option::as_ref);
        if let (Some(place), Some(watchpoint)) = (place, watchpoint) {
            place.block.store(0, Ordering::Release);
            // One that cannot be stopped is hit by what is in order, which is found out then.
            let _ = watchpoint.rest();
        }
    }

    fn close(&mut self) {
        for (place, watchpoint) in PLACES.iter().zip(&mut self.watchpoints) {
            place.block.store(0, Ordering::Release);
            if let Some(watchpoint) = watchpoint.take() {
                watchpoint.close();
            }
        }
    }
}

/// What a watchpoint is set on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Where the block begins.
    pub block: u64,
    /// The bytes beside it.
    pub range: Range<u64>,
}

/// Watches from now on: whoever is hit is told (`faults/trap.rs`), as long as `is_told` says so.
/// Gives whether the kernel lends watchpoints.
pub fn start(is_told: fn() -> bool) -> bool {
    let are_lent = LENT.with(|lent| {
        lent.is_told = is_told;
        lent.open()
    });
    ON.store(true, Ordering::Relaxed);
    are_lent
}

/// Gives all watchpoints back for good. A vfork child, whose descriptors are copies and whose memory is its parent's,
/// would only forget them: the parent's would stay set.
pub fn stop() {
    if ON.load(Ordering::Relaxed) && !recording::is_vfork_child() {
        ON.store(false, Ordering::Relaxed);
        LENT.with(Lent::close);
    }
}

/// The heap has taken so much more memory.
pub(super) fn grew(bytes: u64) {
    let before = GROWN_BYTES.fetch_add(bytes, Ordering::Relaxed);
    if before + bytes > GROWTH_MAX_BYTES {
        stop();
    }
}

/// A thread begins, the process's first one with number 0.
pub(super) fn thread_begins(number: u32) {
    if number >= THREADS_MAX {
        stop();
    }
}

/// Gives up to so much of the process's first credit.
pub(super) fn take_from_pool(wanted_ns: i64) -> i64 {
    let left = POOL_NS.load(Ordering::Relaxed);
    let given = wanted_ns.min(left).max(0);
    POOL_NS.fetch_sub(given, Ordering::Relaxed);
    given
}

/// Watches the ends of a new block that no page guards, each if `pays`.
pub(super) fn follow(placed: &Placed, size: u64, mut pays: impl FnMut() -> bool) {
    if !ON.load(Ordering::Relaxed) || size == 0 {
        return;
    }
    for range in ends(placed, size).into_iter().flatten() {
        if !pays() {
            return;
        }
        if !LENT.with(|lent| lent.watch(placed.start, &range)) {
            // Forbidden (`kernel.perf_event_paranoid`, a sandbox), taken by a debugger, or nobody is told: not again.
            stop();
            return;
        }
    }
}

/// A block is about to be looked at and freed: it is not watched any more.
pub(super) fn leave(block: u64) {
    for (number, place) in PLACES.iter().enumerate() {
        if place.block.load(Ordering::Relaxed) == block {
            LENT.with(|lent| lent.leave(number));
        }
    }
}

/// All redzones are about to be looked at: nothing is watched until the next block is.
pub(super) fn leave_all() {
    for (number, place) in PLACES.iter().enumerate() {
        if place.block.load(Ordering::Relaxed) != 0 {
            LENT.with(|lent| lent.leave(number));
        }
    }
}

/// What this watchpoint is set on.
pub fn watched(number: usize) -> Option<Watched> {
    let place = PLACES.get(number)?;
    let block = place.block.load(Ordering::Acquire);
    let start = place.start.load(Ordering::Relaxed);
    let end = start + place.bytes.load(Ordering::Relaxed);
    let is_same = place.block.load(Ordering::Acquire) == block;
    (block != 0 && is_same).then_some(Watched {
        block,
        range: start..end,
    })
}

/// It was hit by what is no error. Not to be called from within LDT.
pub fn pass(number: usize) {
    let Some(place) = PLACES.get(number) else {
        return;
    };
    let here = place.passed.fetch_add(1, Ordering::Relaxed) + 1;
    let left = PASSES_LEFT.fetch_sub(1, Ordering::Relaxed) - 1;
    if here >= PASSED_MAX || left <= 0 {
        abandon(number);
    }
}

/// It has told enough of its block. Not to be called from within LDT.
pub fn abandon(number: usize) {
    LENT.with(|lent| lent.leave(number));
}

/// For [`super::fork`].
pub(super) fn acquire() {
    LENT.acquire();
}

/// For [`super::fork`].
///
/// # Safety
/// As [`Lock::open`].
pub(super) unsafe fn open() {
    // SAFETY: as the caller vouches.
    unsafe { LENT.open() };
}

/// A forked child has descriptors of its parent's events, and none of its own.
pub(super) fn begin_child() {
    LENT.with(Lent::close);
    POOL_NS.store(WATCH_FIRST_CREDIT_NS / CHILDS_PART, Ordering::Relaxed);
    PASSES_LEFT.store(PASSED_FIRST / CHILDS_PART_OF_PASSES, Ordering::Relaxed);
}
