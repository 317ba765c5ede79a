//! The root folder, which the program may change: see the engine's hook. What `chroot` reads is checked before it comes
//! here, in libldt_calls.so, which is loaded in front.

use core::ffi::{c_char, c_int};

use ldt_engine::hooks::root;

use crate::limits::outcome;

/// `chroot`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn chroot(path: *const c_char) -> c_int {
    outcome(root::change(path as u64))
}
