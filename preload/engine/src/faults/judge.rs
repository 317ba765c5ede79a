//! What a signal that LDT keeps comes to, SIGSEGV and SIGBUS first of all.

use super::cause::SI_KERNEL;
use super::crash::{self, Reason};
use super::watched::{self, Hit};
use super::watching::is_exact;
use super::{deliver, fatal, program, step, stopped, trap, unaligned};
use crate::blocks;
use crate::sys::file::{self, Fd};
use crate::sys::signal;
use crate::sys::signal_frame::{Frame, Onward, is_deciding};

/// What is said where LDT itself has a fault while it judges one.
const IN_HANDLER: &[u8] =
    b"ldt: a fault in LDT's own fault handler ends the process; please report this\n";

/// The kernel's entry, on LDT's own stack.
pub(super) fn decide(number: i32, frame: &mut Frame) -> Onward {
    let slot = signal::slot();
    if slot.busy.get() != 0 && Hit::in_frame(frame).is_some() {
        // LDT itself has looked at what is watched.
        return Onward::RESUME;
    }
    if slot.busy.replace(1) != 0 {
        // Nothing that takes a lock: the first fault may have come while it was taken.
        file::write_stream(Fd(2), IN_HANDLER);
        return deliver::default_action(number, frame);
    }
    let onward = match number {
        libc::SIGTRAP => trapped(frame),
        _ if program::is_watched(number) => judge(number, frame),
        _ => fatal::came(number, frame),
    };
    slot.busy.set(0);
    onward
}

fn judge(number: i32, frame: &mut Frame) -> Onward {
    let was_sent = frame.code() <= 0;
    if !was_sent && number == libc::SIGSEGV && mend(frame) {
        return Onward::RESUME;
    }
    step::give_up(frame);
    let action = program::action(number);
    let is_blocked = program::blocks(frame.mask(), number);
    if was_sent && is_blocked {
        program::leave_pending(number, frame);
        return Onward::RESUME;
    }
    let reason = match action.handler {
        libc::SIG_IGN if was_sent => return Onward::RESUME,
        libc::SIG_DFL | libc::SIG_IGN => Reason::NoHandler,
        // What cannot wait kills, where it is blocked.
        _ if is_blocked => Reason::Blocked,
        _ => match deliver::deliver(number, frame, &action) {
            Some(onward) => return onward,
            None => Reason::NoRoom,
        },
    };
    crash::end(number, frame, reason)
}

/// Deals with an access that a guard of LDT's stopped: gives whether it was one, and the instruction can
/// run again. What the program has protected itself in its blocks is its own handler's business.
fn mend(frame: &mut Frame) -> bool {
    if frame.code() == SI_KERNEL {
        return is_exact() && unaligned::mend(frame);
    }
    let fault = frame.address();
    blocks::is_ours(fault) && !blocks::is_altered(fault) && stopped::open(frame, fault)
}

/// SIGTRAP has come: a watchpoint was hit, a step has ended, or it is the program's.
fn trapped(frame: &mut Frame) -> Onward {
    if let Some(hit) = Hit::in_frame(frame) {
        // What is being stepped over has been reported.
        if !step::is_under_way() {
            watched::judge(&hit, frame);
        }
        return Onward::RESUME;
    }
    if step::give_up(frame) {
        return Onward::RESUME;
    }
    let action = trap::programs_action();
    let is_blocked = program::blocks(frame.mask(), libc::SIGTRAP);
    match action.handler {
        libc::SIG_IGN if frame.code() <= 0 => Onward::RESUME,
        libc::SIG_DFL | libc::SIG_IGN => crash::end(libc::SIGTRAP, frame, Reason::NoHandler),
        _ if is_deciding(&action) => deliver::default_action(libc::SIGTRAP, frame),
        _ if is_blocked => crash::end(libc::SIGTRAP, frame, Reason::Blocked),
        _ => deliver::deliver(libc::SIGTRAP, frame, &action)
            .unwrap_or_else(|| crash::end(libc::SIGTRAP, frame, Reason::NoRoom)),
    }
}
