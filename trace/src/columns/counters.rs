//! Totals that each chunk's header carries, so that a summary needs no decoding.

use crate::Tick;
use crate::words::{Event, Item};

/// Totals over a run of events. Plain sums, so that those of many chunks can be added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events of every kind.
    pub events: u64,
    /// Successful allocations, reallocs included.
    pub allocations: u64,
    /// Blocks given back, reallocs included, frees of null not.
    pub frees: u64,
    /// Bytes asked for by the successful allocations.
    pub bytes: u64,
    /// Allocations that failed.
    pub failed: u64,
    /// The first stamp, 0 if there is none.
    pub first_tick: Tick,
    /// The last stamp, 0 if there is none.
    pub last_tick: Tick,
}

impl Counters {
    /// Counts one event.
    #[inline(always)]
    pub fn add(&mut self, item: &Item<'_>) {
        self.events += 1;
        match item.event {
            Event::Alloc { size, .. } => self.allocated(size),
            Event::Free { address, .. } => self.frees += u64::from(address != 0),
            Event::Realloc { size, .. } => {
                self.allocated(size);
                self.frees += 1;
            }
            Event::Failed { .. } => self.failed += 1,
            _ => {}
        }
        if self.first_tick == 0 {
            self.first_tick = item.tick_before;
        }
        self.last_tick = item.tick;
    }

    #[inline(always)]
    fn allocated(&mut self, size: u64) {
        self.allocations += 1;
        self.bytes = self.bytes.wrapping_add(size);
    }

    /// Adds the totals of another run, and widens the span of time to cover both.
    pub fn merge(&mut self, other: &Counters) {
        self.events = self.events.wrapping_add(other.events);
        self.allocations = self.allocations.wrapping_add(other.allocations);
        self.frees = self.frees.wrapping_add(other.frees);
        self.bytes = self.bytes.wrapping_add(other.bytes);
        self.failed = self.failed.wrapping_add(other.failed);
        self.first_tick = match (self.first_tick, other.first_tick) {
            (0, tick) | (tick, 0) => tick,
            (one, two) => one.min(two),
        };
        self.last_tick = self.last_tick.max(other.last_tick);
    }
}
