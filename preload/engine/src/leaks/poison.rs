//! Memory that the program has said nobody may touch (`ldt_make_mem_noaccess`, redzones of its pools).
//!
//! LDT instruments no instruction, so plain accesses are not seen; calls of the C library are
//! ([`crate::calls`]), and leak checks take no pointers from there. A pool's marks need not be taken back before its memory
//! is: the next block or mapping there has none.

use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeMap;

use crate::sys::lock::Lock;

/// Ranges apart from one another, start to end.
static RANGES: Lock<BTreeMap<u64, u64>> = Lock::new(BTreeMap::new());
/// How many, so that programs without any pay one load.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Nobody may touch this from now on.
pub fn add(range: Range<u64>) {
    crate::hull::widen(range.start, range.end.saturating_sub(range.start));
    change(|ranges| insert(ranges, range));
}

/// It may be touched again: the program says so, or something new lies there, a block or a mapping.
#[inline(always)]
pub fn remove(range: Range<u64>) {
    if !is_empty() {
        change(|ranges| cut(ranges, range));
    }
}

/// Whether everything may be touched.
#[inline(always)]
#[must_use]
pub fn is_empty() -> bool {
    COUNT.load(Ordering::Relaxed) == 0
}

/// The first bytes of a range that nobody may touch.
#[must_use]
pub fn first_in(range: Range<u64>) -> Option<Range<u64>> {
    if is_empty() {
        return None;
    }
    RANGES.with(|ranges| overlap(ranges, range))
}

/// All of it.
#[must_use]
pub fn all() -> Vec<Range<u64>> {
    RANGES.with(|ranges| ranges.iter().map(|(&start, &end)| start..end).collect())
}

/// See [`Lock::reopen_after_fork`].
///
/// # Safety
/// As there.
pub unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { RANGES.reopen_after_fork() };
}

#[cold]
fn change(work: impl FnOnce(&mut BTreeMap<u64, u64>)) {
    RANGES.with(|ranges| {
        work(ranges);
        COUNT.store(ranges.len(), Ordering::Relaxed);
    });
}

fn insert(ranges: &mut BTreeMap<u64, u64>, range: Range<u64>) {
    if range.start < range.end {
        cut(ranges, range.clone());
        ranges.insert(range.start, range.end);
    }
}

fn cut(ranges: &mut BTreeMap<u64, u64>, range: Range<u64>) {
    while let Some(found) = overlap_whole(ranges, &range) {
        ranges.remove(&found.start);
        if found.start < range.start {
            ranges.insert(found.start, range.start);
        }
        if found.end > range.end {
            ranges.insert(range.end, found.end);
        }
    }
}

fn overlap_whole(ranges: &BTreeMap<u64, u64>, range: &Range<u64>) -> Option<Range<u64>> {
    let (&start, &end) = ranges.range(..range.end).next_back()?;
    (end > range.start && range.start < range.end).then_some(start..end)
}

fn overlap(ranges: &BTreeMap<u64, u64>, range: Range<u64>) -> Option<Range<u64>> {
    let before = ranges.range(..=range.start).next_back();
    let first = before
        .into_iter()
        .chain(ranges.range(range.start..range.end))
        .find(|&(_, &end)| end > range.start)?;
    Some((*first.0).max(range.start)..(*first.1).min(range.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// The ranges say the same as a set of bytes.
        #[test]
        fn ranges_are_a_set_of_bytes(
            steps in proptest::collection::vec((any::<bool>(), 0..60u64, 0..20u64), 0..30),
            asked in (0..60u64, 1..20u64),
        ) {
            let mut ranges = BTreeMap::new();
            let mut bytes = BTreeSet::new();
            for (adds, start, length) in steps {
                let range = start..start + length;
                if adds {
                    insert(&mut ranges, range.clone());
                    bytes.extend(range);
                } else {
                    cut(&mut ranges, range.clone());
                    range.for_each(|byte| {
                        bytes.remove(&byte);
                    });
                }
            }
            let covered: BTreeSet<u64> = ranges.iter().flat_map(|(&start, &end)| start..end).collect();
            prop_assert_eq!(&covered, &bytes);
            let range = asked.0..asked.0 + asked.1;
            let first = bytes.range(range.clone()).next().copied();
            prop_assert_eq!(overlap(&ranges, range).map(|found| found.start), first);
        }
    }
}
