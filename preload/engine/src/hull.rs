//! The hull of the heap's regions and of what the program has marked, where `libldt_calls.so` can read it: two loads and
//! two compares tell a call that concerns no block from one that may.

use core::sync::atomic::{AtomicU64, Ordering};

/// See the module. Nothing lies in it before there is a heap, so that profiling pays nothing.
#[derive(Debug)]
#[repr(C)]
pub struct Hull {
    start: AtomicU64,
    end: AtomicU64,
}

static HULL: Hull = Hull::new();

/// The one that there is.
#[must_use]
pub fn of_the_heap() -> &'static Hull {
    &HULL
}

/// There is one more range to look at: a region of the heap, or memory that the program has marked.
pub fn widen(start: u64, bytes: u64) {
    HULL.widen(start, start.saturating_add(bytes));
}

impl Hull {
    const fn new() -> Hull {
        Hull {
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
        let hull = Hull::new();
        assert!(!hull.cover(0) && !hull.cover(0x5000) && !hull.cover(u64::MAX));
        hull.widen(0x5000, 0x6000);
        assert!(hull.cover(0x5000) && hull.cover(0x5fff));
        assert!(!hull.cover(0x4fff) && !hull.cover(0x6000));
        hull.widen(0x2000, 0x3000);
        hull.widen(0x9000, 0xa000);
        assert!(hull.cover(0x2000) && hull.cover(0x5800) && hull.cover(0x9fff));
        assert!(!hull.cover(0x1fff) && !hull.cover(0xa000));
    }
}
