//! Totals of check mode, which records no events: counted by each thread for itself, handed over to
//! the trace's header page now and then, and at the end by the thread that ends the process for all of
//! them: most servers end while their workers wait, and a thread frees a little after its last
//! destructor.
//!
//! What is live at once needs a figure for the whole process. While there is one thread it is exact;
//! with several each hands its change over when it has grown to [`HAND_OVER_BYTES`], so the peak is
//! exact to that much a thread.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use ldt_trace::Function;
use ldt_trace::header::offset;

use crate::blocks;
use crate::emit::trace_file;
use crate::sys::thread;

/// See the module.
const HAND_OVER_BYTES: i64 = 64 << 10;
/// Calls between two hand-overs to the header page.
const HAND_OVER_CALLS: u32 = 16_384;
const FUNCTIONS: usize = 64;

static LIVE_BYTES: AtomicI64 = AtomicI64::new(0);
static LIVE_BLOCKS: AtomicI64 = AtomicI64::new(0);
static PEAK_BYTES: AtomicI64 = AtomicI64::new(0);
static PEAK_BLOCKS: AtomicU64 = AtomicU64::new(0);
/// The peak has risen since it was handed over.
static PEAKED: AtomicBool = AtomicBool::new(false);
static SEVERAL_THREADS: AtomicBool = AtomicBool::new(false);

/// The newest of all that were ever made; each knows the one before.
static NEWEST: AtomicPtr<Counts> = AtomicPtr::new(ptr::null_mut());

/// Tells that there are several threads, or one again.
pub fn set_several_threads(several: bool) {
    SEVERAL_THREADS.store(several, Ordering::Relaxed);
}

/// Begins anew in a forked child, whose trace counts what the child does.
pub fn forget_after_fork() {
    for total in [&LIVE_BYTES, &LIVE_BLOCKS, &PEAK_BYTES] {
        total.store(0, Ordering::Relaxed);
    }
    PEAK_BLOCKS.store(0, Ordering::Relaxed);
    PEAKED.store(false, Ordering::Relaxed);
    all().for_each(Counts::forget);
}

/// Hands over what all threads have counted, those that have ended too. One that goes on counts on.
pub fn hand_over_all() {
    all().for_each(Counts::add_sums);
    put_totals();
}

fn all() -> impl Iterator<Item = &'static Counts> {
    let mut next = &NEWEST;
    core::iter::from_fn(move || {
        // SAFETY: null, or one that `Counts::listed` has made whole before it listed it, and that nobody frees.
        let counts: &'static Counts = unsafe { next.load(Ordering::Acquire).as_ref() }?;
        next = &counts.before;
        Some(counts)
    })
}

/// How the blocks were laid out, into the header page.
pub fn put_coverage() {
    let figures = blocks::figures();
    trace_file::set64(offset::GUARDED_BLOCKS, figures.guarded_blocks);
    trace_file::set64(offset::REDZONED_BLOCKS, figures.redzoned_blocks);
    trace_file::set64(offset::GUARDED_STACKS, figures.guarded_stacks);
    trace_file::set64(offset::ALLOCATING_STACKS, figures.stacks);
    let method = match (figures.guarded_blocks, blocks::method()) {
        (0, _) => 0,
        (_, blocks::Method::Markers) => 1,
        (_, blocks::Method::Protection) => 2,
    };
    trace_file::set32(offset::GUARD_METHOD, method);
}

/// A sum that one thread counts, and that any thread hands over.
#[derive(Debug)]
struct Sum {
    counted: AtomicU64,
    handed_over: AtomicU64,
}

impl Sum {
    const fn new() -> Self {
        Sum {
            counted: AtomicU64::new(0),
            handed_over: AtomicU64::new(0),
        }
    }

    /// Only for the thread that counts: a plain addition.
    #[inline(always)]
    fn add(&self, more: u64) {
        let counted = self.counted.load(Ordering::Relaxed).wrapping_add(more);
        self.counted.store(counted, Ordering::Relaxed);
    }

    #[inline(always)]
    fn not_handed_over(&self) -> u64 {
        let handed_over = self.handed_over.load(Ordering::Relaxed);
        self.counted
            .load(Ordering::Relaxed)
            .wrapping_sub(handed_over)
    }

    /// What is to be added to the total. Of two threads that take at once one may get less than nothing, modulo 2^64, and
    /// the other as much more.
    fn take(&self) -> u64 {
        let counted = self.counted.load(Ordering::Relaxed);
        counted.wrapping_sub(self.handed_over.swap(counted, Ordering::Relaxed))
    }

    fn forget(&self) {
        self.counted.store(0, Ordering::Relaxed);
        self.handed_over.store(0, Ordering::Relaxed);
    }
}

/// What one thread counts. Whoever ends the process reads those of all threads, so they outlive their threads.
#[derive(Debug)]
pub struct Counts {
    calls: [Sum; FUNCTIONS],
    failed: Sum,
    allocations: Sum,
    frees: Sum,
    allocated_bytes: Sum,
    /// With several threads: what came less what went, modulo 2^64.
    live_bytes: Sum,
    live_blocks: Sum,
    until_hand_over: AtomicU32,
    before: AtomicPtr<Counts>,
}

impl Counts {
    const fn new() -> Self {
        Counts {
            calls: [const { Sum::new() }; FUNCTIONS],
            failed: Sum::new(),
            allocations: Sum::new(),
            frees: Sum::new(),
            allocated_bytes: Sum::new(),
            live_bytes: Sum::new(),
            live_blocks: Sum::new(),
            until_hand_over: AtomicU32::new(HAND_OVER_CALLS),
            before: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// New ones for a thread, which [`hand_over_all`] finds.
    #[must_use]
    pub fn listed() -> &'static Self {
        let counts: &'static Counts = Box::leak(Box::new(Counts::new()));
        let listed = ptr::from_ref(counts).cast_mut();
        let _ = NEWEST.fetch_update(Ordering::AcqRel, Ordering::Acquire, |before| {
            counts.before.store(before, Ordering::Relaxed);
            Some(listed)
        });
        counts
    }

    fn sums(&self) -> impl Iterator<Item = (usize, &Sum)> {
        let calls = self.calls.iter().enumerate();
        calls
            .map(|(code, calls)| (offset::CALLS + code * 8, calls))
            .chain([
                (offset::FAILED_CALLS, &self.failed),
                (offset::ALLOCATIONS, &self.allocations),
                (offset::FREES, &self.frees),
                (offset::ALLOCATED_BYTES, &self.allocated_bytes),
            ])
    }

    fn forget(&self) {
        self.sums().for_each(|(_, sum)| sum.forget());
        self.live_bytes.forget();
        self.live_blocks.forget();
    }

    #[inline(always)]
    fn called(&self, function: Function) {
        self.calls[function as usize % FUNCTIONS].add(1);
        let left = self.until_hand_over.load(Ordering::Relaxed) - 1;
        self.until_hand_over.store(left, Ordering::Relaxed);
        if left == 0 {
            self.until_hand_over
                .store(HAND_OVER_CALLS, Ordering::Relaxed);
            self.hand_over();
        }
    }

    /// A block of this size was allocated.
    #[inline(always)]
    pub fn allocated(&self, function: Function, bytes: u64) {
        self.allocations.add(1);
        self.allocated_bytes.add(bytes);
        self.settle(bytes as i64, 1);
        self.called(function);
    }

    /// A free or delete; `bytes` is the size of the block, `None` when there was none.
    #[inline(always)]
    pub fn freed(&self, function: Function, bytes: Option<u64>) {
        if let Some(bytes) = bytes {
            self.gone(bytes);
        }
        self.called(function);
    }

    /// A realloc made a block of `bytes` of one of `old`.
    pub fn reallocated(&self, function: Function, old: u64, bytes: u64) {
        self.gone(old);
        self.allocated(function, bytes);
    }

    #[inline(always)]
    fn gone(&self, bytes: u64) {
        self.frees.add(1);
        self.settle(-(bytes as i64), -1);
    }

    /// An allocation failed.
    #[cold]
    pub fn failed(&self) {
        self.failed.add(1);
    }

    /// So much more is live.
    #[inline(always)]
    fn settle(&self, bytes: i64, blocks: i64) {
        if SEVERAL_THREADS.load(Ordering::Relaxed) {
            self.live_bytes.add(bytes as u64);
            self.live_blocks.add(blocks as u64);
            if (self.live_bytes.not_handed_over() as i64).abs() >= HAND_OVER_BYTES {
                self.settle_shared();
            }
            return;
        }
        let bytes = LIVE_BYTES.load(Ordering::Relaxed) + bytes;
        let blocks = LIVE_BLOCKS.load(Ordering::Relaxed) + blocks;
        LIVE_BYTES.store(bytes, Ordering::Relaxed);
        LIVE_BLOCKS.store(blocks, Ordering::Relaxed);
        raise_peak(bytes, blocks);
    }

    #[cold]
    fn settle_shared(&self) {
        let (bytes, blocks) = (
            self.live_bytes.take() as i64,
            self.live_blocks.take() as i64,
        );
        let bytes = LIVE_BYTES.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let blocks = LIVE_BLOCKS.fetch_add(blocks, Ordering::Relaxed) + blocks;
        raise_peak(bytes, blocks);
    }

    /// Adds everything to the header page.
    #[cold]
    #[inline(never)]
    pub fn hand_over(&self) {
        self.add_sums();
        put_totals();
    }

    fn add_sums(&self) {
        self.settle_shared();
        for (at, sum) in self.sums() {
            if sum.not_handed_over() != 0 {
                trace_file::add64(at, sum.take());
            }
        }
    }
}

/// Writes what is not a sum of the threads' into the header page.
fn put_totals() {
    let live = |total: &AtomicI64| total.load(Ordering::Relaxed).max(0) as u64;
    trace_file::set64(offset::LIVE_BYTES, live(&LIVE_BYTES));
    trace_file::set64(offset::LIVE_BLOCKS, live(&LIVE_BLOCKS));
    if PEAKED.swap(false, Ordering::Relaxed) {
        trace_file::set64(offset::PEAK_BYTES, live(&PEAK_BYTES));
        trace_file::set64(offset::PEAK_BLOCKS, PEAK_BLOCKS.load(Ordering::Relaxed));
        trace_file::set64(
            offset::PEAK_MONOTONIC_NS,
            thread::clock_ns(libc::CLOCK_MONOTONIC),
        );
    }
    put_coverage();
}

#[inline(always)]
fn raise_peak(bytes: i64, blocks: i64) {
    if bytes > PEAK_BYTES.load(Ordering::Relaxed) {
        PEAK_BYTES.store(bytes, Ordering::Relaxed);
        PEAK_BLOCKS.store(blocks.max(0) as u64, Ordering::Relaxed);
        PEAKED.store(true, Ordering::Relaxed);
    }
}
