//! When a leak check is made: at the end of the process, when the program calls `ldt_leak_check`, and when
//! [`crate::demand`] asks for one: at a signal, or for `ldt leaks` from outside.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::options::{CheckOptions, LeakCheckChoice};
use crate::recorder::Recorder;
use crate::sys::file::file_name;
use crate::sys::lock::Lock;
use crate::sys::{registers_here, saved_registers, thread};
use crate::waiting::release_what_waits;
use crate::{modes, reentry};

/// Where a thread left the program for LDT: nothing below `sp` is the program's.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The stack pointer.
    pub sp: u64,
    /// Registers that still hold the program's values; what is left over is 0.
    pub registers: [u64; REGISTERS],
}

/// As many as a signal frame has.
const REGISTERS: usize = 23;

/// Where a thread called a function that ends the process, and which thread it was.
static EXITING: Lock<Option<(u32, Standing)>> = Lock::new(None);

/// The calling thread has called `exit` or `quick_exit`.
pub fn exiting(standing: Standing) {
    EXITING.with(|exiting| *exiting = Some((thread::thread_id(), standing)));
}

impl Standing {
    /// At the entry of a function that the program called, with the registers that functions keep.
    #[must_use]
    pub fn new(sp: u64, saved: &[u64; 6]) -> Standing {
        let mut registers = [0; REGISTERS];
        registers[..saved.len()].copy_from_slice(saved);
        Standing { sp, registers }
    }

    /// In an exit handler: where the program called `exit`. Where it did not (main has returned; libc
    /// ends the process by itself), the first frame that is neither LDT's nor libc's: what lies
    /// below is dead, and full of what main has left there.
    pub fn at_exit(recorder: &mut Recorder) -> Standing {
        let exiting = EXITING.with(|exiting| exiting.clone());
        if let Some((tid, standing)) = exiting
            && tid == thread::thread_id()
        {
            return standing;
        }
        let here = registers_here();
        let outside = recorder.frame_outside(here, &mut |module| is_of_the_end(module));
        Standing {
            sp: outside.sp,
            registers: [0; REGISTERS],
        }
    }

    /// The calling function's: to be called first in the function that the program called, or jumped to,
    /// with the address of a local variable of that function. What its prologue has saved lies above.
    #[inline(always)]
    #[must_use]
    pub fn here(local: *const u8) -> Standing {
        Standing::new(local as u64, &saved_registers())
    }
}

/// Whether frames of this module between an exit handler and the program are of no account.
fn is_of_the_end(path: &[u8]) -> bool {
    let name = file_name(path);
    [&b"libc."[..], b"libc-", b"libldt", b"ld-linux", b"ld-"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

static WANTED_AT_END: AtomicBool = AtomicBool::new(false);
/// The checks made by this process.
static NUMBER: AtomicU32 = AtomicU32::new(0);
/// Set while a check runs.
static RUNNING: AtomicBool = AtomicBool::new(false);
/// Takes over what the options say.
pub fn configure(options: &CheckOptions) {
    WANTED_AT_END.store(options.leak_check != LeakCheckChoice::No, Ordering::Relaxed);
}

/// Whether a check is being made.
#[must_use]
pub fn is_running() -> bool {
    RUNNING.load(Ordering::Acquire)
}

/// Begins to count anew in a forked child.
///
/// # Safety
/// Only while the process has one thread.
pub unsafe fn forget_after_fork() {
    NUMBER.store(0, Ordering::Relaxed);
    RUNNING.store(false, Ordering::Relaxed);
    // SAFETY: as the caller vouches.
    unsafe { EXITING.reopen_after_fork() };
}

/// The check at the end of the process.
pub fn at_end(recorder: &mut Recorder, standing: &Standing) {
    if WANTED_AT_END.load(Ordering::Relaxed) && !RUNNING.swap(true, Ordering::AcqRel) {
        run(recorder, standing, b"");
    }
}

/// `ldt_leak_check`: gives the bytes that are definitely lost. `sp` is as [`crate::hooks`] says.
pub extern "C" fn on_demand(sp: u64, _bp: u64) -> u64 {
    let local = 0u8;
    let standing = Standing::here(&raw const local);
    enter_and_run(sp, &standing, b"ldt_leak_check")
}

/// Makes a check now. `standing` is where the calling thread, which is outside LDT, left the program.
pub fn make(standing: &Standing, reason: &[u8]) {
    enter_and_run(standing.sp, standing, reason);
}

fn enter_and_run(sp: u64, standing: &Standing, reason: &[u8]) -> u64 {
    if !modes::is_checking() {
        return 0;
    }
    // Outside the guard: another thread that checks must be able to stop this one meanwhile.
    while RUNNING.swap(true, Ordering::AcqRel) {
        thread::yield_now();
    }
    match reentry::enter(sp) {
        Some(mut inside) => run(inside.recorder(), standing, reason),
        None => {
            RUNNING.store(false, Ordering::Release);
            0
        }
    }
}

/// Makes the check; `RUNNING` is this thread's.
fn run(recorder: &mut Recorder, standing: &Standing, reason: &[u8]) -> u64 {
    // What a handler has freed is not lost.
    release_what_waits(recorder);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) + 1;
    let lost = super::check(recorder, number, standing, reason);
    RUNNING.store(false, Ordering::Release);
    lost
}
