//! What one thread records with: its window, its stacks, its stamps.

mod announce;

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ldt_trace::blob::BlobKind;
use ldt_trace::header::offset;
use ldt_trace::words::{self, MAX_EVENT_WORDS, Sample};
use ldt_trace::{Function, NodeId, Tick};

use crate::blocks::ThreadHeap;
use crate::clock;
use crate::counts::{self, Counts};
use crate::emit::{Window, trace_file};
use crate::modes;
use crate::modules::{self, Module};
use crate::stacks::Stacks;
use crate::stacks::memo::Announce as _;
use crate::stacks::table;
use crate::sys::proc;
use crate::sys::{Registers, pulse, thread};
pub use announce::forget_announced;
use announce::{ToWindow, announce_inherited, put};

/// While there is one thread, order needs no stamps; one every so many events serves the timeline, and one whenever the
/// launcher's pulse has changed.
const EVENTS_PER_STAMP: u32 = 64;
/// Ticks between two measurements of the process: about 10 ms on today's counters.
const SAMPLE_TICKS: u64 = 400_000;

/// Set for good when a second thread records: from then on every event has its stamp. Events before
/// that were complete before the second thread's first one, so their stamps need not be exact.
static SEVERAL_THREADS: AtomicBool = AtomicBool::new(false);
static LAST_SAMPLE: AtomicU64 = AtomicU64::new(0);
static STACK_CHECK: AtomicBool = AtomicBool::new(false);

/// Tells that there are several threads, or (in a forked child) one again.
pub fn set_several_threads(several: bool) {
    counts::set_several_threads(several);
    SEVERAL_THREADS.store(several, Ordering::SeqCst);
}

/// Switches the differential mode of the stack memo; to be called before the first node.
pub fn set_stack_check(on: bool) {
    STACK_CHECK.store(on, Ordering::Relaxed);
    if on {
        table::keep_parents();
    }
}

/// See the module.
#[allow(missing_debug_implementations, reason = "framehop's cache has none")]
pub struct Recorder {
    /// The newest events.
    pub window: Window,
    stacks: Stacks,
    until_stamp: u32,
    /// The launcher's pulse at the last stamp.
    pulse: u32,
    name: [u8; 16],
    /// Totals of check mode.
    pub counts: &'static Counts,
    /// What the thread allocates with in check mode.
    pub heap: Option<Box<ThreadHeap>>,
}

impl Recorder {
    /// From its parts; [`Recorder::begin`] gives it to a thread.
    #[must_use]
    pub fn new(window: Window, stacks: Stacks) -> Self {
        Recorder {
            window,
            stacks,
            until_stamp: 1,
            pulse: 0,
            name: [0; 16],
            counts: Counts::listed(),
            heap: modes::is_checking().then(|| Box::new(ThreadHeap::new())),
        }
    }

    /// Begins with the calling thread, which LDT numbers `index`; what a thread before has left is
    /// written out. The rules of unwinding that it learnt stay good.
    pub fn begin(&mut self, index: u32, tid: u32) {
        self.window.flush();
        self.window.assign(index, tid);
        self.stacks.leave();
        self.say_who();
    }

    /// Goes on in a forked child, for the thread that forked: it stands where it stood, so that all that was
    /// learnt of its stack is as true as before; what it counted and recorded is its parent's.
    pub fn begin_child(&mut self, window: Window) {
        core::mem::replace(&mut self.window, window).abandon();
        self.stacks.begin_child();
        if let Some(heap) = &mut self.heap {
            heap.begin_child();
        }
        self.say_who();
    }

    /// The first words of a window.
    fn say_who(&mut self) {
        self.name = [0; 16];
        self.stamp();
        self.put_name();
    }

    /// Takes the parts apart, in a forked child.
    #[must_use]
    pub fn into_window(self) -> Window {
        self.stacks.release();
        self.window
    }

    /// The stamp of an event that has just happened, or is about to.
    #[inline(always)]
    pub fn tick(&mut self) -> Option<Tick> {
        if SEVERAL_THREADS.load(Ordering::Relaxed) {
            let tick = clock::now();
            self.sample_if_due(tick);
            return Some(tick);
        }
        self.count_down();
        None
    }

    #[inline(always)]
    fn count_down(&mut self) {
        self.until_stamp -= 1;
        if self.until_stamp == 0 || self.pulse != pulse::now() {
            self.stamp();
        }
    }

    #[cold]
    fn stamp(&mut self) {
        self.until_stamp = EVENTS_PER_STAMP;
        self.pulse = pulse::now();
        let tick = clock::now();
        self.window.room(MAX_EVENT_WORDS);
        words::put_stamp(&mut self.window, tick);
        self.window.commit();
        self.sample_if_due(tick);
    }

    #[inline(always)]
    fn sample_if_due(&mut self, tick: Tick) {
        let last = LAST_SAMPLE.load(Ordering::Relaxed);
        if tick.wrapping_sub(last) > SAMPLE_TICKS && tick > last {
            self.sample(last, tick);
        }
    }

    #[cold]
    #[inline(never)]
    fn sample(&mut self, last: Tick, tick: Tick) {
        if LAST_SAMPLE
            .compare_exchange(last, tick, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
        {
            self.put_sample();
        }
    }

    /// Measures the process now.
    pub fn put_sample(&mut self) {
        // Without a record of events there is no timeline to put it into, and short processes are many.
        if modes::profiles() || !modes::is_checking() {
            self.put_resident_set();
        }
        trace_file::raise64(offset::STACK_PEAK_BYTES, self.stacks.deepest_bytes());
        self.put_name();
    }

    fn put_resident_set(&mut self) {
        let rss_bytes = resident_bytes();
        trace_file::raise64(offset::RSS_PEAK_BYTES, rss_bytes);
        let sample = Sample {
            monotonic_ns: thread::clock_ns(libc::CLOCK_MONOTONIC),
            rss_bytes,
        };
        self.window.room(MAX_EVENT_WORDS);
        words::put_sample(&mut self.window, sample, clock::now());
        self.window.commit();
    }

    /// Records the thread's name when it is not what was recorded last.
    pub fn put_name(&mut self) {
        if let Some(name) = thread::name()
            && name != self.name
        {
            self.name = name;
            let length = name
                .iter()
                .position(|&byte| byte == 0)
                .unwrap_or(name.len());
            self.put_blob(BlobKind::ThreadName, &name[..length]);
        }
    }

    /// Records something with content of its own; with a stamp what is put in order by time, also among 64 events of a
    /// program of one thread (an error belongs to the mark before it).
    pub fn put_blob(&mut self, kind: BlobKind, content: &[u8]) {
        if matches!(
            kind,
            BlobKind::Mark | BlobKind::Finding | BlobKind::Repeat | BlobKind::LeakCheck
        ) {
            self.stamp();
        }
        put(&mut self.window, kind, content);
    }

    /// LDT's number of the thread.
    #[must_use]
    pub fn thread(&self) -> u32 {
        self.window.thread()
    }

    /// Records a fact about the process.
    pub fn put_meta(&mut self, key: &str, value: &[u8]) {
        let content = [key.as_bytes(), b"=", value].concat();
        self.put_blob(BlobKind::Meta, &content);
    }

    /// Records a module.
    pub fn put_module(&mut self, module: &Module) {
        ToWindow(&mut self.window).module(module);
    }

    /// Records that a module has gone.
    pub fn put_module_gone(&mut self, start: u64) {
        self.put_blob(BlobKind::ModuleGone, &start.to_le_bytes());
    }

    /// Makes sure that the trace of this process has the stack.
    #[inline(always)]
    pub fn announce(&mut self, stack: NodeId) {
        announce_inherited(&mut self.window, stack);
    }

    /// Makes the trace name the module that an address lies in, if it does not yet.
    #[cold]
    pub fn announce_module_at(&mut self, address: u64) {
        let mut to = ToWindow(&mut self.window);
        modules::find(address, &mut |module| to.module(module));
    }

    /// The caller's stack.
    #[inline(always)]
    pub fn capture(&mut self, caller: Registers) -> NodeId {
        let node = self.stacks.capture(caller, &mut ToWindow(&mut self.window));
        if STACK_CHECK.load(Ordering::Relaxed) {
            self.check(caller, node);
        }
        node
    }

    /// The stack of code that a fault interrupted.
    #[cold]
    pub fn capture_interrupted(&mut self, at: Registers) -> NodeId {
        self.capture_interrupted_without(at, &mut |_| false)
    }

    /// The same from the first frame on whose module's path is not one of `without`.
    #[cold]
    pub fn capture_interrupted_without(
        &mut self,
        at: Registers,
        without: &mut dyn FnMut(&[u8]) -> bool,
    ) -> NodeId {
        self.stacks
            .capture_interrupted(at, without, &mut ToWindow(&mut self.window))
    }

    #[cold]
    fn check(&mut self, caller: Registers, node: NodeId) {
        trace_file::add64(offset::STACK_CHECKS, 1);
        if !self.stacks.check(caller, node) {
            trace_file::add64(offset::STACK_DIFFERENCES, 1);
        }
    }

    /// Records an allocation that has succeeded; `alignment` is 1 for functions that take none.
    #[inline(always)]
    pub fn allocated(
        &mut self,
        function: Function,
        address: u64,
        size: u64,
        alignment: u64,
        caller: Registers,
    ) {
        let tick = self.tick();
        let stack = self.capture(caller);
        self.put_allocated(function, address, size, alignment, stack, tick);
    }

    /// The same when the stack has been captured already.
    #[inline]
    pub fn allocated_at(
        &mut self,
        function: Function,
        address: u64,
        size: u64,
        alignment: u64,
        stack: NodeId,
    ) {
        let tick = self.tick();
        self.put_allocated(function, address, size, alignment, stack, tick);
    }

    #[inline(always)]
    fn put_allocated(
        &mut self,
        function: Function,
        address: u64,
        size: u64,
        alignment: u64,
        stack: NodeId,
        tick: Option<Tick>,
    ) {
        self.announce(stack);
        self.window.room(MAX_EVENT_WORDS);
        words::put_alloc(
            &mut self.window,
            function,
            address,
            size,
            alignment,
            stack,
            tick,
        );
        self.window.commit();
    }

    /// Records a free that is about to happen.
    #[inline(always)]
    pub fn freeing(&mut self, function: Function, address: u64) {
        let tick = self.tick();
        self.window.room(MAX_EVENT_WORDS);
        words::put_free(&mut self.window, function, address, tick);
        self.window.commit();
    }

    /// Records a realloc that has moved or resized a block; `before` is [`Recorder::tick`]'s, of before the call.
    #[allow(
        clippy::too_many_arguments,
        reason = "they are the fields of one record"
    )]
    pub fn reallocated(
        &mut self,
        function: Function,
        old: u64,
        address: u64,
        size: u64,
        before: Option<Tick>,
        caller: Registers,
    ) {
        let ticks = before.map(|before| (before, clock::now()));
        let stack = self.capture(caller);
        self.put_reallocated(function, old, address, size, stack, ticks);
    }

    /// The same when the stack has been captured already.
    #[allow(
        clippy::too_many_arguments,
        reason = "they are the fields of one record"
    )]
    pub fn reallocated_at(
        &mut self,
        function: Function,
        old: u64,
        address: u64,
        size: u64,
        before: Option<Tick>,
        stack: NodeId,
    ) {
        let ticks = before.map(|before| (before, clock::now()));
        self.put_reallocated(function, old, address, size, stack, ticks);
    }

    fn put_reallocated(
        &mut self,
        function: Function,
        old: u64,
        address: u64,
        size: u64,
        stack: NodeId,
        ticks: Option<(Tick, Tick)>,
    ) {
        self.announce(stack);
        self.window.room(MAX_EVENT_WORDS);
        words::put_realloc(&mut self.window, function, old, address, size, stack, ticks);
        self.window.commit();
    }

    /// Records an allocation that has failed.
    #[cold]
    pub fn failed(&mut self, function: Function, size: u64, caller: Registers) {
        let tick = self.tick();
        let stack = self.capture(caller);
        self.window.room(MAX_EVENT_WORDS);
        words::put_failed(&mut self.window, function, size, stack, tick);
        self.window.commit();
    }

    /// Records memory mapped.
    pub fn mapped(&mut self, function: Function, address: u64, size: u64, caller: Registers) {
        let tick = self.tick();
        let stack = self.capture(caller);
        self.window.room(MAX_EVENT_WORDS);
        words::put_map(&mut self.window, function, address, size, stack, tick);
        self.window.commit();
    }

    /// Records memory that is about to be unmapped.
    pub fn unmapping(&mut self, function: Function, address: u64, size: u64) {
        let tick = self.tick();
        self.window.room(MAX_EVENT_WORDS);
        words::put_unmap(&mut self.window, function, address, size, tick);
        self.window.commit();
    }

    /// The first frame outwards from `from` whose module's path is not one of `inside`; the outermost
    /// one that is found, when all are.
    #[must_use]
    pub fn frame_outside(
        &mut self,
        from: Registers,
        inside: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Registers {
        self.stacks.frame_outside(from, inside)
    }

    /// Whether a hook that was entered with the stack at `inside` cannot be running any more, now that
    /// the same stack stands at `sp`.
    #[must_use]
    pub fn was_left(&self, inside: u64, sp: u64) -> bool {
        self.stacks.is_outside(inside, sp)
    }

    /// Puts things in order after a hook was jumped out of: words that were not committed are void.
    pub fn recover(&mut self) {
        self.stacks.forget();
        self.window.rewind();
    }

    /// Writes everything out, at the end of the process.
    pub fn finish(&mut self) {
        if modes::is_checking() {
            counts::hand_over_all();
        }
        self.put_sample();
        self.window.finish();
    }
}

/// The resident set, from the kernel's cheapest source for it (about 2 µs).
fn resident_bytes() -> u64 {
    let pages = proc::read(b"/proc/thread-self/statm\0").and_then(|text| {
        let field = text.split(|&byte| byte == b' ').nth(1)?;
        core::str::from_utf8(field).ok()?.parse::<u64>().ok()
    });
    pages.unwrap_or(0) * crate::sys::mem::PAGE_BYTES as u64
}
