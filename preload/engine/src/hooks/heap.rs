//! The C allocation functions. One generic policy ([`allocate`]) does for all that return a block;
//! free and realloc have one each. Each asks the mode once the thread has entered LDT, since the first
//! entry of all is what chooses it; [`checked`] goes on from there in check mode.
//!
//! All functions: `# Safety` as for the C function of the name, and `sp`, `bp` as [`super`] says.

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

use core::ffi::c_int;

use ldt_trace::Function;

use super::checked::{self, Told, Wanted};
use super::{Origin, inside, pending};
use crate::blocks::{self, Zeroed};
use crate::modes::{self, elsewhere};
use crate::reentry::{Inside, enter};
use crate::sys::mem;
use crate::{early, real};

/// Gets a block from beneath and records what came of it. `size` is what counts as asked for.
#[inline(always)]
unsafe fn allocate(
    function: Function,
    size: u64,
    alignment: u64,
    sp: u64,
    bp: u64,
    place: impl FnOnce() -> *mut u8,
) -> *mut u8 {
    let entered = enter(sp);
    if modes::is_checking() {
        let wanted = Wanted {
            size,
            alignment,
            zeroed: if matches!(function, Function::Calloc) {
                Zeroed::Yes
            } else {
                Zeroed::No
            },
        };
        // SAFETY: as the caller vouches.
        return unsafe { allocate_checked(entered, function, wanted, sp, bp, place) };
    }
    let Some(mut inside) = entered else {
        return place();
    };
    // SAFETY: `sp` and `bp` are the hook's.
    let origin = unsafe { Origin::of(function, size, sp, bp) };
    let size = origin.operand.unwrap_or(size);
    let block = place();
    if block.is_null() {
        pending::failed(&origin, sp);
        inside
            .recorder()
            .failed(origin.function, size, origin.caller);
    } else {
        inside.recorder().allocated(
            origin.function,
            block as u64,
            size,
            alignment,
            origin.caller,
        );
    }
    block
}

/// [`allocate`] in check mode.
#[inline(always)]
unsafe fn allocate_checked(
    entered: Option<Inside>,
    function: Function,
    wanted: Wanted,
    sp: u64,
    bp: u64,
    place: impl FnOnce() -> *mut u8,
) -> *mut u8 {
    let Some(mut inside) = entered else {
        return inside::allocate(place);
    };
    // SAFETY: `sp` and `bp` are the hook's.
    let origin = unsafe { Origin::of(function, wanted.size, sp, bp) };
    let block = checked::allocate(&mut inside, origin, wanted);
    if !block.is_null() {
        return block;
    }
    let serve = || inside::allocate(place);
    let block = checked::without_block(&mut inside, origin, wanted.size, serve);
    if block.is_null() {
        pending::failed(&origin, sp);
    }
    block
}

/// Alignments as the format wants them: a power of two.
fn alignment_of(asked: usize) -> u64 {
    asked.checked_next_power_of_two().unwrap_or(1) as u64
}

/// `malloc`.
pub unsafe extern "C" fn malloc(size: usize, sp: u64, bp: u64) -> *mut u8 {
    // SAFETY: the caller's contract is that of the function beneath.
    unsafe {
        allocate(Function::Malloc, size as u64, 1, sp, bp, || {
            real::malloc(size)
        })
    }
}

/// `calloc`.
pub unsafe extern "C" fn calloc(count: usize, size: usize, sp: u64, bp: u64) -> *mut u8 {
    let bytes = (count as u64).saturating_mul(size as u64);
    if checked::is_told_by_calloc(Function::Calloc, bytes) {
        // SAFETY: the registers are the hook's.
        unsafe { checked::overflows(Function::Calloc, count, size, sp, bp) };
    }
    // SAFETY: the caller's contract is that of the function beneath.
    unsafe {
        allocate(Function::Calloc, bytes, 1, sp, bp, || {
            real::calloc(count, size)
        })
    }
}

/// `aligned_alloc`.
pub unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize, sp: u64, bp: u64) -> *mut u8 {
    if !alignment.is_power_of_two() {
        // SAFETY: the registers are the hook's.
        let refused =
            unsafe { checked::odd_alignment(Function::AlignedAlloc, alignment, size, sp, bp) };
        if refused {
            return core::ptr::null_mut();
        }
    }
    // SAFETY: the caller's contract is that of the function beneath.
    let place = || unsafe { real::aligned_alloc(alignment, size) };
    // SAFETY: the registers are the hook's.
    unsafe {
        allocate(
            Function::AlignedAlloc,
            size as u64,
            alignment_of(alignment),
            sp,
            bp,
            place,
        )
    }
}

/// `memalign`.
pub unsafe extern "C" fn memalign(alignment: usize, size: usize, sp: u64, bp: u64) -> *mut u8 {
    if !alignment.is_power_of_two() {
        // SAFETY: the registers are the hook's.
        let refused =
            unsafe { checked::odd_alignment(Function::Memalign, alignment, size, sp, bp) };
        if refused {
            return core::ptr::null_mut();
        }
    }
    // SAFETY: the caller's contract is that of the function beneath.
    let place = || unsafe { real::memalign(alignment, size) };
    // SAFETY: the registers are the hook's.
    unsafe {
        allocate(
            Function::Memalign,
            size as u64,
            alignment_of(alignment),
            sp,
            bp,
            place,
        )
    }
}

/// `valloc`.
pub unsafe extern "C" fn valloc(size: usize, sp: u64, bp: u64) -> *mut u8 {
    // SAFETY: the caller's contract is that of the function beneath.
    unsafe {
        allocate(Function::Valloc, size as u64, 4096, sp, bp, || {
            real::valloc(size)
        })
    }
}

/// `pvalloc`: whole pages. A profile says what was asked for; in check mode all of the last page is the
/// program's.
pub unsafe extern "C" fn pvalloc(size: usize, sp: u64, bp: u64) -> *mut u8 {
    let bytes = if modes::is_checking() {
        size.checked_next_multiple_of(mem::PAGE_BYTES)
            .unwrap_or(size)
    } else {
        size
    };
    // SAFETY: the caller's contract is that of the function beneath.
    unsafe {
        allocate(Function::Pvalloc, bytes as u64, 4096, sp, bp, || {
            real::pvalloc(size)
        })
    }
}

/// `posix_memalign`: gives an error number, leaves `into` alone when it fails.
pub unsafe extern "C" fn posix_memalign(
    into: *mut *mut u8,
    alignment: usize,
    size: usize,
    sp: u64,
    bp: u64,
) -> c_int {
    let mut result = 0;
    if !alignment.is_power_of_two() || !alignment.is_multiple_of(size_of::<usize>()) {
        // SAFETY: the registers are the hook's.
        let refused =
            unsafe { checked::odd_alignment(Function::PosixMemalign, alignment, size, sp, bp) };
        if refused {
            return libc::EINVAL;
        }
    }
    // SAFETY: the calling thread's errno.
    let errno = unsafe { *libc::__errno_location() };
    let place = || {
        // SAFETY: the caller's contract is that of the function beneath.
        result = unsafe { real::posix_memalign(into, alignment, size) };
        if result == 0 {
            // SAFETY: a successful call has stored the block there.
            unsafe { *into }
        } else {
            core::ptr::null_mut()
        }
    };
    // SAFETY: the registers are the hook's.
    let block = unsafe {
        allocate(
            Function::PosixMemalign,
            size as u64,
            alignment_of(alignment),
            sp,
            bp,
            place,
        )
    };
    if modes::is_checking() {
        // SAFETY: the calling thread's errno; and where the caller wants the block.
        unsafe {
            if block.is_null() {
                // As glibc's: the reason is the result, and errno as well.
                *libc::__errno_location() = libc::ENOMEM;
                return libc::ENOMEM;
            }
            *libc::__errno_location() = errno;
            *into = block;
        }
    }
    result
}

/// `free`, and all functions that do the same with further arguments.
#[inline(always)]
unsafe fn release(function: Function, block: *mut u8, told: Told, sp: u64, bp: u64) {
    let entered = enter(sp);
    if modes::is_checking() {
        let Some(mut inside) = entered else {
            return inside::release(block);
        };
        // SAFETY: `sp` and `bp` are the hook's.
        let origin = unsafe { Origin::of(function, block as u64, sp, bp) };
        let told = told.or_operator(&origin);
        return checked::release(&mut inside, origin, block, told);
    }
    let Some(mut inside) = entered else {
        // SAFETY: the caller's contract is that of the function beneath.
        return unsafe { real::free(block) };
    };
    // SAFETY: `sp` and `bp` are the hook's.
    let origin = unsafe { Origin::of(function, block as u64, sp, bp) };
    inside.recorder().freeing(origin.function, block as u64);
    // SAFETY: as above.
    unsafe { real::free(block) };
}

/// `free`.
pub unsafe extern "C" fn free(block: *mut u8, sp: u64, bp: u64) {
    // SAFETY: as for the function beneath.
    unsafe { release(Function::Free, block, Told::default(), sp, bp) };
}

/// `cfree`.
pub unsafe extern "C" fn cfree(block: *mut u8, sp: u64, bp: u64) {
    // SAFETY: as for `free`.
    unsafe { release(Function::Cfree, block, Told::default(), sp, bp) };
}

/// `free_sized` of C23, which glibc 2.36 lacks.
pub unsafe extern "C" fn free_sized(block: *mut u8, size: usize, sp: u64, bp: u64) {
    // SAFETY: as for `free`.
    unsafe { release(Function::FreeSized, block, Told::size(size), sp, bp) };
}

/// `free_aligned_sized` of C23, which glibc 2.36 lacks.
pub unsafe extern "C" fn free_aligned_sized(
    block: *mut u8,
    alignment: usize,
    size: usize,
    sp: u64,
    bp: u64,
) {
    // SAFETY: as for `free`.
    unsafe {
        release(
            Function::FreeAlignedSized,
            block,
            Told::both(size, alignment),
            sp,
            bp,
        )
    };
}

/// `realloc` under either name.
#[inline(always)]
unsafe fn resize(function: Function, old: *mut u8, size: usize, sp: u64, bp: u64) -> *mut u8 {
    if old.is_null() {
        // SAFETY: realloc of null is malloc, with the same contract.
        return unsafe {
            allocate(function, size as u64, 1, sp, bp, || {
                real::realloc(old, size)
            })
        };
    }
    // SAFETY: the caller's contract is that of the function beneath.
    let place = || unsafe { real::realloc(old, size) };
    let entered = enter(sp);
    if modes::is_checking() {
        // SAFETY: as the caller vouches.
        return unsafe { resize_checked(entered, function, old, size, sp, bp) };
    }
    let Some(mut inside) = entered else {
        return place();
    };
    // SAFETY: `sp` and `bp` are the hook's.
    let origin = unsafe { Origin::direct(function, sp, bp) };
    if size == 0 {
        // glibc frees and gives null. Whether another allocator does is known only afterwards, when
        // it would be too late for the stamp: the record is a free, and if a block comes back, an
        // allocation after it.
        inside.recorder().freeing(function, old as u64);
        let block = place();
        if !block.is_null() {
            inside
                .recorder()
                .allocated(function, block as u64, 0, 1, origin.caller);
        }
        return block;
    }
    let before = inside.recorder().tick();
    let block = place();
    if block.is_null() {
        inside
            .recorder()
            .failed(function, size as u64, origin.caller);
    } else {
        inside.recorder().reallocated(
            function,
            old as u64,
            block as u64,
            size as u64,
            before,
            origin.caller,
        );
    }
    block
}

/// [`resize`] in check mode; realloc to 0 is a free, as in glibc.
unsafe fn resize_checked(
    entered: Option<Inside>,
    function: Function,
    old: *mut u8,
    size: usize,
    sp: u64,
    bp: u64,
) -> *mut u8 {
    let Some(mut inside) = entered else {
        return inside::resize(old, size);
    };
    // SAFETY: `sp` and `bp` are the hook's.
    let origin = unsafe { Origin::direct(function, sp, bp) };
    if size == 0 {
        checked::release(&mut inside, origin, old, Told::default());
        return core::ptr::null_mut();
    }
    let wanted = Wanted {
        size: size as u64,
        alignment: 1,
        zeroed: Zeroed::No,
    };
    let block = checked::resize(&mut inside, origin, old, wanted);
    if !block.is_null() {
        return block;
    }
    checked::without_block(&mut inside, origin, wanted.size, || {
        // What was no block has been reported, and is not asked about again.
        let is_block = !blocks::is_ours(old as u64) || blocks::size_of_live(old as u64).is_some();
        match is_block {
            true => inside::resize(old, size),
            false => core::ptr::null_mut(),
        }
    })
}

/// `realloc`.
pub unsafe extern "C" fn realloc(old: *mut u8, size: usize, sp: u64, bp: u64) -> *mut u8 {
    // SAFETY: as for the function beneath.
    unsafe { resize(Function::Realloc, old, size, sp, bp) }
}

/// `reallocarray`: fails with ENOMEM when the product overflows.
pub unsafe extern "C" fn reallocarray(
    old: *mut u8,
    count: usize,
    size: usize,
    sp: u64,
    bp: u64,
) -> *mut u8 {
    let Some(bytes) = count.checked_mul(size) else {
        // SAFETY: the registers are the hook's.
        unsafe { checked::overflows(Function::Reallocarray, count, size, sp, bp) };
        if !modes::is_checking()
            && let Some(mut inside) = enter(sp)
        {
            // SAFETY: `sp` and `bp` are the hook's.
            let origin = unsafe { Origin::direct(Function::Reallocarray, sp, bp) };
            inside
                .recorder()
                .failed(Function::Reallocarray, u64::MAX, origin.caller);
        }
        // SAFETY: the calling thread's errno.
        unsafe { *libc::__errno_location() = libc::ENOMEM };
        return core::ptr::null_mut();
    };
    // SAFETY: as for the function beneath.
    unsafe { resize(Function::Reallocarray, old, bytes, sp, bp) }
}

/// `malloc_usable_size`.
pub unsafe extern "C" fn malloc_usable_size(block: *mut u8, sp: u64, bp: u64) -> usize {
    if modes::is_checking() && !block.is_null() {
        if blocks::is_ours(block as u64) {
            let size = blocks::size_of_live(block as u64);
            if size.is_none() {
                // SAFETY: the registers are the hook's.
                unsafe { checked::asks_size_of_no_block(block as u64, sp, bp) };
            }
            return size.unwrap_or(0) as usize;
        }
        if !elsewhere::has(block as u64) && !early::owns(block) && !real::is_replaced() {
            return 0;
        }
    }
    // SAFETY: as for the function beneath.
    unsafe { real::usable_size(block) }
}
