//! Blocks that do not come from LDT's heap although it is in use: what the allocator beneath gave
//! before LDT began, and to calls made inside LDT itself (by a signal handler that interrupted it, by
//! libc on its behalf). `free` must know them, so that it can tell them from a pointer to nothing.
//!
//! A set of addresses in one flat table, changed by compare-exchange alone: it is used where no lock
//! may be. Invariant: an entry is [`EMPTY`] or an address, which stands in the neighbourhood that its hash names. All of
//! that is looked at, always: with the usual end at the first empty place, the places of what is gone could not be
//! used again, and a program whose handlers allocate would fill the table in a minute.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const ENTRIES: usize = 1 << 16;
/// How many places are looked at for an address: so many that all are taken only where the table is nearly full.
const NEIGHBOURHOOD: usize = 128;
const EMPTY: u64 = 0;

static TABLE: [AtomicU64; ENTRIES] = [const { AtomicU64::new(EMPTY) }; ENTRIES];
/// Set when an address found no room: from then on no unknown pointer can be called bad.
static OVERFLOWED: AtomicBool = AtomicBool::new(false);

/// The places where an address may stand.
fn places(address: u64) -> impl Iterator<Item = &'static AtomicU64> {
    let start = (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize;
    (0..NEIGHBOURHOOD).map(move |step| &TABLE[(start + step) % ENTRIES])
}

/// Puts `new` into the first place that holds `old`; gives whether there was one.
fn replace(address: u64, old: u64, new: u64) -> bool {
    places(address).any(|place| {
        place.load(Ordering::Relaxed) == old
            && place
                .compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    })
}

/// Remembers a block of the allocator beneath.
#[cold]
pub fn add(address: u64) {
    if address != 0 && !replace(address, EMPTY, address) {
        OVERFLOWED.store(true, Ordering::Relaxed);
    }
}

/// Whether the allocator beneath gave this block; forgets it.
#[cold]
pub fn take(address: u64) -> bool {
    replace(address, address, EMPTY) || OVERFLOWED.load(Ordering::Relaxed)
}

/// Whether the allocator beneath gave this block.
#[cold]
#[must_use]
pub fn has(address: u64) -> bool {
    places(address).any(|place| place.load(Ordering::Relaxed) == address)
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

    #[test]
    fn what_has_come_and_gone_takes_no_room() {
        for number in 1..200_000u64 {
            let address = 0x7f00_0000_0000 + number * 80;
            add(address);
            assert!(take(address));
        }
        assert!(!has(0x7f00_0000_0000));
    }
}
