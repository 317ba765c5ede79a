//! What the program believes of SIGSEGV and SIGBUS: its own actions, and whether it blocks them.
//!
//! The kernel does not block them in check mode: a blocked signal that an instruction raises kills. (But for one that
//! somebody has sent and the program wants to wait: [`leave_pending`].) That
//! the program wants them blocked must be kept somewhere all the same, and go along with whatever saves and
//! restores masks without asking LDT: the return from a handler, siglongjmp, swapcontext, new threads. So
//! two real-time signals that hardly anybody uses lend their bits in the kernel's mask ([`STAND_INS`]); that
//! the program blocks one of those is noted for the thread, so that it is told what it has set.
//!
//! Rejected: a count or a flag a thread. After a handler that leaves by siglongjmp, the commonest way
//! out of a SIGSEGV handler, it would say "blocked" for good, and the next fault would kill.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use super::watching::{WATCHED, WATCHED_SET, is_watching};
use crate::sys::lock::Lock;
use crate::sys::signal::{self, Action, How, Set};
use crate::sys::signal_frame::{Frame, is_deciding};

/// Whose bit stands for which signal.
const STAND_INS: [(i32, i32); 2] = [(libc::SIGSEGV, 62), (libc::SIGBUS, 61)];
const STAND_INS_SET: Set = Set::of(62).with(Set::of(61));

/// For the two signals, in the order of [`WATCHED`].
static ACTIONS: Lock<[Action; 2]> = Lock::new([Action::DEFAULT; 2]);
/// Which of the stand-ins the program wants blocked in its handlers, by signal: bit 0 is the first.
static IN_HANDLERS: [AtomicU8; 65] = [const { AtomicU8::new(0) }; 65];
/// Signals whose handlers the program wants to interrupt system calls, as bits.
static INTERRUPTS: AtomicU32 = AtomicU32::new(0);
/// Whether [`leave_pending`] was ever called: threads and children may have inherited a mask with a watched signal.
static LEFT_PENDING: AtomicBool = AtomicBool::new(false);

/// See [`Lock::reopen_after_fork`].
///
/// # Safety
/// As there.
pub(super) unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { ACTIONS.reopen_after_fork() };
}

/// Which of the watched signals this is.
fn index(number: i32) -> Option<usize> {
    WATCHED.iter().position(|&watched| watched == number)
}

/// Whether LDT keeps this signal for itself.
pub(super) fn is_watched(number: i32) -> bool {
    index(number).is_some()
}

/// With the actions, while no signal can interrupt: sigaction may be called by a handler.
fn with_actions<R>(work: impl FnOnce(&mut [Action; 2]) -> R) -> R {
    let before = signal::change_mask(How::Block, Set::ALL.without(WATCHED_SET));
    let result = ACTIONS.with(work);
    signal::change_mask(How::Set, before);
    result
}

/// The program's action for a watched signal.
pub(super) fn action(number: i32) -> Action {
    index(number).map_or(Action::DEFAULT, |index| {
        with_actions(|actions| actions[index])
    })
}

/// Sets it; gives the one before.
pub(super) fn set_action(number: i32, action: Action) -> Action {
    index(number).map_or(Action::DEFAULT, |index| {
        with_actions(|actions| core::mem::replace(&mut actions[index], action))
    })
}

/// Takes over what the kernel had before LDT came.
pub(super) fn adopt(number: i32, action: Action) {
    if !is_deciding(&action) {
        set_action(number, action);
    }
}

/// Whether system calls are to end early for a handler that `signal` sets, and changes that.
pub(super) fn interrupts(number: i32) -> bool {
    INTERRUPTS.load(Ordering::Relaxed) & 1 << (number & 31) != 0
}

/// See [`interrupts`].
pub(super) fn set_interrupts(number: i32, interrupts: bool) {
    let bit = 1 << (number & 31);
    if interrupts {
        INTERRUPTS.fetch_or(bit, Ordering::Relaxed);
    } else {
        INTERRUPTS.fetch_and(!bit, Ordering::Relaxed);
    }
}

/// What the kernel is told for a set of the program's.
pub(super) fn in_kernel(set: Set) -> Set {
    STAND_INS
        .iter()
        .filter(|(number, _)| set.meets(Set::of(*number)))
        .fold(
            set.without(WATCHED_SET).without(STAND_INS_SET),
            |kernel, (_, stand_in)| kernel.with(Set::of(*stand_in)),
        )
}

/// What the program is told for a set of the kernel's; `lent` are the stand-ins that the program itself
/// wants in it.
fn in_program(set: Set, lent: Set) -> Set {
    STAND_INS
        .iter()
        .filter(|(_, stand_in)| set.meets(Set::of(*stand_in)))
        .fold(
            set.without(STAND_INS_SET).with(lent),
            |program, (number, _)| program.with(Set::of(*number)),
        )
}

/// Whether the program blocks a watched signal where the kernel's mask is `mask`.
pub(super) fn blocks(mask: Set, number: i32) -> bool {
    in_program(mask, Set(0)).meets(Set::of(number))
}

/// For the handler of any signal: remembers the part of its mask that the kernel is not told, and gives the
/// rest.
pub(super) fn handler_mask_in_kernel(number: i32, mask: Set) -> Set {
    let bits = STAND_INS
        .iter()
        .enumerate()
        .filter(|(_, (_, stand_in))| mask.meets(Set::of(*stand_in)))
        .fold(0, |bits, (index, _)| bits | 1 << index);
    if let Some(kept) = IN_HANDLERS.get(number as usize) {
        kept.store(bits, Ordering::Relaxed);
    }
    in_kernel(mask)
}

/// The other way round.
pub(super) fn handler_mask_in_program(number: i32, mask: Set) -> Set {
    let bits = IN_HANDLERS
        .get(number as usize)
        .map_or(0, |kept| kept.load(Ordering::Relaxed));
    let lent = STAND_INS
        .iter()
        .enumerate()
        .filter(|(index, _)| bits & 1 << index != 0)
        .fold(Set(0), |lent, (_, (_, stand_in))| {
            lent.with(Set::of(*stand_in))
        });
    in_program(mask, lent)
}

/// The calling thread's mask as the program is told it, where the kernel says `mask`.
pub(super) fn told(mask: Set) -> Set {
    in_program(mask, Set(signal::slot().lent_blocked.get()))
}

/// Notes which stand-ins the program blocks after a change.
pub(super) fn note_lent(how: How, set: Set) {
    let slot = signal::slot();
    let before = Set(slot.lent_blocked.get());
    let change = Set(set.0 & STAND_INS_SET.0);
    let after = match how {
        How::Block => before.with(change),
        How::Unblock => before.without(change),
        How::Set => change,
    };
    slot.lent_blocked.set(after.0);
}

/// Leaves a signal that was sent while the program blocks it to the kernel, which really blocks it from now on: so
/// sigpending, sigwait and signalfd have it, and it goes to another thread of the process that waits for it. Until the
/// program changes its mask, a fault of this thread kills without a report.
pub(super) fn leave_pending(number: i32, frame: &mut Frame) {
    let left = &signal::slot().left_pending;
    left.set(Set(left.get()).with(Set::of(number)).0);
    LEFT_PENDING.store(true, Ordering::Relaxed);
    frame.set_mask(frame.mask().with(Set::of(number)));
    // The handler, too, runs on with it blocked.
    signal::change_mask(How::Block, Set::of(number));
    if frame.code() == libc::SI_TKILL {
        signal::send_again(number, &frame.info());
    } else {
        signal::send_process_again(number, &frame.info());
    }
}

/// Those of a mask that the program waits with which the kernel goes on to block: nothing that came before would let it wait.
pub(super) fn still_pending(mask: Set) -> Set {
    Set(signal::slot().left_pending.get() & mask.0)
}

/// The kernel has just been told a mask without the watched signals, or is about to be: what is still blocked comes here again.
pub(super) fn take_pending() {
    signal::slot().left_pending.set(0);
}

/// The calling thread is new, or the only one of a forked child: it has its maker's mask, but nothing pending.
pub(super) fn begin_thread() {
    if LEFT_PENDING.load(Ordering::Relaxed) {
        take_pending();
        signal::change_mask(How::Unblock, WATCHED_SET);
    }
}

/// What [`before_exec`] has changed; dropping it puts it back.
#[derive(Debug)]
pub struct Undo {
    actions: [Option<Action>; 2],
    mask: Option<Set>,
}

impl Undo {
    const NOTHING: Undo = Undo {
        actions: [None; 2],
        mask: None,
    };
}

/// Before an exec: what the new program inherits of the two signals must be the program's, not LDT's: that
/// they are ignored, that they are blocked. If the exec fails, dropping the result undoes it. Only the kernel is
/// told, so a vfork child does its parent no harm.
#[must_use]
pub fn before_exec() -> Undo {
    let mut undo = Undo::NOTHING;
    if !is_watching() {
        return undo;
    }
    for (index, &number) in WATCHED.iter().enumerate() {
        let ours = signal::action(number);
        let wanted = action(number);
        if is_deciding(&ours)
            && wanted.handler == libc::SIG_IGN
            && signal::set_action(number, &wanted).is_ok()
        {
            undo.actions[index] = Some(ours);
        }
    }
    undo.mask = show_mask();
    undo
}

/// The same before a spawn, whose child inherits the mask. That the program ignores the signals is
/// lost there: to tell the kernel would concern all threads of this process.
#[must_use]
pub fn before_spawn() -> Undo {
    Undo {
        mask: is_watching().then(show_mask).flatten(),
        ..Undo::NOTHING
    }
}

/// Shows the kernel the mask as the program knows it; gives the one before, if that was another.
fn show_mask() -> Option<Set> {
    let mask = signal::mask();
    let shown = told(mask);
    (shown != mask).then(|| signal::change_mask(How::Set, shown))
}

impl Drop for Undo {
    fn drop(&mut self) {
        for (number, before) in WATCHED.into_iter().zip(self.actions) {
            if let Some(before) = before {
                let _ = signal::set_action(number, &before);
            }
        }
        if let Some(mask) = self.mask {
            signal::change_mask(How::Set, mask);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The kernel is never told of the watched signals, and the program gets back what it set.
        #[test]
        fn what_the_program_sets_comes_back(bits: u64) {
            let set = Set(bits);
            let kernel = in_kernel(set);
            prop_assert!(!kernel.meets(WATCHED_SET));
            let lent = Set(bits & STAND_INS_SET.0);
            prop_assert_eq!(in_program(kernel, lent), set);
            prop_assert_eq!(blocks(kernel, libc::SIGSEGV), set.meets(Set::of(libc::SIGSEGV)));
            prop_assert_eq!(blocks(kernel, libc::SIGBUS), set.meets(Set::of(libc::SIGBUS)));
        }

        /// The same for the masks of handlers.
        #[test]
        fn masks_of_handlers_come_back(bits: u64, number in 1i32..=64) {
            let kernel = handler_mask_in_kernel(number, Set(bits));
            prop_assert_eq!(handler_mask_in_program(number, kernel), Set(bits));
        }
    }
}
