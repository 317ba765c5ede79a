//! The footprint of the live blocks: how much memory the allocator must hold because of where they
//! lie, measured now and then.
//!
//! Nothing is asked of the running program for it: mallinfo2 walks all free chunks under the
//! allocator's locks, and smaps takes the kernel milliseconds, which no event can wait for. The
//! trace has the address of every block, and glibc gives memory back only from the top of a heap
//! (and mapped blocks one by one). So a heap reaches at least from its beginning to the end of its
//! highest live block, however few blocks there are below.
//!
//! A measurement looks at all live blocks ([`super::look`]). It is made when, since the last one, so many events
//! went by that it costs each of them little, and when the heap shrinks from a new maximum. So it
//! costs no more in the end than a few looks at each block.

use super::blocks::BlockMap;
use super::look::Looker;
use super::sites::Balance;
use ldt_trace::Tick;

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
    looker: Looker,
    lowest_address: u64,
    /// Events until the next measurement.
    events_left: u64,
    measured_peak: u64,
}

impl Default for Footprint {
    fn default() -> Self {
        Footprint {
            moments: Vec::new(),
            worst: Moment::default(),
            worst_sites: Vec::new(),
            sites_at: Moment::default(),
            looker: Looker::default(),
            lowest_address: u64::MAX,
            events_left: LEAST_EVENTS,
            measured_peak: 0,
        }
    }
}

impl Footprint {
    /// A block came or went, counted or not; whether it is time to measure.
    #[inline(always)]
    pub(super) fn is_due(&mut self) -> bool {
        self.events_left -= 1;
        self.events_left == 0
    }

    /// So many blocks may come and go before it is.
    #[inline]
    pub(super) fn events_to_spare(&self) -> u64 {
        self.events_left.saturating_sub(1)
    }

    /// So many blocks came or went, no more than there were to spare.
    #[inline]
    pub(super) fn passed(&mut self, events: u64) {
        self.events_left -= events;
    }

    /// The lowest address at which a block came.
    #[inline]
    pub(super) fn lowest_address(&self) -> u64 {
        self.lowest_address
    }

    /// A block came at this address.
    #[inline(always)]
    pub(super) fn came(&mut self, address: u64) {
        self.lowest_address = self.lowest_address.min(address);
    }

    /// Whether a heap that is about to shrink from `live_bytes`, its maximum, is worth a look.
    #[inline(always)]
    pub(super) fn is_worth(&self, live_bytes: u64) -> bool {
        live_bytes > self.worth_bytes()
    }

    /// A maximum above this is.
    #[inline(always)]
    pub(super) fn worth_bytes(&self) -> u64 {
        self.measured_peak + self.measured_peak / WORTH
    }

    /// Measures.
    #[cold]
    pub(super) fn measure(
        &mut self,
        tick: Tick,
        blocks: &mut BlockMap,
        live: Balance,
        slack_bytes: u64,
    ) {
        let look = self.looker.look(blocks, self.lowest_address);
        let moment = Moment {
            tick,
            live,
            slack_bytes,
            pinned_bytes: look.pinned_bytes,
            held_bytes: look.held_bytes.max(look.pinned_bytes),
        };
        self.measured_peak = self.measured_peak.max(live.bytes);
        self.events_left = LEAST_EVENTS.max(EVENTS_PER_PAGE * blocks.pages() as u64);
        let (free, before) = (moment.free_bytes(), self.sites_at.free_bytes());
        if free > self.worst.free_bytes() {
            self.worst = moment;
        }
        if free > before + before / WORTH {
            self.sites_at = moment;
            self.worst_sites = self.looker.shares(blocks);
        }
        if self.moments.len() == MOST_MOMENTS {
            let mut place = 0..;
            self.moments
                .retain(|_| place.next().is_none_or(|place| place % 2 == 0));
        }
        self.moments.push(moment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::block::Block;
    use crate::replay::look::PAGE_BYTES;

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
        footprint.measure(0, &mut blocks, live, 0);
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
