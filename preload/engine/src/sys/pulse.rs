//! The pulse of `ldt`: a word that it changes every 10 ms, in a page that all processes of its run read.
//!
//! While there is one thread, events are stamped now and then; without more, what a program does first after a pause
//! would have the time before it. Reading the counter at each event costs 10 ns in a virtual machine, the kernel's
//! coarse clock 5, this word too little to be measured; a timer's signals would interrupt the program's system calls, and a thread
//! of LDT's own would be one too many in the program.

use core::sync::atomic::{AtomicU32, Ordering};

use super::{file, mem, syscall};

/// What `/proc/PID/fd/N` says of the file that `ldt` has made for it. Another process may have got the launcher's number since.
const NAME: &[u8] = b"/memfd:ldt-pulse (deleted)";

/// A page of the library's own, whose first word is the pulse: the file is mapped in its place, so that the word is where the
/// linker knows it to be. (Looked up behind a pointer it made a program that only allocates a twentieth slower.)
#[repr(C, align(4096))]
struct Page([AtomicU32; mem::PAGE_BYTES / size_of::<AtomicU32>()]);

/// Invariant: as it was, or mapped for good of a file that cannot shrink, to be read.
static PAGE: Page = Page([const { AtomicU32::new(0) }; mem::PAGE_BYTES / size_of::<AtomicU32>()]);

/// The word now. Where nobody changes it, it stays as it is.
#[inline(always)]
#[must_use]
pub fn now() -> u32 {
    // A load of four bytes does not write, so that a page which is read-only will do.
    PAGE.0[0].load(Ordering::Relaxed)
}

/// Reads it from this file (a path with its final NUL) from now on. Nothing changes where that is not, or no longer, what
/// `ldt` has made, or not to be opened by this process.
pub fn follow(path: &[u8]) {
    let mut target = [0u8; NAME.len() + 1];
    if file::read_link(path, &mut target) != Some(NAME.len()) || !target.starts_with(NAME) {
        return;
    }
    let Ok(fd) = file::open_read(path, true) else {
        return;
    };
    let args = [fd.0 as usize, libc::F_GET_SEALS as usize];
    // SAFETY: asks about a descriptor of ours.
    let seals = unsafe { syscall(libc::SYS_fcntl, &args) }.unwrap_or(0);
    let is_long_enough = file::read_at(fd, &mut [0; size_of::<u32>()], 0) == Ok(size_of::<u32>());
    if is_long_enough && seals & libc::F_SEAL_SHRINK as usize != 0 {
        // SAFETY: the page is nobody's but this file's, and read-only from now on; nobody writes to it.
        unsafe { mem::map_file_over((&raw const PAGE) as u64, fd.0, mem::PAGE_BYTES) };
    }
    file::close(fd);
}
