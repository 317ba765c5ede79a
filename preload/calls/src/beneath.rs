//! The C library's own functions: the next definition after ours of each, as [`crate::resolve`] has found it.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::index::{COUNT, Index};

/// By the numbers of [`Index`]; null until looked up, and where the C library has none.
pub(crate) static FUNCTIONS: [AtomicPtr<c_void>; COUNT] =
    [const { AtomicPtr::new(ptr::null_mut()) }; COUNT];

/// Where to jump for the function with this number.
pub(crate) fn address(index: usize) -> u64 {
    let found = FUNCTIONS[index].load(Ordering::Relaxed);
    if found.is_null() {
        absent as *const () as u64
    } else {
        found as u64
    }
}

/// Stands for a function that this C library lacks, and for which there is nothing else.
unsafe extern "C" fn absent() -> ! {
    // SAFETY: ends the process.
    unsafe { libc::abort() }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// As for the C function.
        pub(crate) unsafe fn $name($($argument: $type),*) -> $result {
            let address = address(Index::$name as usize);
            // SAFETY: the symbol of that name, with the C library's signature.
            let function: unsafe extern "C" fn($($type),*) -> $result = unsafe { core::mem::transmute(address) };
            // SAFETY: as the caller vouches.
            unsafe { function($($argument),*) }
        }
    )*};
}

functions! {
    /// The C library's own memmove: see [`crate::resolve`].
    memcpy(to: u64, from: u64, bytes: u64) -> u64;
    /// The C library's own.
    strlen(text: u64) -> u64;
    /// The C library's own.
    wcslen(text: u64) -> u64;
    /// The C library's own.
    memchr(from: u64, byte: u64, bytes: u64) -> u64;
    /// The C library's own.
    wmemchr(from: u64, unit: u64, units: u64) -> u64;
    /// The C library's own.
    memmem(from: u64, bytes: u64, needle: u64, needle_bytes: u64) -> u64;
    /// The C library's own; `from` and `state` are addresses of a pointer and of an `mbstate_t`.
    mbsnrtowcs(to: u64, from: u64, bytes: u64, most: u64, state: u64) -> u64;
    /// The same.
    wcsnrtombs(to: u64, from: u64, units: u64, most: u64, state: u64) -> u64;
    /// The C library's own.
    wcswidth(text: u64, units: u64) -> i32;
    /// The C library's own.
    semctl(set: u64, number: u64, command: u64, argument: u64) -> i32;
    /// The C library's own.
    strptime(text: u64, format: u64, date: u64) -> u64;
    /// The C library's own.
    inet_aton(text: u64, address: u64) -> i32;
    /// The C library's own; `list` is the address of a `va_list`.
    vsnprintf(into: u64, limit: u64, format: u64, list: u64) -> i32;
}
