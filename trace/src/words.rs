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

use crate::blob::BlobKind;
use crate::{Function, Tick};

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
const LOW48: u64 = (1 << 48) - 1;
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

#[inline(always)]
fn head(op: u8, middle: u8, low: u64, stamped: bool) -> u64 {
    u64::from(stamped) << 63 | u64::from(op) << 56 | u64::from(middle) << 48 | low & LOW48
}

/// Writes a stamp on its own.
#[inline(always)]
pub fn put_stamp(sink: &mut impl WordSink, tick: Tick) {
    sink.push(head(op::STAMP, 0, 0, true));
    sink.push(tick);
}

#[inline(always)]
fn put_tick(sink: &mut impl WordSink, tick: Option<Tick>) {
    if let Some(tick) = tick {
        sink.push(tick);
    }
}

/// Writes an allocation. `alignment` is 1 for functions that take none.
#[inline(always)]
pub fn put_alloc(
    sink: &mut impl WordSink,
    function: Function,
    address: u64,
    size: u64,
    alignment: u64,
    stack: NodeId,
    tick: Option<Tick>,
) {
    if size >> 32 == 0 && alignment == 1 {
        sink.push(head(op::ALLOC, function as u8, address, tick.is_some()));
        sink.push(size << 32 | u64::from(stack.0));
    } else {
        sink.push(head(
            op::ALLOC_WIDE,
            function as u8,
            address,
            tick.is_some(),
        ));
        sink.push(u64::from(alignment.trailing_zeros()) << 32 | u64::from(stack.0));
        sink.push(size);
    }
    put_tick(sink, tick);
}

/// Writes a free.
#[inline(always)]
pub fn put_free(sink: &mut impl WordSink, function: Function, address: u64, tick: Option<Tick>) {
    sink.push(head(op::FREE, function as u8, address, tick.is_some()));
    put_tick(sink, tick);
}

/// Writes a successful realloc of a live block; `ticks` are those before and after the call.
#[inline(always)]
pub fn put_realloc(
    sink: &mut impl WordSink,
    function: Function,
    old: u64,
    address: u64,
    size: u64,
    stack: NodeId,
    ticks: Option<(Tick, Tick)>,
) {
    sink.push(head(op::REALLOC, function as u8, old, ticks.is_some()));
    sink.push(address & LOW48);
    sink.push(size);
    sink.push(u64::from(stack.0));
    if let Some((before, after)) = ticks {
        sink.push(before);
        sink.push(after);
    }
}

/// Writes an allocation that failed.
pub fn put_failed(
    sink: &mut impl WordSink,
    function: Function,
    size: u64,
    stack: NodeId,
    tick: Option<Tick>,
) {
    sink.push(head(op::FAILED, function as u8, 0, tick.is_some()));
    sink.push(size);
    sink.push(u64::from(stack.0));
    put_tick(sink, tick);
}

/// Writes a new entry of the stack table.
pub fn put_node(sink: &mut impl WordSink, node: &Node) {
    let flags = (u8::from(node.exact) * NODE_EXACT) | (u8::from(node.cut) * NODE_CUT);
    sink.push(head(op::NODE, flags, node.ip, false));
    sink.push(
        u64::from(node.epoch & MAX_EPOCH) << (2 * NODE_BITS)
            | u64::from(node.parent.0) << NODE_BITS
            | u64::from(node.id.0),
    );
}

/// Writes memory mapped.
pub fn put_map(
    sink: &mut impl WordSink,
    function: Function,
    address: u64,
    size: u64,
    stack: NodeId,
    tick: Option<Tick>,
) {
    sink.push(head(op::MAP, function as u8, address, tick.is_some()));
    sink.push(size);
    sink.push(u64::from(stack.0));
    put_tick(sink, tick);
}

/// Writes memory unmapped.
pub fn put_unmap(
    sink: &mut impl WordSink,
    function: Function,
    address: u64,
    size: u64,
    tick: Option<Tick>,
) {
    sink.push(head(op::UNMAP, function as u8, address, tick.is_some()));
    sink.push(size);
    put_tick(sink, tick);
}

/// Writes a measurement taken at `tick`.
pub fn put_sample(sink: &mut impl WordSink, sample: Sample, tick: Tick) {
    sink.push(head(op::SAMPLE, 0, 0, true));
    sink.push(sample.monotonic_ns);
    sink.push(sample.rss_bytes);
    sink.push(tick);
}

/// Writes a count of calls that could not be recorded.
pub fn put_lost(sink: &mut impl WordSink, function: Function, count: u64) {
    sink.push(head(op::LOST, function as u8, 0, false));
    sink.push(count);
}

/// Writes a blob, cut to [`MAX_BLOB_BYTES`].
pub fn put_blob(sink: &mut impl WordSink, kind: BlobKind, content: &[u8]) {
    let content = &content[..content.len().min(MAX_BLOB_BYTES)];
    sink.push(head(op::BLOB, kind as u8, content.len() as u64, false));
    for piece in content.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..piece.len()].copy_from_slice(piece);
        sink.push(u64::from_le_bytes(bytes));
    }
}

/// The words that a blob of this many bytes takes.
#[must_use]
pub fn blob_words(bytes: usize) -> usize {
    1 + bytes.min(MAX_BLOB_BYTES).div_ceil(8)
}

/// An event with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// When it happened: its own stamp, else the last one before it in this stream (0 if none).
    /// For `Realloc`, when the new block came.
    pub tick: Tick,
    /// For `Realloc`, when the old block went; for all others the same as `tick`.
    pub tick_before: Tick,
    /// What happened.
    pub event: Event<'a>,
}

/// Takes the events of which nearly all traces consist, see [`Words::blocks`].
pub trait BlockSink {
    /// A successful allocation, without an alignment of its own.
    fn allocated(&mut self, function: Function, address: u64, size: u64, stack: NodeId, tick: Tick);
    /// A block given back, or a call with a null pointer.
    fn freed(&mut self, function: Function, address: u64, tick: Tick);
}

/// What [`Words::blocks`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOn {
    /// How many events there were.
    pub events: u64,
    /// When the next one happened, if that was not before the limit and it is of the same kind.
    pub held_back: Option<Tick>,
}

/// Reads events back from words. Ends at the end of the words, or at the first word that is no
/// event ([`Words::damaged`] says which).
#[derive(Clone, Debug)]
pub struct Words<'a> {
    words: &'a [u64],
    at: usize,
    tick: Tick,
    damaged: bool,
}

impl<'a> Words<'a> {
    /// Starts at the first word; `tick` is the time before the first stamp.
    #[must_use]
    pub fn new(words: &'a [u64], tick: Tick) -> Self {
        Words {
            words,
            at: 0,
            tick,
            damaged: false,
        }
    }

    /// The index of the next word to read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// Whether reading ended early, at [`Words::position`], because the words there are no event.
    #[must_use]
    pub fn damaged(&self) -> bool {
        self.damaged
    }

    /// How many words the blob that begins with this word takes; `None` when it is no blob.
    #[must_use]
    pub fn length_of_blob(word: u64) -> Option<usize> {
        let bytes = (word & LOW48) as usize;
        ((word >> 56) as u8 == op::BLOB && bytes <= MAX_BLOB_BYTES).then(|| blob_words(bytes))
    }

    /// The time of the last event read.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Hands plain allocations and frees on, up to the first that did not happen before `limit` or
    /// that is anything else: that one is for [`Words::next`].
    ///
    /// It reads no event that `next` would read otherwise; it is only faster, which is half of what a
    /// replay takes for an event.
    #[inline(always)]
    pub fn blocks(&mut self, limit: Tick, sink: &mut impl BlockSink) -> HandedOn {
        let words = self.words;
        let (mut at, mut tick, mut count) = (self.at, self.tick, 0);
        let mut held_back = None;
        let stamp_at = |at: usize, stamp: usize, before: Tick| match stamp {
            0 => Some(before),
            _ => words.get(at).copied(),
        };
        while let Some(&word) = words.get(at) {
            let stamp = usize::from(word & STAMPED != 0);
            let (op, function) = ((word >> 56) as u8 & 0x7f, (word >> 48) as u8);
            let Some(function) = Function::from_code(function) else {
                break;
            };
            if op == op::ALLOC {
                let Some(&second) = words.get(at + 1) else {
                    break;
                };
                let Some(when) = stamp_at(at + 2, stamp, tick) else {
                    break;
                };
                let stack = second & 0xffff_ffff;
                if stack > NODE_MASK {
                    break;
                }
                if when >= limit {
                    held_back = Some(when);
                    break;
                }
                tick = when;
                let stack = NodeId(stack as u32);
                sink.allocated(function, word & LOW48, second >> 32, stack, tick);
                at += 2 + stamp;
            } else if op == op::FREE {
                let Some(when) = stamp_at(at + 1, stamp, tick) else {
                    break;
                };
                if when >= limit {
                    held_back = Some(when);
                    break;
                }
                tick = when;
                sink.freed(function, word & LOW48, tick);
                at += 1 + stamp;
            } else {
                break;
            }
            count += 1;
        }
        (self.at, self.tick) = (at, tick);
        HandedOn {
            events: count,
            held_back,
        }
    }

    /// For the encoder, which wants each event's own words, so that [`Words::blocks`] does not serve it:
    /// the next event, if it is an allocation of two words (and a stamp); else nothing is read.
    #[inline(always)]
    pub(crate) fn next_plain_alloc(&mut self) -> Option<Item<'a>> {
        let (word, second) = (*self.words.get(self.at)?, *self.words.get(self.at + 1)?);
        if (word >> 56) as u8 & 0x7f != op::ALLOC || second & 0xffff_ffff > NODE_MASK {
            return None;
        }
        let event = Event::Alloc {
            function: Function::from_code((word >> 48) as u8)?,
            address: word & LOW48,
            size: second >> 32,
            alignment: 1,
            stack: NodeId(second as u32),
        };
        self.step(word, event, 2)
    }

    /// The next event, if it is a free; else nothing is read.
    #[inline(always)]
    pub(crate) fn next_free(&mut self) -> Option<Item<'a>> {
        let word = *self.words.get(self.at)?;
        if (word >> 56) as u8 & 0x7f != op::FREE {
            return None;
        }
        let event = Event::Free {
            function: Function::from_code((word >> 48) as u8)?,
            address: word & LOW48,
        };
        self.step(word, event, 1)
    }

    /// Steps over an event of so many words, its stamp aside.
    #[inline(always)]
    fn step(&mut self, head: u64, event: Event<'a>, own: usize) -> Option<Item<'a>> {
        if head & STAMPED != 0 {
            self.tick = *self.words.get(self.at + own)?;
            self.at += 1;
        }
        self.at += own;
        Some(Item {
            tick: self.tick,
            tick_before: self.tick,
            event,
        })
    }

    #[inline(always)]
    fn decode(&self) -> Option<(Item<'a>, usize)> {
        let rest = &self.words[self.at..];
        let word = *rest.first()?;
        let stamped = word & STAMPED != 0;
        let middle = (word >> 48) as u8;
        let low = word & LOW48;
        let get = |index: usize| rest.get(index).copied();
        let function = || Function::from_code(middle);
        let node = |word: u64| (word <= NODE_MASK).then_some(NodeId(word as u32));
        let (event, own) = match (word >> 56) as u8 & 0x7f {
            op::STAMP => (Event::Stamp, 1),
            op::ALLOC => {
                let second = get(1)?;
                let event = Event::Alloc {
                    function: function()?,
                    address: low,
                    size: second >> 32,
                    alignment: 1,
                    stack: node(second & 0xffff_ffff)?,
                };
                (event, 2)
            }
            op::ALLOC_WIDE => {
                let second = get(1)?;
                let event = Event::Alloc {
                    function: function()?,
                    address: low,
                    size: get(2)?,
                    alignment: 1u64.checked_shl((second >> 32) as u32)?,
                    stack: node(second & 0xffff_ffff)?,
                };
                (event, 3)
            }
            op::FREE => (
                Event::Free {
                    function: function()?,
                    address: low,
                },
                1,
            ),
            op::REALLOC => {
                let event = Event::Realloc {
                    function: function()?,
                    old: low,
                    address: get(1)? & LOW48,
                    size: get(2)?,
                    stack: node(get(3)?)?,
                };
                (event, 4)
            }
            op::FAILED => {
                let event = Event::Failed {
                    function: function()?,
                    size: get(1)?,
                    stack: node(get(2)?)?,
                };
                (event, 3)
            }
            op::NODE => {
                let second = get(1)?;
                let node = Node {
                    id: NodeId((second & NODE_MASK) as u32),
                    parent: NodeId((second >> NODE_BITS & NODE_MASK) as u32),
                    ip: low,
                    exact: middle & NODE_EXACT != 0,
                    cut: middle & NODE_CUT != 0,
                    epoch: (second >> (2 * NODE_BITS)) as u16,
                };
                (Event::Node(node), 2)
            }
            op::MAP => {
                let event = Event::Map {
                    function: function()?,
                    address: low,
                    size: get(1)?,
                    stack: node(get(2)?)?,
                };
                (event, 3)
            }
            op::UNMAP => (
                Event::Unmap {
                    function: function()?,
                    address: low,
                    size: get(1)?,
                },
                2,
            ),
            op::SAMPLE => (
                Event::Sample(Sample {
                    monotonic_ns: get(1)?,
                    rss_bytes: get(2)?,
                }),
                3,
            ),
            op::LOST => (
                Event::Lost {
                    function: function()?,
                    count: get(1)?,
                },
                2,
            ),
            op::BLOB => {
                let kind = BlobKind::from_code(middle)?;
                let bytes = usize::try_from(low).ok().filter(|&n| n <= MAX_BLOB_BYTES)?;
                let words = rest.get(1..blob_words(bytes))?;
                (Event::Blob { kind, words, bytes }, blob_words(bytes))
            }
            _ => return None,
        };
        if !stamped {
            return Some((
                Item {
                    tick: self.tick,
                    tick_before: self.tick,
                    event,
                },
                own,
            ));
        }
        let first = get(own)?;
        if matches!(event, Event::Realloc { .. }) {
            let item = Item {
                tick: get(own + 1)?,
                tick_before: first,
                event,
            };
            return Some((item, own + 2));
        }
        Some((
            Item {
                tick: first,
                tick_before: first,
                event,
            },
            own + 1,
        ))
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Item<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Item<'a>> {
        if self.damaged || self.at >= self.words.len() {
            return None;
        }
        if let Some((item, taken)) = self.decode() {
            self.at += taken;
            self.tick = item.tick;
            return Some(item);
        }
        self.damaged = true;
        None
    }
}
