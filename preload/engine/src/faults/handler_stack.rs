//! The stack that the fault handler runs on, one a thread.
//!
//! It is the thread's alternate signal stack as long as the program sets none, so that a program that has
//! run out of stack still gets a report. Where the program sets one, the kernel enters on that, and the
//! first instructions of the handler change over to this one.

use crate::sys::mem;
use crate::sys::signal::{self, AlternateStack, SignalSlot};

/// Only what is used is ever touched. A process that prints its own findings reads debugging information
/// here.
const BYTES: usize = 512 << 10;

/// What the kernel has to be told to use LDT's stack.
fn own(slot: &SignalSlot) -> AlternateStack {
    AlternateStack {
        start: slot.stack_bottom.get(),
        flags: 0,
        bytes: slot.stack_top.get() - slot.stack_bottom.get(),
    }
}

/// Whether that is LDT's stack of this thread.
pub(super) fn is_own(stack: &AlternateStack) -> bool {
    let slot = signal::slot();
    stack.is_enabled() && slot.stack_top.get() != 0 && stack.start == slot.stack_bottom.get()
}

/// Gives the calling thread its stack, if it has none. Without memory there is none: the handler then
/// runs where the kernel enters it.
pub fn thread_begins() {
    let slot = signal::slot();
    if !super::watching::is_watching() || slot.stack_top.get() != 0 {
        return;
    }
    super::program::begin_thread();
    let Some(memory) = mem::allocate(BYTES) else {
        return;
    };
    slot.stack_bottom.set(memory as u64);
    slot.stack_top.set(memory as u64 + BYTES as u64);
    if !signal::alternate_stack().is_enabled() {
        // Nothing is set, so no handler runs on it.
        let _ = use_own();
    }
}

/// Makes LDT's stack the kernel's alternate one. The kernel refuses while a handler runs on the one that
/// is set.
pub(super) fn use_own() -> Result<(), i32> {
    signal::set_alternate_stack(&own(signal::slot()))
}

/// The program gives memory back: `bytes` from `start` on. Where its alternate stack on this thread begins there, LDT's takes
/// its place: programs leave that set at the end of a thread, when no signal of theirs comes any more, but LDT's still may.
#[inline]
pub fn memory_goes(start: u64, bytes: impl FnOnce() -> u64) {
    /// One that begins further inside is not looked for.
    const MOST_BYTES: u64 = 1 << 20;
    let slot = signal::slot();
    let inside = slot.large_stack.get().wrapping_sub(start);
    if inside < MOST_BYTES && inside < bytes() {
        slot.large_stack.set(0);
        let instead = if slot.stack_top.get() == 0 {
            AlternateStack::NONE
        } else {
            own(slot)
        };
        // Refused only while a handler runs on it: then it is the program's own undoing.
        let _ = signal::set_alternate_stack(&instead);
    }
}

/// The thread is about to end: its stack goes. A fault after this is handled on the thread's own stack.
pub fn thread_ends() {
    let slot = signal::slot();
    if slot.stack_top.get() == 0 || slot.busy.get() != 0 {
        return;
    }
    if is_own(&signal::alternate_stack())
        && signal::set_alternate_stack(&AlternateStack::NONE).is_err()
    {
        // A handler is running on it.
        return;
    }
    let bottom = slot.stack_bottom.get();
    slot.stack_top.set(0);
    slot.stack_bottom.set(0);
    // SAFETY: mapped by `thread_begins` with this size; neither the kernel nor the slot knows it any more.
    unsafe { mem::release(bottom as *mut u8, BYTES) };
}
