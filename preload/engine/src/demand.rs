//! Checks that are asked for while the program runs: by `leak_signal` and `check_signal`, and by `ldt leaks`
//! from outside.
//!
//! `ldt leaks` raises a word in the trace's header page, which every event looks at. A process that sleeps has
//! no events: it is sent a signal. Unless the user has named one, that is SIGSTKFLT. The program does not see it (asked for it, libc says "default"), and gets it back
//! as soon as it wants it for itself ([`stays`]); it is not used then.
//!
//! A thread that is inside LDT when a signal comes makes the check when it leaves. A system call that ended
//! early because of the signal alone is made again, if the sender has said what the thread waited in: a
//! thread cannot find that out about itself afterwards.
//!
//! Rejected: a thread that waits for requests (it would be in every list of the program's threads, and get its
//! signals); ptrace (see [`crate::leaks`]).

use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, Ordering};

use ldt_trace::header::{WAITERS, Waiter, offset};

use crate::emit::trace_file;
use crate::faults::fatal;
use crate::findings::Reporter;
use crate::leaks::standing::Standing;
use crate::leaks::{on_demand, request};
use crate::options::CheckOptions;
use crate::sys::signal::{self, Action};
use crate::sys::{interrupted, thread};
use crate::{blocks, recording, reentry};

/// A leak check is due.
const LEAKS: u32 = 1;
/// A look at all redzones is due.
const REDZONES: u32 = 2;
/// The end by a signal is due.
const END: u32 = 4;

/// What was asked for while its thread was inside LDT.
static DUE: AtomicU32 = AtomicU32::new(0);
/// How many checks had been asked for from outside when one was made last.
static ANSWERED: AtomicU32 = AtomicU32::new(0);

/// The signal that ends the process.
static END_SIGNAL: AtomicU32 = AtomicU32::new(0);

/// The signals that ask for something, 0 none.
static LEAK_SIGNAL: AtomicU32 = AtomicU32::new(0);
static CHECK_SIGNAL: AtomicU32 = AtomicU32::new(0);
/// The one that LDT has chosen by itself, 0 none.
static CHOSEN: AtomicU32 = AtomicU32::new(0);

/// Linux keeps this signal for a coprocessor that no machine has had for thirty years; nobody uses it. Rejected: a
/// real-time signal, of which programs and their libraries take the first or the last for themselves.
const UNUSED: i32 = libc::SIGSTKFLT;

/// Takes over what the options say.
pub fn configure(options: &CheckOptions) {
    if options.check_signal != 0 {
        handle(options.check_signal);
        CHECK_SIGNAL.store(options.check_signal, Ordering::Relaxed);
    }
    let leak_signal = match options.leak_signal {
        0 => choose(),
        asked => asked,
    };
    if leak_signal != 0 {
        handle(leak_signal);
        LEAK_SIGNAL.store(leak_signal, Ordering::Relaxed);
    }
}

fn handle(number: u32) {
    // SAFETY: the handler looks at atomics first and does nothing in a thread that is inside LDT.
    let action = unsafe { Action::open_handler(on_signal) };
    // A number that is no signal's has no handler.
    let _ = signal::set_action(number as i32, &action);
}

/// The signal that nobody uses; 0 when somebody does.
fn choose() -> u32 {
    let is_free = UNUSED.cast_unsigned() != CHECK_SIGNAL.load(Ordering::Relaxed)
        && signal::try_action(UNUSED).is_ok_and(|action| action.is_default());
    let chosen = if is_free { UNUSED.cast_unsigned() } else { 0 };
    CHOSEN.store(chosen, Ordering::Relaxed);
    chosen
}

/// Tells in the trace, which has just been created, how this process can be woken.
pub fn announce() {
    trace_file::set32(offset::LEAK_SIGNAL, LEAK_SIGNAL.load(Ordering::Relaxed));
}

/// Whether a disposition that the program asks for (`None`) or sets stays as it is, because the signal is
/// LDT's and the program means the default. Anything else gives the signal back to the program.
#[must_use]
pub fn stays(number: i32, handler: Option<usize>) -> bool {
    if number <= 0
        || number.cast_unsigned() != CHOSEN.load(Ordering::Relaxed)
        || recording::is_vfork_child()
    {
        return false;
    }
    if handler.is_none_or(|handler| handler == libc::SIG_DFL) {
        return true;
    }
    CHOSEN.store(0, Ordering::Relaxed);
    LEAK_SIGNAL.store(0, Ordering::Relaxed);
    announce();
    // As if LDT had never been there.
    let _ = signal::set_action(number, &Action::DEFAULT);
    false
}

/// Begins to count anew in a forked child, which inherits the handlers.
///
/// # Safety
/// Only while the process has one thread.
pub unsafe fn forget_after_fork() {
    DUE.store(0, Ordering::Relaxed);
    ANSWERED.store(0, Ordering::Relaxed);
}

/// Whether somebody waits for a check that the calling thread can make now. Asked at every event.
#[inline(always)]
#[must_use]
pub fn is_due() -> bool {
    DUE.load(Ordering::Relaxed) != 0 || is_asked_from_outside()
}

#[inline(always)]
fn is_asked_from_outside() -> bool {
    trace_file::get32(offset::LEAK_REQUESTS) != ANSWERED.load(Ordering::Relaxed)
}

/// Ends the process by this signal, once the calling thread has left LDT.
pub(crate) fn end_by(number: i32) {
    END_SIGNAL.store(number.cast_unsigned(), Ordering::Relaxed);
    DUE.fetch_or(END, Ordering::Release);
}

/// Makes the checks that are due, in the thread that comes by.
#[cold]
#[inline(never)]
pub fn make() {
    let local = 0u8;
    let standing = Standing::here(&raw const local);
    answer(DUE.swap(0, Ordering::AcqRel), &standing);
}

/// Makes these checks, and the one that was asked for from outside.
fn answer(due: u32, standing: &Standing) {
    if due & END != 0 {
        let number = END_SIGNAL.load(Ordering::Relaxed);
        fatal::end(number.cast_signed(), standing);
        return;
    }
    if due & REDZONES != 0 {
        look_at_redzones(standing.sp);
    }
    let asked = trace_file::get32(offset::LEAK_REQUESTS);
    if ANSWERED.swap(asked, Ordering::AcqRel) != asked {
        on_demand::make(standing, b"ldt leaks");
    } else if due & LEAKS != 0 {
        on_demand::make(standing, b"signal");
    }
}

/// Looks at every redzone now, in check mode; `sp` is where the program stands. Says whether that could be done.
pub(crate) fn look_at_redzones(sp: u64) -> bool {
    let Some(mut inside) = reentry::enter(sp) else {
        return false;
    };
    blocks::check_all(&mut Reporter::unplaced(inside.recorder()));
    true
}

unsafe extern "C" fn on_signal(number: i32, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel hands over the interrupted registers.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    make_for(number.cast_unsigned(), registers);
    if let Some(waiter) = my_wait() {
        interrupted::make_again(registers, waiter.call, waiter.ip);
    }
}

fn make_for(number: u32, registers: &[i64; 23]) {
    let mut due = 0;
    if number == LEAK_SIGNAL.load(Ordering::Relaxed) {
        due |= LEAKS;
    }
    if number == CHECK_SIGNAL.load(Ordering::Relaxed) {
        due |= REDZONES;
    }
    if request::is_running() || thread::slot().inside_sp.get() != 0 {
        DUE.fetch_or(due, Ordering::Release);
        return;
    }
    let sp = registers[libc::REG_RSP as usize] as u64;
    let standing = Standing::interrupted(sp, registers.map(|register| register as u64));
    answer(due, &standing);
}

/// What the sender of the signal says this thread waited in.
fn my_wait() -> Option<Waiter> {
    let me = thread::thread_id();
    (0..WAITERS)
        .map(|index| {
            let at = offset::WAITERS + index * Waiter::BYTES;
            Waiter {
                tid: trace_file::get32(at),
                call: trace_file::get32(at + 4),
                ip: trace_file::get64(at + 8),
            }
        })
        .find(|waiter| waiter.tid == me)
}
