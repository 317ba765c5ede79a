//! What libldt.so knows: where LDT's heap lies, what of it the program may touch, and how to report.
//!
//! Its symbols are looked up, not linked to: without libldt.so this library only forwards, so that it
//! can be tried alone, and a program that drops one of the two from LD_PRELOAD still starts.

use core::ffi::{CStr, c_char, c_void};
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// The hull of the heap's regions; libldt.so changes it as the heap grows.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Bounds {
    start: AtomicU64,
    end: AtomicU64,
}

static NO_HEAP: Bounds = Bounds {
    start: AtomicU64::new(u64::MAX),
    end: AtomicU64::new(0),
};

/// The exports compare pointers with what this points to.
pub(crate) static BOUNDS: AtomicPtr<Bounds> = AtomicPtr::new((&raw const NO_HEAP).cast_mut());

/// How memory is touched; the numbers are those of the trace format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Access {
    Read = 1,
    Write = 2,
}

/// Where a call came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// The function called.
    pub(crate) called: &'static CStr,
    /// The stack pointer at its entry.
    pub(crate) sp: u64,
    /// The program's frame pointer.
    pub(crate) bp: u64,
}

type HeapBounds = unsafe extern "C" fn() -> *mut Bounds;
type Room = unsafe extern "C" fn(address: u64) -> u64;
type AccessRange = unsafe extern "C" fn(
    address: u64,
    bytes: u64,
    access: u32,
    called: *const c_char,
    sp: u64,
    bp: u64,
) -> bool;
type Overlap =
    unsafe extern "C" fn(to: u64, from: u64, bytes: u64, called: *const c_char, sp: u64, bp: u64);
type Fits = unsafe extern "C" fn(address: u64, bytes: u64) -> bool;
type BothFit = unsafe extern "C" fn(left: u64, right: u64, bytes: u64) -> bool;
type LiftRange = unsafe extern "C" fn(address: u64, bytes: u64);
type CloseRange = LiftRange;

static ROOM: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
static FITS: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
static BOTH_FIT: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
static ACCESS_RANGE: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
static OVERLAP: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
static LIFT_RANGE: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
static CLOSE_RANGE: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());

/// Looks libldt.so's symbols up. The bounds come last: while they are empty nothing else is used.
pub(crate) fn resolve() {
    // SAFETY: NUL-terminated names.
    let find = |name: &CStr| unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    let mut complete = true;
    for (slot, name) in [
        (&ROOM, c"ldt_room"),
        (&FITS, c"ldt_fits"),
        (&BOTH_FIT, c"ldt_both_fit"),
        (&ACCESS_RANGE, c"ldt_access_range"),
        (&OVERLAP, c"ldt_overlap"),
        (&LIFT_RANGE, c"ldt_lift_range"),
        (&CLOSE_RANGE, c"ldt_close_range"),
    ] {
        let found = find(name);
        complete &= !found.is_null();
        slot.store(found, Ordering::Release);
    }
    let bounds = find(c"ldt_heap_bounds");
    if complete && !bounds.is_null() {
        // SAFETY: libldt.so's function of that type.
        let bounds: HeapBounds = unsafe { core::mem::transmute(bounds) };
        // SAFETY: takes nothing.
        BOUNDS.store(unsafe { bounds() }, Ordering::Release);
    }
}

/// Where code of libldt.so lies; null without it.
pub(crate) fn code() -> *mut c_void {
    ROOM.load(Ordering::Relaxed)
}

/// Whether an address may lie in the heap.
pub(crate) fn is_ours(address: u64) -> bool {
    // SAFETY: `NO_HEAP`, or libldt.so's, which is never unloaded.
    let bounds = unsafe { &*BOUNDS.load(Ordering::Acquire) };
    address >= bounds.start.load(Ordering::Relaxed) && address < bounds.end.load(Ordering::Relaxed)
}

/// How many bytes from `address` on the program may touch: the rest of a live block, none elsewhere in
/// the heap, and no limit outside it.
pub(crate) fn room(address: u64) -> u64 {
    if !is_ours(address) {
        return u64::MAX;
    }
    // SAFETY: there is a heap, so this is libldt.so's function of that type.
    let room: Room = unsafe { core::mem::transmute(ROOM.load(Ordering::Relaxed)) };
    // SAFETY: any address will do.
    unsafe { room(address) }
}

/// Whether the program may touch all of a range. Only where there is a heap.
#[cfg(not(test))]
#[inline(always)]
pub(crate) fn fits(address: u64, bytes: u64) -> bool {
    // SAFETY: there is a heap, so this is libldt.so's function of that type.
    let fits: Fits = unsafe { core::mem::transmute(FITS.load(Ordering::Relaxed)) };
    // SAFETY: any range will do.
    unsafe { fits(address, bytes) }
}

/// The same of two ranges of one length, in one call.
#[cfg(not(test))]
#[inline(always)]
pub(crate) fn both_fit(left: u64, right: u64, bytes: u64) -> bool {
    // SAFETY: there is a heap, so this is libldt.so's function of that type.
    let both_fit: BothFit = unsafe { core::mem::transmute(BOTH_FIT.load(Ordering::Relaxed)) };
    // SAFETY: any ranges will do.
    unsafe { both_fit(left, right, bytes) }
}

/// Reports what of a range is not the program's to touch. Gives whether guards in it are open now and want to be
/// closed after the call.
#[cold]
pub(crate) fn report(caller: Caller, address: u64, bytes: u64, access: Access) -> bool {
    // SAFETY: there is a heap, so this is libldt.so's function of that type.
    let report: AccessRange = unsafe { core::mem::transmute(ACCESS_RANGE.load(Ordering::Relaxed)) };
    // SAFETY: the name is NUL-terminated, the registers are those of the export.
    unsafe {
        report(
            address,
            bytes,
            access as u32,
            caller.called.as_ptr(),
            caller.sp,
            caller.bp,
        )
    }
}

/// Reports that a copy overlaps itself.
#[cold]
pub(crate) fn report_overlap(caller: Caller, to: u64, from: u64, bytes: u64) {
    if !is_ours(to) && !is_ours(from) {
        return;
    }
    // SAFETY: there is a heap, so this is libldt.so's function of that type.
    let report: Overlap = unsafe { core::mem::transmute(OVERLAP.load(Ordering::Relaxed)) };
    // SAFETY: the name is NUL-terminated, the registers are those of the export.
    unsafe {
        report(
            to,
            from,
            bytes,
            caller.called.as_ptr(),
            caller.sp,
            caller.bp,
        );
    }
}

/// Opens guard pages in a range before the kernel meets them: it would end short, or fail with EFAULT,
/// where without LDT it would have gone on. What it really did is looked at afterwards.
#[cold]
pub(crate) fn lift(address: u64, bytes: u64) {
    if !is_ours(address) {
        return;
    }
    // SAFETY: there is a heap, so this is libldt.so's function of that type.
    let lift: LiftRange = unsafe { core::mem::transmute(LIFT_RANGE.load(Ordering::Relaxed)) };
    // SAFETY: any range will do.
    unsafe { lift(address, bytes) }
}

/// Closes the guard pages in a range that [`report`] or [`lift`] has opened.
#[cold]
pub(crate) fn close(address: u64, bytes: u64) {
    if !is_ours(address) {
        return;
    }
    // SAFETY: there is a heap, so this is libldt.so's function of that type.
    let close: CloseRange = unsafe { core::mem::transmute(CLOSE_RANGE.load(Ordering::Relaxed)) };
    // SAFETY: any range will do.
    unsafe { close(address, bytes) }
}
