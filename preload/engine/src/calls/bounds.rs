//! The hull of the heap's regions, where `libldt_calls.so` can read it: two loads and two compares tell
//! a call that concerns no block from one that may.

use core::sync::atomic::{AtomicU64, Ordering};

/// See the module. Nothing lies in it before there is a heap, so that profiling pays nothing.
#[derive(Debug)]
#[repr(C)]
pub struct Bounds {
    start: AtomicU64,
    bytes: AtomicU64,
}

static BOUNDS: Bounds = Bounds {
    start: AtomicU64::new(0),
    bytes: AtomicU64::new(0),
};

/// Where they stand.
#[must_use]
pub fn bounds() -> &'static Bounds {
    &BOUNDS
}

/// The heap has one more region. Regions are made under a lock, and a reader that sees the one word
/// without the other only looks closer than it must, or misses a block that nobody has been given yet.
pub fn widen(start: u64, bytes: u64) {
    BOUNDS.widen(start, bytes);
}

impl Bounds {
    fn widen(&self, start: u64, bytes: u64) {
        let known_start = self.start.load(Ordering::Relaxed);
        let known_bytes = self.bytes.load(Ordering::Relaxed);
        let (low, high) = if known_bytes == 0 {
            (start, start + bytes)
        } else {
            (
                known_start.min(start),
                (known_start + known_bytes).max(start + bytes),
            )
        };
        // The larger length first: with the old start it covers too much, never too little.
        self.bytes.store(high - low, Ordering::Release);
        self.start.store(low, Ordering::Release);
    }

    /// Whether an address may lie in the heap.
    #[must_use]
    pub fn cover(&self, address: u64) -> bool {
        let start = self.start.load(Ordering::Acquire);
        address.wrapping_sub(start) < self.bytes.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hull_covers_every_region_and_nothing_before_the_first() {
        let bounds = Bounds {
            start: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        assert!(!bounds.cover(0) && !bounds.cover(0x5000));
        bounds.widen(0x5000, 0x1000);
        assert!(bounds.cover(0x5000) && bounds.cover(0x5fff));
        assert!(!bounds.cover(0x4fff) && !bounds.cover(0x6000));
        bounds.widen(0x2000, 0x1000);
        bounds.widen(0x9000, 0x1000);
        assert!(bounds.cover(0x2000) && bounds.cover(0x5800) && bounds.cover(0x9fff));
        assert!(!bounds.cover(0x1fff) && !bounds.cover(0xa000));
    }
}
