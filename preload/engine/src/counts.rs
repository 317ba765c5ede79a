//! Totals of check mode, which records no events: counted by each thread for itself, handed over to
//! the trace's header page now and then.
//!
//! What is live at once needs a figure for the whole process. While there is one thread it is exact;
//! with several each hands its change over when it has grown to [`HAND_OVER_BYTES`], so the peak is
//! exact to that much a thread.

use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

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
static SEVERAL_THREADS: AtomicBool = AtomicBool::new(false);

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

/// What one thread has counted and not handed over.
#[derive(Debug)]
pub struct Counts {
    calls: [u32; FUNCTIONS],
    failed: u64,
    allocations: u64,
    frees: u64,
    allocated_bytes: u64,
    live_bytes: i64,
    live_blocks: i64,
    until_hand_over: u32,
    peaked: bool,
}

impl Counts {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Counts {
            calls: [0; FUNCTIONS],
            failed: 0,
            allocations: 0,
            frees: 0,
            allocated_bytes: 0,
            live_bytes: 0,
            live_blocks: 0,
            until_hand_over: HAND_OVER_CALLS,
            peaked: false,
        }
    }

    #[inline(always)]
    fn called(&mut self, function: Function) {
        self.calls[function as usize % FUNCTIONS] += 1;
        self.until_hand_over -= 1;
        if self.until_hand_over == 0 {
            self.hand_over();
        }
    }

    /// A block of this size was allocated.
    #[inline(always)]
    pub fn allocated(&mut self, function: Function, bytes: u64) {
        self.allocations += 1;
        self.allocated_bytes += bytes;
        self.live_bytes += bytes as i64;
        self.live_blocks += 1;
        self.settle();
        self.called(function);
    }

    /// A free or delete; `bytes` is the size of the block, `None` when there was none.
    #[inline(always)]
    pub fn freed(&mut self, function: Function, bytes: Option<u64>) {
        if let Some(bytes) = bytes {
            self.gone(bytes);
        }
        self.called(function);
    }

    /// A realloc made a block of `bytes` of one of `old`.
    pub fn reallocated(&mut self, function: Function, old: u64, bytes: u64) {
        self.gone(old);
        self.allocated(function, bytes);
    }

    #[inline(always)]
    fn gone(&mut self, bytes: u64) {
        self.frees += 1;
        self.live_bytes -= bytes as i64;
        self.live_blocks -= 1;
        self.settle();
    }

    /// An allocation failed.
    #[cold]
    pub fn failed(&mut self) {
        self.failed += 1;
    }

    #[inline(always)]
    fn settle(&mut self) {
        if SEVERAL_THREADS.load(Ordering::Relaxed) {
            if self.live_bytes.abs() >= HAND_OVER_BYTES {
                self.settle_shared();
            }
            return;
        }
        let bytes = LIVE_BYTES.load(Ordering::Relaxed) + self.live_bytes;
        let blocks = LIVE_BLOCKS.load(Ordering::Relaxed) + self.live_blocks;
        LIVE_BYTES.store(bytes, Ordering::Relaxed);
        LIVE_BLOCKS.store(blocks, Ordering::Relaxed);
        (self.live_bytes, self.live_blocks) = (0, 0);
        self.raise_peak(bytes, blocks);
    }

    #[cold]
    fn settle_shared(&mut self) {
        let bytes = LIVE_BYTES.fetch_add(self.live_bytes, Ordering::Relaxed) + self.live_bytes;
        let blocks = LIVE_BLOCKS.fetch_add(self.live_blocks, Ordering::Relaxed) + self.live_blocks;
        (self.live_bytes, self.live_blocks) = (0, 0);
        self.raise_peak(bytes, blocks);
    }

    #[inline(always)]
    fn raise_peak(&mut self, bytes: i64, blocks: i64) {
        if bytes > PEAK_BYTES.load(Ordering::Relaxed) {
            PEAK_BYTES.store(bytes, Ordering::Relaxed);
            PEAK_BLOCKS.store(blocks.max(0) as u64, Ordering::Relaxed);
            self.peaked = true;
        }
    }

    /// Adds everything to the header page.
    #[cold]
    #[inline(never)]
    pub fn hand_over(&mut self) {
        self.settle_shared();
        for (code, calls) in self
            .calls
            .iter_mut()
            .enumerate()
            .filter(|(_, calls)| **calls > 0)
        {
            trace_file::add64(offset::CALLS + code * 8, u64::from(*calls));
            *calls = 0;
        }
        let sums = [
            (offset::FAILED_CALLS, &mut self.failed),
            (offset::ALLOCATIONS, &mut self.allocations),
            (offset::FREES, &mut self.frees),
            (offset::ALLOCATED_BYTES, &mut self.allocated_bytes),
        ];
        for (at, sum) in sums {
            trace_file::add64(at, core::mem::take(sum));
        }
        let live = |total: &AtomicI64| total.load(Ordering::Relaxed).max(0) as u64;
        trace_file::set64(offset::LIVE_BYTES, live(&LIVE_BYTES));
        trace_file::set64(offset::LIVE_BLOCKS, live(&LIVE_BLOCKS));
        if core::mem::take(&mut self.peaked) {
            trace_file::set64(offset::PEAK_BYTES, live(&PEAK_BYTES));
            trace_file::set64(offset::PEAK_BLOCKS, PEAK_BLOCKS.load(Ordering::Relaxed));
            trace_file::set64(
                offset::PEAK_MONOTONIC_NS,
                thread::clock_ns(libc::CLOCK_MONOTONIC),
            );
        }
        put_coverage();
        self.until_hand_over = HAND_OVER_CALLS;
    }
}

impl Default for Counts {
    fn default() -> Self {
        Counts::new()
    }
}
