//! That one leak check is made at a time: at the end of the process, or when one is asked for ([`super::on_demand`]).

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::standing::Standing;
use crate::options::{CheckOptions, LeakCheckChoice};
use crate::recorder::Recorder;
use crate::sys::thread;
use crate::waiting::release_what_waits;

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
pub fn forget_after_fork() {
    NUMBER.store(0, Ordering::Relaxed);
    RUNNING.store(false, Ordering::Relaxed);
}

/// The check at the end of the process.
pub fn at_end(recorder: &mut Recorder, standing: &Standing) {
    if WANTED_AT_END.load(Ordering::Relaxed) && !RUNNING.swap(true, Ordering::AcqRel) {
        run(recorder, standing, b"");
    }
}

/// Waits until no other thread checks; whoever calls it [runs](run) a check then, or [gives up](give_up). The caller is outside
/// the guard: another thread that checks must be able to stop this one meanwhile.
pub(super) fn wait_for_turn() {
    while RUNNING.swap(true, Ordering::AcqRel) {
        thread::yield_now();
    }
}

/// Makes no check after all.
pub(super) fn give_up() {
    RUNNING.store(false, Ordering::Release);
}

/// Makes the check; it is this thread's turn.
pub(super) fn run(recorder: &mut Recorder, standing: &Standing, reason: &[u8]) -> u64 {
    // What a handler has freed is not lost.
    release_what_waits(recorder);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) + 1;
    let lost = super::check(recorder, number, standing, reason);
    give_up();
    lost
}
