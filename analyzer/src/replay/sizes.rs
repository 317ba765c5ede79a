//! How large the blocks are that the program asks for: exactly in steps of 16 bytes, as glibc's
//! `memusage` counts them, and in classes that double.

use super::slack::usable_bytes;

/// Sizes from here on share one step, as in `memusage`.
pub const LARGE: u64 = 65536;
/// Bytes of a step.
pub const STEP: u64 = 16;

/// The allocations whose sizes lie in one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeClass {
    /// Smallest size of the span.
    pub first: u64,
    /// Largest size of the span.
    pub last: u64,
    /// Allocations.
    pub count: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Bytes that their blocks have room for, see [`super::slack`].
    pub usable_bytes: u64,
}

/// Counts of sizes.
#[derive(Debug)]
pub struct Sizes {
    /// The last one is for all from [`LARGE`] on.
    steps: Vec<u64>,
    /// By the bits that a size takes: count, bytes, usable bytes.
    classes: [(u64, u64, u64); 65],
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes {
            steps: vec![0; (LARGE / STEP) as usize + 1],
            classes: [(0, 0, 0); 65],
        }
    }
}

impl Sizes {
    /// Counts an allocation.
    #[inline]
    pub fn count(&mut self, size: u64) {
        self.steps[(size.min(LARGE) / STEP) as usize] += 1;
        let class = &mut self.classes[(u64::BITS - size.leading_zeros()) as usize];
        class.0 += 1;
        class.1 = class.1.wrapping_add(size);
        class.2 = class.2.wrapping_add(usable_bytes(size));
    }

    /// The steps that occurred: first and last size, and how often.
    pub fn steps(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        (0..)
            .step_by(STEP as usize)
            .zip(&self.steps)
            .filter(|(_, count)| **count > 0)
            .map(|(first, count)| {
                let last = if first == LARGE {
                    u64::MAX
                } else {
                    first + STEP - 1
                };
                (first, last, *count)
            })
    }

    /// The doubling classes, from the smallest that occurred to the largest, empty ones between
    /// them included.
    #[must_use]
    pub fn classes(&self) -> Vec<SizeClass> {
        let is_used = |bits: &usize| self.classes[*bits].0 > 0;
        let Some(lowest) = (0..=64).find(is_used) else {
            return Vec::new();
        };
        let highest = (0..=64).rfind(is_used).unwrap_or(lowest);
        (lowest..=highest)
            .map(|bits| SizeClass {
                first: if bits == 0 { 0 } else { 1 << (bits - 1) },
                last: if bits == 0 {
                    0
                } else {
                    u64::MAX >> (64 - bits)
                },
                count: self.classes[bits].0,
                bytes: self.classes[bits].1,
                usable_bytes: self.classes[bits].2,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_meet_without_gap_or_overlap() {
        let mut sizes = Sizes::default();
        sizes.count(0);
        sizes.count(u64::MAX);
        let classes = sizes.classes();
        assert_eq!(classes.len(), 65);
        for pair in classes.windows(2) {
            assert_eq!(pair[0].last + 1, pair[1].first);
        }
        assert_eq!(classes[64].last, u64::MAX);
    }

    #[test]
    fn sizes_are_counted_where_they_belong() {
        let mut sizes = Sizes::default();
        for size in [15, 16, 31, 32, 65535, 65536, 1 << 40] {
            sizes.count(size);
        }
        let steps: Vec<_> = sizes.steps().collect();
        assert_eq!(
            steps,
            [
                (0, 15, 1),
                (16, 31, 2),
                (32, 47, 1),
                (65520, 65535, 1),
                (65536, u64::MAX, 2)
            ]
        );
        let class = sizes.classes()[1];
        assert_eq!((class.bytes, class.usable_bytes), (47, 24 + 40));
    }
}
