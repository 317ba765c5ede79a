//! Which bytes at the two ends of a guarded block a hardware watchpoint watches: arithmetic alone.
//!
//! One end of a guarded block touches a guard page, to within the alignment that blocks keep; the other one is
//! only covered by a redzone, which sees no reads. A watchpoint covers up to 8 bytes: the next ones behind the end,
//! as many as lie in one aligned word, and the last 8 before the start. Errors by one element are by far the
//! commonest.

use core::ops::Range;

use super::guard::Placed;
use crate::sys::watchpoint::MAX_BYTES;

/// What is worth watching behind the end of a block and before its start; `None` where a guard page begins there.
#[must_use]
pub fn ends(placed: &Placed, size: u64) -> [Option<Range<u64>>; 2] {
    let end = placed.start + size;
    let behind = watchable(end);
    let before = watchable(placed.start);
    [
        (end < placed.open.end).then(|| end..end + behind),
        (placed.start > placed.open.start).then(|| placed.start - before..placed.start),
    ]
}

/// The most bytes on either side of an address that one watchpoint can cover.
fn watchable(address: u64) -> u64 {
    (1 << address.trailing_zeros().min(63)).min(MAX_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modes::guard::{Ends, PAGE, Side, place};
    use proptest::prelude::*;

    #[test]
    fn an_odd_end_is_watched_to_the_next_word_and_the_start_by_a_word() {
        let data = 0x10000..0x11000;
        let of = |size, side| ends(&place(&data, size, 1, side, Ends::Rounded), size);
        assert_eq!(
            of(40, Side::After),
            [Some(0x10ff8..0x11000), Some(0x10fc8..0x10fd0)]
        );
        assert_eq!(
            of(13, Side::After),
            [Some(0x10ffd..0x10ffe), Some(0x10fe8..0x10ff0)]
        );
        assert_eq!(of(48, Side::After), [None, Some(0x10fc8..0x10fd0)]);
        assert_eq!(of(40, Side::Before), [Some(0x10028..0x10030), None]);
        assert_eq!(of(PAGE, Side::After), [None, None]);
    }

    proptest! {
        #[test]
        fn only_redzone_beside_the_block_is_watched(
            size in 1..PAGE, alignment in 0u32..8, after in any::<bool>(), exact in any::<bool>(),
        ) {
            let side = if after { Side::After } else { Side::Before };
            let kind = if exact { Ends::Exact } else { Ends::Rounded };
            let placed = place(&(0x10000..0x11000), size, 1 << alignment, side, kind);
            let [behind, before] = ends(&placed, size);
            for range in [&behind, &before].into_iter().flatten() {
                let bytes = range.end - range.start;
                prop_assert!(bytes.is_power_of_two() && bytes <= MAX_BYTES);
                prop_assert!(range.start.is_multiple_of(bytes));
                prop_assert!(placed.open.start <= range.start && range.end <= placed.open.end);
            }
            prop_assert!(behind.is_none_or(|range| range.start == placed.start + size));
            prop_assert!(before.is_none_or(|range| range.end == placed.start));
        }
    }
}
