//! How long blocks live, and how old those are that make the peak.
//!
//! Times are kept in ticks and counted in spans of a quarter of an octave: fine enough to be put into any bins of
//! a picture once the clock's rate is known, which it may not be before the last event.

use super::clock::Clock;
use super::passing::Passing;
use ldt_trace::Tick;
use rustc_hash::FxHashMap;

/// Parts of an octave.
const PARTS: u32 = 4;
const SPANS: usize = (u64::BITS * PARTS) as usize + 1;

/// Blocks of one span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lived {
    /// The shortest time in this span, in nanoseconds.
    pub from_ns: u64,
    /// The shortest time that is too long for it.
    pub to_ns: u64,
    /// How many blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Blocks by a span of time.
#[derive(Debug)]
struct Times {
    /// Blocks and bytes; the first is for 0 ticks.
    spans: Box<[(u64, u64); SPANS]>,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            spans: Box::new([(0, 0); SPANS]),
        }
    }
}

/// The span of a number of ticks: 0, then four an octave.
fn span_of(ticks: u64) -> usize {
    let Some(octave) = ticks.checked_ilog2() else {
        return 0;
    };
    // The two bits below the highest say which quarter; octaves 0 and 1 have not so many numbers.
    let below = (u128::from(ticks) << 2 >> octave) as usize & 3;
    (octave * PARTS) as usize + below + 1
}

/// The first number of ticks that is in a span.
fn start_of(span: usize) -> u64 {
    let Some(place) = span.checked_sub(1) else {
        return 0;
    };
    let (octave, below) = (place as u32 / PARTS, place as u128 % u128::from(PARTS));
    let start = ((4 + below) << octave).div_ceil(4);
    u64::try_from(start).unwrap_or(u64::MAX)
}

impl Times {
    fn count(&mut self, ticks: u64, bytes: u64) {
        let span = &mut self.spans[span_of(ticks)];
        span.0 += 1;
        span.1 = span.1.wrapping_add(bytes);
    }

    fn lived(&self, clock: &Clock) -> Vec<Lived> {
        // The counter's rate is all but constant, so one rate serves for spans that begin anywhere.
        let from = clock.tick(0);
        let ns = |ticks: u64| clock.ns(from.saturating_add(ticks));
        let spans = self.spans.iter().enumerate();
        spans
            .filter(|(_, (blocks, _))| *blocks > 0)
            .map(|(span, (blocks, bytes))| Lived {
                from_ns: ns(start_of(span)),
                to_ns: ns(start_of(span + 1)),
                blocks: *blocks,
                bytes: *bytes,
            })
            .collect()
    }
}

/// Blocks from birth to end.
#[derive(Debug)]
pub struct Lives {
    /// Address -> when the block came, and its size.
    births: FxHashMap<u64, (Tick, u64)>,
    lifetimes: Times,
    live_bytes: u64,
    peak_bytes: Option<u64>,
    ages: Times,
}

impl Lives {
    /// Nothing was born. Ages are taken when the heap first holds `peak_bytes`.
    pub(super) fn new(peak_bytes: Option<u64>) -> Self {
        Self {
            births: FxHashMap::default(),
            lifetimes: Times::default(),
            live_bytes: 0,
            peak_bytes,
            ages: Times::default(),
        }
    }

    pub(super) fn came(&mut self, block: Passing) {
        self.births.insert(block.address, (block.tick, block.size));
        self.live_bytes = self.live_bytes.wrapping_add(block.size);
        if self.peak_bytes == Some(self.live_bytes) {
            self.peak_bytes = None;
            for (born, size) in self.births.values() {
                self.ages.count(block.tick.saturating_sub(*born), *size);
            }
        }
    }

    pub(super) fn went(&mut self, block: Passing) {
        self.live_bytes = self.live_bytes.wrapping_sub(block.size);
        if let Some((born, size)) = self.births.remove(&block.address) {
            self.lifetimes.count(block.tick.saturating_sub(born), size);
        }
    }

    /// The blocks that were freed, by how long they had lived.
    #[must_use]
    pub fn lifetimes(&self, clock: &Clock) -> Vec<Lived> {
        self.lifetimes.lived(clock)
    }

    /// The blocks that were live at the peak, by how old they were then.
    #[must_use]
    pub fn ages_at_peak(&self, clock: &Clock) -> Vec<Lived> {
        self.ages.lived(clock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(address: u64, size: u64, tick: Tick) -> Passing {
        Passing {
            address,
            size,
            site: 0,
            tick,
        }
    }

    proptest! {
        #[test]
        fn every_time_is_in_its_span(ticks: u64, shift in 0u32..64) {
            let ticks = ticks >> shift;
            let span = span_of(ticks);
            prop_assert!(span < SPANS);
            prop_assert!(start_of(span) <= ticks);
            prop_assert!(ticks < start_of(span + 1) || start_of(span + 1) == u64::MAX);
        }
    }

    #[test]
    fn lifetimes_and_ages_are_counted() {
        let mut lives = Lives::new(Some(30));
        lives.came(block(0x10, 10, 1_000));
        lives.came(block(0x20, 20, 1_500)); // the peak
        lives.went(block(0x10, 10, 3_000));
        lives.came(block(0x30, 10, 4_000)); // as much again is not the peak
        let clock = Clock::without_rate(0);
        let ages: Vec<_> = lives
            .ages_at_peak(&clock)
            .iter()
            .map(|lived| (lived.blocks, lived.bytes))
            .collect();
        assert_eq!(ages, [(1, 20), (1, 10)]);
        let lifetimes = lives.lifetimes(&clock);
        assert_eq!(lifetimes.len(), 1);
        assert!(lifetimes[0].from_ns <= 2_000 && 2_000 < lifetimes[0].to_ns);
    }
}
