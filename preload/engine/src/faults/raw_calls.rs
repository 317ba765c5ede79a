//! `syscall(SYS_rt_sigaction, …)`: what some runtimes set handlers with, past the wrappers of libc that
//! [`super::calls`] has. It answers as the kernel does, also about addresses that are not there.

use core::ffi::{c_int, c_long};

use super::watching::is_watching;
use super::{calls, fatal, program, trap};
use crate::sys::signal::{self, Action, SA_RESTORER, Set};
use crate::sys::{syscall, thread};

/// `rt_sigaction` by its number, as libc's `syscall` gives it: -1 and errno, or 0.
///
/// # Safety
/// As for the system call.
pub unsafe extern "C" fn rt_sigaction(
    call: c_long,
    number: c_int,
    new: *const Action,
    old: *mut Action,
    mask_bytes: usize,
) -> c_long {
    let result = if is_watching() && mask_bytes == size_of::<Set>() {
        change(number, new, old)
    } else {
        let args = [number as usize, new as usize, old as usize, mask_bytes];
        // SAFETY: as the caller vouches.
        unsafe { syscall(call, &args) }.map(|_| ())
    };
    result.map_or_else(|error| c_long::from(calls::fails(error)), |()| 0)
}

/// What is about to be called by its number, with its first arguments: a mask or a sandbox may be set, in which no hit of a
/// watchpoint must be pending, and no call on its descriptor be made.
pub extern "C" fn about_to(call: c_long, first: usize, second: usize) {
    match call {
        libc::SYS_rt_sigprocmask if is_watching() && first != libc::SIG_UNBLOCK as usize => {
            let mut set = [0; size_of::<Set>()];
            if signal::read_memory(second as u64, &mut set) == set.len() {
                trap::blocked(Set(u64::from_ne_bytes(set)));
            }
        }
        libc::SYS_seccomp => sandboxed(),
        libc::SYS_prctl if first == libc::PR_SET_SECCOMP as usize => sandboxed(),
        _ => {}
    }
}

fn sandboxed() {
    thread::enters_sandbox();
    trap::stop();
}

/// The call while LDT keeps signals for itself, in the kernel's order: what is read, what is set, what is told.
fn change(number: c_int, new: *const Action, old: *mut Action) -> Result<(), i32> {
    let wanted = match new.is_null() {
        true => None,
        false => Some(read(new).ok_or(libc::EFAULT)?),
    };
    if let Some(wanted) = wanted.filter(|wanted| calls::has_handler(wanted.handler)) {
        trap::blocked(wanted.mask);
    }
    let before = if calls::stays(number, wanted.map(|wanted| wanted.handler)) {
        Action::DEFAULT
    } else if calls::is_kept(number) {
        told(number, wanted)
    } else {
        pass_on(number, wanted)?
    };
    if old.is_null() || write(old, before) {
        Ok(())
    } else {
        Err(libc::EFAULT)
    }
}

/// Sets what LDT keeps; gives what was set before.
fn told(number: c_int, wanted: Option<Action>) -> Action {
    let before = match wanted {
        Some(wanted) => {
            let mask = wanted.mask.without(calls::UNBLOCKABLE);
            program::set_action(number, Action { mask, ..wanted })
        }
        None => program::action(number),
    };
    if before.restorer == 0 && before.flags & SA_RESTORER != 0 {
        // It was set by libc's function, which takes the same restorer for every handler. So does LDT's own.
        let restorer = signal::action(number).restorer;
        return Action { restorer, ..before };
    }
    before
}

/// Tells the kernel, but for what it must not be told of the mask; gives what was set before.
fn pass_on(number: c_int, wanted: Option<Action>) -> Result<Action, i32> {
    let before = signal::try_action(number)?;
    let mask = program::handler_mask_in_program(number, before.mask);
    if let Some(wanted) = wanted {
        // The kernel refuses these before it looks at the mask.
        if calls::UNBLOCKABLE.meets(Set::of(number)) {
            return Err(libc::EINVAL);
        }
        let mask = program::handler_mask_in_kernel(number, wanted.mask);
        signal::set_action(number, &Action { mask, ..wanted })?;
        fatal::retake(number);
    }
    Ok(Action { mask, ..before })
}

/// What the program points to; `None` where nothing is.
fn read(from: *const Action) -> Option<Action> {
    let mut bytes = [0; size_of::<Action>()];
    let all = signal::read_memory(from.addr() as u64, &mut bytes) == bytes.len();
    // SAFETY: as many bytes as an action has, and any bytes are one.
    all.then(|| unsafe { bytes.as_ptr().cast::<Action>().read_unaligned() })
}

/// Writes where the program points to, if something is there.
fn write(to: *mut Action, action: Action) -> bool {
    let start = to.addr() as u64;
    let Some(end) = start.checked_add(size_of::<Action>() as u64) else {
        return false;
    };
    let writable = signal::make_writable(start..end);
    if writable {
        // SAFETY: the program's memory for the answer, which the kernel could write to.
        unsafe { to.write_unaligned(action) };
    }
    writable
}
