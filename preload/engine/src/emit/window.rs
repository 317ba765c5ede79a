//! A thread's window: the piece of the trace file that its newest events stand in.
//!
//! Invariant of the raw memory: `memory` is a mapping of `bytes` bytes, at most `LONG_WINDOW_BYTES`, that this value alone
//! writes; the words `..committed` are whole events, and the state field in the mapping says so with
//! release ordering, so whoever reads the file at any moment finds whole events.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence};

use ldt_trace::WordSink;
use ldt_trace::chunk::ChunkHeader;
use ldt_trace::columns;
use ldt_trace::header::window::{CAPACITY_WORDS, HEADER_BYTES, MAGIC, STATE, THREAD, TID};
use ldt_trace::words;

use super::scratch::{LONG_WINDOW_BYTES, Scratch, words_in};
use super::trace_file;
use crate::clock;
use crate::modes;
use crate::sys::{arena, mem};

/// Bytes of a thread's first window. Most threads never fill it.
const WINDOW_BYTES: usize = 512 << 10;
/// So many windows of a process may be long. A thread may cost 1 MiB in all; what is beyond half of that comes out of what the
/// process may cost, however many threads it has.
const MOST_LONG_WINDOWS: u32 = 8;
/// How many are.
static LONG_WINDOWS: AtomicU32 = AtomicU32::new(0);

/// Bytes of a window in which no allocations are recorded, only what check mode finds: twice the longest event.
/// It takes less of the disk than what is packed of it in the end, so it is not packed then: packing, and to have the
/// rest of 512 KiB freed by the file system, was a third of what a forked child cost.
const FINDINGS_WINDOW_BYTES: usize = 32 << 10;

/// See the module.
#[derive(Debug)]
pub struct Window {
    memory: *mut u8,
    bytes: usize,
    at: u64,
    used: usize,
    sequence: u32,
    thread: u32,
    tid: u32,
    /// The memory is nobody's file: recording has stopped.
    private: bool,
}

// SAFETY: the mapping belongs to the value, not to a thread.
unsafe impl Send for Window {}

impl Window {
    /// A new region of the trace file, for `thread`.
    #[must_use]
    pub fn create(thread: u32, tid: u32) -> Option<Window> {
        let bytes = if modes::is_checking() && !modes::profiles() {
            FINDINGS_WINDOW_BYTES
        } else {
            WINDOW_BYTES
        };
        let mapped = trace_file::map_window(bytes);
        // Check mode goes on without a trace: its heap has the program's blocks.
        let private = || modes::is_checking().then(|| mem::allocate(bytes)).flatten();
        let (at, memory, private) = match mapped {
            Some((at, memory)) => (at, memory, false),
            None => (0, private()?, true),
        };
        let mut window = Window {
            memory,
            bytes,
            at,
            private,
            used: 0,
            sequence: 0,
            thread,
            tid,
        };
        window.begin();
        Some(window)
    }

    /// Makes a window of fresh memory.
    fn begin(&mut self) {
        self.commit();
        self.name();
        self.field32(CAPACITY_WORDS)
            .store(words_in(self.bytes) as u32, Ordering::Relaxed);
        self.field64(0)
            .store(u64::from_le_bytes(MAGIC), Ordering::Release);
    }

    /// Hands an empty window to another thread.
    pub fn assign(&mut self, thread: u32, tid: u32) {
        (self.used, self.sequence, self.thread, self.tid) = (0, 0, thread, tid);
        self.commit();
        self.name();
    }

    /// Says whose it is.
    fn name(&self) {
        self.field32(THREAD).store(self.thread, Ordering::Relaxed);
        self.field32(TID).store(self.tid, Ordering::Relaxed);
    }

    /// Goes on in a longer window, if this is one of the first to fill a short one and the file has room. Call it when it is
    /// empty: the short one stays in the file without its pages, and two of a thread must not hold words.
    fn lengthen(&mut self) {
        let is_first = |long: u32| (long < MOST_LONG_WINDOWS).then_some(long + 1);
        if self.bytes != WINDOW_BYTES
            || self.private
            || LONG_WINDOWS
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_first)
                .is_err()
        {
            return;
        }
        let Some((at, memory)) = trace_file::try_map_window(LONG_WINDOW_BYTES) else {
            LONG_WINDOWS.fetch_sub(1, Ordering::Relaxed);
            return;
        };
        let (short_memory, short_at) = (self.memory, self.at);
        // Another thread may fork at any moment, and the child unmaps what stands here (`abandon`): neither memory that is
        // given back already, which by then may be the stack that the child runs on, nor more of the short one than there is.
        self.memory = memory;
        compiler_fence(Ordering::SeqCst);
        self.bytes = LONG_WINDOW_BYTES;
        compiler_fence(Ordering::SeqCst);
        // SAFETY: the mapping of the short window; nothing points there any more.
        unsafe { mem::release(short_memory, WINDOW_BYTES) };
        trace_file::punch_window(short_at, WINDOW_BYTES);
        self.at = at;
        self.begin();
    }

    /// Whose events these are.
    #[must_use]
    pub fn thread(&self) -> u32 {
        self.thread
    }

    fn field32(&self, at: usize) -> &AtomicU32 {
        // SAFETY: an aligned field of the window's header, see the invariant.
        unsafe { &*self.memory.add(at).cast::<AtomicU32>() }
    }

    #[inline(always)]
    fn field64(&self, at: usize) -> &AtomicU64 {
        // SAFETY: an aligned field of the window's header, see the invariant.
        unsafe { &*self.memory.add(at).cast::<AtomicU64>() }
    }

    /// Makes sure that `count` more words fit, which no event exceeds.
    #[inline(always)]
    pub fn room(&mut self, count: usize) {
        if self.used + count > words_in(self.bytes) {
            self.overflow();
        }
    }

    #[cold]
    #[inline(never)]
    fn overflow(&mut self) {
        if self.pack() {
            self.lengthen();
            self.stamp();
        }
    }

    /// Publishes what was pushed.
    #[inline(always)]
    pub fn commit(&mut self) {
        let state = u64::from(self.sequence) << 32 | self.used as u64;
        self.field64(STATE).store(state, Ordering::Release);
    }

    /// Turns the window's content into a chunk and starts anew. When that fails recording has
    /// stopped and the content stays where it is.
    #[cold]
    pub fn flush(&mut self) {
        if self.pack() {
            self.stamp();
        }
    }

    /// The time at the head of a chunk.
    fn stamp(&mut self) {
        words::put_stamp(self, clock::now());
        self.commit();
    }

    /// Gives whether the content has become a chunk.
    fn pack(&mut self) -> bool {
        if self.used == 0 {
            return false;
        }
        if self.private {
            self.used = 0;
            return false;
        }
        // SAFETY: the words up to `used` have been written, see the invariant.
        let words = unsafe {
            core::slice::from_raw_parts(self.memory.add(HEADER_BYTES).cast::<u64>(), self.used)
        };
        let packed = Scratch::take().is_some_and(|mut scratch| {
            let Some((encoded, length, padded)) = scratch.pack(words) else {
                return false;
            };
            let header = ChunkHeader {
                thread: self.thread,
                tid: self.tid,
                seq: self.sequence,
                words: self.used as u32,
                columns: columns::COLUMNS,
                columns_bytes: encoded.bytes as u32,
                compressed_bytes: length as u32,
                counters: encoded.counters,
            };
            trace_file::append(&header.encode(&padded[..length]), padded)
        });
        if !packed {
            trace_file::stop("a chunk could not be packed");
        }
        self.used = 0;
        if !packed {
            // What the file holds stays as it is; events under way go where nobody reads them.
            if let Some(memory) = arena::pages(self.bytes) {
                self.memory = memory;
                self.private = true;
            }
        } else {
            self.sequence += 1;
            self.commit();
        }
        packed
    }

    /// Drops what was pushed and not committed.
    pub fn rewind(&mut self) {
        self.used = self.field64(STATE).load(Ordering::Relaxed) as u32 as usize;
    }

    /// Flushes, and gives the file's blocks back, unless they are too few for that: at the end of the process.
    pub fn finish(&mut self) {
        if self.bytes == FINDINGS_WINDOW_BYTES {
            return;
        }
        self.flush();
        if self.used <= 8 && !trace_file::is_stopped() {
            trace_file::punch_window(self.at, self.bytes);
        }
    }

    /// Unmaps the parent's window in a forked child, which must not write there.
    pub fn abandon(self) {
        if self.bytes == LONG_WINDOW_BYTES {
            LONG_WINDOWS.fetch_sub(1, Ordering::Relaxed);
        }
        // SAFETY: our mapping, and `self` is gone.
        unsafe { mem::release(self.memory, self.bytes) };
    }
}

impl WordSink for Window {
    #[inline(always)]
    fn push(&mut self, word: u64) {
        debug_assert!(self.used < words_in(self.bytes));
        // SAFETY: `room` has been asked for; the index is inside the mapping.
        unsafe {
            self.memory
                .add(HEADER_BYTES)
                .cast::<u64>()
                .add(self.used)
                .write(word)
        };
        self.used += 1;
    }
}
