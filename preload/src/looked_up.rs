//! `dlsym`. What a program asks of the C library by its handle (Python's `ctypes.CDLL("libc.so.6").free`), or of what comes next
//! after itself, would be the C library's malloc and free, past LDT: their blocks would be unseen, and a block of
//! LDT's heap freed there. Such a look-up finds LDT's function.
//!
//! The C library's dlsym reads its return address to know who asks, so it is jumped to but where a handle is given.

use core::arch::naked_asm;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use ldt_engine::modules::Image;
use ldt_engine::{pop, push};

use super::real::Real;

/// What to do with a look-up, as two registers.
#[repr(C)]
struct Answer {
    /// What is found; null where the next one is to be asked.
    found: *const c_void,
    /// The dlsym after LDT's.
    beneath: *const c_void,
}

/// `dlsym`.
///
/// # Safety
/// As for the C function.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dlsym() {
    naked_asm!(
        ".cfi_startproc",
        push!("rdi", "rsi", "rsi"),
        "mov rdx, qword ptr [rsp + 24]",
        "call {answer}",
        "mov rcx, rdx",
        pop!("rsi", "rsi", "rdi"),
        "test rax, rax",
        "jz 2f",
        "ret",
        "2:",
        "jmp rcx",
        ".cfi_endproc",
        answer = sym answer,
    )
}

unsafe extern "C" fn answer(handle: *mut c_void, name: *const c_char, caller: u64) -> Answer {
    let beneath = beneath();
    let found = heap_function(name)
        .filter(|_| handle != libc::RTLD_DEFAULT && !is_ours(caller))
        .filter(|(function, _)| {
            if handle == libc::RTLD_NEXT {
                // A wrapper that lies beneath asks for what is beneath itself.
                return function.is_the_c_librarys();
            }
            // SAFETY: the function of that name; the arguments are the caller's.
            let theirs = unsafe { ask(beneath, handle, name) };
            !theirs.is_null() && theirs == function.address()
        });
    Answer {
        found: found.map_or(ptr::null(), |(_, ours)| ours),
        beneath,
    }
}

/// The next one after LDT's: the C library's, or that of a library which stands in for it (overlays of games and tracers of graphics
/// do), and which the program would have found without LDT.
fn beneath() -> *const c_void {
    static KNOWN: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    let known = KNOWN.load(Ordering::Relaxed);
    if !known.is_null() {
        return known;
    }
    // The C library's: by this name alone one comes back here. Both names of its version lead to it.
    let versions = [c"GLIBC_2.34", c"GLIBC_2.2.5"];
    let own = versions.iter().map(|version| {
        // SAFETY: NUL-terminated names.
        unsafe { libc::dlvsym(libc::RTLD_NEXT, c"dlsym".as_ptr(), version.as_ptr()) }
    });
    let own = own.into_iter().find(|own| !own.is_null());
    let own = own.unwrap_or(ptr::null_mut());
    let next = if own.is_null() {
        own
    } else {
        // SAFETY: the C library's function.
        unsafe { ask(own, libc::RTLD_NEXT, c"dlsym".as_ptr()) }
    };
    let found = if next.is_null() { own } else { next };
    KNOWN.store(found, Ordering::Relaxed);
    found
}

/// Calls a dlsym.
///
/// # Safety
/// It is one, and the arguments are as for it.
unsafe fn ask(dlsym: *const c_void, handle: *mut c_void, name: *const c_char) -> *mut c_void {
    // SAFETY: as the caller vouches.
    let dlsym: unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_void =
        unsafe { core::mem::transmute(dlsym) };
    // SAFETY: as the caller vouches.
    unsafe { dlsym(handle, name) }
}

/// The function of that name beneath, and LDT's before it.
fn heap_function(name: *const c_char) -> Option<(Real, *const c_void)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller's name, NUL-terminated.
    let name = unsafe { CStr::from_ptr(name) };
    let functions: [(&CStr, Real, *const c_void); 10] = [
        (c"malloc", Real::Malloc, super::malloc as *const c_void),
        (c"calloc", Real::Calloc, super::calloc as *const c_void),
        (c"realloc", Real::Realloc, super::realloc as *const c_void),
        (c"free", Real::Free, super::free as *const c_void),
        (
            c"posix_memalign",
            Real::PosixMemalign,
            super::posix_memalign as *const c_void,
        ),
        (
            c"aligned_alloc",
            Real::AlignedAlloc,
            super::aligned_alloc as *const c_void,
        ),
        (
            c"memalign",
            Real::Memalign,
            super::memalign as *const c_void,
        ),
        (c"valloc", Real::Valloc, super::valloc as *const c_void),
        (c"pvalloc", Real::Pvalloc, super::pvalloc as *const c_void),
        (
            c"malloc_usable_size",
            Real::UsableSize,
            super::malloc_usable_size as *const c_void,
        ),
    ];
    let named = functions.into_iter().find(|(known, ..)| *known == name);
    named.map(|(_, function, ours)| (function, ours))
}

/// LDT itself wants what is beneath.
fn is_ours(caller: u64) -> bool {
    Image::range_containing(dlsym as *const () as u64).is_none_or(|ours| ours.contains(&caller))
}
