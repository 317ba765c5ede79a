//! Limits that the program sets itself. In check mode a tebibyte of addresses is reserved, and the kernel counts it
//! where addresses are limited: nothing more could be mapped, by the program either. So what of it is not in use is given
//! back first. And the kernel would fill all of LDT's sparse tables for a program that locks its whole memory: 2 GiB.

use libc::{pid_t, rlimit};

use crate::sys::{file, readable, syscall, thread};
use crate::{blocks, modes};

/// Limits at or above this leave the reservation alone.
const GENEROUS_BYTES: u64 = 4 << 40;

/// Sets a limit of a process (0: this one) and says what it was before, as `prlimit`.
///
/// # Safety
/// The pointers are null or lead to limits.
///
/// # Errors
/// The kernel's error number.
pub unsafe fn limit(
    process: pid_t,
    which: libc::__rlimit_resource_t,
    new: *const rlimit,
    old: *mut rlimit,
) -> Result<(), i32> {
    if matches!(which, libc::RLIMIT_AS | libc::RLIMIT_DATA)
        && modes::is_checking()
        && (process == 0 || process.cast_unsigned() == thread::process_id())
        // A handler that interrupted LDT, which may hold the lock that is wanted.
        && thread::slot().inside_sp.get() == 0
        // The first of its two words; a pointer that leads nowhere is the kernel's to refuse.
        && let Some(wanted_bytes) = readable::word(new as u64)
        && wanted_bytes < GENEROUS_BYTES
    {
        blocks::give_back_reserved(wanted_bytes);
    }
    let args = [process as usize, which as usize, new as usize, old as usize];
    // SAFETY: as the caller vouches; the kernel checks the rest.
    unsafe { syscall(libc::SYS_prlimit64, &args) }?;
    if which == libc::RLIMIT_FSIZE
        && (process == 0 || process.cast_unsigned() == thread::process_id())
        // SAFETY: null, or the kernel has just read it.
        && let Some(new) = unsafe { new.as_ref() }
    {
        file::note_size_limit(new.rlim_cur);
    }
    Ok(())
}

/// Locks all memory, as `mlockall`: in check mode each page only once it is there.
///
/// # Errors
/// The kernel's error number.
pub fn lock_all(flags: i32) -> Result<(), i32> {
    let lock = |flags: i32| syscall_lock(flags as usize);
    let locks = flags & (libc::MCL_CURRENT | libc::MCL_FUTURE) != 0;
    if modes::is_checking() && locks {
        match lock(flags | libc::MCL_ONFAULT) {
            // A kernel that does not know the flag (before Linux 4.4), or flags that it refuses.
            Err(libc::EINVAL) => {}
            outcome => return outcome,
        }
    }
    lock(flags)
}

fn syscall_lock(flags: usize) -> Result<(), i32> {
    // SAFETY: locking memory changes nothing in it.
    unsafe { syscall(libc::SYS_mlockall, &[flags]) }.map(|_| ())
}
