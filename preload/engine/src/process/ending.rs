//! How the process ends: in order, at once, by giving up, or because LDT says so; and how LDT comes to see
//! it after the program's last handler.
//!
//! Nothing has to be done for the trace, which is complete at every moment; an orderly end adds the exit code, and in
//! check mode the last look at the heap and the leak check.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use ldt_trace::header::offset;

use super::facts;
use super::threads::finish_dead_threads;
use crate::emit::trace_file;
use crate::leaks::standing::{self, Standing};
use crate::recorder::Recorder;
use crate::sys::roomy;
use crate::waiting::release_what_waits;
use crate::{blocks, counts, faults, findings, leaks, message, modes, recording};

/// What `quick_exit` was called with.
static QUICK_EXIT_CODE: AtomicI32 = AtomicI32::new(0);
static SEES_QUICK_EXIT: AtomicBool = AtomicBool::new(false);

/// Asks to be called when the handlers of `quick_exit` have run. Registered first (by the constructor), called last.
pub(super) fn watch_quick_exit() {
    unsafe extern "C" {
        fn __cxa_at_quick_exit(function: unsafe extern "C" fn(), module: *mut c_void) -> i32;
    }
    unsafe extern "C" fn at_quick_exit() {
        ending(QUICK_EXIT_CODE.load(Ordering::Relaxed), None);
    }
    let failed = crate::reentry::unrecorded(|| {
        // SAFETY: the handler takes nothing it needs and stays loaded.
        unsafe { __cxa_at_quick_exit(at_quick_exit, ptr::null_mut()) }
    });
    SEES_QUICK_EXIT.store(failed == 0, Ordering::Relaxed);
}

/// `quick_exit` was called: its handlers come first, and the last of them is ours.
pub fn ending_quickly(code: i32, standing: Standing) {
    QUICK_EXIT_CODE.store(code, Ordering::Relaxed);
    if SEES_QUICK_EXIT.load(Ordering::Relaxed) {
        standing::exiting(standing);
    } else {
        ending(code, Some(standing));
    }
}

/// `_exit` was called.
pub fn ending_now(code: i32, standing: Standing) {
    ending(code, Some(standing));
}

/// `exit` was called: its handlers come first, and the last of them is ours.
pub fn ending_in_order(_code: i32, standing: Standing) {
    standing::exiting(standing);
}

/// The program gives up by `abort` or a failed assertion: what is wrong with its heap may be why, so it is looked at
/// as at any end. There is no exit code, and a handler of SIGABRT may yet jump out and go on.
pub fn aborting(_code: i32, standing: Standing) {
    let here = 0u8;
    if giving_up(ptr::from_ref(&here) as u64, standing) {
        hint_at_alignment();
        if !faults::fatal::is_at_default(libc::SIGABRT) {
            ENDING.store(false, Ordering::Relaxed);
        }
    }
}

/// The exit code of a Rust program whose main thread panics.
const PANICKED: i32 = 101;

/// Says it once: a program that takes its aborts may make many.
fn hint_at_alignment() {
    static SAID: AtomicBool = AtomicBool::new(false);
    if faults::is_exact() && findings::is_clean() && !SAID.swap(true, Ordering::Relaxed) {
        message::say(EXACT_MAY_BE_WHY);
    }
}

/// A program that gives up, in which nothing was found, may do so because of how blocks lie.
const EXACT_MAY_BE_WHY: &str = "the program gives up; under --exact blocks do not lie at multiples of 16, and code that asserts \
    that or keeps marks in the low bits of pointers fails: run without --exact to see whether this is it";

/// A signal ends the program, that it has set nothing for: it is looked at as at any end. Gives whether that could be
/// done; not where the thread is inside LDT.
#[must_use]
pub fn ending_by_signal(standing: Standing) -> bool {
    giving_up(standing.sp, standing)
}

fn giving_up(sp: u64, standing: Standing) -> bool {
    if !modes::is_checking() || !ends_here() {
        return false;
    }
    let Some(mut inside) = crate::reentry::enter(sp) else {
        return false;
    };
    ENDING.store(true, Ordering::Relaxed);
    end_checking(inside.recorder(), Some(standing));
    inside.recorder().finish();
    counts::put_coverage();
    true
}

/// The last look at everything has begun; false again where the program may go on after it.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether the last look at everything has begun: there is nothing more to come.
pub(crate) fn is_ending() -> bool {
    ENDING.load(Ordering::Relaxed)
}

/// Whether it is this process's own end: not a vfork child's, which has its parent's memory.
///
/// A forked child that has allocated nothing has not begun yet. In check mode it begins now: what it wrote
/// and lost is looked at as in any other process.
#[must_use]
pub fn ends_here() -> bool {
    let begins_now = modes::is_checking() && recording::is_forked_child();
    begins_now || recording::is_on() && recording::is_of_this_process()
}

/// The library's own destructor, which runs among those of all modules: asks to be called once more,
/// after them. A handler that is registered while handlers run is the next one to run, so this one
/// sees the end after the last destructor; registered by the constructor it would run before them.
pub fn destructed() {
    unsafe extern "C" {
        fn on_exit(function: unsafe extern "C" fn(i32, *mut c_void), argument: *mut c_void) -> i32;
    }
    unsafe extern "C" fn at_exit(code: i32, _: *mut c_void) {
        ending(code, None);
    }
    crate::reentry::unrecorded(|| {
        // SAFETY: the handler has the signature that is asked for and stays loaded.
        unsafe { on_exit(at_exit, ptr::null_mut()) };
    });
}

/// The process is about to end in order. What comes after still goes into the window, and counts.
/// `standing` is where the program called the function that ends it, `None` in an exit handler.
fn ending(code: i32, standing: Option<Standing>) {
    if !ends_here() {
        return;
    }
    ENDING.store(true, Ordering::Relaxed);
    let here = 0u8;
    if let Some(mut inside) = crate::reentry::enter(ptr::from_ref(&here) as u64) {
        if modes::is_checking() {
            end_checking(inside.recorder(), standing);
        }
        inside.recorder().finish();
        finish_dead_threads();
    }
    trace_file::raise64(offset::RSS_PEAK_BYTES, facts::rss_peak_bytes());
    if modes::is_checking() {
        counts::put_coverage();
        if code == PANICKED {
            hint_at_alignment();
        }
    }
    trace_file::note_end(code);
}

/// The last look at everything, after the program's own handlers.
fn end_checking(recorder: &mut Recorder, standing: Option<Standing>) {
    // Asked for here: it is this stack that is looked at.
    let standing = standing.unwrap_or_else(|| Standing::at_exit(recorder));
    roomy::run_with_room(|| {
        release_what_waits(recorder);
        blocks::check_all(&mut findings::Reporter::unplaced(recorder));
        findings::finish(recorder);
        findings::begin_summaries();
        leaks::request::at_end(recorder, &standing);
        findings::end_summaries();
    });
}
