//! Where guarded and large blocks lie against their guard pages, and what memory they may take. Which blocks
//! are guarded is chosen in `chooser.rs`.
//!
//! A guarded slot has room for 1, 2, 4, 8 or 16 pages of data, then three guard pages, which are also
//! those before the next slot: an access 4,096 bytes past a block still meets one.
//!
//! ```text
//!  | guard guard guard | data | guard guard guard | data | guard guard guard |
//!                      ^ slot 0                   ^ slot 1
//! ```
//!
//! Only as many data pages are opened as the block needs, at the side where its guard is; the rest of
//! the opened pages holds the redzone pattern.

use core::ops::Range;

use super::redzone::{ALIGNMENT_MAX, BLOCK_ALIGNMENT, GRANULE_BYTES, SMALL_MAX_BYTES};
use crate::options::GuardChoice;

/// A page, in the type of addresses.
pub const PAGE: u64 = 4096;
/// Guard pages between two slots, and around large blocks.
pub const GUARD_BYTES: u64 = 3 * PAGE;
/// Classes of slots: 1, 2, 4, 8, 16 pages.
pub const GUARD_CLASSES: usize = 5;
/// A span of guarded slots: what one table of pages of the kernel's covers.
pub const GUARD_SPAN_GRANULES: u64 = (2 << 20) / GRANULE_BYTES;

/// On which side of its block a guard page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The block ends at it.
    After,
    /// The block begins at it.
    Before,
}

/// Whether ends are exact to the byte or rounded up to [`BLOCK_ALIGNMENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Blocks keep the alignment that compilers expect; up to 15 bytes of redzone part them from the
    /// guard page.
    Rounded,
    /// The last byte is the last one before the guard page.
    Exact,
}

/// Where a block lies and which pages it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// First byte of the block.
    pub start: u64,
    /// The pages to open; empty for an empty block, which no access can hit.
    pub open: Range<u64>,
}

const fn down(address: u64, alignment: u64) -> u64 {
    address & !(alignment - 1)
}

const fn up(address: u64, alignment: u64) -> u64 {
    down(address + (alignment - 1), alignment)
}

/// The alignment that a block's start has.
fn alignment_of(alignment: u64, ends: Ends) -> u64 {
    match ends {
        Ends::Rounded => alignment.max(BLOCK_ALIGNMENT),
        Ends::Exact => alignment,
    }
}

/// The class of the slot that a block needs; `None` when it is not a small one.
#[must_use]
pub fn class_of(size: u64, alignment: u64) -> Option<usize> {
    if size > SMALL_MAX_BYTES || alignment > ALIGNMENT_MAX {
        return None;
    }
    let pages = up(size, alignment.max(BLOCK_ALIGNMENT))
        .div_ceil(PAGE)
        .max(1);
    Some(pages.next_power_of_two().ilog2() as usize)
}

/// Bytes of data that a slot of the class has room for.
#[must_use]
pub const fn data_bytes(class: usize) -> u64 {
    PAGE << class
}

/// From one slot to the next.
#[must_use]
pub const fn stride_bytes(class: usize) -> u64 {
    data_bytes(class) + GUARD_BYTES
}

/// How many slots a span has.
#[must_use]
pub const fn span_slots(class: usize) -> u64 {
    (GUARD_SPAN_GRANULES * GRANULE_BYTES - GUARD_BYTES) / stride_bytes(class)
}

/// Lays a block out in a slot whose data pages are `data`.
#[must_use]
pub fn place(data: &Range<u64>, size: u64, alignment: u64, side: Side, ends: Ends) -> Placed {
    let alignment = alignment_of(alignment, ends);
    if size == 0 {
        return Placed {
            start: data.start,
            open: data.start..data.start,
        };
    }
    match side {
        Side::After => {
            let start = down(data.end - size, alignment);
            Placed {
                start,
                open: down(start, PAGE)..data.end,
            }
        }
        Side::Before => Placed {
            start: data.start,
            open: data.start..up(data.start + size, PAGE),
        },
    }
}

/// A large block's span: where its parts lie from the span's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Large {
    /// First byte of the block.
    pub start: u64,
    /// Its pages; what is outside is guard.
    pub open: Range<u64>,
}

/// How many granules a large block needs. `None` when it is more than any memory has.
#[must_use]
pub fn large_granules(size: u64, alignment: u64, redzone_bytes: u64) -> Option<u64> {
    // Both guards, a redzone on either side where there are none, rounding of both ends, and what
    // it takes to reach the alignment from a granule's start.
    let extra = 2 * GUARD_BYTES + 2 * PAGE + 2 * redzone_bytes;
    let alignment = if alignment > PAGE { alignment } else { 0 };
    let bytes = size.checked_add(extra)?.checked_add(alignment)?;
    (bytes < 1 << 46).then(|| bytes.div_ceil(GRANULE_BYTES))
}

/// Lays a large block out in its span, with guard pages on both sides: it touches the one on `side`.
#[must_use]
pub fn place_large(span: &Range<u64>, size: u64, alignment: u64, side: Side, ends: Ends) -> Large {
    let alignment = alignment_of(alignment, ends);
    let start = match side {
        Side::After => {
            let end = span.end - GUARD_BYTES;
            down(end - size, alignment)
        }
        Side::Before => up(span.start + GUARD_BYTES, alignment.max(PAGE)),
    };
    Large {
        start,
        open: down(start, PAGE)..up(start + size, PAGE),
    }
}

/// The same without guard pages: redzones on both sides, inside the opened pages.
#[must_use]
pub fn place_large_unguarded(
    span: &Range<u64>,
    size: u64,
    alignment: u64,
    redzone_bytes: u64,
) -> Large {
    let start = up(
        span.start + GUARD_BYTES + redzone_bytes,
        alignment.max(BLOCK_ALIGNMENT),
    );
    Large {
        start,
        open: down(start - redzone_bytes, PAGE)..up(start + size + redzone_bytes, PAGE),
    }
}

/// Guarded blocks of a little program may take this much whatever it uses itself.
const FLOOR_BYTES: u64 = 16 << 20;
/// This part of what the program has may be taken without the quarantine's having to make room for it.
const FREE_SHARE: u64 = 4;

/// What guarded blocks may take unless the options say it: a quarter of what is free. Where control groups end it the
/// process is killed, and what is left there is the program's first, which has hardly begun: an eighth.
#[must_use]
pub fn default_memory_bytes(free_bytes: u64, groups_left_bytes: Option<u64>) -> u64 {
    (free_bytes / 4).min(groups_left_bytes.map_or(u64::MAX, |left| left / 8))
}

/// What guarded blocks may take of a volume that is meant for the quarantine.
#[must_use]
pub const fn of_quarantine_bytes(volume_bytes: u64) -> u64 {
    volume_bytes / 2
}

/// The memory that guarded blocks may take now: half of what the program has, and half of the
/// quarantine's.
#[must_use]
pub fn memory_limit_bytes(
    choice: GuardChoice,
    configured: u64,
    program_bytes: u64,
    volume_bytes: u64,
) -> u64 {
    match choice {
        GuardChoice::Off => 0,
        GuardChoice::All | GuardChoice::Pinned => configured,
        GuardChoice::Adaptive => {
            let limit = program_bytes / 2 + of_quarantine_bytes(volume_bytes);
            configured.min(FLOOR_BYTES.max(limit))
        }
    }
}

/// The part of it that a stack's second and later blocks may take: what is never freed must not use up what stacks
/// to come need for their first one, and each page that is touched for the first time costs ten times what one does that
/// serves again.
#[must_use]
pub const fn of_later_blocks_bytes(limit_bytes: u64) -> u64 {
    limit_bytes / 8
}

/// By how much the quarantine is smaller than its volume while guarded blocks take so much: what was meant
/// for memory that is only there to find errors is shared between the two.
#[must_use]
pub fn taken_of_quarantine_bytes(open_bytes: u64, program_bytes: u64, volume_bytes: u64) -> u64 {
    open_bytes
        .saturating_sub(program_bytes / FREE_SHARE)
        .min(of_quarantine_bytes(volume_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn either_side() -> impl Strategy<Value = Side> {
        prop_oneof![Just(Side::After), Just(Side::Before)]
    }

    fn either_end() -> impl Strategy<Value = Ends> {
        prop_oneof![Just(Ends::Rounded), Just(Ends::Exact)]
    }

    proptest! {
        #[test]
        fn a_guarded_block_lies_at_its_guard(
            size in 0..=SMALL_MAX_BYTES,
            shift in 0u32..=12,
            side in either_side(),
            ends in either_end(),
        ) {
            let alignment = 1u64 << shift;
            let class = class_of(size, alignment).expect("small");
            let data = 0x4000_0000..0x4000_0000 + data_bytes(class);
            let placed = place(&data, size, alignment, side, ends);
            prop_assert!(placed.start.is_multiple_of(alignment));
            prop_assert!(placed.start >= data.start && placed.start + size <= data.end);
            prop_assert!(placed.open.start >= data.start && placed.open.end <= data.end);
            if size == 0 {
                prop_assert!(placed.open.is_empty());
            } else {
                prop_assert!(placed.open.start <= placed.start);
                prop_assert!(placed.start + size <= placed.open.end);
                match side {
                    Side::Before => prop_assert_eq!(placed.start, placed.open.start),
                    Side::After => {
                        let slack = placed.open.end - placed.start - size;
                        let rounded = if ends == Ends::Exact { 1 } else { 16 };
                        prop_assert!(slack < alignment.max(rounded));
                    }
                }
                // No page is opened for nothing.
                prop_assert!(placed.open.end - placed.open.start < up(size, alignment.max(16)) + 2 * PAGE);
            }
        }

        #[test]
        fn a_large_block_has_guards_on_both_sides(
            size in SMALL_MAX_BYTES..1 << 32,
            shift in 0u32..=22,
            side in either_side(),
            ends in either_end(),
            first in 1u64..1000,
        ) {
            let alignment = 1u64 << shift;
            let granules = large_granules(size, alignment, 16).expect("not too large");
            let span = first * GRANULE_BYTES..(first + granules) * GRANULE_BYTES;
            let large = place_large(&span, size, alignment, side, ends);
            prop_assert!(large.start.is_multiple_of(alignment));
            prop_assert!(large.open.start >= span.start + GUARD_BYTES);
            prop_assert!(large.open.end <= span.end - GUARD_BYTES);
            prop_assert!(large.open.start <= large.start && large.start + size <= large.open.end);
            let touches = match side {
                Side::After => large.open.end - large.start - size < alignment.max(16),
                Side::Before => large.start == large.open.start,
            };
            prop_assert!(touches);
            let bare = place_large_unguarded(&span, size, alignment, 16);
            prop_assert!(bare.start.is_multiple_of(alignment.max(16)));
            prop_assert!(bare.open.start >= span.start && bare.open.end <= span.end);
            prop_assert!(bare.start - bare.open.start >= 16);
            prop_assert!(bare.open.end - bare.start - size >= 16);
        }
    }

    #[test]
    fn slots_and_guards_fill_a_span_without_overlap() {
        for class in 0..GUARD_CLASSES {
            let end = GUARD_BYTES + span_slots(class) * stride_bytes(class);
            assert!(end <= GUARD_SPAN_GRANULES * GRANULE_BYTES);
            assert!(span_slots(class) > 25);
        }
        assert_eq!(class_of(SMALL_MAX_BYTES, 4096), Some(GUARD_CLASSES - 1));
        assert_eq!(class_of(SMALL_MAX_BYTES + 1, 1), None);
    }

    #[test]
    fn what_no_memory_has_is_refused() {
        assert_eq!(large_granules(u64::MAX, 1, 16), None);
        assert_eq!(large_granules(u64::MAX - 4096, 1, 16), None);
        assert_eq!(large_granules(1 << 50, 1, 16), None);
        assert_eq!(large_granules(1 << 20, 1 << 63, 16), None);
    }

    #[test]
    fn guards_and_quarantine_share_what_is_meant_for_both() {
        let volume = 64 << 20;
        for live in [0, 5 << 20, 300 << 20] {
            let limit = memory_limit_bytes(GuardChoice::Adaptive, u64::MAX, live, volume);
            for open in [0, limit / 2, limit] {
                let quarantine = volume - taken_of_quarantine_bytes(open, live, volume);
                assert!(quarantine >= volume / 2);
                assert!(open + quarantine <= volume + live / 2);
            }
        }
        assert_eq!(memory_limit_bytes(GuardChoice::Adaptive, 1, 0, volume), 1);
    }
}
