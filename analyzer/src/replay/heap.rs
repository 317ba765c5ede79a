//! The story of an event: what an allocation, a free and a realloc do to everything that is
//! counted.
//!
//! An allocation is one successful call, a realloc to a size above 0 included; a realloc of a live
//! block is also one free. A free of a null pointer is a call, but no free.

mod moments;
mod plain;

use super::block::Block;
use super::blocks::BlockMap;
use super::calls::Calls;
use super::close_up::CloseUp;
use super::follow::Followed;
use super::footprint::Footprint;
use super::history::History;
use super::passing::Passing;
use super::sites::{Balance, Site, Sites};
use super::sizes::Sizes;
use super::slack::{Slack, slack_bytes};
use super::thread_totals::ThreadTotals;
use super::timeline::{SoFar, Timeline};
use ldt_trace::{Function, NodeId, Tick};

pub use moments::{Mismatches, Peak, Snapshot};

/// The site of blocks that are followed but not counted, because they came outside the span or
/// the threads that were asked for.
const NOT_COUNTED: u32 = u32::MAX;

/// Everything that is counted while events go by.
#[derive(Debug)]
pub struct Heap {
    blocks: BlockMap,
    /// What each call stack did.
    pub sites: Sites,
    /// By the number of the thread's stream.
    pub threads: Vec<ThreadTotals>,
    /// The table of calls. Calls that gave memory are added in [`Heap::finish`].
    pub calls: Calls,
    /// The sizes asked for.
    pub sizes: Sizes,
    /// The heap over time.
    pub timeline: Timeline,
    /// Who had done what by when; kept only if it was asked for.
    pub history: History,
    /// What aligned allocations asked for.
    pub slack: Slack,
    /// What the allocator must hold for them.
    pub footprint: Footprint,
    /// The blocks of each site one by one; kept only if it was asked for.
    pub close_up: Option<Box<CloseUp>>,
    /// What only some pictures need; kept only if it was asked for.
    pub followed: Option<Box<Followed>>,
    live_bytes: u64,
    live_slack_bytes: u64,
    /// Blocks that came and count.
    came: u64,
    /// The most that ever was live.
    pub peak: Peak,
    /// Blocks freed.
    pub frees: u64,
    /// Oddities.
    pub mismatches: Mismatches,
    epoch: u64,
    is_counting: bool,
    /// Up to here neither a bin of the timeline nor a span of the history is over. 0 before the first
    /// event.
    until: Tick,
    /// Whether anything is kept that only some reports ask for.
    is_watched: bool,
}

impl Heap {
    /// An empty heap of a process that starts at this tick.
    #[must_use]
    pub fn new(start: Tick, is_counting: bool) -> Self {
        Heap {
            blocks: BlockMap::default(),
            sites: Sites::default(),
            threads: Vec::new(),
            calls: Calls::default(),
            sizes: Sizes::default(),
            timeline: Timeline::new(start),
            history: History::none(),
            slack: Slack::default(),
            footprint: Footprint::default(),
            close_up: None,
            followed: None,
            live_bytes: 0,
            live_slack_bytes: 0,
            came: 0,
            peak: Peak {
                tick: start,
                ..Peak::default()
            },
            frees: 0,
            mismatches: Mismatches::default(),
            epoch: 0,
            is_counting,
            until: 0,
            is_watched: false,
        }
    }

    /// Whether what is allocated from now on counts.
    pub fn set_counting(&mut self, is_counting: bool) {
        self.is_counting = is_counting;
        for thread in &mut self.threads {
            thread.is_counted = is_counting && !thread.is_left_out;
        }
    }

    /// A thread comes; its number is the next one.
    pub fn add_thread(&mut self, number: u32, tid: u32, is_left_out: bool) {
        self.threads.push(ThreadTotals {
            number,
            tid,
            is_left_out,
            is_counted: self.is_counting && !is_left_out,
            ..ThreadTotals::default()
        });
    }

    /// Whether a block is live at this address.
    #[inline]
    pub fn is_live(&mut self, address: u64) -> bool {
        self.blocks.contains(address)
    }

    /// What is live.
    #[inline]
    #[must_use]
    pub fn live(&self) -> Balance {
        Balance {
            bytes: self.live_bytes,
            blocks: self.came.wrapping_sub(self.frees),
        }
    }

    fn so_far(&self) -> SoFar {
        SoFar {
            live_bytes: self.live_bytes,
            allocations: self.came,
            frees: self.frees,
        }
    }

    /// The resident set was measured.
    pub fn measured_rss(&mut self, tick: Tick, rss_bytes: u64) {
        self.timeline.reach(tick, self.so_far());
        self.timeline.rss(rss_bytes);
    }

    #[inline(always)]
    fn reach(&mut self, tick: Tick) {
        if tick >= self.until {
            self.advance(tick);
        }
    }

    #[cold]
    fn advance(&mut self, tick: Tick) {
        self.timeline.reach(tick, self.so_far());
        if self.history.is_over(tick) {
            let sites = &mut self.sites;
            self.history
                .advance(tick, sites, &mut self.threads, &self.sizes);
        }
        self.until = self.timeline.until().min(self.history.until());
        self.is_watched =
            self.history.is_kept() || self.close_up.is_some() || self.followed.is_some();
    }

    /// A block came.
    #[inline(always)]
    pub fn allocated(
        &mut self,
        thread: usize,
        function: Function,
        address: u64,
        size: u64,
        stack: NodeId,
        tick: Tick,
    ) {
        self.reach(tick);
        let totals = &mut self.threads[thread];
        totals.last_address = address;
        let is_counted = totals.is_counted;
        let site = if is_counted {
            self.sites.number(stack, function)
        } else {
            NOT_COUNTED
        };
        let block = Block {
            size,
            site,
            thread: thread as u32,
        };
        if is_counted {
            totals.allocations += 1;
            totals.bytes = totals.bytes.wrapping_add(size);
        }
        self.footprint.came(address);
        if !self.blocks.insert_plainly(address, block) {
            self.insert(address, block, tick);
        }
        if is_counted {
            self.gain(Passing {
                address,
                size,
                site,
                tick,
            });
        }
        if self.footprint.is_due() {
            self.measure(tick);
        }
    }

    /// Puts a block in that may replace another, whose free was not seen.
    #[cold]
    fn insert(&mut self, address: u64, block: Block, tick: Tick) {
        if let Some(replaced) = self.blocks.insert(address, block) {
            self.missed_free(address, replaced, tick);
        }
    }

    /// Looks at where all live blocks lie.
    #[cold]
    pub fn measure(&mut self, tick: Tick) {
        let live = self.live();
        self.footprint
            .measure(tick, &mut self.blocks, live, self.live_slack_bytes);
    }

    /// A block of that size, just allocated from there, was asked for at a multiple of `alignment`.
    #[cold]
    pub fn aligned(
        &mut self,
        thread: usize,
        function: Function,
        size: u64,
        alignment: u64,
        stack: NodeId,
    ) {
        if self.threads[thread].is_counted {
            let site = self.sites.number(stack, function);
            self.slack.aligned(site, size, alignment);
        }
    }

    #[inline(always)]
    fn gain(&mut self, came: Passing) {
        let size = came.size;
        let slack = slack_bytes(size);
        self.sizes.count(size);
        self.live_bytes = self.live_bytes.wrapping_add(size);
        self.live_slack_bytes = self.live_slack_bytes.wrapping_add(slack);
        if self.is_watched {
            self.watch_gain(came);
        }
        // Not right behind the bytes: both at once would be read as one, out of two that a free has
        // just written one by one, and a processor waits for those to reach its cache.
        self.came += 1;
        self.sites.get_mut(came.site).gain(size, slack, self.epoch);
        self.timeline.grew_to(self.live_bytes);
        if self.live_bytes > self.peak.balance.bytes {
            self.peak = Peak {
                balance: self.live(),
                tick: came.tick,
            };
            self.epoch += 1;
        }
    }

    /// What only some reports follow, of a block that is about to be counted.
    #[cold]
    fn watch_gain(&mut self, came: Passing) {
        let site = self.sites.get_mut(came.site);
        self.history.note(came.site, site);
        if let Some(close_up) = &mut self.close_up {
            let mut live = site.live();
            live.bytes = live.bytes.wrapping_add(came.size);
            live.blocks += 1;
            close_up.gain(came.site, live, came.tick);
        }
        if let Some(followed) = &mut self.followed {
            followed.came(came);
        }
    }

    /// The same of a block that is about to be counted as freed.
    #[cold]
    fn watch_loss(&mut self, went: Passing) {
        self.history.note(went.site, self.sites.get_mut(went.site));
        if let Some(close_up) = &mut self.close_up {
            close_up.lose(went.site, went.tick);
        }
        if let Some(followed) = &mut self.followed {
            followed.went(went);
        }
    }

    #[cold]
    fn missed_free(&mut self, address: u64, block: Block, tick: Tick) {
        self.mismatches.missed_frees += 1;
        if block.site != NOT_COUNTED {
            self.lose(address, &block, tick);
        }
    }

    /// Gives the site.
    #[inline(always)]
    fn lose(&mut self, address: u64, block: &Block, tick: Tick) -> &mut Site {
        let slack = slack_bytes(block.size);
        self.frees += 1;
        self.live_bytes = self.live_bytes.wrapping_sub(block.size);
        self.live_slack_bytes = self.live_slack_bytes.wrapping_sub(slack);
        self.timeline.shrank_to(self.live_bytes);
        if self.is_watched {
            self.watch_loss(Passing {
                address,
                size: block.size,
                site: block.site,
                tick,
            });
        }
        let site = self.sites.get_mut(block.site);
        site.lose(block.size, slack, self.epoch);
        site
    }

    /// The function was called to free something.
    #[inline(always)]
    pub fn called_to_free(&mut self, thread: usize, function: Function, address: u64, tick: Tick) {
        if self.threads[thread].is_counted {
            self.calls.of(function).calls += 1;
        }
        if address != 0 {
            self.freed(thread, address, tick);
        }
    }

    /// A block went; gives it when it was known.
    #[inline(always)]
    pub fn freed(&mut self, thread: usize, address: u64, tick: Tick) -> Option<Block> {
        self.reach(tick);
        let is_at_peak = self.live_bytes == self.peak.balance.bytes;
        if self.footprint.is_due() || is_at_peak && self.footprint.is_worth(self.live_bytes) {
            self.measure(tick);
        }
        let Some(block) = self.blocks.remove(address) else {
            self.mismatches.unknown_frees += 1;
            return None;
        };
        if block.site == NOT_COUNTED {
            return Some(block);
        }
        let totals = &mut self.threads[thread];
        totals.frees += 1;
        let is_temporary = address == totals.last_address && block.thread == thread as u32;
        if is_temporary {
            totals.temporary += 1;
        }
        let site = self.lose(address, &block, tick);
        if is_temporary {
            site.temporary += 1;
        }
        Some(block)
    }

    /// What realloc made of a block: `old` is none when the block was not known.
    #[inline]
    pub fn reallocated(&mut self, old: Option<Block>, is_moved: bool, size: u64) {
        if !self.is_counting {
            return;
        }
        let is_shrunk = old.is_some_and(|old| old.size > size);
        self.calls.reallocs.count(is_moved, is_shrunk);
    }

    /// An allocation gave nothing.
    pub fn failed(&mut self, thread: usize, function: Function) {
        if self.threads[thread].is_counted {
            let counts = self.calls.of(function);
            counts.calls += 1;
            counts.failed += 1;
        }
    }

    /// No more events: adds up what the event path need not count twice.
    pub fn finish(&mut self) {
        self.timeline.settle(self.so_far());
        // Until now these are calls that freed and calls that failed.
        for function in [Function::Realloc, Function::Reallocarray] {
            let counts = self.calls.of(function);
            let freed = counts.calls - counts.failed;
            self.calls.reallocs.freed += freed;
        }
        self.history
            .finish(&mut self.sites, &mut self.threads, &self.sizes);
        for site in self.sites.all() {
            let counts = self.calls.of(site.function);
            counts.calls += site.allocations;
            counts.bytes = counts.bytes.wrapping_add(site.bytes);
        }
        let live = self.live();
        if let [only] = &mut self.threads[..] {
            only.live = live;
            return;
        }
        for block in self.blocks.live().filter(|block| block.site != NOT_COUNTED) {
            if let Some(totals) = self.threads.get_mut(block.thread as usize) {
                totals.live.blocks += 1;
                totals.live.bytes = totals.live.bytes.wrapping_add(block.size);
            }
        }
    }
}

#[cfg(test)]
mod tests;
