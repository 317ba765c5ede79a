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

/// Counts of sizes. Each size below [`LARGE`] is counted by itself and sorted into steps and classes
/// when somebody asks: that is one counter an allocation instead of four.
#[derive(Debug)]
pub struct Sizes {
    /// By size.
    counts: Vec<u64>,
    /// Of sizes from [`LARGE`] on, by the bits that they take.
    large: [Totals; 65],
}

/// Of some allocations.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    count: u64,
    bytes: u64,
    usable_bytes: u64,
}

impl Totals {
    #[inline]
    fn add(&mut self, count: u64, size: u64) {
        self.count += count;
        self.bytes = self.bytes.wrapping_add(size.wrapping_mul(count));
        self.usable_bytes = self
            .usable_bytes
            .wrapping_add(usable_bytes(size).wrapping_mul(count));
    }
}

fn bits(size: u64) -> usize {
    (u64::BITS - size.leading_zeros()) as usize
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes {
            counts: vec![0; LARGE as usize],
            large: [Totals::default(); 65],
        }
    }
}

impl Sizes {
    /// Counts an allocation.
    #[inline(always)]
    pub fn count(&mut self, size: u64) {
        match self.counts.get_mut(size as usize) {
            Some(count) => *count += 1,
            None => self.count_large(size),
        }
    }

    /// The counts of sizes below [`LARGE`].
    #[inline]
    pub(super) fn small(&mut self) -> &mut [u64] {
        &mut self.counts
    }

    #[cold]
    fn count_large(&mut self, size: u64) {
        self.large[bits(size)].add(1, size);
    }

    /// The steps that occurred: first and last size, and how often.
    #[must_use]
    pub fn steps(&self) -> Vec<(u64, u64, u64)> {
        let firsts = (0..).step_by(STEP as usize);
        let small = firsts
            .zip(self.counts.chunks(STEP as usize))
            .map(|(first, counts)| (first, first + STEP - 1, counts.iter().sum()));
        let large = self.large.iter().map(|totals| totals.count).sum();
        small
            .chain([(LARGE, u64::MAX, large)])
            .filter(|(_, _, count)| *count > 0)
            .collect()
    }

    /// The doubling classes, from the smallest that occurred to the largest, empty ones between
    /// them included.
    #[must_use]
    pub fn classes(&self) -> Vec<SizeClass> {
        let mut classes = self.large;
        let sizes = (0..).zip(&self.counts).filter(|(_, count)| **count > 0);
        for (size, count) in sizes {
            classes[bits(size)].add(*count, size);
        }
        let is_used = |bits: &usize| classes[*bits].count > 0;
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
                count: classes[bits].count,
                bytes: classes[bits].bytes,
                usable_bytes: classes[bits].usable_bytes,
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
        assert_eq!(
            sizes.steps(),
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
