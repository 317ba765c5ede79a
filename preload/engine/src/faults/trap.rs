//! SIGTRAP, which debuggers and just-in-time compilers use as well: LDT has it while the program means the default, for
//! crashes and for watchpoints ([`super::watched`]), and else only while it steps over an instruction ([`super::step`]).
//!
//! The program's own action is kept meanwhile, and gets every trap that is not LDT's. Nothing is watched any more once the
//! program sets an action for SIGTRAP, blocks it, or has it blocked in a handler or a wait: a hit that came then would
//! be pending, for the program to see. LDT's handler stays all the same until the program sets its own: a hit
//! may be on its way to another thread.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::blocks;
use crate::recording;
use crate::sys::lock::Lock;
use crate::sys::signal::{self, Action, Set};
use crate::sys::signal_frame::is_deciding;
use crate::sys::{proc, system};

/// The first kernel that does not kill a thread which blocks SIGTRAP when a watchpoint is hit.
const WATCHING_SINCE: (u32, u32) = (5, 18);

/// Who has the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A step over one instruction.
    Step,
    /// Crashes and watchpoints, while the program means the default.
    Default,
}

struct Trap {
    /// The action that leads to [`super::judge`].
    own: Action,
    /// The program's, while LDT has the signal.
    programs: Action,
    is_stepping: bool,
    is_default: bool,
}

static TRAP: Lock<Trap> = Lock::new(Trap {
    own: Action::DEFAULT,
    programs: Action::DEFAULT,
    is_stepping: false,
    is_default: false,
});
/// Whether it is LDT's because the program means the default.
static IS_DEFAULT: AtomicBool = AtomicBool::new(false);

impl Trap {
    fn is_held(&self) -> bool {
        self.is_stepping || self.is_default
    }

    fn change(&mut self, holder: Holder, holds: bool) {
        let was_held = self.is_held();
        match holder {
            Holder::Step => self.is_stepping = holds,
            Holder::Default => self.is_default = holds,
        }
        // The number is valid and both actions complete: there is nothing that could go wrong.
        if !was_held && self.is_held() {
            self.programs = signal::action(libc::SIGTRAP);
            let _ = signal::set_action(libc::SIGTRAP, &self.own);
        } else if was_held && !self.is_held() {
            let _ = signal::set_action(libc::SIGTRAP, &self.programs);
        }
    }
}

/// Keeps the action that leads to [`super::judge`], and takes the signal where nothing is set for it.
pub(super) fn start(action: &Action) {
    TRAP.with(|trap| trap.own = *action);
    retake();
}

/// The program may have set the default: LDT takes the signal again. Nothing is watched again.
pub(super) fn retake() {
    let is_free = signal::action(libc::SIGTRAP).handler == libc::SIG_DFL;
    if is_free && !recording::is_vfork_child() {
        take(Holder::Default);
        IS_DEFAULT.store(true, Ordering::Release);
    }
}

/// Takes the signal.
pub(super) fn take(holder: Holder) {
    TRAP.with(|trap| trap.change(holder, true));
}

/// Gives it back, unless another holder has it.
pub(super) fn give_back(holder: Holder) {
    TRAP.with(|trap| trap.change(holder, false));
}

/// See [`Lock::reopen_after_fork`].
///
/// # Safety
/// As there.
pub(super) unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { TRAP.reopen_after_fork() };
}

/// Begins to watch, where the kernel has watchpoints, the program has not touched SIGTRAP, and no debugger would
/// be stopped by hits that are in order.
pub fn watch() {
    let untouched =
        IS_DEFAULT.load(Ordering::Acquire) && !signal::mask().meets(Set::of(libc::SIGTRAP));
    if untouched
        && system::kernel_version() >= WATCHING_SINCE
        && !proc::is_traced()
        && !blocks::start_watching(is_told)
    {
        stop();
    }
}

/// Whether hits still come here: a runtime that sets its handlers by own system calls (Go's) may have taken the signal.
fn is_told() -> bool {
    is_deciding(&signal::action(libc::SIGTRAP))
}

/// Watches no more. The handler stays: hits that are on their way are LDT's.
pub(super) fn stop() {
    blocks::stop_watching();
}

/// Whether an action that the program asks for (`None`) or sets stays as it is: it means the default, which it is told
/// although LDT has the signal. Any other action ends the watching.
#[must_use]
pub(super) fn stays(number: i32, handler: Option<usize>) -> bool {
    if number != libc::SIGTRAP || !IS_DEFAULT.load(Ordering::Acquire) || recording::is_vfork_child()
    {
        return false;
    }
    if handler.is_none_or(|handler| handler == libc::SIG_DFL) {
        return true;
    }
    stop();
    if IS_DEFAULT.swap(false, Ordering::AcqRel) {
        TRAP.with(|trap| match is_told() {
            true => trap.change(Holder::Default, false),
            // Another's by now.
            false => trap.is_default = false,
        });
    }
    false
}

/// The program blocks these signals, now or in a handler or a wait.
pub(super) fn blocked(set: Set) {
    if set.meets(Set::of(libc::SIGTRAP)) {
        stop();
    }
}

/// What the program wants done with a trap that is its own.
pub(super) fn programs_action() -> Action {
    TRAP.with(|trap| match trap.is_held() {
        true => trap.programs,
        false => signal::action(libc::SIGTRAP),
    })
}
