//! Limits of the process, which the heap of check mode makes room for: see the engine's hook. On x86-64 the functions
//! with 64 in their names are the same. What they read is checked before they come here, in libldt_calls.so, which is
//! loaded in front. And the lock on all memory, see the engine's hook.

use core::ffi::c_int;

use ldt_engine::hooks::limits;
use libc::{pid_t, rlimit};

/// As the C library reports an outcome.
pub(crate) fn outcome(outcome: Result<(), i32>) -> c_int {
    let Err(error) = outcome else {
        return 0;
    };
    // SAFETY: the calling thread's errno.
    unsafe { *libc::__errno_location() = error };
    -1
}

macro_rules! set {
    ($($name:ident)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name(which: c_int, new: *const rlimit) -> c_int {
            // SAFETY: as the caller vouches.
            outcome(unsafe { limits::limit(0, which.cast_unsigned(), new, core::ptr::null_mut()) })
        }
    )*};
}

set! {
    setrlimit
    setrlimit64
}

macro_rules! set_and_get {
    ($($name:ident)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        pub(crate) unsafe extern "C" fn $name(
            process: pid_t,
            which: c_int,
            new: *const rlimit,
            old: *mut rlimit,
        ) -> c_int {
            // SAFETY: as the caller vouches.
            outcome(unsafe { limits::limit(process, which.cast_unsigned(), new, old) })
        }
    )*};
}

set_and_get! {
    prlimit
    prlimit64
}

/// `mlockall`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mlockall(flags: c_int) -> c_int {
    outcome(limits::lock_all(flags))
}
