//! Frees of LDT's own blocks that came while the thread was inside LDT (from a signal handler that
//! interrupted it): they wait here for the next free. A block that finds no room stays allocated.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const PLACES: usize = 64;

static WAITING: AtomicBool = AtomicBool::new(false);
/// An address, or 0.
static ADDRESSES: [AtomicU64; PLACES] = [const { AtomicU64::new(0) }; PLACES];

/// Lets a block wait.
#[cold]
pub fn add(address: u64) {
    let free = |place: &&AtomicU64| {
        place
            .compare_exchange(0, address, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    };
    if ADDRESSES.iter().find(free).is_some() {
        WAITING.store(true, Ordering::Release);
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
    for place in &ADDRESSES {
        let address = place.swap(0, Ordering::Relaxed);
        if address != 0 {
            free(address);
        }
    }
}
