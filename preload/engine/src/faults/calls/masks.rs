//! What the program calls to block signals, or to wait with others blocked.
//!
//! All functions: `# Safety` as for the C function of the name.

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

use core::ffi::{c_int, c_void};

use super::{Mask, fails, read_mask};
use crate::faults::watching::{WATCHED_SET, is_watching};
use crate::faults::{program, trap};
use crate::real::Real;
use crate::sys::signal::{self, How, Set};

/// libc lets nobody block the two signals that it keeps for itself.
const LIBCS: Set = Set::of(32).with(Set::of(33));

/// Changes the program's mask; gives the one before, as the program knows it.
pub(super) fn change_mask(how: How, set: Set) -> Set {
    let set = set.without(LIBCS);
    if how != How::Unblock {
        trap::blocked(set);
    }
    let kernel = match how {
        // Should the kernel block one of the watched ones after all (a mask that went past LDT), then
        // it must not any more.
        How::Unblock => program::in_kernel(set).with(WATCHED_SET),
        How::Block | How::Set => program::in_kernel(set),
    };
    if how != How::Block {
        program::take_pending();
    }
    let before = program::told(signal::change_mask(how, kernel));
    program::note_lent(how, set);
    before
}

fn how(number: c_int) -> Option<How> {
    Some(match number {
        libc::SIG_BLOCK => How::Block,
        libc::SIG_UNBLOCK => How::Unblock,
        libc::SIG_SETMASK => How::Set,
        _ => return None,
    })
}

/// `sigprocmask` and `pthread_sigmask` in check mode: an error number.
unsafe fn change_mask_by(number: c_int, new: *const Mask, old: *mut Mask) -> c_int {
    // SAFETY: the caller vouches for null or a set.
    let before = match unsafe { new.as_ref() } {
        None => program::told(signal::mask()),
        Some(new) => {
            let Some(how) = how(number) else {
                return libc::EINVAL;
            };
            change_mask(how, read_mask(new))
        }
    };
    if !old.is_null() {
        // SAFETY: the caller vouches for room; the kernel writes the first 64 bits alone, and programs
        // may give no more room than that.
        unsafe { *old.cast::<u64>() = before.0 };
    }
    0
}

/// `sigprocmask`.
pub unsafe extern "C" fn sigprocmask(number: c_int, new: *const Mask, old: *mut Mask) -> c_int {
    if is_watching() {
        // SAFETY: as the caller vouches.
        return match unsafe { change_mask_by(number, new, old) } {
            0 => 0,
            error => fails(error),
        };
    }
    match beneath!(Sigprocmask as fn(c_int, *const Mask, *mut Mask) -> c_int) {
        // SAFETY: as the caller vouches.
        Some(real) => unsafe { real(number, new, old) },
        None => fails(libc::ENOSYS),
    }
}

/// `pthread_sigmask`: gives an error number.
pub unsafe extern "C" fn pthread_sigmask(number: c_int, new: *const Mask, old: *mut Mask) -> c_int {
    if is_watching() {
        // SAFETY: as the caller vouches.
        return unsafe { change_mask_by(number, new, old) };
    }
    match beneath!(PthreadSigmask as fn(c_int, *const Mask, *mut Mask) -> c_int) {
        // SAFETY: as the caller vouches.
        Some(real) => unsafe { real(number, new, old) },
        None => libc::ENOSYS,
    }
}

/// `pthread_attr_setsigmask_np`: the mask that a new thread begins with.
pub unsafe extern "C" fn pthread_attr_setsigmask_np(
    attributes: *mut libc::pthread_attr_t,
    mask: *const Mask,
) -> c_int {
    // SAFETY: the caller vouches for null or a set.
    if let Some(mask) = unsafe { mask.as_ref() } {
        trap::blocked(read_mask(mask));
    }
    match beneath!(PthreadAttrSetsigmaskNp as fn(*mut libc::pthread_attr_t, *const Mask) -> c_int) {
        // SAFETY: as the caller vouches.
        Some(real) => unsafe { real(attributes, mask) },
        None => libc::ENOSYS,
    }
}

/// The functions of old that take a mask of 32 signals, or one signal, and change the mask.
macro_rules! change_a_mask {
    ($($(#[$doc:meta])* $name:ident => $real:ident, $how:expr, $set:expr, $result:expr;)*) => {$(
        $(#[$doc])*
        pub unsafe extern "C" fn $name(argument: c_int) -> c_int {
            if is_watching() {
                let (set, result): (fn(c_int) -> Option<Set>, fn(Set) -> c_int) = ($set, $result);
                return match set(argument) {
                    Some(set) => result(change_mask($how, set)),
                    None => fails(libc::EINVAL),
                };
            }
            match beneath!($real as fn(c_int) -> c_int) {
                // SAFETY: as the caller vouches.
                Some(real) => unsafe { real(argument) },
                None => fails(libc::ENOSYS),
            }
        }
    )*};
}

/// A mask of 32 signals.
fn old_mask(argument: c_int) -> Option<Set> {
    Some(Set(u64::from(argument as u32)))
}

/// A signal, if that is one that libc lets be put into a set.
fn one_signal(argument: c_int) -> Option<Set> {
    let is_one = (1..=64).contains(&argument) && !LIBCS.meets(Set::of(argument));
    is_one.then(|| Set::of(argument))
}

change_a_mask! {
    /// `sigblock`.
    sigblock => Sigblock, How::Block, old_mask, |before| before.0 as c_int;
    /// `sigsetmask`.
    sigsetmask => Sigsetmask, How::Set, old_mask, |before| before.0 as c_int;
    /// `sighold`.
    sighold => Sighold, How::Block, one_signal, |_| 0;
    /// `sigrelse`.
    sigrelse => Sigrelse, How::Unblock, one_signal, |_| 0;
}

/// A function to jump to, and the mask to hand to it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Waiting {
    /// The function beneath.
    pub function: *mut c_void,
    /// The mask in the kernel's words.
    pub mask: *const u64,
}

/// For the calls that wait with a mask of their own (`sigsuspend`, `ppoll`, `pselect`, `epoll_pwait`):
/// a handler that ends the wait runs with that mask. They are points where threads may be cancelled, so
/// they are jumped to, with no frame of LDT's beneath them; the mask lies in thread-local memory.
pub unsafe extern "C" fn wait_with(mask: *const u64, function: Real) -> Waiting {
    let function = function.address();
    if mask.is_null() || !is_watching() {
        return Waiting { function, mask };
    }
    let slot = signal::slot();
    // A handler that comes before the kernel has read the mask, and waits itself, takes the next place.
    let place = slot.next_mask.get() as usize % slot.masks.len();
    slot.next_mask.set(slot.next_mask.get() + 1);
    let mut set = [0; size_of::<Set>()];
    if signal::read_memory(mask.addr() as u64, &mut set) < set.len() {
        // Nothing is there, which the kernel answers.
        return Waiting { function, mask };
    }
    let set = Set(u64::from_ne_bytes(set));
    trap::blocked(set);
    let kernel = program::in_kernel(set).with(program::still_pending(set));
    slot.masks[place].set(kernel.0);
    Waiting {
        function,
        mask: slot.masks[place].as_ptr(),
    }
}
