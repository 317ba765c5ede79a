//! Writes that have been reported at the call, so that the damage they leave behind is not reported
//! again when a redzone or the quarantine is looked at.
//!
//! A ring of the last ones, without locks: two threads that take the same place at once lose one entry,
//! and one error is told twice.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::wrong::Range;

const PLACES: usize = 256;

#[derive(Debug)]
pub(super) struct Told {
    /// Address and bytes; no bytes is no entry.
    ranges: [(AtomicU64, AtomicU64); PLACES],
    next: AtomicUsize,
}

pub(super) static TOLD: Told = Told::new();

impl Told {
    const fn new() -> Told {
        Told {
            ranges: [const { (AtomicU64::new(0), AtomicU64::new(0)) }; PLACES],
            next: AtomicUsize::new(0),
        }
    }

    pub(super) fn add(&self, range: Range) {
        let place = self.next.fetch_add(1, Ordering::Relaxed) % PLACES;
        let (address, bytes) = &self.ranges[place];
        bytes.store(0, Ordering::Relaxed);
        address.store(range.address, Ordering::Release);
        bytes.store(range.bytes, Ordering::Release);
    }

    /// Whether all of these bytes were reported as written. They are forgotten: what comes to lie there
    /// later is another block's.
    pub(super) fn take(&self, damage: Range) -> bool {
        let covers = |&(address, bytes): &&(AtomicU64, AtomicU64)| {
            let known = bytes.load(Ordering::Acquire);
            let before = damage.address.checked_sub(address.load(Ordering::Acquire));
            before.is_some_and(|before| {
                before
                    .checked_add(damage.bytes)
                    .is_some_and(|end| end <= known)
            })
        };
        let found = self.ranges.iter().find(covers);
        if let Some((_, bytes)) = found {
            bytes.store(0, Ordering::Relaxed);
        }
        found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_within_a_told_write_is_taken_once() {
        let told = Told::new();
        let range = |address, bytes| Range { address, bytes };
        told.add(range(0x1000, 8));
        assert!(!told.take(range(0xfff, 2)));
        assert!(!told.take(range(0x1004, 5)));
        assert!(told.take(range(0x1004, 4)));
        assert!(!told.take(range(0x1004, 4)));
        assert!(!told.take(range(0, 1)));
    }
}
