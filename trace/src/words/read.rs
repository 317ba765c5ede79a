//! Words back into events. Nearly all are plain allocations and frees, so besides the iterator, which reads anything, there
//! are two quick ways to those: [`Words::blocks`] for a replay, which wants what they say, and the encoder's, which wants
//! each event's own words too.

mod blocks;

use super::{
    Event, LOW48, MAX_BLOB_BYTES, NODE_BITS, NODE_CUT, NODE_EXACT, NODE_MASK, Node, NodeId,
    STAMPED, Sample, blob_words, op,
};
use crate::blob::BlobKind;
use crate::{Function, Tick};

pub use blocks::{BlockSink, HandedOn, Realloc};

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

    /// For the encoder, which wants each event's own words, so that [`Words::blocks`] does not serve it:
    /// the next event, if it is an allocation of two words (and a stamp); else nothing is read.
    #[inline(always)]
    pub(crate) fn next_plain_alloc(&mut self) -> Option<Item<'a>> {
        let (word, second) = (*self.words.get(self.at)?, *self.words.get(self.at + 1)?);
        if op_of(word) != op::ALLOC || second & 0xffff_ffff > NODE_MASK {
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
        if op_of(word) != op::FREE {
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
        let node = stack_of;
        let (event, own) = match op_of(word) {
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
                (Event::Node(node_of(word, second)), 2)
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

#[inline(always)]
fn op_of(head: u64) -> u8 {
    (head >> 56) as u8 & 0x7f
}

#[inline(always)]
fn stack_of(word: u64) -> Option<NodeId> {
    (word <= NODE_MASK).then_some(NodeId(word as u32))
}

#[inline(always)]
fn node_of(head: u64, second: u64) -> Node {
    let flags = (head >> 48) as u8;
    Node {
        id: NodeId((second & NODE_MASK) as u32),
        parent: NodeId((second >> NODE_BITS & NODE_MASK) as u32),
        ip: head & LOW48,
        exact: flags & NODE_EXACT != 0,
        cut: flags & NODE_CUT != 0,
        epoch: (second >> (2 * NODE_BITS)) as u16,
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
