//! Frees of LDT's own blocks that came while the thread was inside LDT (from a signal handler that
//! interrupted it): they wait here for the next free, or for the next leak check.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use crate::sys::mem;

/// As many as make a page with the link.
const PLACES: usize = mem::PAGE_BYTES / size_of::<u64>() - 1;

/// Room for some. All zero is empty.
///
/// Invariant: those on the list of [`NEWEST`] are never unmapped, and `next` does not change any more.
#[repr(C)]
struct Room {
    next: AtomicPtr<Room>,
    /// An address, or 0.
    addresses: [AtomicU64; PLACES],
}

static WAITING: AtomicBool = AtomicBool::new(false);
/// Room is made when it is needed, and stays.
static NEWEST: AtomicPtr<Room> = AtomicPtr::new(ptr::null_mut());

fn rooms() -> impl Iterator<Item = &'static Room> {
    let at = |room: *mut Room| {
        // SAFETY: null or a room of the list, by the invariant.
        unsafe { room.as_ref() }
    };
    core::iter::successors(at(NEWEST.load(Ordering::Acquire)), move |room| {
        at(room.next.load(Ordering::Relaxed))
    })
}

/// Lets a block wait. Where there is no memory for its place it stays allocated.
#[cold]
pub fn add(address: u64) {
    loop {
        let has_place = rooms().flat_map(|room| &room.addresses).any(|place| {
            place.load(Ordering::Relaxed) == 0
                && place
                    .compare_exchange(0, address, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
        });
        if has_place {
            WAITING.store(true, Ordering::Release);
            return;
        }
        if !make_room() {
            return;
        }
    }
}

/// Hangs an empty room before the others; gives whether there is memory for one.
fn make_room() -> bool {
    let Some(memory) = mem::allocate(size_of::<Room>()) else {
        return false;
    };
    let made = memory.cast::<Room>();
    let mut newest = NEWEST.load(Ordering::Acquire);
    loop {
        // SAFETY: fresh memory, which nobody else knows; all zero is a room.
        unsafe { (*made).next.store(newest, Ordering::Relaxed) };
        match NEWEST.compare_exchange(newest, made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return true,
            Err(other) => newest = other,
        }
    }
}

/// Whether any block waits.
#[inline(always)]
pub fn is_waiting() -> bool {
    WAITING.load(Ordering::Relaxed)
}

/// Takes every block that waits.
#[cold]
pub fn take_all(mut free: impl FnMut(u64)) {
    WAITING.swap(false, Ordering::Acquire);
    for place in rooms().flat_map(|room| &room.addresses) {
        let address = place.swap(0, Ordering::Relaxed);
        if address != 0 {
            free(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_blocks_may_wait() {
        for address in 1..2000 {
            add(address);
        }
        assert!(is_waiting());
        let mut taken = Vec::new();
        take_all(|address| taken.push(address));
        taken.sort_unstable();
        assert!(taken.into_iter().eq(1..2000));
        assert!(!is_waiting());
    }
}
