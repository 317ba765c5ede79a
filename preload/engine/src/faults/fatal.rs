//! Signals that end a process which has set nothing for them: what an instruction raises is told as a crash
//! ([`crash`]), and whoever sends one gets the leak check of any other end, before the kernel's default action.
//!
//! Each is LDT's only as long as the program means the default, which it is told ([`stays`]); any other action goes
//! to the kernel as it is, and when the program goes back to the default, LDT has the signal again ([`retake`]). What the
//! kernel has is all that is known of it, so nothing can contradict that, and a handler ends with an exec as the default
//! does. What is blocked or ignored stays so.
//!
//! A thread that is inside LDT when the signal comes makes the check when it leaves ([`demand`]). The kernel's
//! default is set before, so that a second signal ends the process at once.
//!
//! Left to the kernel: the signals for the program's own use from 32 up, and all of them in process 1 of a
//! container, which none of its own processes can end as long as it has set nothing.

use core::sync::atomic::{AtomicBool, Ordering};

use super::crash::{self, Reason};
use super::{deliver, step, trap};
use crate::leaks::request;
use crate::leaks::standing::Standing;
use crate::sys::lock::Lock;
use crate::sys::signal::{self, Action, How, Info, Set};
use crate::sys::signal_frame::{Frame, Onward, is_deciding};
use crate::sys::thread;
use crate::{demand, process, recording};

/// Raised by instructions. SIGTRAP is one of them, and has a file of its own: [`trap`].
const CRASHES: [i32; 3] = [libc::SIGILL, libc::SIGFPE, libc::SIGSYS];
/// Sent by a process, the terminal, a timer or the kernel, for what the process has done or is to do.
const ENDS: [i32; 15] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGABRT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGPIPE,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGIO,
    libc::SIGPWR,
];

/// What comes with a signal that nobody will be told of.
const NOBODY: Info = [0; 16];

/// The action that leads to [`super::judge`].
static OWN: Lock<Action> = Lock::new(Action::DEFAULT);
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Takes all of them for which nothing is set.
pub(super) fn start(own: &Action) {
    if thread::process_id() == 1 {
        return;
    }
    OWN.with(|kept| *kept = *own);
    TAKEN.store(true, Ordering::Release);
    for number in CRASHES.into_iter().chain(ENDS) {
        retake(number);
    }
}

fn is_ours(number: i32) -> bool {
    TAKEN.load(Ordering::Acquire) && (CRASHES.contains(&number) || ENDS.contains(&number))
}

/// The program may have set the default: LDT takes the signal again.
pub(super) fn retake(number: i32) {
    if number == libc::SIGTRAP {
        trap::retake();
    } else if is_ours(number) && signal::action(number).handler == libc::SIG_DFL {
        let mut own = OWN.with(|own| *own);
        if ENDS.contains(&number) {
            // Nothing on an alternate stack: the program may have given that back, on its way out.
            own.flags = own.flags & !(libc::SA_ONSTACK as u64) | libc::SA_RESTART as u64;
        }
        // The number is valid and the action complete: there is nothing that could go wrong.
        let _ = signal::set_action(number, &own);
    }
}

/// Whether an action that the program asks for (`None`) or sets stays as it is: it means the default, which it is told
/// although LDT has the signal. For any other, the default is set first, as if LDT had never been there.
pub(super) fn stays(number: i32, handler: Option<usize>) -> bool {
    if !is_ours(number) || !is_deciding(&signal::action(number)) {
        return false;
    }
    if handler.is_none_or(|handler| handler == libc::SIG_DFL) {
        return true;
    }
    let _ = signal::set_action(number, &Action::DEFAULT);
    false
}

/// Whether the signal does what it does where nothing else is set: LDT's look, and the kernel's default.
pub(crate) fn is_at_default(number: i32) -> bool {
    let action = signal::action(number);
    action.handler == libc::SIG_DFL || is_deciding(&action)
}

/// One of them has come.
pub(super) fn came(number: i32, frame: &mut Frame) -> Onward {
    // A vfork child has its parent's memory, and nothing of its own to tell.
    if recording::is_vfork_child() {
        return deliver::default_action(number, frame);
    }
    step::give_up(frame);
    if CRASHES.contains(&number) {
        return crash::end(number, frame, Reason::NoHandler);
    }
    // Nothing is to be waited for any more where LDT is at work on the last look already.
    if process::is_ending() || request::is_running() {
        return deliver::default_action(number, frame);
    }
    let standing = Standing::interrupted(frame.registers().sp, frame.all_general());
    if !process::ending_by_signal(standing) && thread::slot().inside_sp.get() != 0 {
        let _ = signal::set_action(number, &Action::DEFAULT);
        demand::end_by(number);
        return Onward::RESUME;
    }
    deliver::default_action(number, frame)
}

/// The end by a signal that came while this thread was inside LDT, which it has just left.
pub(crate) fn end(number: i32, standing: &Standing) {
    let _ = process::ending_by_signal(standing.clone());
    let _ = signal::set_action(number, &Action::DEFAULT);
    signal::change_mask(How::Unblock, Set::of(number));
    signal::send_again(number, &NOBODY);
}
