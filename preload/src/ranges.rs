//! What `libldt_calls.so` asks of this library: where the heap lies, how much of a block is left behind
//! an address, and to report what a call of the C library touches beyond it.
//!
//! The registers of the program's frame come as arguments here: that library took them at the entry of
//! its export, as this one does at the entry of `malloc`.

use core::ffi::{CStr, c_char};

use ldt_engine::calls::{self, Called, Range};
use ldt_engine::hull::{self, Hull};
use ldt_trace::finding::Access;

/// The bounds of the heap; they change as it grows.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn ldt_heap_bounds() -> &'static Hull {
    hull::of_the_heap()
}

/// How many bytes from an address on lie in one live block; `u64::MAX` outside the heap.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn ldt_room(address: u64) -> u64 {
    calls::room(address)
}

/// Whether a range lies in one live block, or outside the heap.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn ldt_fits(address: u64, bytes: u64) -> bool {
    calls::fits(address, bytes)
}

/// The same of two ranges of one length.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn ldt_both_fit(left: u64, right: u64, bytes: u64) -> bool {
    calls::both_fit(left, right, bytes)
}

/// Checks a range that a call reads (`access` 1) or writes (2), and reports what is wrong with it. Gives whether
/// it opened guards that [`ldt_close_range`] shall close after the call.
///
/// # Safety
/// `called` must be a C string, `sp` the stack pointer at the entry of the function of that name.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ldt_access_range(
    address: u64,
    bytes: u64,
    access: u32,
    called: *const c_char,
    sp: u64,
    bp: u64,
) -> bool {
    let access = Access::from_code(access as u8).unwrap_or(Access::Unknown);
    // SAFETY: as the caller vouches.
    let function = unsafe { CStr::from_ptr(called) }.to_bytes();
    let called = Called { function, sp, bp };
    calls::check(&called, Range { address, bytes }, access)
}

/// Reports that a copy overlaps itself.
///
/// # Safety
/// As for [`ldt_access_range`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ldt_overlap(
    to: u64,
    from: u64,
    bytes: u64,
    called: *const c_char,
    sp: u64,
    bp: u64,
) {
    // SAFETY: as the caller vouches.
    let function = unsafe { CStr::from_ptr(called) }.to_bytes();
    calls::overlap(&Called { function, sp, bp }, to, from, bytes);
}

/// Opens the guard pages in a range that the kernel may be about to touch.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn ldt_lift_range(address: u64, bytes: u64) {
    calls::open(Range { address, bytes });
}

/// Closes the guard pages in a range that were opened for a call.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn ldt_close_range(address: u64, bytes: u64) {
    calls::close(Range { address, bytes });
}
