//! Hands a signal on to the program's own handler, as the kernel does: on the stack that the program
//! wants for it, with the mask that it wants, once or every time.

use super::program;
use crate::stacks::bounds;
use crate::sys::signal::{self, Action, AlternateStack, How, Set};
use crate::sys::signal_frame::{Frame, Onward};

/// The program's alternate stack on this thread: the kernel's, unless that is LDT's, or one that is too
/// small for the kernel.
pub(super) fn program_stack(kernel: AlternateStack) -> AlternateStack {
    if !super::handler_stack::is_own(&kernel) {
        return kernel;
    }
    let [start, bytes] = signal::slot()
        .small_stack
        .each_ref()
        .map(core::cell::Cell::get);
    match bytes {
        0 => AlternateStack::NONE,
        bytes => AlternateStack {
            start,
            flags: 0,
            bytes,
        },
    }
}

/// The frame where the program's handler expects it. `None`: there is no room for it, which the kernel
/// answers with the default action.
fn place(frame: &mut Frame, action: &Action) -> Option<Frame> {
    let kernel_stack = frame.alternate_stack();
    let stack = program_stack(kernel_stack);
    let sp = frame.registers().sp;
    if action.has(libc::SA_ONSTACK) && stack.is_enabled() && !stack.contains(sp) {
        if frame.is_on_other_stack() && stack == kernel_stack {
            return Some(frame.stay());
        }
        return frame.moved(stack.start..stack.top());
    }
    if !frame.is_on_other_stack() || has_found_own(frame, action, stack) {
        Some(frame.stay())
    } else {
        frame.moved(frame.free_stack())
    }
}

/// Whether the program takes LDT's alternate stack, on which the frame is, for its own: it has set none that LDT
/// knows of, wants one, and runs on a stack of its own making. Go's runtime asks the kernel itself, ends the
/// process where a handler runs on a goroutine's stack, and has no room for a frame there.
fn has_found_own(frame: &Frame, action: &Action, stack: AlternateStack) -> bool {
    action.has(libc::SA_ONSTACK)
        && !stack.is_enabled()
        && bounds::is_made_by_program(frame.registers().sp)
}

/// On to the handler of `action`; `None` where there is no room for its frame.
pub(super) fn deliver(number: i32, frame: &mut Frame, action: &Action) -> Option<Onward> {
    let placed = place(frame, action)?;
    if action.has(libc::SA_RESETHAND) {
        let reset = Action {
            handler: libc::SIG_DFL,
            ..*action
        };
        program::set_action(number, reset);
    }
    let itself = if action.has(libc::SA_NODEFER) {
        Set(0)
    } else {
        Set::of(number)
    };
    let added = program::in_kernel(action.mask.with(itself));
    signal::change_mask(How::Set, frame.mask().with(added));
    Some(Onward::to(action.handler, &placed))
}

/// Raised by an instruction that has not ended, and comes again. A breakpoint's has, and a system call.
const COMES_AGAIN: Set = Set::of(libc::SIGSEGV)
    .with(Set::of(libc::SIGBUS))
    .with(Set::of(libc::SIGILL))
    .with(Set::of(libc::SIGFPE));

/// The kernel's default action, with the interrupted code as it stands: the instruction faults again, or
/// the signal is sent again, and this time kills.
pub(super) fn default_action(number: i32, frame: &mut Frame) -> Onward {
    // The number is valid.
    let _ = signal::set_action(number, &Action::DEFAULT);
    if frame.code() <= 0 || !COMES_AGAIN.meets(Set::of(number)) {
        signal::change_mask(How::Block, Set::of(number));
        signal::send_again(number, &frame.info());
    }
    frame.set_mask(frame.mask().without(Set::of(number)));
    Onward::RESUME
}
