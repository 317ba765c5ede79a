//! The heap over time in a bounded number of bins: when they are used up, each two become one.
//!
//! A bin keeps the most that was live in it, so that no peak is lost however wide bins get.

use ldt_trace::Tick;

const MAX_BINS: usize = 2048;

/// What was largest in one span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bin {
    /// Most bytes that were live at a moment.
    pub live_bytes: u64,
    /// Fewest bytes that were live at a moment.
    pub low_bytes: u64,
    /// Largest resident set that was measured; 0 when none was.
    pub rss_bytes: u64,
    /// Allocations made.
    pub allocations: u64,
    /// Blocks freed.
    pub frees: u64,
}

/// What the heap has come to. A bin's allocations and frees are told by what there was when it began, so that no event
/// need count them twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoFar {
    /// Live now.
    pub live_bytes: u64,
    /// All allocations made.
    pub allocations: u64,
    /// All blocks freed.
    pub frees: u64,
}

/// Bins of equal width from the start of the trace on.
#[derive(Debug)]
pub struct Timeline {
    start: Tick,
    width: u64,
    bins: Vec<Bin>,
    /// Its allocations and frees are those up to `settled`.
    current: Bin,
    settled: SoFar,
    /// The first tick that is not in the current bin.
    until: Tick,
}

impl Timeline {
    /// An empty timeline that begins at this tick.
    #[must_use]
    pub fn new(start: Tick) -> Self {
        let width = 1024;
        Timeline {
            start,
            width,
            bins: Vec::new(),
            current: Bin::default(),
            settled: SoFar::default(),
            until: start.saturating_add(width),
        }
    }

    /// Time has come to `tick`, and this is what there was before.
    #[inline]
    pub fn reach(&mut self, tick: Tick, so_far: SoFar) {
        if tick >= self.until {
            self.advance(tick, so_far);
        }
    }

    /// The current bin has had all allocations and frees until now.
    pub fn settle(&mut self, so_far: SoFar) {
        self.current.allocations += so_far.allocations - self.settled.allocations;
        self.current.frees += so_far.frees - self.settled.frees;
        self.settled = so_far;
    }

    /// The first tick that is not in the current bin.
    pub(super) fn until(&self) -> Tick {
        self.until
    }

    /// The most and the fewest bytes that were live in the current bin.
    #[inline]
    pub(super) fn extremes(&self) -> (u64, u64) {
        (self.current.live_bytes, self.current.low_bytes)
    }

    /// So many bytes are live after an allocation.
    #[inline(always)]
    pub fn grew_to(&mut self, live_bytes: u64) {
        if live_bytes > self.current.live_bytes {
            self.current.live_bytes = live_bytes;
        }
    }

    /// So many bytes are live after a free.
    #[inline(always)]
    pub fn shrank_to(&mut self, live_bytes: u64) {
        if live_bytes < self.current.low_bytes {
            self.current.low_bytes = live_bytes;
        }
    }

    /// The resident set was measured.
    pub fn rss(&mut self, rss_bytes: u64) {
        self.current.rss_bytes = self.current.rss_bytes.max(rss_bytes);
    }

    #[cold]
    fn advance(&mut self, tick: Tick, so_far: SoFar) {
        self.settle(so_far);
        while (tick - self.start) / self.width >= MAX_BINS as u64 {
            self.widen();
        }
        let wanted = ((tick - self.start) / self.width) as usize;
        if wanted > self.bins.len() {
            self.bins.push(self.current);
            let idle = Bin {
                live_bytes: so_far.live_bytes,
                low_bytes: so_far.live_bytes,
                ..Bin::default()
            };
            self.bins.resize(wanted, idle);
            self.current = idle;
        }
        let end = (wanted as u64 + 1).saturating_mul(self.width);
        self.until = self.start.saturating_add(end);
    }

    fn widen(&mut self) {
        if self.bins.len() % 2 == 1 {
            // The current bin becomes the second half of the last pair.
            let half = self.bins.pop().unwrap_or_default();
            self.current = join(half, self.current);
        }
        self.bins = self
            .bins
            .chunks(2)
            .map(|pair| join(pair[0], pair[1]))
            .collect();
        self.width *= 2;
    }

    /// Ticks a bin.
    #[must_use]
    pub fn width(&self) -> u64 {
        self.width
    }

    /// All bins in order, with the first tick of each.
    pub fn bins(&self) -> impl Iterator<Item = (Tick, Bin)> + '_ {
        let starts = (0..).map(|index: u64| self.start + index * self.width);
        starts.zip(self.bins.iter().copied().chain([self.current]))
    }
}

fn join(first: Bin, second: Bin) -> Bin {
    Bin {
        live_bytes: first.live_bytes.max(second.live_bytes),
        low_bytes: first.low_bytes.min(second.low_bytes),
        rss_bytes: first.rss_bytes.max(second.rss_bytes),
        allocations: first.allocations + second.allocations,
        frees: first.frees + second.frees,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the steps in time: bounded, nothing lost, maxima in the bin of their tick.
        #[test]
        fn keeps_every_maximum_in_its_bin(steps in prop::collection::vec(
            (0u32..34, 0u64..1000), 1..200)
        ) {
            let start = 5000;
            let mut timeline = Timeline::new(start);
            let (mut tick, mut so_far, mut history) = (start, SoFar::default(), Vec::new());
            for (power, now) in steps {
                tick += 1u64 << power;
                timeline.reach(tick, so_far);
                timeline.grew_to(now);
                so_far.live_bytes = now;
                so_far.allocations += 1;
                history.push((tick, now));
            }
            timeline.settle(so_far);
            let bins: Vec<_> = timeline.bins().collect();
            prop_assert!(bins.len() <= MAX_BINS);
            let total: u64 = bins.iter().map(|(_, bin)| bin.allocations).sum();
            prop_assert_eq!(total, history.len() as u64);
            for (first, bin) in bins {
                let until = first + timeline.width();
                let before = history.iter().rev().find(|(at, _)| *at < first).map_or(0, |x| x.1);
                let inside = history.iter().filter(|(at, _)| (first..until).contains(at));
                let most = inside.map(|(_, live)| *live).max().unwrap_or(0);
                // What was live when the bin began counts only from its first event on.
                prop_assert!(bin.live_bytes >= most && bin.live_bytes <= most.max(before));
            }
        }
    }
}
