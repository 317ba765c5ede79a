//! Handlers that the program has called at forks.

use core::ffi::{c_int, c_void};

use crate::real;
use crate::reentry::enter;

/// `__register_atfork`, which is behind `pthread_atfork`. LDT's own handlers must be registered first, so that they come last
/// before a fork: they take the heap's locks, and others allocate (nss_wrapper's), or wait for threads that free (OpenBLAS').
/// So this is an event like any other: if it is the first of all, LDT starts.
///
/// # Safety
/// As for the C function, and `sp` as [`super`] says.
pub unsafe extern "C" fn register_atfork(
    prepare: *mut c_void,
    parent: *mut c_void,
    child: *mut c_void,
    library: *mut c_void,
    sp: u64,
) -> c_int {
    drop(enter(sp));
    // SAFETY: as the caller vouches.
    unsafe { real::register_atfork(prepare, parent, child, library) }
}
