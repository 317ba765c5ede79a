//! Mappings and the break: anonymous memory that the program gets without malloc. The system calls
//! are made here directly, because libc's own functions of these names are the ones exported over.
//!
//! All functions: `# Safety` as for the C function of the name, and `sp`, `bp` as [`super`] says.

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

use core::ffi::c_int;

use ldt_trace::Function;

use super::Origin;
use crate::blocks;
use crate::real;
use crate::reentry::enter;
use crate::stacks::bounds;
use crate::sys::syscall;

/// The C convention for a system call's result.
fn with_errno(result: Result<usize, i32>) -> usize {
    result.unwrap_or_else(|error| {
        // SAFETY: the calling thread's errno.
        unsafe { *libc::__errno_location() = error };
        usize::MAX
    })
}

/// `mmap` and `mmap64`.
pub unsafe extern "C" fn mmap(
    address: usize,
    bytes: usize,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    offset: usize,
    sp: u64,
    bp: u64,
) -> usize {
    let args = [
        address,
        bytes,
        protection as usize,
        flags as usize,
        fd as usize,
        offset,
    ];
    let mut inside = enter(sp);
    if flags & libc::MAP_FIXED != 0 {
        bounds::unmapped();
    }
    // SAFETY: the program's own call.
    let result = unsafe { syscall(libc::SYS_mmap, &args) };
    if let (Some(inside), Ok(at), true) =
        (inside.as_mut(), result, flags & libc::MAP_ANONYMOUS != 0)
    {
        if protection & libc::PROT_WRITE != 0 && flags & libc::MAP_NORESERVE == 0 {
            blocks::note_mapped(bytes as u64);
        }
        // SAFETY: `sp` and `bp` are the hook's.
        let origin = unsafe { Origin::direct(Function::Mmap, sp, bp) };
        inside
            .recorder()
            .mapped(Function::Mmap, at as u64, bytes as u64, origin.caller);
    }
    with_errno(result)
}

/// `munmap`.
pub unsafe extern "C" fn munmap(address: usize, bytes: usize, sp: u64) -> usize {
    bounds::unmapped();
    if let Some(mut inside) = enter(sp) {
        blocks::note_unmapped(bytes as u64);
        inside
            .recorder()
            .unmapping(Function::Munmap, address as u64, bytes as u64);
    }
    // SAFETY: the program's own call.
    with_errno(unsafe { syscall(libc::SYS_munmap, &[address, bytes]) })
}

/// `mremap`.
pub unsafe extern "C" fn mremap(
    old: usize,
    old_bytes: usize,
    bytes: usize,
    flags: c_int,
    wanted: usize,
    sp: u64,
    bp: u64,
) -> usize {
    bounds::unmapped();
    let mut inside = enter(sp);
    // SAFETY: the program's own call.
    let result = unsafe {
        syscall(
            libc::SYS_mremap,
            &[old, old_bytes, bytes, flags as usize, wanted],
        )
    };
    if let (Some(inside), Ok(at)) = (inside.as_mut(), result) {
        // SAFETY: `sp` and `bp` are the hook's.
        let origin = unsafe { Origin::direct(Function::Mremap, sp, bp) };
        blocks::note_unmapped(old_bytes as u64);
        blocks::note_mapped(bytes as u64);
        inside
            .recorder()
            .unmapping(Function::Mremap, old as u64, old_bytes as u64);
        inside
            .recorder()
            .mapped(Function::Mremap, at as u64, bytes as u64, origin.caller);
    }
    with_errno(result)
}

/// Records where the break went.
fn break_moved(function: Function, before: u64, after: u64, sp: u64, bp: u64) {
    let Some(mut inside) = enter(sp) else { return };
    // SAFETY: `sp` and `bp` are the hook's.
    let origin = unsafe { Origin::direct(function, sp, bp) };
    match after.cmp(&before) {
        core::cmp::Ordering::Greater => {
            blocks::note_mapped(after - before);
            inside
                .recorder()
                .mapped(function, before, after - before, origin.caller);
        }
        core::cmp::Ordering::Less => {
            blocks::note_unmapped(before - after);
            inside.recorder().unmapping(function, after, before - after);
        }
        core::cmp::Ordering::Equal => {}
    }
}

/// `sbrk`.
pub unsafe extern "C" fn sbrk(increment: isize, sp: u64, bp: u64) -> *mut u8 {
    // SAFETY: the program's own call.
    let before = unsafe { real::sbrk(increment) };
    if before as usize != usize::MAX {
        break_moved(
            Function::Sbrk,
            before as u64,
            (before as u64).wrapping_add_signed(increment as i64),
            sp,
            bp,
        );
    }
    before
}

/// `brk`.
pub unsafe extern "C" fn brk(address: *mut u8, sp: u64, bp: u64) -> c_int {
    // SAFETY: asks where the break is, then the program's own call.
    let (before, result) = unsafe { (real::sbrk(0), real::brk(address)) };
    if result == 0 {
        break_moved(Function::Brk, before as u64, address as u64, sp, bp);
    }
    result
}
