//! What the program calls to have its handlers run on a stack of their own.
//!
//! All functions: `# Safety` as for the C function of the name.

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

use core::ffi::c_int;

use super::fails;
use crate::faults::watching::is_watching;
use crate::faults::{deliver, handler_stack};
use crate::real::Real;
use crate::sys::signal::{self, AlternateStack};

/// `sigaltstack`.
pub unsafe extern "C" fn sigaltstack(
    new: *const AlternateStack,
    old: *mut AlternateStack,
) -> c_int {
    if !is_watching() {
        return match beneath!(
            Sigaltstack as fn(*const AlternateStack, *mut AlternateStack) -> c_int
        ) {
            // SAFETY: as the caller vouches.
            Some(real) => unsafe { real(new, old) },
            None => fails(libc::ENOSYS),
        };
    }
    handler_stack::thread_begins();
    let before = deliver::program_stack(signal::alternate_stack());
    // SAFETY: the caller vouches for null or a stack.
    if let Some(new) = unsafe { new.as_ref() }
        && let Err(error) = set_stack(new)
    {
        return fails(error);
    }
    if !old.is_null() {
        // SAFETY: the caller vouches for room for a stack.
        unsafe { *old = before };
    }
    0
}

/// More than the kernel's frame, for the first instructions of a handler.
const SPARE_BYTES: u64 = 1024;

/// `SS_AUTODISARM`: the alternate stack is off while a handler runs on it.
const AUTODISARM: c_int = c_int::MIN;

/// Sets the program's alternate stack. One that the kernel would find too small for LDT's handler is only
/// remembered, and used for the program's handlers if their frame fits.
fn set_stack(new: &AlternateStack) -> Result<(), i32> {
    let slot = signal::slot();
    let mode = new.flags & !AUTODISARM;
    let is_off = mode == libc::SS_DISABLE;
    let is_valid = is_off || matches!(mode, 0 | libc::SS_ONSTACK);
    let is_small = is_valid
        && !is_off
        && (libc::MINSIGSTKSZ as u64..signal::frame_bytes() + SPARE_BYTES).contains(&new.bytes);
    if is_small || is_off && slot.stack_top.get() != 0 {
        if !handler_stack::is_own(&signal::alternate_stack()) {
            handler_stack::use_own()?;
        }
    } else {
        signal::set_alternate_stack(new)?;
    }
    let kept = if is_small {
        [new.start, new.bytes]
    } else {
        [0, 0]
    };
    for (slot, kept) in slot.small_stack.iter().zip(kept) {
        slot.set(kept);
    }
    slot.large_stack
        .set(if is_small || is_off { 0 } else { new.start });
    Ok(())
}
