//! Making pages of reserved address space accessible and inaccessible.
//!
//! Guard markers (Linux 6.13) make single pages inaccessible without splitting the mapping that they
//! lie in; protection splits it, and mappings are limited (`vm.max_map_count`).

use super::syscall;

/// `MADV_DONTNEED_LOCKED`, which libc has not.
const DONTNEED_LOCKED: usize = 24;
const GUARD_INSTALL: usize = 102;
const GUARD_REMOVE: usize = 103;

unsafe fn advise(address: u64, bytes: u64, advice: usize) -> Result<(), i32> {
    // SAFETY: as the callers vouch.
    unsafe {
        syscall(
            libc::SYS_madvise,
            &[address as usize, bytes as usize, advice],
        )
    }
    .map(|_| ())
}

unsafe fn protect(address: u64, bytes: u64, protection: i32) -> Result<(), i32> {
    let args = [address as usize, bytes as usize, protection as usize];
    // SAFETY: as the callers vouch.
    unsafe { syscall(libc::SYS_mprotect, &args) }.map(|_| ())
}

/// Makes pages readable and writable; those without content read as zero.
///
/// # Safety
/// The pages must lie in a reservation of [`super::mem::reserve`], or be ones that [`seal`] closes again.
pub unsafe fn open(address: u64, bytes: u64) -> Result<(), i32> {
    // SAFETY: as the caller vouches.
    unsafe { protect(address, bytes, libc::PROT_READ | libc::PROT_WRITE) }
}

/// Makes pages read-only.
///
/// # Safety
/// Nobody may write to them.
pub unsafe fn seal(address: u64, bytes: u64) -> Result<(), i32> {
    // SAFETY: as the caller vouches.
    unsafe { protect(address, bytes, libc::PROT_READ) }
}

/// Makes pages inaccessible; they keep their content.
///
/// # Safety
/// As [`open`], and nobody of ours may touch them.
pub unsafe fn close(address: u64, bytes: u64) -> Result<(), i32> {
    // SAFETY: as the caller vouches.
    unsafe { protect(address, bytes, libc::PROT_NONE) }
}

/// Gives the memory of open pages back: they read as zero afterwards. Of pages that the program has locked the kernel
/// takes nothing back by this advice: they are mapped anew, which undoes an `mlock`; where `mlockall` locks what is mapped
/// in future, too, another advice empties them (Linux 5.18).
///
/// # Safety
/// As [`open`], and nobody of ours may need their content.
pub unsafe fn discard(address: u64, bytes: u64) -> Result<(), i32> {
    // SAFETY: as the caller vouches.
    unsafe {
        advise(address, bytes, libc::MADV_DONTNEED as usize).or_else(|error| match error {
            libc::EINVAL => {
                renew(address, bytes)?;
                let _ = advise(address, bytes, DONTNEED_LOCKED);
                Ok(())
            }
            error => Err(error),
        })
    }
}

/// Makes pages inaccessible by markers and gives their memory back.
///
/// # Safety
/// As [`discard`].
pub unsafe fn install_markers(address: u64, bytes: u64) -> Result<(), i32> {
    // SAFETY: as the caller vouches.
    unsafe { advise(address, bytes, GUARD_INSTALL) }
}

/// Takes markers away where there are any; such pages read as zero afterwards.
///
/// # Safety
/// As [`open`].
pub unsafe fn remove_markers(address: u64, bytes: u64) -> Result<(), i32> {
    // SAFETY: as the caller vouches.
    unsafe { advise(address, bytes, GUARD_REMOVE) }
}

/// Keeps huge pages away: half-empty ones would count as the program's memory.
///
/// # Safety
/// Whole pages of a mapping of LDT's own.
pub unsafe fn keep_small(address: u64, bytes: u64) {
    // SAFETY: as the caller vouches. A kernel without huge pages refuses, which is as well.
    let _ = unsafe { advise(address, bytes, libc::MADV_NOHUGEPAGE as usize) };
}

unsafe fn map_anew(address: u64, bytes: u64, protection: i32) -> Result<(), i32> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
    let args = [
        address as usize,
        bytes as usize,
        protection as usize,
        flags as usize,
        usize::MAX,
        0,
    ];
    // SAFETY: as the callers vouch; the range is ours, so nothing else is replaced.
    unsafe { syscall(libc::SYS_mmap, &args) }.map(|_| ())
}

/// Makes a range fresh memory that reads as zero, whatever was mapped there.
///
/// # Safety
/// As [`discard`].
pub unsafe fn renew(address: u64, bytes: u64) -> Result<(), i32> {
    // SAFETY: as the caller vouches.
    unsafe {
        map_anew(address, bytes, libc::PROT_READ | libc::PROT_WRITE)?;
        keep_small(address, bytes);
    }
    Ok(())
}

/// Makes a range a fresh, inaccessible reservation again, its memory and tables of pages given back.
///
/// # Safety
/// As [`discard`].
pub unsafe fn reserve_anew(address: u64, bytes: u64) -> Result<(), i32> {
    // SAFETY: as the caller vouches.
    unsafe { map_anew(address, bytes, libc::PROT_NONE) }
}
