//! What the kernel and the C library say of themselves.

use super::syscall;

/// What the kernel calls itself and the host.
#[must_use]
pub fn names() -> libc::utsname {
    let mut names = core::mem::MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: the kernel fills the structure; zeroed it is valid, too.
    unsafe {
        let _ = syscall(libc::SYS_uname, &[names.as_mut_ptr() as usize]);
        names.assume_init()
    }
}

/// The first two numbers of the kernel's release, 0 where they cannot be read.
#[must_use]
pub fn kernel_version() -> (u32, u32) {
    let release = names().release;
    let mut numbers = release
        .split(|&byte| !(byte as u8).is_ascii_digit())
        .map(|digits| {
            digits.iter().fold(0u32, |number, &digit| {
                number
                    .wrapping_mul(10)
                    .wrapping_add(u32::from(digit as u8 - b'0'))
            })
        });
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The path that the program was executed by.
#[must_use]
pub fn started_as() -> Option<&'static core::ffi::CStr> {
    // SAFETY: asks for a number; the kernel's string stays where it is.
    let path = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const core::ffi::c_char;
    // SAFETY: as above.
    (!path.is_null()).then(|| unsafe { core::ffi::CStr::from_ptr(path) })
}

/// glibc's version, as text.
#[must_use]
pub fn libc_version() -> &'static [u8] {
    // SAFETY: a constant string of libc's.
    unsafe { core::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) }.to_bytes()
}

/// The second number of glibc's version, 0 when it cannot be read.
#[must_use]
pub fn glibc_minor() -> u32 {
    let minor = libc_version().split(|&byte| byte == b'.').nth(1);
    minor
        .and_then(|digits| core::str::from_utf8(digits).ok()?.parse().ok())
        .unwrap_or(0)
}
