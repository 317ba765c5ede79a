//! The footprint of the live blocks: how much memory the allocator must hold because of where they
//! lie, measured now and then.
//!
//! Nothing is asked of the running program for it: mallinfo2 walks all free chunks under the
//! allocator's locks, and smaps takes the kernel milliseconds, which no event can wait for. The
//! trace has the address of every block, and glibc gives memory back only from the top of a heap
//! (and mapped blocks one by one). So a heap reaches at least from its beginning to the end of its
//! highest live block, however few blocks there are below.
//!
//! A measurement looks at every live block. It is made when, since the last one, so many events
//! went by that it costs each of them little, and when the heap shrinks from a new maximum. So it
//! costs no more in the end than a few looks at each block.

use super::blocks::BlockMap;
use super::sites::Balance;
use super::slack::usable_bytes;
use ldt_trace::Tick;
use rustc_hash::FxHashMap;

const PAGE_BYTES: u64 = 4096;
/// Where a chunk of glibc's begins, before its block.
const HEADER_BYTES: u64 = 16;
/// What glibc keeps of each chunk for itself; the rest of the header is the end of the chunk before.
pub const CHUNK_HEADER_BYTES: u64 = 8;
/// Events for each page looked at: what a look costs, shared among them, is about a nanosecond.
const EVENTS_PER_PAGE: u64 = 32;
/// Events between two measurements of a small heap.
const LEAST_EVENTS: u64 = 4096;
/// A maximum is worth a look when it is so much (an inverse share) above the one seen before. All
/// looks at a growing heap together then cost as much as eight at the largest.
const WORTH: u64 = 8;
/// Moments kept; when they are used up, every second one goes.
const MOST_MOMENTS: usize = 1024;
/// Heaps of glibc's further arenas begin at multiples of this.
const ARENA_BYTES: u64 = 64 << 20;
/// The heap that grows by the break lies below, everything that was mapped above.
const LOWEST_MAPPING: u64 = 0x7000_0000_0000;
/// Smaller blocks are not mapped by themselves.
const LEAST_MAPPED_BYTES: u64 = (128 << 10) - 24;

/// The heap at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub tick: Tick,
    /// What was asked for and live.
    pub live: Balance,
    /// What live blocks take beyond.
    pub slack_bytes: u64,
    /// Pages in which live blocks lie.
    pub pinned_bytes: u64,
    /// From the beginning of each heap to the end of its highest live block, and mapped blocks.
    pub held_bytes: u64,
}

impl Moment {
    /// What is held and serves no live block.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        let used = self.live.bytes.saturating_add(self.slack_bytes);
        let headers = self.live.blocks * CHUNK_HEADER_BYTES;
        self.held_bytes.saturating_sub(used.saturating_add(headers))
    }
}

/// Measurements over time.
#[derive(Debug)]
pub struct Footprint {
    /// In the order of time.
    pub moments: Vec<Moment>,
    /// When most was held that served no block.
    pub worst: Moment,
    /// By site: the free bytes in pages that its blocks share, at about the worst moment.
    pub worst_sites: Vec<u64>,
    /// The moment of these.
    pub sites_at: Moment,
    lowest_address: u64,
    events: u64,
    due_after: u64,
    measured_peak: u64,
}

impl Default for Footprint {
    fn default() -> Self {
        Footprint {
            moments: Vec::new(),
            worst: Moment::default(),
            worst_sites: Vec::new(),
            sites_at: Moment::default(),
            lowest_address: u64::MAX,
            events: 0,
            due_after: LEAST_EVENTS,
            measured_peak: 0,
        }
    }
}

impl Footprint {
    /// A block came or went, counted or not; whether it is time to measure.
    #[inline]
    pub(super) fn is_due(&mut self) -> bool {
        self.events += 1;
        self.events >= self.due_after
    }

    /// A block came at this address.
    #[inline]
    pub(super) fn came(&mut self, address: u64) {
        self.lowest_address = self.lowest_address.min(address);
    }

    /// Whether a heap that is about to shrink from `live_bytes`, its maximum, is worth a look.
    #[inline]
    pub(super) fn is_worth(&self, live_bytes: u64) -> bool {
        live_bytes > self.measured_peak + self.measured_peak / WORTH
    }

    /// Measures.
    #[cold]
    pub(super) fn measure(
        &mut self,
        tick: Tick,
        blocks: &BlockMap,
        live: Balance,
        slack_bytes: u64,
    ) {
        let look = Look::at(blocks, self.lowest_address);
        let moment = Moment {
            tick,
            live,
            slack_bytes,
            pinned_bytes: look.pinned_bytes,
            held_bytes: look.held_bytes.max(look.pinned_bytes),
        };
        self.measured_peak = self.measured_peak.max(live.bytes);
        self.events = 0;
        self.due_after = LEAST_EVENTS.max(EVENTS_PER_PAGE * blocks.pages() as u64);
        let (free, before) = (moment.free_bytes(), self.sites_at.free_bytes());
        if free > self.worst.free_bytes() {
            self.worst = moment;
        }
        if free > before + before / WORTH {
            self.sites_at = moment;
            self.worst_sites = look.sharing(blocks);
        }
        if self.moments.len() == MOST_MOMENTS {
            let mut place = 0..;
            self.moments
                .retain(|_| place.next().is_none_or(|place| place % 2 == 0));
        }
        self.moments.push(moment);
    }
}

/// What is in one page.
#[derive(Clone, Copy, Debug, Default)]
struct Page {
    used_bytes: u64,
    blocks: u64,
}

/// One look at all live blocks.
#[derive(Debug, Default)]
struct Look {
    pinned_bytes: u64,
    held_bytes: u64,
    /// The pages that are not full of one block, by number.
    pages: FxHashMap<u64, Page>,
    /// The page of the last block and its number: blocks come page by page.
    current: (u64, Page),
}

impl Look {
    fn at(blocks: &BlockMap, lowest_address: u64) -> Self {
        let mut look = Look::default();
        let mut break_end = 0;
        let mut arenas: FxHashMap<u64, u64> = FxHashMap::default();
        for (address, block) in blocks.placed() {
            let usable = usable_bytes(block.size);
            let start = address.saturating_sub(HEADER_BYTES);
            let end = address.saturating_add(usable);
            if address < LOWEST_MAPPING {
                break_end = end.max(break_end);
            } else if usable >= LEAST_MAPPED_BYTES && start.is_multiple_of(PAGE_BYTES) {
                look.held_bytes = look.held_bytes.saturating_add(end - start);
            } else {
                let top = arenas.entry(address / ARENA_BYTES).or_default();
                *top = end.max(*top);
            }
            look.occupy(start, end);
        }
        if break_end > 0 {
            let begin = lowest_address / PAGE_BYTES * PAGE_BYTES;
            look.hold(begin, break_end);
        }
        for (arena, end) in arenas {
            look.hold(arena * ARENA_BYTES, end);
        }
        look.turn_to(u64::MAX);
        look.pinned_bytes += look.pages.len() as u64 * PAGE_BYTES;
        look
    }

    fn hold(&mut self, begin: u64, end: u64) {
        let bytes = end.next_multiple_of(PAGE_BYTES).saturating_sub(begin);
        self.held_bytes = self.held_bytes.saturating_add(bytes);
    }

    /// A block takes these addresses. Pages that it has for itself need no entry.
    fn occupy(&mut self, start: u64, end: u64) {
        let (first, last) = (start / PAGE_BYTES, end.saturating_sub(1) / PAGE_BYTES);
        let first_end = end.min((first + 1) * PAGE_BYTES);
        self.share(first, first_end - start);
        if last > first {
            self.share(last, end - last * PAGE_BYTES);
            self.pinned_bytes = self
                .pinned_bytes
                .saturating_add((last - first - 1).saturating_mul(PAGE_BYTES));
        }
    }

    fn share(&mut self, page: u64, bytes: u64) {
        if self.current.0 != page {
            self.turn_to(page);
        }
        self.current.1.used_bytes += bytes;
        self.current.1.blocks += 1;
    }

    /// What comes next is of another page.
    fn turn_to(&mut self, page: u64) {
        let (before, done) = std::mem::replace(&mut self.current, (page, Page::default()));
        if done.blocks > 0 {
            let of = self.pages.entry(before).or_default();
            of.used_bytes += done.used_bytes;
            of.blocks += done.blocks;
        }
    }

    /// What is free in each page, shared among the blocks that begin there: they keep the page.
    fn sharing(&self, blocks: &BlockMap) -> Vec<u64> {
        let mut by_site: Vec<u64> = Vec::new();
        let mut current = (u64::MAX, 0);
        for (address, block) in blocks.placed() {
            let page = address.saturating_sub(HEADER_BYTES) / PAGE_BYTES;
            if page != current.0 {
                let of = self.pages.get(&page).copied().unwrap_or_default();
                let free = PAGE_BYTES.saturating_sub(of.used_bytes);
                current = (page, free / of.blocks.max(1));
            }
            // Blocks that do not count have no site.
            if block.site == u32::MAX {
                continue;
            }
            let site = block.site as usize;
            if site >= by_site.len() {
                by_site.resize(site + 1, 0);
            }
            by_site[site] += current.1;
        }
        by_site
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::blocks::Block;

    const HEAP: u64 = 0x5555_0000_0000;

    fn measured(placed: &[(u64, u64, u32)]) -> (Moment, Vec<u64>) {
        let mut blocks = BlockMap::default();
        let mut live = Balance::default();
        let mut footprint = Footprint::default();
        footprint.came(HEAP + 0x10);
        for (address, size, site) in placed {
            let block = Block {
                size: *size,
                site: *site,
                thread: 0,
            };
            blocks.insert(*address, block);
            live.bytes += size;
            live.blocks += 1;
        }
        footprint.measure(0, &blocks, live, 0);
        (footprint.worst, footprint.worst_sites)
    }

    #[test]
    fn one_high_block_holds_all_below() {
        let high = HEAP + 10 * PAGE_BYTES + 0x10;
        let (moment, sites) = measured(&[(high, 24, 0)]);
        assert_eq!(moment.held_bytes, 11 * PAGE_BYTES);
        assert_eq!(moment.pinned_bytes, PAGE_BYTES);
        assert_eq!(sites, [PAGE_BYTES - 40]);
    }

    #[test]
    fn pages_are_shared_among_the_blocks_that_begin_there() {
        let (moment, sites) = measured(&[(HEAP + 0x10, 24, 0), (HEAP + 0x810, 24, 1)]);
        assert_eq!(moment.held_bytes, PAGE_BYTES);
        assert_eq!(sites, [(PAGE_BYTES - 80) / 2, (PAGE_BYTES - 80) / 2]);
    }

    #[test]
    fn a_block_over_several_pages_is_one_that_pins_them() {
        // 16 bytes of the first page, two whole ones, the rest in the fourth.
        let start = HEAP + PAGE_BYTES;
        let (moment, _) = measured(&[(start, 10_000, 0)]);
        assert_eq!(moment.pinned_bytes, 4 * PAGE_BYTES);
        assert_eq!(moment.held_bytes, 4 * PAGE_BYTES);
    }

    #[test]
    fn mapped_blocks_and_further_arenas_are_held_by_themselves() {
        let mapped = 0x7f00_0000_1010;
        let arena = 0x7f10_0000_0000;
        let (moment, _) = measured(&[(mapped, 1 << 20, 0), (arena + PAGE_BYTES + 0x10, 24, 0)]);
        assert_eq!(moment.held_bytes, (1 << 20) + PAGE_BYTES + 2 * PAGE_BYTES);
    }
}
