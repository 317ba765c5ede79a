//! The token of an event: one byte that says what it is and which predictions held.
//!
//! | bits | meaning |
//! |---|---|
//! | `1aassbbt` | allocation: `aa` address, `ss` stack, `bb` size and function, `t` stamped |
//! | `010kkkft` | free: `kkk` how the block is named, `f` another function than at the last free, `t` stamped |
//! | `00......` | the operation's number: a node, a stamp, or words as they are; 0x20: a realloc follows as a free and an allocation |

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
/// Of any other: the block that was freed so many frees ago.
pub(super) const AT_FREED: u8 = 3;
/// Which stack: one of `STACK_*`, at this shift.
pub(super) const STACK_SHIFT: u32 = 3;
/// The one that came after the stack before the last time.
pub(super) const STACK_EXPECTED: u8 = 0;
/// Written as a place in the dictionary.
pub(super) const STACK_PLACE: u8 = 1;
/// Written as its number.
pub(super) const STACK_NEW: u8 = 2;
/// The stack of the allocation before: a loop.
pub(super) const STACK_SAME: u8 = 3;
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
