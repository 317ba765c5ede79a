//! Mappings and the break: anonymous memory that the program gets without malloc. The system calls
//! are made here directly, because libc's own functions of these names are the ones exported over.
//!
//! In check mode such a call may concern pages of LDT's heap: the program's own blocks, or freed ones whose addresses
//! it uses. Then the heap is told (`../blocks/altered.rs`), for which `mprotect` and `pkey_mprotect` are here too.
//!
//! All functions: `# Safety` as for the C function of the name, and `sp`, `bp` as [`super`] says.

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

use core::ffi::c_int;
use core::ops::Range;

use ldt_trace::Function;

use super::Origin;
use crate::blocks::{self, Alteration};
use crate::leaks::poison;
use crate::reentry::{Inside, enter};
use crate::stacks::bounds;
use crate::sys::mem::PAGE_BYTES;
use crate::sys::syscall;
use crate::{faults, real};

/// What the program has said of memory that was there (`ldt_make_mem_noaccess`) holds no more.
#[inline(always)]
fn forget_marks(address: usize, bytes: usize) {
    let start = address as u64;
    poison::remove(start..start.saturating_add(bytes as u64));
}

/// The C convention for a system call's result.
fn with_errno(result: Result<usize, i32>) -> usize {
    result.unwrap_or_else(|error| {
        // SAFETY: the calling thread's errno.
        unsafe { *libc::__errno_location() = error };
        usize::MAX
    })
}

/// The part of LDT's heap that the program is about to map something over, unmap or protect: rare.
#[inline(always)]
fn of_heap(address: usize, bytes: usize) -> Option<Range<u64>> {
    let last = (address as u64).wrapping_add(bytes as u64).wrapping_sub(1);
    if !blocks::is_ours(address as u64) && !blocks::is_ours(last) {
        return None;
    }
    blocks::part_of_heap(address as u64, bytes as u64)
}

/// Something else will lie in these pages of the heap.
#[cold]
fn replacing(pages: &Range<u64>, inside: Option<&mut Inside>) {
    blocks::alter(pages, Alteration::Replaced);
    if let Some(heap) = inside.and_then(|inside| inside.recorder().heap.as_mut()) {
        heap.leave_altered();
    }
}

/// Unmaps pages of the heap as far as the program can see: what maps memory without saying where must not come to lie
/// in the middle of the heap.
unsafe fn close_for_good(pages: &Range<u64>) -> Result<usize, i32> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
    let args = [
        pages.start as usize,
        (pages.end - pages.start) as usize,
        libc::PROT_NONE as usize,
        flags as usize,
        usize::MAX,
        0,
    ];
    // SAFETY: the program gives these pages up.
    unsafe { syscall(libc::SYS_mmap, &args) }
}

/// `munmap` of a range of which a part lies in the heap.
#[cold]
unsafe fn unmap_of_heap(
    address: usize,
    bytes: usize,
    pages: &Range<u64>,
    inside: Option<&mut Inside>,
) -> Result<usize, i32> {
    let end = (address as u64 + bytes as u64).next_multiple_of(PAGE_BYTES as u64);
    if !address.is_multiple_of(PAGE_BYTES) {
        return Err(libc::EINVAL);
    }
    replacing(pages, inside);
    for part in [address as u64..pages.start, pages.end..end] {
        if part.start < part.end {
            let args = [part.start as usize, (part.end - part.start) as usize];
            // SAFETY: the program's own call.
            unsafe { syscall(libc::SYS_munmap, &args) }?;
        }
    }
    // SAFETY: as the caller vouches.
    unsafe { close_for_good(pages) }.map(|_| 0)
}

/// Ordinary memory, as blocks have.
const ORDINARY: c_int = libc::PROT_READ | libc::PROT_WRITE;

/// `mprotect`.
pub unsafe extern "C" fn mprotect(address: usize, bytes: usize, protection: c_int) -> usize {
    let pages = of_heap(address, bytes);
    let keeps = protection & ORDINARY == ORDINARY;
    if let Some(pages) = pages.as_ref().filter(|_| !keeps) {
        blocks::alter(pages, Alteration::Protected);
    }
    let args = [address, bytes, protection as usize];
    // SAFETY: the program's own call.
    let result = unsafe { syscall(libc::SYS_mprotect, &args) };
    if let Some(pages) = pages.filter(|_| keeps && result.is_ok()) {
        blocks::unprotected(&pages);
    }
    with_errno(result)
}

/// `pkey_mprotect`. Pages with a key of the program's are not LDT's to open: where the block is freed, others come instead.
pub unsafe extern "C" fn pkey_mprotect(
    address: usize,
    bytes: usize,
    protection: c_int,
    key: c_int,
    sp: u64,
) -> usize {
    const NO_KEY: c_int = -1;
    if key == NO_KEY {
        // SAFETY: the same, by the C library's and the kernel's word.
        return unsafe { mprotect(address, bytes, protection) };
    }
    if let Some(pages) = of_heap(address, bytes) {
        replacing(&pages, enter(sp).as_mut());
    }
    let args = [address, bytes, protection as usize, key as usize];
    // SAFETY: the program's own call.
    with_errno(unsafe { syscall(libc::SYS_pkey_mprotect, &args) })
}

/// `madvise`: some advice takes pages away, from this process or from its forked children.
pub unsafe extern "C" fn madvise(address: usize, bytes: usize, advice: c_int, sp: u64) -> usize {
    /// Linux 6.13; libc has no names for them.
    const MADV_GUARD_INSTALL: c_int = 102;
    const MADV_GUARD_REMOVE: c_int = 103;
    let pages = of_heap(address, bytes);
    if let Some(pages) = &pages {
        match advice {
            libc::MADV_DONTFORK => blocks::leave_out(),
            MADV_GUARD_INSTALL => replacing(pages, enter(sp).as_mut()),
            _ => {}
        }
    }
    let args = [address, bytes, advice as usize];
    // SAFETY: the program's own call.
    let result = unsafe { syscall(libc::SYS_madvise, &args) };
    if let Some(pages) = pages.filter(|_| advice == MADV_GUARD_REMOVE && result.is_ok()) {
        blocks::renewed(&pages);
    }
    with_errno(result)
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
    let mut over = None;
    if flags & libc::MAP_FIXED != 0 {
        bounds::unmapped();
        over = of_heap(address, bytes);
        if let Some(pages) = &over {
            replacing(pages, inside.as_mut());
        }
    }
    // SAFETY: the program's own call.
    let result = unsafe { syscall(libc::SYS_mmap, &args) };
    let ordinary = libc::MAP_ANONYMOUS | libc::MAP_PRIVATE;
    if let Some(pages) = over
        && result.is_ok()
        && flags & ordinary == ordinary
        && protection & ORDINARY == ORDINARY
    {
        blocks::renewed(&pages);
    }
    if let (Some(_), Ok(at)) = (&inside, result) {
        forget_marks(at, bytes);
    }
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
    faults::memory_goes(address as u64, || bytes as u64);
    let mut inside = enter(sp);
    if let Some(inside) = &mut inside {
        forget_marks(address, bytes);
        blocks::note_unmapped(bytes as u64);
        inside
            .recorder()
            .unmapping(Function::Munmap, address as u64, bytes as u64);
    }
    if let Some(pages) = of_heap(address, bytes) {
        // SAFETY: the program's own call.
        return with_errno(unsafe { unmap_of_heap(address, bytes, &pages, inside.as_mut()) });
    }
    // SAFETY: the program's own call.
    with_errno(unsafe { syscall(libc::SYS_munmap, &[address, bytes]) })
}

/// Closes what `mremap` has left unmapped of the heap: all that was there, or what is behind a shorter mapping.
#[cold]
unsafe fn close_hole(pages: &Range<u64>, old: usize, at: usize, bytes: usize) {
    let kept = match at == old {
        true => (at as u64 + bytes as u64).next_multiple_of(PAGE_BYTES as u64),
        false => pages.start,
    };
    let hole = kept.max(pages.start)..pages.end;
    if hole.start < hole.end {
        // SAFETY: nothing is mapped there. A failure leaves it so.
        let _ = unsafe { close_for_good(&hole) };
    }
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
    let from = of_heap(old, old_bytes);
    let onto = match flags & libc::MREMAP_FIXED {
        0 => None,
        _ => of_heap(wanted, bytes),
    };
    for pages in [&from, &onto].into_iter().flatten() {
        replacing(pages, inside.as_mut());
    }
    // SAFETY: the program's own call.
    let result = unsafe {
        syscall(
            libc::SYS_mremap,
            &[old, old_bytes, bytes, flags as usize, wanted],
        )
    };
    let unmaps = flags & libc::MREMAP_DONTUNMAP == 0;
    if let (Some(pages), Ok(at), true) = (&from, result, unmaps) {
        // SAFETY: as above.
        unsafe { close_hole(pages, old, at, bytes) };
    }
    if let (Some(inside), Ok(at)) = (inside.as_mut(), result) {
        match at == old {
            // What was there keeps its marks.
            true => forget_marks(
                old.wrapping_add(old_bytes.min(bytes)),
                old_bytes.abs_diff(bytes),
            ),
            false => {
                forget_marks(old, old_bytes);
                forget_marks(at, bytes);
            }
        }
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
