//! The functions that ask an allocator about itself.

use core::ffi::c_int;

use ldt_engine::hooks::figures;
use ldt_engine::real::Real;
use libc::FILE;

/// Calls the function beneath; `$otherwise` where there is none.
macro_rules! beneath {
    ($real:ident($($argument:expr),*) as $type:ty, else $otherwise:expr) => {{
        let address = Real::$real.address();
        if address.is_null() {
            $otherwise
        } else {
            // SAFETY: the symbol of that name, with the C library's signature; the arguments are the caller's.
            unsafe { core::mem::transmute::<*mut core::ffi::c_void, $type>(address)($($argument),*) }
        }
    }};
}

/// `mallinfo2`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mallinfo2() -> libc::mallinfo2 {
    figures::info().unwrap_or_else(|| {
        // SAFETY: plain numbers, for which zero is valid.
        beneath!(Mallinfo2() as unsafe extern "C" fn() -> libc::mallinfo2, else unsafe { core::mem::zeroed() })
    })
}

/// `mallinfo`: the same figures, cut to 32 bits as glibc cuts them.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mallinfo() -> libc::mallinfo {
    let Some(info) = figures::info() else {
        // SAFETY: plain numbers, for which zero is valid.
        return beneath!(Mallinfo() as unsafe extern "C" fn() -> libc::mallinfo, else unsafe { core::mem::zeroed() });
    };
    // SAFETY: as above.
    let mut short: libc::mallinfo = unsafe { core::mem::zeroed() };
    short.arena = info.arena as c_int;
    short.ordblks = info.ordblks as c_int;
    short.uordblks = info.uordblks as c_int;
    short.fordblks = info.fordblks as c_int;
    short
}

/// `malloc_info`.
///
/// # Safety
/// As for the C function.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn malloc_info(options: c_int, stream: *mut FILE) -> c_int {
    // SAFETY: as the caller vouches.
    let written = unsafe { figures::write_info(options, stream) };
    written.unwrap_or_else(|| {
        beneath!(MallocInfo(options, stream) as unsafe extern "C" fn(c_int, *mut FILE) -> c_int, else -1)
    })
}

/// `malloc_stats`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc_stats() {
    if !figures::print_stats() {
        beneath!(MallocStats() as unsafe extern "C" fn(), else ());
    }
}

/// `malloc_trim`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc_trim(pad: usize) -> c_int {
    figures::trim().unwrap_or_else(
        || beneath!(MallocTrim(pad) as unsafe extern "C" fn(usize) -> c_int, else 0),
    )
}

/// `mallopt`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mallopt(parameter: c_int, value: c_int) -> c_int {
    figures::set_parameter().unwrap_or_else(|| {
        beneath!(Mallopt(parameter, value) as unsafe extern "C" fn(c_int, c_int) -> c_int, else 0)
    })
}
