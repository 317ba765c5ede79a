//! One instruction with a guard open: the access that was reported is let go on, and the guard stands again
//! before the next, which may be another error on the same block.
//!
//! 1. [`begin`] sets the processor's trap flag in the interrupted code's registers and blocks all other
//!    signals for the one instruction, so that no handler runs in between with the guard open ([`trap`] has SIGTRAP).
//! 2. The instruction runs, and the processor traps: SIGTRAP comes to [`give_up`], which closes what was opened
//!    and puts the mask back.
//! 3. When the instruction meets a second guard (a copy between two bad places), that is opened as well. When
//!    it meets a fault that is the program's, [`give_up`] makes the frame what it would be without LDT.
//!
//! One thread steps at a
//! time; the guard that another thread meets just then stays open, as it does after [`crate::findings::TIMES_A_PLACE`] errors at
//! one place and [`MAX_STEPS`] in all: a step costs two signals, and a closed guard apart from a span's markers
//! costs mappings.
//!
//! Rejected: leaving every guard open after the first error (a second use of the freed block at another place
//! was not seen), and emulating the instruction (there are too many).

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::trap::{self, Holder};
use crate::blocks::{self, Lifted};
use crate::sys::signal::{self, Set, SignalSlot};
use crate::sys::signal_frame::{Frame, General};

/// Steps of a process.
const MAX_STEPS: u32 = 4096;
/// The trap flag of the processor's flags.
const TRAP_FLAG: u64 = 1 << 8;
/// What may come while an instruction is stepped.
const UNBLOCKED: Set = super::watching::WATCHED_SET.with(Set::of(libc::SIGTRAP));

/// Whether a thread steps.
static STEPPING: AtomicBool = AtomicBool::new(false);
static STEPS: AtomicU32 = AtomicU32::new(0);

/// Whether the calling thread steps.
pub(super) fn is_under_way() -> bool {
    is_stepping(signal::slot())
}

fn is_stepping(slot: &SignalSlot) -> bool {
    slot.steps.iter().any(|step| step.get() != [0; 2])
}

/// Lets the interrupted instruction run once, and closes `lifted` then; leaves it open where that cannot be.
pub(super) fn begin(frame: &mut Frame, lifted: Lifted) {
    let slot = signal::slot();
    if !is_stepping(slot) && !start(frame, slot) {
        return;
    }
    if let Some(free) = slot.steps.iter().find(|step| step.get() == [0; 2]) {
        free.set(lifted.into_words());
    }
}

fn start(frame: &mut Frame, slot: &SignalSlot) -> bool {
    let flags = frame.general(General(libc::REG_EFL));
    let is_debugged = flags & TRAP_FLAG != 0;
    if is_debugged
        || STEPS.load(Ordering::Relaxed) >= MAX_STEPS
        || STEPPING.swap(true, Ordering::AcqRel)
    {
        return false;
    }
    STEPS.fetch_add(1, Ordering::Relaxed);
    trap::take(Holder::Step);
    slot.step_mask.set(frame.mask().0);
    frame.set_mask(Set::ALL.without(UNBLOCKED));
    frame.set_general(General(libc::REG_EFL), flags | TRAP_FLAG);
    true
}

/// Makes a frame that is being stepped what it is otherwise, and closes what was opened for it. Says whether it
/// was being stepped.
pub(super) fn give_up(frame: &mut Frame) -> bool {
    let slot = signal::slot();
    if !is_stepping(slot) {
        return false;
    }
    for step in &slot.steps {
        close(step);
    }
    frame.set_mask(Set(slot.step_mask.get()));
    let flags = frame.general(General(libc::REG_EFL));
    frame.set_general(General(libc::REG_EFL), flags & !TRAP_FLAG);
    trap::give_back(Holder::Step);
    STEPPING.store(false, Ordering::Release);
    true
}

/// In a forked child: the thread that stepped is the parent's, and what was open for it stays open.
pub(super) fn begin_child() {
    if !is_under_way() && STEPPING.swap(false, Ordering::AcqRel) {
        trap::give_back(Holder::Step);
    }
}

fn close(step: &Cell<[u64; 2]>) {
    let words = step.replace([0; 2]);
    if words != [0; 2] {
        blocks::close_again(Lifted::from_words(words));
    }
}
