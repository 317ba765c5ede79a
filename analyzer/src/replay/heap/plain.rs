//! The plain allocations and frees of one thread, one after the other: nearly all that a trace is.
//!
//! [`Heap::allocated`] and [`Heap::freed`] can do any of them, whatever it leads to: a page that had no block yet, a new
//! call stack, a bin of the timeline that is over, a look at all blocks that is due, a picture that follows each block.
//! Because any of that may happen at each event, everything has to be found again after each. Here nothing of it can
//! happen: an event that would lead to it is left to them. So tables stay where they are and totals
//! in registers from one event to the next, which takes half of the instructions.

use super::super::calls::CallCounts;
use super::super::leaves::Present;
use super::super::packed::{self, Packed};
use super::super::sites::{First, Site};
use super::super::sizes::LARGE;
use super::super::slack::small_slack_bytes;
use super::{Balance, Block, Heap, Peak, ThreadTotals};
use ldt_trace::words::{BlockSink, HandedOn};
use ldt_trace::{Function, NodeId, Tick, Words};

/// Everything that plain events change, taken apart.
struct Plain<'h> {
    thread: u32,
    of_thread: &'h mut ThreadTotals,
    blocks: Present<'h>,
    first_sites: &'h [First],
    sites: &'h mut [Site],
    /// By size, below [`LARGE`].
    sizes: &'h mut [u64],
    calls: &'h mut [CallCounts; 256],
    totals: Totals,
    /// Time may not come to this.
    until: Tick,
    /// A heap that shrinks from its peak is worth a look if that is higher.
    worth_bytes: u64,
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
        words: &mut Words<'_>,
        limit: Tick,
    ) -> Option<HandedOn> {
        // An event takes a word at least.
        let most_words = self.footprint.events_to_spare() as usize;
        let mut plain = self.plain(thread)?;
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
    fn plain(&mut self, thread: usize) -> Option<Plain<'_>> {
        let of_thread = self.threads.get_mut(thread)?;
        if self.is_watched || !of_thread.is_counted || thread >= packed::THREADS {
            return None;
        }
        let (first_sites, sites) = self.sites.tables();
        let most = sites.len().min(packed::SITES);
        let others = self.came.wrapping_sub(self.frees);
        let other_blocks = others.wrapping_sub(of_thread.balance());
        let (highest_bytes, lowest_bytes) = self.timeline.extremes();
        Some(Plain {
            thread: thread as u32,
            of_thread,
            blocks: self.blocks.present()?,
            first_sites,
            sites: &mut sites[..most],
            sizes: self.sizes.small(),
            calls: self.calls.by_code(),
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
        let Some(number) = self
            .first_sites
            .get(stack.0 as usize)
            .and_then(|first| first.of(function))
        else {
            return false;
        };
        let (Some(site), Some(count)) = (
            self.sites.get_mut(number as usize),
            self.sizes.get_mut(size as usize),
        ) else {
            return false;
        };
        let block = Block {
            size,
            site: number,
            thread: self.thread,
        };
        let Some(word) = Packed::of_roomy(address, block) else {
            return false;
        };
        match self.blocks.slot(address) {
            Some(slot) if slot.is_nothing() => *slot = word,
            _ => return false,
        }
        let slack = small_slack_bytes(size);
        *count += 1;
        site.gain(size, slack, self.totals.epoch);
        self.of_thread.allocations += 1;
        self.of_thread.last_address = address;
        self.of_thread.bytes = self.of_thread.bytes.wrapping_add(size);
        if self.totals.came(address, size, slack) {
            let blocks = self.totals.other_blocks;
            self.totals.peak = Peak {
                balance: Balance {
                    bytes: self.totals.live_bytes,
                    blocks: blocks.wrapping_add(self.of_thread.balance()),
                },
                tick,
            };
            self.totals.epoch += 1;
        }
        true
    }

    #[inline(always)]
    fn freed(&mut self, function: Function, address: u64, _tick: Tick) -> bool {
        if address == 0 {
            self.calls[usize::from(function as u8)].calls += 1;
            return true;
        }
        let peak_bytes = self.totals.peak.balance.bytes;
        if self.totals.live_bytes == peak_bytes && peak_bytes > self.worth_bytes {
            return false;
        }
        let Some(slot) = self.blocks.slot(address) else {
            return false;
        };
        if !slot.is_at(address) {
            return false;
        }
        let block = slot.block();
        let Some(site) = self.sites.get_mut(block.site as usize) else {
            return false;
        };
        if block.size >= LARGE {
            return false;
        }
        *slot = Packed::default();
        let slack = small_slack_bytes(block.size);
        site.lose(block.size, slack, self.totals.epoch);
        self.calls[usize::from(function as u8)].calls += 1;
        self.of_thread.frees += 1;
        if address == self.of_thread.last_address && block.thread == self.thread {
            self.of_thread.temporary += 1;
            site.temporary += 1;
        }
        self.totals.went(block.size, slack);
        true
    }
}

impl Totals {
    /// Whether this is the peak.
    #[inline(always)]
    fn came(&mut self, address: u64, size: u64, slack: u64) -> bool {
        if address < self.lowest_address {
            self.lowest_address = address;
        }
        self.live_bytes = self.live_bytes.wrapping_add(size);
        self.live_slack_bytes = self.live_slack_bytes.wrapping_add(slack);
        if self.live_bytes > self.highest_bytes {
            self.highest_bytes = self.live_bytes;
        }
        self.live_bytes > self.peak.balance.bytes
    }

    #[inline(always)]
    fn went(&mut self, size: u64, slack: u64) {
        self.live_bytes = self.live_bytes.wrapping_sub(size);
        self.live_slack_bytes = self.live_slack_bytes.wrapping_sub(slack);
        if self.live_bytes < self.lowest_bytes {
            self.lowest_bytes = self.live_bytes;
        }
    }
}

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
            _ => {}
        }
    }

    fn heap() -> Heap {
        let mut heap = Heap::new(0, true);
        heap.add_thread(1, false);
        heap
    }

    proptest! {
        /// Few addresses, known and unknown, odd ones too; sizes of every kind; time that passes over bins; and so many
        /// events that looks at all blocks are due.
        #[test]
        fn plain_events_count_as_each_by_itself(steps in prop::collection::vec(
            (0u64..40,
             prop::sample::select(vec![0u64, 1, 8, 9, 24, 25, 1000, 65_535, 65_536, 1 << 20]),
             0u32..4, prop::sample::select(vec![Function::Malloc, Function::Realloc]),
             prop::option::weighted(0.1, 0u64..3000), prop::bool::ANY), 1..300),
            odd in prop::sample::select(vec![0u64, 0, 0, 8]),
            repeats in prop::sample::select(vec![1usize, 60])
        ) {
            let mut written = Vec::new();
            let mut tick = 10;
            for (place, size, stack, function, wait, is_free) in steps.iter().cycle().take(steps.len() * repeats) {
                let address = place * 0x210 + if *place == 7 { odd } else { 0 };
                let stamp = wait.map(|wait| {
                    tick += wait;
                    tick
                });
                if *is_free {
                    words::put_free(&mut written, *function, address, stamp);
                } else {
                    words::put_alloc(&mut written, *function, address, *size, 1, NodeId(*stack), stamp);
                }
            }
            let (mut expected, mut got) = (heap(), heap());
            for item in Words::new(&written, 10) {
                take(&mut expected, &item);
            }
            let mut rest = Words::new(&written, 10);
            let mut plain = 0;
            loop {
                let taken = got.take_plain(0, &mut rest, Tick::MAX);
                plain += taken.map_or(0, |taken| taken.events);
                let Some(item) = rest.next() else {
                    break;
                };
                take(&mut got, &item);
            }
            prop_assert_eq!(figures(&mut got), figures(&mut expected));
            prop_assert!(plain > 0 || steps.len() < 100 || odd != 0);
        }
    }
}
