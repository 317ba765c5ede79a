//! The hull of the heap's regions, where `libldt_calls.so` can read it: two loads and two compares tell
//! a call that concerns no block from one that may.

use core::sync::atomic::{AtomicU64, Ordering};

/// See the module. Nothing lies in it before there is a heap, so that profiling pays nothing.
#[derive(Debug)]
#[repr(C)]
pub struct Bounds {
    start: AtomicU64,
    end: AtomicU64,
}

static BOUNDS: Bounds = Bounds::new();

/// Where they stand.
#[must_use]
pub fn bounds() -> &'static Bounds {
    &BOUNDS
}

/// There is one more range to look at: a region of the heap, or memory that the program has marked.
pub fn widen(start: u64, bytes: u64) {
    BOUNDS.widen(start, start.saturating_add(bytes));
}

impl Bounds {
    const fn new() -> Bounds {
        Bounds {
            start: AtomicU64::new(u64::MAX),
            end: AtomicU64::new(0),
        }
    }

    fn widen(&self, start: u64, end: u64) {
        self.start.fetch_min(start, Ordering::AcqRel);
        self.end.fetch_max(end, Ordering::AcqRel);
    }

    /// Whether an address lies inside.
    #[must_use]
    pub fn cover(&self, address: u64) -> bool {
        address >= self.start.load(Ordering::Acquire) && address < self.end.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hull_covers_every_region_and_nothing_before_the_first() {
        let bounds = Bounds::new();
        assert!(!bounds.cover(0) && !bounds.cover(0x5000) && !bounds.cover(u64::MAX));
        bounds.widen(0x5000, 0x6000);
        assert!(bounds.cover(0x5000) && bounds.cover(0x5fff));
        assert!(!bounds.cover(0x4fff) && !bounds.cover(0x6000));
        bounds.widen(0x2000, 0x3000);
        bounds.widen(0x9000, 0xa000);
        assert!(bounds.cover(0x2000) && bounds.cover(0x5800) && bounds.cover(0x9fff));
        assert!(!bounds.cover(0x1fff) && !bounds.cover(0xa000));
    }
}
