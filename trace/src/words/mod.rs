//! Events as 64-bit words: the layout of a window, and what [`crate::columns`] gives back.
//!
//! Word 0 of an event, from the top bit down:
//!
//! | bits | meaning |
//! |---|---|
//! | 63 | *stamped*: after the event's own words comes one word with its tick (two for `REALLOC`: before, after) |
//! | 62..56 | the operation, `op::*` |
//! | 55..48 | the function's number ([`Function`]), or flags, or a blob's kind |
//! | 47..0 | an address, an instruction pointer, or a length in bytes |
//!
//! An event without a stamp happened at or after the last stamp before it in the same thread, and
//! is ordered exactly by its place. The writer stamps every event once a second thread exists, and
//! about every 64th event before.

mod read;
mod write;

pub use read::{BlockSink, HandedOn, Item, Realloc, Words};
pub use write::{
    blob_words, put_alloc, put_blob, put_failed, put_free, put_lost, put_map, put_node,
    put_realloc, put_sample, put_stamp, put_unmap,
};
pub(crate) use write::{put_plain_alloc, put_plain_free};

use crate::Function;
use crate::blob::BlobKind;

/// The operations. Zero is never written: it marks memory that was never reached.
mod op {
    pub(super) const STAMP: u8 = 1;
    pub(super) const ALLOC: u8 = 2;
    pub(super) const ALLOC_WIDE: u8 = 3;
    pub(super) const FREE: u8 = 4;
    pub(super) const REALLOC: u8 = 5;
    pub(super) const FAILED: u8 = 6;
    pub(super) const NODE: u8 = 7;
    pub(super) const MAP: u8 = 8;
    pub(super) const UNMAP: u8 = 9;
    pub(super) const SAMPLE: u8 = 10;
    pub(super) const LOST: u8 = 11;
    pub(super) const BLOB: u8 = 12;
}

const STAMPED: u64 = 1 << 63;
pub(crate) const LOW48: u64 = (1 << 48) - 1;
const NODE_BITS: u32 = 26;
const NODE_MASK: u64 = (1 << NODE_BITS) - 1;

/// The most words that one event (blobs aside) can take, stamps included.
pub const MAX_EVENT_WORDS: usize = 7;
/// A blob is cut to this many bytes of content, so that it fits every window.
pub const MAX_BLOB_BYTES: usize = 16 << 10;
/// The highest number that a stack node can have.
pub const MAX_NODE: u32 = NODE_MASK as u32;
/// The highest epoch that a stack node can name.
pub const MAX_EPOCH: u16 = 0xfff;

/// A node of the stack table: a frame and, through its parent, all frames outside it. Node 0 is
/// the empty stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// A new entry of the stack table. It always precedes, in the file's order of causes, the first
/// event that uses it, but may stand in another thread's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// This node's number.
    pub id: NodeId,
    /// The caller's node.
    pub parent: NodeId,
    /// Instruction pointer: a return address unless `exact`.
    pub ip: u64,
    /// The ip is that of an interrupted instruction (look it up as it is); otherwise it is a
    /// return address (look up `ip - 1`).
    pub exact: bool,
    /// The stack was cut here (depth limit, or an unreadable frame); `ip` is 0 then.
    pub cut: bool,
    /// Which generation of loaded modules `ip` belongs to (see [`crate::Module::epoch`]).
    pub epoch: u16,
}

const NODE_EXACT: u8 = 1;
const NODE_CUT: u8 = 2;

/// A measurement of the process that ties the trace's ticks to nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// CLOCK_MONOTONIC at the event's own stamp, in nanoseconds.
    pub monotonic_ns: u64,
    /// Resident set, in bytes.
    pub rss_bytes: u64,
}

/// One thing that happened. Addresses and sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Only time passed.
    Stamp,
    /// A successful allocation.
    Alloc {
        /// The function called.
        function: Function,
        /// First byte of the block.
        address: u64,
        /// Bytes asked for.
        size: u64,
        /// Alignment asked for, 1 for functions that take none.
        alignment: u64,
        /// The call stack.
        stack: NodeId,
    },
    /// A block given back; address 0 is a call with a null pointer.
    Free {
        /// The function called.
        function: Function,
        /// First byte of the block.
        address: u64,
    },
    /// A successful realloc of a live block: frees `old` (at the stamp before) and allocates
    /// `address` (at the stamp after).
    Realloc {
        /// The function called.
        function: Function,
        /// The block before.
        old: u64,
        /// The block after.
        address: u64,
        /// Bytes asked for.
        size: u64,
        /// The call stack.
        stack: NodeId,
    },
    /// An allocation that returned null (or an error number).
    Failed {
        /// The function called.
        function: Function,
        /// Bytes asked for; calloc's and reallocarray's product, saturated.
        size: u64,
        /// The call stack.
        stack: NodeId,
    },
    /// A new entry of the stack table.
    Node(Node),
    /// Anonymous memory mapped, or the break moved up.
    Map {
        /// The function called.
        function: Function,
        /// First byte.
        address: u64,
        /// Bytes.
        size: u64,
        /// The call stack.
        stack: NodeId,
    },
    /// Memory unmapped, or the break moved down.
    Unmap {
        /// The function called.
        function: Function,
        /// First byte.
        address: u64,
        /// Bytes.
        size: u64,
    },
    /// A measurement; always stamped.
    Sample(Sample),
    /// Calls of `function` that were served but could not be recorded (made inside LDT itself, by
    /// a signal handler that interrupted it).
    Lost {
        /// The function called.
        function: Function,
        /// How many.
        count: u64,
    },
    /// A record with content of its own, see [`crate::blob`].
    Blob {
        /// What it holds.
        kind: BlobKind,
        /// The content, eight bytes a word in little-endian order, zero padded.
        words: &'a [u64],
        /// Bytes of content.
        bytes: usize,
    },
}

/// Where encoded words go.
pub trait WordSink {
    /// Takes the next word.
    fn push(&mut self, word: u64);
}

impl WordSink for Vec<u64> {
    fn push(&mut self, word: u64) {
        Vec::push(self, word);
    }
}
