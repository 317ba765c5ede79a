//! Hands each event to the part of the state that it concerns.

use super::block::Block;
use super::clock::Clock;
use super::facts::Facts;
use super::heap::Heap;
use super::mappings::Mappings;
use super::stacks::Stacks;
use ldt_trace::words::{BlockSink, Node, Realloc};
use ldt_trace::{Event, Function, Item, NodeId, Tick};

/// What every block is a multiple of.
const MALLOC_ALIGNMENT: u64 = 16;

/// The second half of a realloc: its new block comes after events of other threads that happened
/// while it ran.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewHalf {
    function: Function,
    address: u64,
    size: u64,
    stack: NodeId,
    pub(super) tick: Tick,
    was: Option<Block>,
    is_moved: bool,
}

/// The state that events change.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) heap: Heap,
    pub(super) stacks: Stacks,
    pub(super) facts: Facts,
    pub(super) clock: Clock,
    pub(super) mappings: Mappings,
    /// Calls that were served but not recorded.
    pub(super) lost: u64,
    pub(super) last_tick: Tick,
    pub(super) events: u64,
    /// Pieces that ended in words that are no event.
    pub(super) unreadable_pieces: u64,
}

/// Where the plain allocations and frees of a thread go, when something follows them or nothing counts.
pub(super) struct OfThread<'h> {
    pub(super) heap: &'h mut Heap,
    pub(super) thread: usize,
}

impl BlockSink for OfThread<'_> {
    #[inline(always)]
    fn admits(&mut self, _tick: Tick) -> bool {
        true
    }

    #[inline(always)]
    fn allocated(
        &mut self,
        function: Function,
        address: u64,
        size: u64,
        stack: NodeId,
        tick: Tick,
    ) -> bool {
        self.heap
            .allocated(self.thread, function, address, size, stack, tick);
        true
    }

    #[inline(always)]
    fn freed(&mut self, function: Function, address: u64, tick: Tick) -> bool {
        self.heap
            .called_to_free(self.thread, function, address, tick);
        true
    }

    #[inline(always)]
    fn reallocated(&mut self, _realloc: Realloc, _tick: Tick) -> bool {
        false
    }

    #[inline(always)]
    fn node(&mut self, _node: &Node) -> bool {
        false
    }
}

impl Recorder {
    pub(super) fn new(start: Tick, clock: Clock, is_counting: bool) -> Self {
        Recorder {
            heap: Heap::new(start, is_counting),
            stacks: Stacks::default(),
            facts: Facts::default(),
            clock,
            mappings: Mappings::default(),
            lost: 0,
            last_tick: start,
            events: 0,
            unreadable_pieces: 0,
        }
    }
}

impl Recorder {
    /// Takes in an event of a thread, both halves of a realloc.
    pub(super) fn take(&mut self, thread: usize, item: &Item<'_>) {
        match item.event {
            Event::Alloc {
                function,
                address,
                size,
                alignment,
                stack,
            } => {
                self.heap
                    .allocated(thread, function, address, size, stack, item.tick);
                if alignment > MALLOC_ALIGNMENT {
                    self.heap.aligned(thread, function, size, alignment, stack);
                }
            }
            Event::Free { function, address } => {
                self.heap
                    .called_to_free(thread, function, address, item.tick);
            }
            Event::Realloc { .. } => {
                if let Some(half) = self.take_old_half(thread, item) {
                    self.take_new_half(thread, &half);
                }
            }
            _ => self.take_rare(thread, item),
        }
    }

    /// The first half of a realloc: the old block goes.
    pub(super) fn take_old_half(&mut self, thread: usize, item: &Item<'_>) -> Option<NewHalf> {
        let Event::Realloc {
            function,
            old,
            address,
            size,
            stack,
        } = item.event
        else {
            return None;
        };
        let was = self.heap.freed(thread, old, item.tick_before);
        Some(NewHalf {
            function,
            address,
            size,
            stack,
            tick: item.tick,
            was,
            is_moved: old != address,
        })
    }

    /// The second half of a realloc: the new block comes.
    pub(super) fn take_new_half(&mut self, thread: usize, half: &NewHalf) {
        self.heap.reallocated(half.was, half.is_moved, half.size);
        self.heap.allocated(
            thread,
            half.function,
            half.address,
            half.size,
            half.stack,
            half.tick,
        );
    }

    #[cold]
    fn take_rare(&mut self, thread: usize, item: &Item<'_>) {
        match item.event {
            Event::Node(node) => self.stacks.add(&node),
            Event::Failed { function, .. } => self.heap.failed(thread, function),
            Event::Map {
                function,
                address,
                size,
                stack,
            } => self.mappings.map(function, address, size, stack),
            Event::Unmap {
                function,
                address,
                size,
            } => self.mappings.unmap(function, address, size),
            Event::Sample(sample) => {
                self.clock.anchor(item.tick, sample.monotonic_ns);
                self.heap.measured_rss(item.tick, sample.rss_bytes);
            }
            Event::Lost { count, .. } => self.lost = self.lost.saturating_add(count),
            Event::Blob { kind, words, bytes } => {
                if let Some(name) = self.facts.take(kind, words, bytes) {
                    self.heap.threads[thread].name = Some(name);
                }
            }
            Event::Stamp | Event::Alloc { .. } | Event::Free { .. } | Event::Realloc { .. } => {}
        }
    }

    /// Whether an event is possible as the next one, given what is live: the rule for events of
    /// different threads at the same tick. What is freed was allocated before; where something is
    /// allocated, nothing is live.
    pub(super) fn is_possible(&mut self, event: &Event<'_>) -> bool {
        match *event {
            Event::Alloc { address, .. } => !self.heap.is_live(address),
            Event::Free { address, .. } => address == 0 || self.heap.is_live(address),
            Event::Realloc { old, .. } => self.heap.is_live(old),
            _ => true,
        }
    }

    /// The same for the second half of a realloc.
    pub(super) fn is_half_possible(&mut self, half: &NewHalf) -> bool {
        !self.heap.is_live(half.address)
    }
}
