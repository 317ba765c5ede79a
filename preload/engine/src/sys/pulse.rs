//! The pulse of `ldt`: a word that it changes every 10 ms, in a page that all processes of its run read.
//!
//! While there is one thread, events are stamped now and then; without more, what a program does first after a pause
//! would have the time before it. Reading the counter at each event costs 10 ns in a virtual machine, the kernel's
//! coarse clock 5, this word less than one; a timer's signals would interrupt the program's system calls, and a thread
//! of LDT's own would be one too many in the program.

use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::{file, mem, syscall};

/// What `/proc/PID/fd/N` says of the file that `ldt` has made for it. Another process may have got the launcher's number since.
const NAME: &[u8] = b"/memfd:ldt-pulse (deleted)";

static STILL: AtomicU32 = AtomicU32::new(0);
/// Invariant: [`STILL`], or the start of a page that is mapped for good of a file that cannot shrink.
static WORD: AtomicPtr<AtomicU32> = AtomicPtr::new((&raw const STILL).cast_mut());

/// The word now. Where nobody changes it, it stays as it is.
#[inline(always)]
#[must_use]
pub fn now() -> u32 {
    // SAFETY: the invariant of `WORD`. A load of four bytes does not write, so that a page which is read-only will do.
    unsafe { &*WORD.load(Ordering::Relaxed) }.load(Ordering::Relaxed)
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
    if is_long_enough
        && seals & libc::F_SEAL_SHRINK as usize != 0
        && let Some(page) = mem::map_file_to_read(fd.0, mem::PAGE_BYTES)
    {
        WORD.store(page.cast(), Ordering::Relaxed);
    }
    file::close(fd);
}
