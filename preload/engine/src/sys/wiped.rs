//! A word that forked children find zeroed: it lies in a page that the kernel wipes in them.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::mem;

/// Stands in for the page until there is one.
static EARLY: AtomicU32 = AtomicU32::new(0);
/// Invariant: [`EARLY`], or the first word of a page that is never unmapped.
static WORD: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::addr_of!(EARLY).cast_mut());

/// The word; until [`begin`] one that children inherit as it is.
#[inline(always)]
#[must_use]
pub fn word() -> &'static AtomicU32 {
    // SAFETY: the invariant of `WORD`.
    unsafe { &*WORD.load(Ordering::Relaxed) }
}

/// Makes the page, whose word is zero; gives whether this kernel can (Linux 4.14).
#[must_use]
pub fn begin() -> bool {
    let page = mem::allocate(mem::PAGE_BYTES);
    // SAFETY: a mapping of ours.
    let wiped = page.filter(|&page| unsafe { mem::wipe_on_fork(page, mem::PAGE_BYTES) });
    if let Some(page) = wiped {
        WORD.store(page.cast(), Ordering::Release);
    }
    wiped.is_some()
}
