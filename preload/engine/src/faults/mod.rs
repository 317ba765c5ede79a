//! SIGSEGV and SIGBUS in check mode: LDT's own handler stays installed, and the program is made to believe
//! that its own is.
//!
//! Follow one fault:
//!
//! 1. The kernel enters at [`crate::sys::signal_frame`], which changes to a stack of LDT's own
//!    ([`handler_stack`]): the program's may be at its end, its alternate one tiny.
//! 2. [`judge`] decides. An access to a guard page is LDT's ([`stopped`]): [`access`] and [`decode`] find out what the
//!    instruction wanted, [`crate::diagnose`] whose block it is, the error is reported, the guard lifted, the instruction
//!    runs again, and the guard is closed behind it ([`step`]).
//! 3. Any other fault is the program's. [`deliver`] hands the kernel's frame on to the handler that it has
//!    set, as the kernel would have done; where it has none, [`crash`] reports and the kernel's default
//!    action follows.
//!
//! SIGTRAP is LDT's for the steps, and for watchpoints on the ends of blocks that no page guards: [`trap`] has it,
//! [`watched`] judges a hit, [`behind`] finds out what the instruction has done.
//!
//! The other signals that end a process by default are LDT's as long as the program has set nothing for them: [`fatal`].
//!
//! What the program sets and asks of these two signals goes to [`program`], by way of the exported
//! functions in [`calls`] and [`raw_calls`]. In profile mode these only jump on.

mod access;
mod aside;
mod behind;
pub mod calls;
mod cause;
mod crash;
mod decode;
mod deliver;
pub(crate) mod fatal;
mod handler_stack;
mod judge;
mod pointer;
mod program;
pub mod raw_calls;
mod step;
mod stopped;
mod trap;
mod unaligned;
mod watched;
mod watching;

use crate::sys::signal::{self, How};
use crate::sys::signal_frame::{Handler, deciding_action};

pub(crate) use access::surroundings;
pub use handler_stack::{memory_goes, thread_begins, thread_ends};
pub use program::{Undo, before_exec, before_spawn};
pub use trap::watch;
pub(crate) use watching::is_exact;
pub use watching::{Exact, is_watching};
use watching::{WATCHED, WATCHED_SET};

static HANDLER: Handler = Handler {
    prepare: handler_stack::thread_begins,
    decide: judge::decide,
};

/// Goes on in a forked child, whose other threads were left behind.
///
/// # Safety
/// Only while the process has one thread.
pub unsafe fn begin_child() {
    // SAFETY: as the caller vouches.
    unsafe {
        program::reopen_after_fork();
        trap::reopen_after_fork();
    }
    step::begin_child();
    program::begin_thread();
}

/// Takes the signals over, at the start of check mode. `restorer` is where handlers return to, as libc has
/// it: whoever unwinds through a signal frame knows it by that. `exact`: see [`unaligned`].
pub fn start(restorer: u64, exact: Exact) {
    watching::set_exact(exact);
    let action = deciding_action(&HANDLER, restorer, WATCHED_SET);
    trap::start(&action);
    for number in WATCHED {
        program::adopt(number, signal::action(number));
        // The number is valid and the action complete: there is nothing that could go wrong.
        let _ = signal::set_action(number, &action);
    }
    let blocked = signal::mask();
    fatal::start(&action);
    watching::begin();
    signal::change_mask(How::Set, program::in_kernel(blocked));
}
