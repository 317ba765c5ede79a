//! A process without memory for LDT, or with too short a stack: it is left alone, and that is said once.

use core::sync::atomic::{AtomicBool, Ordering};

use ldt_trace::header::offset;

use crate::emit::trace_file;
use crate::message;
use crate::recording;
use crate::sys::mem;

/// What LDT allocates before it has a first thread, twice over. Where that fails the program would be ended by it.
const START_BYTES: usize = 512 << 10;
/// What the main stack must be allowed: LDT takes up to 12 KiB of it (a capture, a checked call, its variables in the
/// environment), which a program that has few more would die for.
const STACK_LEAST_BYTES: u64 = 40 << 10;
const NO_STACK: &str =
    "not recording: the main stack may grow to less than 40 KiB; raise its limit (ulimit -s)";
const NO_MEMORY: &str =
    "not recording: there is no memory for LDT; raise the limits of the process (ulimit -a)";

/// A thread found no memory for its recorder. No other is made: each attempt would keep what it did get.
static USED_UP: AtomicBool = AtomicBool::new(false);

/// Whether there is memory to begin with; where there is not, that is said.
pub(super) fn is_enough_to_start() -> bool {
    let stack = mem::resource_limit(libc::RLIMIT_STACK);
    if stack.is_some_and(|bytes| bytes < STACK_LEAST_BYTES) {
        message::say(NO_STACK);
        return false;
    }
    let enough = mem::has_room(START_BYTES);
    if !enough {
        // A short line, which takes none.
        message::say(NO_MEMORY);
    }
    enough
}

/// Whether a thread has found none.
pub(super) fn is_used_up() -> bool {
    USED_UP.load(Ordering::Relaxed)
}

/// Called when a thread finds none. A process of which nothing could be seen leaves no trace, lest it be taken for one
/// that allocates nothing.
#[cold]
pub(super) fn none_for_a_thread(is_first: bool) {
    if USED_UP.swap(true, Ordering::Relaxed) {
        return;
    }
    let is_child = trace_file::get32(offset::FORKED_FROM) != 0;
    if is_first && !is_child && !trace_file::is_stopped() {
        trace_file::withdraw();
        recording::stop();
        message::say(NO_MEMORY);
        return;
    }
    trace_file::stop("there is no memory for what LDT keeps of a thread");
}
