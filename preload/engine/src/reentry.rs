//! The one re-entry guard. Every hook begins with [`enter`]: it gives the thread's recorder, or
//! nothing, and then the hook only forwards.
//!
//! A thread is inside from `enter` to the drop of what it gave: calls that come meanwhile on the same
//! thread (from the allocator beneath, from a signal handler) are served, not recorded. The guard is
//! the stack pointer of the entry, so that a handler that jumped out of a hook (longjmp) is noticed:
//! the next entry from further up the same stack finds a guard that cannot be true any more.

use crate::demand;
use crate::modes;
use crate::recorder::Recorder;
use crate::sys::thread::{self, Slot};
use crate::{process, recording};

/// The exclusive use of the calling thread's recorder.
#[derive(Debug)]
pub struct Inside {
    slot: &'static Slot,
}

impl Inside {
    /// The thread's recorder.
    #[inline(always)]
    pub fn recorder(&mut self) -> &mut Recorder {
        // SAFETY: `enter` gives an `Inside` only when the pointer is a live recorder of this thread,
        // and only one at a time, by the guard in `inside_sp`.
        unsafe { &mut *self.slot.thread.get().cast::<Recorder>() }
    }
}

impl Drop for Inside {
    #[inline(always)]
    fn drop(&mut self) {
        self.slot.inside_sp.set(0);
        if modes::is_checking() && demand::is_due() {
            demand::make();
        }
    }
}

/// Enters LDT on this thread; `sp` is the stack pointer at the hook's entry.
#[inline(always)]
pub fn enter(sp: u64) -> Option<Inside> {
    let slot = thread::slot();
    if slot.inside_sp.get() != 0 || !recording::is_on() || slot.thread.get().is_null() {
        return enter_slowly(slot, sp);
    }
    slot.inside_sp.set(sp);
    Some(Inside { slot })
}

#[cold]
#[inline(never)]
fn enter_slowly(slot: &'static Slot, sp: u64) -> Option<Inside> {
    let inside = slot.inside_sp.get();
    let recorder = slot.thread.get().cast::<Recorder>();
    let forked = recording::is_forked_child();
    if inside != 0 && !forked {
        // SAFETY: the pointer is null or this thread's recorder. The code that holds the other
        // reference was interrupted or jumped over; only the two plain reads below happen here.
        let stale = !recorder.is_null() && unsafe { (*recorder).was_left(inside, sp) };
        if !stale {
            return None;
        }
        // SAFETY: as above, and the other user is gone for good.
        unsafe { (*recorder).recover() };
    }
    if inside != 0 && forked {
        // A handler that interrupted LDT has forked: what it interrupted is in nobody's hands here.
        slot.thread.set(core::ptr::null_mut());
    }
    slot.inside_sp.set(sp);
    if !process::ensure_started() || !process::ensure_thread(slot) {
        slot.inside_sp.set(0);
        return None;
    }
    Some(Inside { slot })
}

/// Enters for a thread that dies by a signal inside LDT, where it never goes on: what it was doing is given up. Where it
/// asks for a lock that it holds, it ends on the spot.
pub fn enter_to_die(number: i32) -> Option<Inside> {
    let slot = thread::slot();
    let recorder = slot.thread.get().cast::<Recorder>();
    if slot.inside_sp.get() == 0 || recorder.is_null() || !recording::is_on() {
        return None;
    }
    slot.dying_by.set(u64::from(number.cast_unsigned()));
    // SAFETY: this thread's recorder; the code that holds the other reference was interrupted for good.
    unsafe { (*recorder).recover() };
    Some(Inside { slot })
}

/// Runs `work` as if a hook were on the stack: calls into libc made by LDT itself are not recorded.
pub fn unrecorded<R>(work: impl FnOnce() -> R) -> R {
    let slot = thread::slot();
    let before = slot.inside_sp.get();
    if before == 0 {
        slot.inside_sp.set(core::ptr::from_ref(&before) as u64);
    }
    let result = work();
    slot.inside_sp.set(before);
    if before == 0 && modes::is_checking() && demand::is_due() {
        demand::make();
    }
    result
}
