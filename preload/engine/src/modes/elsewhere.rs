//! Blocks that do not come from LDT's heap although it is in use: what the allocator beneath gave
//! before LDT began, and to calls made inside LDT itself (by a signal handler that interrupted it, by
//! libc on its behalf). `free` must know them, so that it can tell them from a pointer to nothing.
//!
//! A set of addresses in one flat table, changed by compare-exchange alone: it is used where no lock
//! may be. Invariant: an entry is [`EMPTY`], [`GONE`] or an address; addresses stand at or after the
//! place that their hash names, with no `EMPTY` between.

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

const ENTRIES: usize = 1 << 16;
const EMPTY: u64 = 0;
const GONE: u64 = 1;

static TABLE: [AtomicU64; ENTRIES] = [const { AtomicU64::new(EMPTY) }; ENTRIES];
static USED: AtomicUsize = AtomicUsize::new(0);
/// Set when an address found no room: from then on no unknown pointer can be called bad.
static OVERFLOWED: AtomicBool = AtomicBool::new(false);

/// The places where an address may stand, in order.
fn places(address: u64) -> impl Iterator<Item = &'static AtomicU64> {
    let start = (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize;
    (0..ENTRIES).map(move |step| &TABLE[(start + step) % ENTRIES])
}

/// Remembers a block of the allocator beneath.
#[cold]
pub fn add(address: u64) {
    if address == 0 {
        return;
    }
    if USED.fetch_add(1, Ordering::Relaxed) < ENTRIES / 2 {
        for place in places(address) {
            let now = place.load(Ordering::Relaxed);
            let free = now == EMPTY || now == GONE;
            if free
                && place
                    .compare_exchange(now, address, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
            {
                return;
            }
        }
    }
    OVERFLOWED.store(true, Ordering::Relaxed);
}

/// Whether the allocator beneath gave this block; forgets it.
#[cold]
pub fn take(address: u64) -> bool {
    for place in places(address) {
        match place.load(Ordering::Relaxed) {
            EMPTY => break,
            found if found == address => {
                place.store(GONE, Ordering::Relaxed);
                return true;
            }
            _ => {}
        }
    }
    OVERFLOWED.load(Ordering::Relaxed)
}

/// Whether the allocator beneath gave this block.
#[cold]
#[must_use]
pub fn has(address: u64) -> bool {
    places(address)
        .map(|place| place.load(Ordering::Relaxed))
        .take_while(|&found| found != EMPTY)
        .any(|found| found == address)
        || OVERFLOWED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_taken_once() {
        let addresses: Vec<u64> = (1..1000u64).map(|number| number * 4096).collect();
        for &address in &addresses {
            assert!(!has(address));
            add(address);
        }
        for &address in &addresses {
            assert!(has(address) && take(address));
            assert!(!has(address) && !take(address));
        }
    }
}
