//! Memory that may not be there: a pointer for which the kernel has an error, and no signal.

use core::arch::asm;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::heap;

/// Set for good once the kernel was found not to copy memory for this process.
static IS_REFUSED: AtomicBool = AtomicBool::new(false);
/// Which thread has the kernel copy, by where its errno is; 0 when none does.
static ASKING: AtomicUsize = AtomicUsize::new(0);

const PAGE_BYTES: u64 = 4096;

/// Copies words from an address; gives how many bytes could be read. errno stays as it was.
///
/// Of the heap the kernel has to copy: a watchpoint may lie there, which would take this for the program's access. A sandbox
/// may refuse that, and many have a handler for what they refuse, which writes a line about it by the very call (`writev`)
/// that is asking here: a second question from inside the first one is answered without the kernel, and so are all others from
/// then on.
pub(crate) fn copy(address: u64, bytes: u64, into: &mut [u64]) -> u64 {
    let bytes = (bytes as usize).min(size_of_val(into)) as u64;
    // SAFETY: this thread's errno.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    let thread = errno.addr();
    let is_nested = ASKING.load(Ordering::Relaxed) == thread;
    let mut copied = None;
    if is_nested {
        IS_REFUSED.store(true, Ordering::Relaxed);
    } else if heap::is_ours(address) && !IS_REFUSED.load(Ordering::Relaxed) {
        ASKING.store(thread, Ordering::Relaxed);
        copied = copied_by_the_kernel(address, bytes, into);
        ASKING.store(0, Ordering::Relaxed);
        if copied.is_none() {
            IS_REFUSED.store(true, Ordering::Relaxed);
        }
    }
    let copied = copied.unwrap_or_else(|| copied_if_there(address, bytes, into));
    // SAFETY: as above.
    unsafe { *errno = before };
    copied
}

/// `None` where it is refused.
fn copied_by_the_kernel(address: u64, bytes: u64, into: &mut [u64]) -> Option<u64> {
    let local = libc::iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: bytes as usize,
    };
    let remote = libc::iovec {
        iov_base: address as *mut _,
        iov_len: bytes as usize,
    };
    // SAFETY: writes so many bytes to `into`; a bad address to read from is an error.
    let copied = unsafe { libc::process_vm_readv(libc::getpid(), &local, 1, &remote, 1, 0) };
    // SAFETY: this thread's errno.
    let error = unsafe { *libc::__errno_location() };
    match u64::try_from(copied) {
        Ok(copied) => Some(copied),
        Err(_) if matches!(error, libc::EPERM | libc::ENOSYS) => None,
        Err(_) => Some(0),
    }
}

/// Page by page: what is there is asked, then read.
fn copied_if_there(address: u64, bytes: u64, into: &mut [u64]) -> u64 {
    let mut done = 0;
    while done < bytes {
        let at = address.wrapping_add(done);
        let page_end = (at & !(PAGE_BYTES - 1)).wrapping_add(PAGE_BYTES);
        if !is_readable(at.min(page_end.wrapping_sub(8))) {
            break;
        }
        let length = (bytes - done).min(page_end.wrapping_sub(at));
        let to = into.as_mut_ptr().cast::<u8>();
        // SAFETY: the kernel has just found that the page can be read, and the program is about to have the same bytes
        // read; `bytes` are no more than `into` has.
        unsafe {
            let to = to.add(done as usize);
            core::ptr::copy_nonoverlapping(at as *const u8, to, length as usize);
        }
        done += length;
    }
    done
}

/// Whether the eight bytes at an address can be read: the kernel reads a mask of signals there, to change the thread's in a
/// way that does not exist. No sandbox refuses that call, which every return from a handler by longjmp makes.
fn is_readable(address: u64) -> bool {
    const NO_SUCH_WAY: usize = 99;
    const MASK_BYTES: usize = 8;
    let mut result = libc::SYS_rt_sigprocmask;
    // By its own instruction: libldt.so ends its watchpoints before a mask that the program sets by libc's `syscall`.
    // SAFETY: fails in any case, before anything is changed.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") result,
            in("rdi") NO_SUCH_WAY,
            in("rsi") address,
            in("rdx") 0,
            in("r10") MASK_BYTES,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == -libc::c_long::from(libc::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_read() {
        let words = [1u64, 2, 3];
        let address = words.as_ptr() as u64;
        let mut into = [0; 3];
        assert_eq!(copy(address, 24, &mut into), 24);
        assert_eq!(into, words);
        let mut by_the_kernel = [0; 3];
        assert_ne!(
            copied_by_the_kernel(address, 24, &mut by_the_kernel),
            Some(0)
        );
        for wild in [0, 1, 8, u64::MAX, u64::MAX - 7] {
            assert_eq!(copy(wild, 16, &mut into), 0);
            assert_ne!(copied_by_the_kernel(wild, 16, &mut into), Some(16));
        }
    }

    #[test]
    fn only_what_is_there_is_read() {
        const BYTES: usize = 2 * PAGE_BYTES as usize;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a fresh mapping of two pages, of which the second is made unreadable.
        let pages = unsafe {
            let pages = libc::mmap(core::ptr::null_mut(), BYTES, access, kind, -1, 0);
            assert_ne!(pages, libc::MAP_FAILED);
            assert_eq!(
                libc::mprotect(pages.add(BYTES / 2), BYTES / 2, libc::PROT_NONE),
                0
            );
            pages
        };
        let near_its_end = pages.addr() as u64 + PAGE_BYTES - 12;
        let mut into = [7; 3];
        assert_eq!(copy(near_its_end, 24, &mut into), 12);
        assert_eq!(into[0], 0);
    }
}
