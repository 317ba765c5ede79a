//! The plain allocations, frees and reallocs of one thread, one after the other, and the stack nodes between them: nearly
//! all that a trace is.
//!
//! [`Heap::allocated`] and [`Heap::freed`] can do any of them, whatever it leads to: a page that had no block yet, a new
//! call stack, a bin of the timeline that is over, a look at all blocks that is due, a picture that follows each block.
//! Because any of that may happen at each event, everything has to be found again after each. Here nothing of it can
//! happen: an event that would lead to it is left to them. So tables stay where they are and totals
//! in registers from one event to the next, which takes half of the instructions.

use super::super::calls::Calls;
use super::super::leaves::Present;
use super::super::packed::{self, Packed};
use super::super::sites::Tables;
use super::super::sizes::LARGE;
use super::super::slack::small_slack_bytes;
use super::super::stacks::Stacks;
use super::{Heap, Peak};
use crate::replay::block::Block;
use crate::replay::sites::Balance;
use crate::replay::thread_totals::ThreadTotals;
use ldt_trace::words::{BlockSink, HandedOn, Node, Realloc};
use ldt_trace::{Function, NodeId, Tick, Words};

/// Everything that plain events change, taken apart.
struct Plain<'h> {
    thread: u32,
    of_thread: &'h mut ThreadTotals,
    blocks: Present<'h>,
    sites: Tables<'h>,
    /// By size, below [`LARGE`].
    sizes: &'h mut [u64],
    calls: &'h mut Calls,
    stacks: &'h mut Stacks,
    totals: Totals,
    /// Time may not come to this.
    until: Tick,
    /// A heap that shrinks from its peak is worth a look if that is higher.
    worth_bytes: u64,
}

/// A block that is about to come, if there is nothing at its place.
struct Coming {
    address: u64,
    size: u64,
    site: usize,
    word: Packed,
    tick: Tick,
}

/// The heap's figures on the way.
#[derive(Clone, Copy)]
struct Totals {
    live_bytes: u64,
    live_slack_bytes: u64,
    /// Blocks that are live, but for what the thread allocated and freed in all.
    other_blocks: u64,
    lowest_address: u64,
    peak: Peak,
    epoch: u64,
    /// Of the timeline's bin.
    highest_bytes: u64,
    lowest_bytes: u64,
}

impl Heap {
    /// Takes the thread's next events, as far as they are plain ones; `None` when none is.
    #[inline(always)]
    pub(in super::super) fn take_plain(
        &mut self,
        thread: usize,
        stacks: &mut Stacks,
        words: &mut Words<'_>,
        limit: Tick,
    ) -> Option<HandedOn> {
        // An event takes a word at least, a realloc, which is two, more than two.
        let most_words = self.footprint.events_to_spare() as usize;
        let mut plain = self.plain(thread, stacks)?;
        if !plain.admits(words.tick()) {
            return Some(HandedOn::nothing());
        }
        let (allocations, frees) = plain.done();
        let handed_on = words.blocks(limit, most_words, &mut plain);
        let done = plain.done();
        let totals = plain.totals;
        self.put_back(totals, (done.0 - allocations, done.1 - frees));
        Some(handed_on)
    }

    #[inline(always)]
    fn plain<'h>(&'h mut self, thread: usize, stacks: &'h mut Stacks) -> Option<Plain<'h>> {
        let of_thread = self.threads.get_mut(thread)?;
        if self.is_watched || !of_thread.is_counted || thread >= packed::THREADS {
            return None;
        }
        let others = self.came.wrapping_sub(self.frees);
        let other_blocks = others.wrapping_sub(of_thread.balance());
        let (highest_bytes, lowest_bytes) = self.timeline.extremes();
        Some(Plain {
            thread: thread as u32,
            of_thread,
            blocks: self.blocks.present()?,
            sites: self.sites.tables().limit(packed::SITES),
            sizes: self.sizes.small(),
            calls: &mut self.calls,
            stacks,
            totals: Totals {
                live_bytes: self.live_bytes,
                live_slack_bytes: self.live_slack_bytes,
                other_blocks,
                lowest_address: self.footprint.lowest_address(),
                peak: self.peak,
                epoch: self.epoch,
                highest_bytes,
                lowest_bytes,
            },
            until: self.until,
            worth_bytes: self.footprint.worth_bytes(),
        })
    }

    #[inline(always)]
    fn put_back(&mut self, totals: Totals, (allocations, frees): (u64, u64)) {
        self.live_bytes = totals.live_bytes;
        self.live_slack_bytes = totals.live_slack_bytes;
        self.came += allocations;
        self.frees += frees;
        self.footprint.passed(allocations + frees);
        self.peak = totals.peak;
        self.epoch = totals.epoch;
        self.timeline.grew_to(totals.highest_bytes);
        self.timeline.shrank_to(totals.lowest_bytes);
        self.footprint.came(totals.lowest_address);
    }
}

impl Plain<'_> {
    /// What the thread has allocated and freed in all.
    #[inline(always)]
    fn done(&self) -> (u64, u64) {
        (self.of_thread.allocations, self.of_thread.frees)
    }
}

impl ThreadTotals {
    /// What it allocated less what it freed, which may be others' blocks.
    #[inline(always)]
    fn balance(&self) -> u64 {
        self.allocations.wrapping_sub(self.frees)
    }
}

impl BlockSink for Plain<'_> {
    #[inline(always)]
    fn admits(&mut self, tick: Tick) -> bool {
        tick < self.until
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
        let Some(coming) = self.coming(function, address, size, stack, tick) else {
            return false;
        };
        match self.blocks.slot(address) {
            Some(slot) if slot.is_nothing() => *slot = coming.word,
            _ => return false,
        }
        self.count(coming);
        true
    }

    #[inline(always)]
    fn freed(&mut self, function: Function, address: u64, _tick: Tick) -> bool {
        let is_taken = address == 0 || self.take_out(address).is_some();
        if is_taken {
            self.calls.of(function).calls += 1;
        }
        is_taken
    }

    #[inline(always)]
    fn reallocated(&mut self, realloc: Realloc, tick: Tick) -> bool {
        let Realloc {
            function,
            old,
            address,
            size,
            stack,
        } = realloc;
        // All that could speak against it comes before anything changes.
        let Some(coming) = self.coming(function, address, size, stack, tick) else {
            return false;
        };
        let is_moved = address != old;
        if is_moved
            && !self
                .blocks
                .slot(address)
                .is_some_and(|slot| slot.is_nothing())
        {
            return false;
        }
        let Some(was) = self.take_out(old) else {
            return false;
        };
        if let Some(slot) = self.blocks.slot(address) {
            *slot = coming.word;
        }
        self.calls.reallocs.count(is_moved, was.size > size);
        self.count(coming);
        true
    }

    #[inline(always)]
    fn node(&mut self, node: &Node) -> bool {
        self.stacks.add(node);
        true
    }
}

impl Plain<'_> {
    /// `None` when it would be no plain block.
    #[inline(always)]
    fn coming(
        &mut self,
        function: Function,
        address: u64,
        size: u64,
        stack: NodeId,
        tick: Tick,
    ) -> Option<Coming> {
        // A site that is made here for a block that turns out not to be plain would be made next anyway.
        let number = self.sites.number(stack, function)?;
        let block = Block {
            size,
            site: number,
            thread: self.thread,
        };
        let site = number as usize;
        let is_plain = site < self.sites.sites.len() && (size as usize) < self.sizes.len();
        let word = Packed::of_roomy(address, block).filter(|_| is_plain)?;
        Some(Coming {
            address,
            size,
            site,
            word,
            tick,
        })
    }

    /// A block is at its place.
    #[inline(always)]
    fn count(&mut self, came: Coming) {
        let slack = small_slack_bytes(came.size);
        if let Some(count) = self.sizes.get_mut(came.size as usize) {
            *count += 1;
        }
        if let Some(site) = self.sites.sites.get_mut(came.site) {
            site.gain(came.size, slack, self.totals.epoch);
        }
        self.of_thread.allocations += 1;
        self.of_thread.last_address = came.address;
        self.of_thread.bytes = self.of_thread.bytes.wrapping_add(came.size);
        if self.totals.came(came.address, came.size, slack) {
            let blocks = self.totals.other_blocks;
            self.totals.peak = Peak {
                balance: Balance {
                    bytes: self.totals.live_bytes,
                    blocks: blocks.wrapping_add(self.of_thread.balance()),
                },
                tick: came.tick,
            };
            self.totals.epoch += 1;
        }
    }

    /// Takes a block out; `None`, and nothing changes, when it or the moment is not plain.
    #[inline(always)]
    fn take_out(&mut self, address: u64) -> Option<Block> {
        let peak_bytes = self.totals.peak.balance.bytes;
        if self.totals.live_bytes == peak_bytes && peak_bytes > self.worth_bytes {
            return None;
        }
        let slot = self.blocks.slot(address)?;
        if !slot.is_at(address) {
            return None;
        }
        let block = slot.block();
        let site = self.sites.sites.get_mut(block.site as usize)?;
        if block.size >= LARGE {
            return None;
        }
        *slot = Packed::default();
        let slack = small_slack_bytes(block.size);
        site.lose(block.size, slack, self.totals.epoch);
        self.of_thread.frees += 1;
        if address == self.of_thread.last_address && block.thread == self.thread {
            self.of_thread.temporary += 1;
            site.temporary += 1;
        }
        self.totals.went(block.size, slack);
        Some(block)
    }
}

impl Totals {
    /// Whether this is the peak.
    #[inline(always)]
    fn came(&mut self, address: u64, size: u64, slack: u64) -> bool {
        if address < self.lowest_address {
            seldom();
            self.lowest_address = address;
        }
        self.live_bytes = self.live_bytes.wrapping_add(size);
        self.live_slack_bytes = self.live_slack_bytes.wrapping_add(slack);
        if self.live_bytes > self.highest_bytes {
            seldom();
            self.highest_bytes = self.live_bytes;
        }
        self.live_bytes > self.peak.balance.bytes
    }

    #[inline(always)]
    fn went(&mut self, size: u64, slack: u64) {
        self.live_bytes = self.live_bytes.wrapping_sub(size);
        self.live_slack_bytes = self.live_slack_bytes.wrapping_sub(slack);
        if self.live_bytes < self.lowest_bytes {
            seldom();
            self.lowest_bytes = self.live_bytes;
        }
    }
}

/// Where it is called nothing mostly needs to be done: a branch then takes less than to choose, and write, what mostly is
/// there.
#[cold]
fn seldom() {}

#[cfg(test)]
mod tests {
    use super::*;
    use ldt_trace::{Event, Item, words};
    use proptest::prelude::*;

    /// All that an event may change, as text.
    fn figures(heap: &mut Heap) -> String {
        heap.finish();
        let bins: Vec<_> = heap.timeline.bins().collect();
        let calls: Vec<_> = heap.calls.all().collect();
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {bins:?} {calls:?} {:?} {:?}",
            heap.live(),
            heap.peak,
            heap.frees,
            heap.mismatches,
            heap.threads,
            heap.sites.all(),
            heap.sizes.classes(),
            heap.footprint.moments,
        )
    }

    fn take(heap: &mut Heap, item: &Item<'_>) {
        match item.event {
            Event::Alloc {
                function,
                address,
                size,
                stack,
                ..
            } => heap.allocated(0, function, address, size, stack, item.tick),
            Event::Free { function, address } => {
                heap.called_to_free(0, function, address, item.tick);
            }
            Event::Realloc {
                function,
                old,
                address,
                size,
                stack,
            } => {
                let was = heap.freed(0, old, item.tick_before);
                heap.reallocated(was, address != old, size);
                heap.allocated(0, function, address, size, stack, item.tick);
            }
            _ => {}
        }
    }

    /// What a step writes.
    #[derive(Clone, Copy, Debug)]
    enum What {
        Alloc,
        Free,
        /// To this place.
        Realloc(u64),
        Node,
        Stamp,
    }

    fn what() -> impl Strategy<Value = What> {
        prop_oneof![
            4 => Just(What::Alloc),
            4 => Just(What::Free),
            1 => (0u64..40).prop_map(What::Realloc),
            1 => Just(What::Node),
            1 => Just(What::Stamp),
        ]
    }

    /// A frame called from the one before.
    fn node(number: u32) -> Node {
        Node {
            id: NodeId(number),
            parent: NodeId(number - 1),
            ip: u64::from(number),
            exact: false,
            cut: false,
            epoch: 0,
        }
    }

    fn heap() -> Heap {
        let mut heap = Heap::new(0, true);
        heap.add_thread(1, 1, false);
        heap
    }

    proptest! {
        /// Few addresses, known and unknown, odd ones too; sizes of every kind; time that passes over bins; nodes in
        /// between; and so many events that looks at all blocks are due.
        #[test]
        fn plain_events_count_as_each_by_itself(steps in prop::collection::vec(
            (0u64..40,
             prop::sample::select(vec![0u64, 1, 8, 9, 24, 25, 1000, 65_535, 65_536, 1 << 20]),
             0u32..4, prop::sample::select(vec![Function::Malloc, Function::Realloc]),
             prop::option::weighted(0.1, 0u64..3000), what()), 1..300),
            odd in prop::sample::select(vec![0u64, 0, 0, 8]),
            repeats in prop::sample::select(vec![1usize, 60])
        ) {
            let mut written = Vec::new();
            let mut tick = 10;
            let mut nodes = 0;
            for (place, size, stack, function, wait, what) in steps.iter().cycle().take(steps.len() * repeats) {
                let address = |place: u64| place * 0x210 + if place == 7 { odd } else { 0 };
                let mut time = || {
                    wait.map(|wait| {
                        tick += wait;
                        tick
                    })
                };
                let (at, stamp) = (address(*place), time());
                let stack = NodeId(*stack);
                match what {
                    What::Free => words::put_free(&mut written, *function, at, stamp),
                    What::Alloc => words::put_alloc(&mut written, *function, at, *size, 1, stack, stamp),
                    What::Realloc(to) => {
                        let ticks = stamp.zip(time());
                        words::put_realloc(&mut written, *function, at, address(*to), *size, stack, ticks);
                    }
                    What::Node => {
                        nodes += 1;
                        words::put_node(&mut written, &node(nodes));
                    }
                    What::Stamp => words::put_stamp(&mut written, tick),
                }
            }
            let (mut expected, mut got) = (heap(), heap());
            for item in Words::new(&written, 10) {
                take(&mut expected, &item);
            }
            let mut rest = Words::new(&written, 10);
            let mut stacks = Stacks::default();
            let mut plain = 0;
            loop {
                let taken = got.take_plain(0, &mut stacks, &mut rest, Tick::MAX);
                plain += taken.map_or(0, |taken| taken.events);
                let Some(item) = rest.next() else {
                    break;
                };
                if let Event::Node(node) = item.event {
                    stacks.add(&node);
                }
                take(&mut got, &item);
            }
            prop_assert_eq!(stacks.frames(NodeId(nodes)).count(), nodes as usize);
            prop_assert_eq!(figures(&mut got), figures(&mut expected));
            prop_assert!(plain > 0 || steps.len() < 100 || odd != 0);
        }
    }
}
