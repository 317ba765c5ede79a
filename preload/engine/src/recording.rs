//! Whether this process records, and whose child it is.
//!
//! Whether a process records is one word in a page that the kernel wipes in forked children: a child finds zero there
//! at its first event and begins a trace of its own. That works for daemon(), forkpty() and raw clones, which bypass
//! an exported fork, and leaves vfork and posix_spawn children alone, which share the parent's memory and are the
//! parent for the heap.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::modes;
use crate::sys::{thread, wiped};

const UNKNOWN: u32 = 0;
const RECORDING: u32 = 1;
const OFF: u32 = 2;

const PHASE_NEW: u32 = 0;
const PHASE_STARTING: u32 = 1;
const PHASE_STARTED: u32 = 2;
static PHASE: AtomicU32 = AtomicU32::new(PHASE_NEW);
/// The process that last started.
static PID: AtomicU32 = AtomicU32::new(0);

/// Whether this process records.
#[inline(always)]
pub fn is_on() -> bool {
    wiped::word().load(Ordering::Relaxed) == RECORDING
}

/// Whether it is decided already whether this process records.
#[inline(always)]
pub fn is_decided() -> bool {
    wiped::word().load(Ordering::Relaxed) != UNKNOWN
}

/// Whether this is a forked child that has not begun a trace yet; not the child of vfork that such a one has made, which
/// would begin for its parent, and on what may be a small stack.
pub fn is_forked_child() -> bool {
    PHASE.load(Ordering::Acquire) == PHASE_STARTED
        && !is_decided()
        && !thread::shares_memory_with_parent()
}

/// Whether this is a child of vfork, whose memory is its parent's.
pub fn is_vfork_child() -> bool {
    process_id() != thread::process_id() && !is_forked_child()
}

/// The process that last started, which is this one but in a child that has not begun, or never will.
pub fn process_id() -> u32 {
    PID.load(Ordering::Relaxed)
}

/// Whether this is the process that last started.
pub fn is_of_this_process() -> bool {
    process_id() == thread::process_id()
}

/// How a process comes to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// There was none before.
    First,
    /// A fork has copied the process; this is the first thread of the child that comes to LDT.
    InForkedChild,
}

/// Takes the beginning upon the caller, who ends it with [`started`]. `None` where another thread is at it, and in a
/// child of vfork.
pub fn take_start() -> Option<Start> {
    let take =
        |from| PHASE.compare_exchange(from, PHASE_STARTING, Ordering::AcqRel, Ordering::Acquire);
    match take(PHASE_NEW) {
        Ok(_) => Some(Start::First),
        // The word is zero after a start: a fork has copied the process.
        Err(PHASE_STARTED) if !thread::shares_memory_with_parent() => {
            take(PHASE_STARTED).is_ok().then_some(Start::InForkedChild)
        }
        Err(_) => None,
    }
}

/// The beginning is over, whatever came of it.
pub fn started() {
    PHASE.store(PHASE_STARTED, Ordering::Release);
}

/// Notes which process it is that begins.
pub fn begin_process() {
    PID.store(thread::process_id(), Ordering::Relaxed);
}

/// Records from now on.
pub fn begin() {
    wiped::word().store(RECORDING, Ordering::Release);
}

/// Stops recording for good. In check mode the heap goes on: blocks of the program lie in it.
pub fn stop() {
    if modes::is_checking() {
        begin();
    } else {
        wiped::word().store(OFF, Ordering::Relaxed);
    }
}
