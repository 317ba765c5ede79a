//! Allocations and frees for a replay, which does not stop at the few other events that come between them all the time.

use super::{Words, node_of, op_of, stack_of};
use crate::words::{LOW48, NODE_MASK, Node, NodeId, STAMPED, op};
use crate::{Function, Tick};

/// Takes the events of which nearly all traces consist, see [`Words::blocks`].
pub trait BlockSink {
    /// Whether it takes events at this time: asked where time goes on.
    fn admits(&mut self, tick: Tick) -> bool;
    /// A successful allocation, without an alignment of its own. False when it is left to others.
    fn allocated(
        &mut self,
        function: Function,
        address: u64,
        size: u64,
        stack: NodeId,
        tick: Tick,
    ) -> bool;
    /// A block given back, or a call with a null pointer. False when it is left to others.
    fn freed(&mut self, function: Function, address: u64, tick: Tick) -> bool;
    /// A successful realloc; `tick` is when the new block came. False when it is left to others.
    fn reallocated(&mut self, realloc: Realloc, tick: Tick) -> bool;
    /// A new entry of the stack table. False when it is left to others.
    fn node(&mut self, node: &Node) -> bool;
}

/// A successful realloc, see [`crate::Event::Realloc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Realloc {
    /// The function called.
    pub function: Function,
    /// The block before.
    pub old: u64,
    /// The block after.
    pub address: u64,
    /// Bytes asked for.
    pub size: u64,
    /// The call stack.
    pub stack: NodeId,
}

/// What [`Words::blocks`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOn {
    /// How many events there were.
    pub events: u64,
    /// When the next one happened, if that was not before the limit, the one before was, and it is an allocation or a free.
    pub held_back: Option<Tick>,
}

impl HandedOn {
    /// Nothing was done.
    #[must_use]
    pub fn nothing() -> Self {
        HandedOn {
            events: 0,
            held_back: None,
        }
    }
}

impl Words<'_> {
    /// Hands plain allocations and frees on, and the reallocs, stack nodes and stamps between them, up to the first that did
    /// not happen before `limit`, that is not in the next `most_words`, that the sink does not take or that
    /// is anything else: that one is for [`Words::next`]. Nothing when the last event did not happen before `limit`.
    ///
    /// It reads no event that `next` would read otherwise; it is only faster, which is half of what a
    /// replay takes for an event.
    #[inline(always)]
    pub fn blocks(
        &mut self,
        limit: Tick,
        most_words: usize,
        sink: &mut impl BlockSink,
    ) -> HandedOn {
        if self.tick >= limit {
            return HandedOn::nothing();
        }
        // From here on that is asked only where time goes on.
        let words = &self.words[self.at..];
        let words = words.get(..most_words).unwrap_or(words);
        let mut rest = words;
        let (mut tick, mut count) = (self.tick, 0);
        let mut held_back = None;
        // Nearly all allocations and frees are by the functions of those before: asking for both at once is one compare.
        let mut alloc = Kind::new(op::ALLOC, Function::Malloc);
        let mut free = Kind::new(op::FREE, Function::Free);
        while let Some((&word, mut behind)) = rest.split_first() {
            let is_alloc = alloc.is_of(word);
            if !is_alloc && !free.is_of(word) {
                match (op_of(word), Function::from_code((word >> 48) as u8)) {
                    (op::ALLOC, Some(function)) => alloc = Kind::new(op::ALLOC, function),
                    (op::FREE, Some(function)) => free = Kind::new(op::FREE, function),
                    (op::ALLOC | op::FREE, None) => break,
                    _ => {
                        let between = take_between(word, behind, tick, limit, sink);
                        let Some((further, when)) = between else {
                            break;
                        };
                        (rest, tick) = (further, when);
                        count += 1;
                    }
                }
                continue;
            }
            let mut second = 0;
            if is_alloc {
                let Some((&next, further)) = behind.split_first() else {
                    break;
                };
                (second, behind) = (next, further);
                if second & 0xffff_ffff > NODE_MASK {
                    break;
                }
            }
            let mut when = tick;
            if word & STAMPED != 0 {
                let Some((&stamp, further)) = behind.split_first() else {
                    break;
                };
                (when, behind) = (stamp, further);
                if when >= limit {
                    held_back = Some(when);
                    break;
                }
                if !sink.admits(when) {
                    break;
                }
            }
            let address = word & LOW48;
            let is_taken = if is_alloc {
                let stack = NodeId(second as u32);
                sink.allocated(alloc.function, address, second >> 32, stack, when)
            } else {
                sink.freed(free.function, address, when)
            };
            if !is_taken {
                break;
            }
            (rest, tick) = (behind, when);
            count += 1;
        }
        (self.at, self.tick) = (self.at + words.len() - rest.len(), tick);
        HandedOn {
            events: count,
            held_back,
        }
    }
}

/// An operation and its function, as they stand in an event's first word.
struct Kind {
    head: u64,
    function: Function,
}

impl Kind {
    #[inline(always)]
    fn new(op: u8, function: Function) -> Self {
        Kind {
            head: u64::from(op) << 8 | function as u64,
            function,
        }
    }

    /// Whether an event with this first word is one, stamped or not.
    #[inline(always)]
    fn is_of(&self, head: u64) -> bool {
        (head & !STAMPED) >> 48 == self.head
    }
}

/// Hands on a realloc or a stack node, or steps over a stamp: what comes between allocations and frees all the time, so
/// that [`Words::blocks`] would otherwise end at every tenth event. Gives the words behind it and its time, `None`
/// when it is left to [`Words::next`].
#[inline(always)]
fn take_between<'a>(
    head: u64,
    behind: &'a [u64],
    tick: Tick,
    limit: Tick,
    sink: &mut impl BlockSink,
) -> Option<(&'a [u64], Tick)> {
    let op = op_of(head);
    let own = match op {
        op::STAMP => 0,
        op::NODE => 1,
        op::REALLOC => 3,
        _ => return None,
    };
    let (own, behind) = behind.split_at_checked(own)?;
    let stamps = match (head & STAMPED != 0, op) {
        (false, _) => 0,
        (true, op::REALLOC) => 2,
        (true, _) => 1,
    };
    let (stamps, behind) = behind.split_at_checked(stamps)?;
    let mut is_admitted = !stamps.is_empty() || tick < limit;
    for stamp in stamps {
        is_admitted &= *stamp < limit && sink.admits(*stamp);
    }
    let when = stamps.last().copied().unwrap_or(tick);
    let is_taken = is_admitted
        && match *own {
            [] => true,
            [second] => sink.node(&node_of(head, second)),
            [address, size, stack] => {
                let realloc = Realloc {
                    function: Function::from_code((head >> 48) as u8)?,
                    old: head & LOW48,
                    address: address & LOW48,
                    size,
                    stack: stack_of(stack)?,
                };
                sink.reallocated(realloc, when)
            }
            _ => false,
        };
    is_taken.then_some((behind, when))
}
