//! The token of an event: one byte that says what it is and which predictions held.
//!
//! | bits | meaning |
//! |---|---|
//! | `1aassbbt` | allocation: `aa` address, `ss` stack, `bb` size and function, `t` stamped |
//! | `010kkkft` | free: `kkk` how the block is named, `f` another function than at the last free, `t` stamped |
//! | `011rrrrt` | free of a block from elsewhere in the region `rrrr`, by the function of the last free, `t` stamped (since version 3) |
//! | `00......` | the operation's number: a node, a stamp, or words as they are; 0x20: a realloc follows as a free and an allocation |

/// Where tokens stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Layout {
    /// All in one column: runs of them come again, and are found there.
    #[default]
    Together,
    /// By what comes before. Where nothing but the alternation of allocations and frees can be foretold, it then costs
    /// nothing: a bit an event.
    ByKindBefore,
}

/// The kind of an allocation's token.
pub(super) const OF_ALLOCATIONS: usize = 0;
/// Of a free's.
pub(super) const OF_FREES: usize = 1;
/// Of any other, and of what comes before the first.
pub(super) const OF_OTHERS: usize = 2;

/// What a token says before the next one: one of `OF_*`.
#[inline(always)]
pub(super) fn kind(token: u8) -> usize {
    2usize.saturating_sub(usize::from(token >> 6))
}

/// Lays tokens that stand together out as [`Layout::ByKindBefore`] does: gives where in `out`, which is as long, the column of
/// each kind ends.
#[must_use]
pub fn by_kind_before(tokens: &[u8], out: &mut [u8]) -> [usize; 3] {
    let mut before = FIRST;
    let mut lengths = [0; 3];
    for token in tokens {
        lengths[kind(before)] += 1;
        before = *token;
    }
    let mut ends = [0, lengths[0], lengths[0] + lengths[1]];
    before = FIRST;
    for token in tokens {
        let end = &mut ends[kind(before)];
        if let Some(place) = out.get_mut(*end) {
            *place = *token;
        }
        *end += 1;
        before = *token;
    }
    ends
}

/// What stands for the token before the first: none is like it.
pub(super) const FIRST: u8 = 0;
/// An allocation.
pub(super) const ALLOC: u8 = 0x80;
/// Where its address is: one of `AT_*`, at this shift.
pub(super) const AT_SHIFT: u32 = 5;
/// The block of its class that was freed last.
pub(super) const AT_LAST_FREED: u8 = 0;
/// Behind the block before.
pub(super) const AT_NEXT: u8 = 1;
/// Written as a distance from the block before.
pub(super) const AT_DISTANCE: u8 = 2;
/// Of a realloc: where the old block was.
pub(super) const AT_OLD: u8 = 3;
/// Of any other: the block of its class that was freed so many of them ago (1: before the last one), or, from
/// [`super::freed::FREED`] on, the one that was freed so many frees ago. Before version 4 always so.
pub(super) const AT_FREED: u8 = 3;
/// Which stack: one of `STACK_*`, at this shift.
pub(super) const STACK_SHIFT: u32 = 3;
/// The one that came after the stack before the last time.
pub(super) const STACK_EXPECTED: u8 = 0;
/// Written as a place in the dictionary.
pub(super) const STACK_PLACE: u8 = 1;
/// Written as its number.
pub(super) const STACK_NEW: u8 = 2;
/// The one that came after the stack before the time before the last. Before version 4: the stack of the allocation before.
pub(super) const STACK_SECOND: u8 = 3;
/// Written as this place: the stack of the allocation before, a loop.
pub(super) const SAME_STACK: u16 = 0xff00;
/// What it asks for: one of `ASKS_*`, at this shift.
pub(super) const ASKS_SHIFT: u32 = 1;
/// What the stack asked for the last time.
pub(super) const ASKS_AS_BEFORE: u8 = 0;
/// Another size from the same function.
pub(super) const ASKS_SIZE: u8 = 1;
/// Function and size are written.
pub(super) const ASKS_NEW: u8 = 2;
/// The event has a stamp.
pub(super) const STAMPED: u8 = 1;

/// A free.
pub(super) const FREE: u8 = 0x40;
/// How the block is named: one of `BLOCK_*`, at this shift.
pub(super) const BLOCK_SHIFT: u32 = 2;
/// By its age.
pub(super) const BLOCK_AGE: u8 = 0;
/// By the distance from the last that was named so.
pub(super) const BLOCK_DISTANCE: u8 = 1;
/// By its place in the table of addresses: it was allocated elsewhere, but freed here before.
pub(super) const BLOCK_PLACE: u8 = 4;
/// The null pointer.
pub(super) const BLOCK_NULL: u8 = 2;
/// It is the block of the allocation before.
pub(super) const BLOCK_NEWEST: u8 = 3;
/// It was allocated right after the block freed before it.
pub(super) const BLOCK_AFTER: u8 = 5;
/// Right before it.
pub(super) const BLOCK_BEFORE: u8 = 6;
/// So many allocations after it, or before it.
pub(super) const BLOCK_NEAR: u8 = 7;
/// As by `BLOCK_DISTANCE` and the function of the last free; the region at this shift.
pub(super) const FREE_ELSEWHERE: u8 = 0x60;
/// In `FREE_ELSEWHERE`.
pub(super) const REGION_SHIFT: u32 = 1;
/// Of a region, at that shift.
pub(super) const REGION_MASK: u8 = 15;
/// The function is not that of the last free.
pub(super) const OTHER_FUNCTION: u8 = 2;

/// A realloc: a free and an allocation follow, both without stamps of their own.
pub(super) const REALLOC: u8 = 0x20;
/// A realloc with its two stamps.
pub(super) const REALLOC_STAMPED: u8 = 0x21;
/// A stack node that is the next number and whose parent is the number before.
pub(super) const NODE_CHAINED: u8 = 0x22;
/// Any other stack node without flags and with epoch 0.
pub(super) const NODE: u8 = 0x23;
/// A stamp on its own.
pub(super) const STAMP: u8 = 0x24;
/// Words as they are: the number of words stands in the first byte after, in `Functions`; 0 means that
/// it can be told from the first word (a blob).
pub(super) const WORDS: u8 = 0x25;
/// As `NODE_CHAINED`, with the instruction pointer that came after that of the number before the last time.
pub(super) const NODE_AGAIN: u8 = 0x26;
