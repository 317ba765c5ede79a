//! Where guarded and large blocks lie against their guard pages, and which blocks are guarded.
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
use crate::options::{GuardChoice, GuardSideChoice};

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

/// What guarding a block is reckoned to cost: opening and closing its slot, and a page fault a page.
/// Measured once on one machine; a fixed number, so that the same seed gives the same choice again.
#[must_use]
pub const fn cost_ns(size: u64) -> i64 {
    8_000 + 700 * (size / PAGE) as i64
}

/// What a program earns for guarding with each block that it asks for: a tenth of what it is reckoned
/// to spend on the block.
const EARNED_NS: i64 = 20;
/// And a nanosecond more for so many bytes.
const BYTES_A_NS: u64 = 100;
/// What a program may spend on guards before it has earned anything.
pub const FIRST_CREDIT_NS: i64 = 20_000_000;
/// A thread keeps no more than this, so that a long quiet time is not followed by a burst.
const CREDIT_MAX_NS: i64 = 10 * FIRST_CREDIT_NS;
/// The blocks of a stack that are due: two after their ends, two before their starts.
const DUE: u8 = 4;
/// Of the later blocks one in so many is tried; their earnings pay for it.
const SHARE: u32 = 400;

/// Chooses which blocks are guarded, for one thread.
#[derive(Clone, Debug)]
pub struct Chooser {
    random: u64,
    credit_ns: i64,
    until_sample: u32,
}

impl Chooser {
    /// For the thread with this number.
    #[must_use]
    pub fn new(seed: u64, thread: u64) -> Self {
        // splitmix64, so that neighbouring seeds are not alike, and never 0.
        let mut state = (seed ^ thread.rotate_left(32)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Chooser {
            random: state | 1,
            credit_ns: 0,
            until_sample: SHARE,
        }
    }

    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// Counts a block, and tells whether it should be guarded as far as its stack goes (`tried` blocks
    /// of it have been guarded): then [`Chooser::afford`] says whether it can be.
    #[inline(always)]
    pub fn is_due(&mut self, tried: u8, size: u64) -> bool {
        self.credit_ns += EARNED_NS + (size / BYTES_A_NS) as i64;
        if tried < DUE {
            return true;
        }
        self.until_sample -= 1;
        if self.until_sample != 0 {
            return false;
        }
        self.until_sample = 1 + (self.next() >> 33) as u32 % (2 * SHARE - 1);
        true
    }

    /// Pays for guarding a block, if there is enough. `pool` gives up to so many nanoseconds of what
    /// the process has left of its first credit. A stack's first block goes before other stacks'
    /// second ones, and these before later ones: what may be left over grows with `tried`.
    pub fn afford(&mut self, tried: u8, size: u64, pool: impl FnOnce(i64) -> i64) -> bool {
        let cost = cost_ns(size);
        let keep = match tried {
            0 => 0,
            1 => FIRST_CREDIT_NS / 8,
            2..DUE => FIRST_CREDIT_NS / 4,
            _ => FIRST_CREDIT_NS / 2,
        };
        if self.credit_ns < cost + keep {
            self.credit_ns += pool(cost + keep - self.credit_ns);
        }
        self.credit_ns = self.credit_ns.min(CREDIT_MAX_NS);
        if self.credit_ns < cost + keep {
            return false;
        }
        self.credit_ns -= cost;
        true
    }

    /// The side for a stack's next block.
    pub fn side(&mut self, choice: GuardSideChoice, tried: u8) -> Side {
        let after = match choice {
            GuardSideChoice::After => true,
            GuardSideChoice::Before => false,
            GuardSideChoice::Alternate => tried & 1 == 0,
            GuardSideChoice::Random => self.next() >> 40 & 1 == 0,
        };
        if after { Side::After } else { Side::Before }
    }
}

/// The memory that guarded blocks may take now.
#[must_use]
pub fn memory_limit_bytes(choice: GuardChoice, configured: u64, live_bytes: u64) -> u64 {
    /// Little programs may spend this much whatever they use themselves.
    const FLOOR_BYTES: u64 = 16 << 20;
    match choice {
        GuardChoice::Off => 0,
        GuardChoice::All => configured,
        GuardChoice::Adaptive => configured.min(FLOOR_BYTES.max(live_bytes / 2)),
    }
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

    /// Runs a program of `allocations` blocks from `stacks` stacks in turn; gives how many blocks of
    /// each were guarded and the modelled cost.
    fn run(stacks: usize, allocations: usize, seed: u64) -> (Vec<u64>, i64) {
        let mut chooser = Chooser::new(seed, 0);
        let mut pool = FIRST_CREDIT_NS;
        let mut tried = vec![0u8; stacks];
        let mut guarded = vec![0u64; stacks];
        let mut cost = 0;
        for index in 0..allocations {
            let stack = index % stacks;
            if chooser.is_due(tried[stack], 100)
                && chooser.afford(tried[stack], 100, |want| {
                    let given = want.min(pool);
                    pool -= given;
                    given
                })
            {
                guarded[stack] += 1;
                tried[stack] = (tried[stack] + 1).min(0x7e);
                cost += cost_ns(100);
            }
        }
        (guarded, cost)
    }

    #[test]
    fn every_stack_is_tried_and_the_budget_kept() {
        let (guarded, cost) = run(1_000, 1_000_000, 1);
        assert!(guarded.iter().all(|&count| count >= 2));
        assert!(cost <= FIRST_CREDIT_NS + 1_000_000 * (EARNED_NS + 1));
        // More stacks than the first credit pays for: they are tried as it is earned.
        let (guarded, cost) = run(10_000, 5_000_000, 1);
        assert!(guarded.iter().all(|&count| count >= 1));
        assert!(cost <= FIRST_CREDIT_NS + 5_000_000 * (EARNED_NS + 1));
    }

    #[test]
    fn a_seed_gives_the_same_choice_again() {
        assert_eq!(run(7, 100_000, 5), run(7, 100_000, 5));
        let guarded: u64 = run(7, 1_000_000, 5).0.iter().sum();
        assert!(guarded > 1_000, "a share is guarded: {guarded}");
    }

    #[test]
    fn sides_alternate_from_after() {
        let mut chooser = Chooser::new(1, 0);
        let sides: Vec<Side> = (0..4)
            .map(|tried| chooser.side(GuardSideChoice::Alternate, tried))
            .collect();
        assert_eq!(
            sides,
            [Side::After, Side::Before, Side::After, Side::Before]
        );
    }
}
