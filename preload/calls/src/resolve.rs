//! Finding the C library's own functions, once.
//!
//! The constructor of this library runs after those of the libraries of the program, and their calls
//! come first: so the first call of all looks everything up. dlsym may allocate (libldt.so serves that)
//! and the loader uses no function that could be interposed; nor may the code here, be it by comparing two
//! slices: there must be no way back in.

use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::beneath::FUNCTIONS;
use crate::heap;
use crate::index::{COUNT, Index};
use crate::lacking;
use crate::origins::Origins;
use crate::table::TABLE;

/// Which of the functions are somebody else's: a library of the program's own has a function of that name, and what that one reads and
/// writes is not known here (libpcreposix has a `regcomp` with a smaller expression, say).
static FOREIGN: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

/// Whether the function with this number is not the C library's.
pub(crate) fn is_foreign(index: usize) -> bool {
    FOREIGN[index].load(Ordering::Relaxed)
}

static RESOLVED: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_done() -> bool {
    RESOLVED.load(Ordering::Acquire)
}

fn next(name: &CStr) -> *mut c_void {
    // SAFETY: a NUL-terminated name.
    unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) }
}

/// The second number of glibc's version. Its own version text is read byte by byte: a call of strlen would come back
/// here.
fn glibc_minor() -> u32 {
    // SAFETY: a constant string of libc's.
    let mut at = unsafe { libc::gnu_get_libc_version() }.cast::<u8>();
    let mut numbers = [0u32; 2];
    let mut which = 0;
    loop {
        // SAFETY: not behind the terminator, at which the loop ends.
        match unsafe { *at } {
            digit @ b'0'..=b'9' => numbers[which] = numbers[which] * 10 + u32::from(digit - b'0'),
            b'.' if which == 0 => which = 1,
            _ if numbers[0] > 2 => return u32::MAX,
            _ => return numbers[1],
        }
        // SAFETY: not behind the terminator.
        at = unsafe { at.add(1) };
    }
}

/// Looks everything up. Threads that do so at once find the same.
#[cold]
pub(crate) fn all() {
    // First, since an export takes a function that is there as the sign that the heap is known.
    heap::resolve();
    let glibc_minor = glibc_minor();
    let origins = Origins::known();
    let mut index = 0;
    while index < COUNT {
        // memcpy has two versions, and which one a caller wants cannot be seen here. The older allows
        // overlaps; in every glibc since 2.14 memmove gives both what they promise.
        let name = if index == Index::memcpy as usize {
            c"memmove"
        } else {
            TABLE[index].name
        };
        // dlsym allocates the text of its error for one that is missing: in a program with an allocator of
        // its own that is the allocator's lock, perhaps in the middle of its start.
        if TABLE[index].since_minor <= glibc_minor {
            let found = next(name);
            FOREIGN[index].store(!origins.has(found), Ordering::Relaxed);
            FUNCTIONS[index].store(found, Ordering::Release);
        } else if let Some(stand_in) = lacking::instead_of(index) {
            FUNCTIONS[index].store(
                ptr::without_provenance_mut(stand_in as usize),
                Ordering::Release,
            );
        }
        index += 1;
    }
    RESOLVED.store(true, Ordering::Release);
}

/// Finds the function with this number now that it is called, if the C library was found to lack it: one that a library
/// of the program's brings under the name, or what the C library has in its place. A weak reference too is bound to the
/// export here, which cannot be taken back.
#[cold]
fn find_late(index: usize) {
    let found = next(TABLE[index].name);
    if !found.is_null() {
        FOREIGN[index].store(true, Ordering::Relaxed);
        FUNCTIONS[index].store(found, Ordering::Release);
        return;
    }
    // SAFETY: the failure is none that the program asks about.
    unsafe { libc::dlerror() };
    if let Some(older) = lacking::older(index) {
        let older = FUNCTIONS[older as usize].load(Ordering::Relaxed);
        FUNCTIONS[index].store(older, Ordering::Release);
    }
}

/// The function with this number is about to be called: it is looked for if it has not been found yet.
pub(crate) fn be_ready(index: usize) {
    for index in [Some(index), TABLE[index].via].into_iter().flatten() {
        if FUNCTIONS[index].load(Ordering::Relaxed).is_null() {
            find_late(index);
        }
    }
}
