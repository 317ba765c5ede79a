//! Ticks to nanoseconds.
//!
//! The trace counts time in ticks of a hardware counter whose rate it does not know; what it has
//! are moments at which both clocks were read. Between two of them time is interpolated, outside
//! it goes on at the rate of the two nearest.

use ldt_trace::{Tick, header::Header, header::flag};

/// More anchors than this are thinned out: the counter's rate is all but constant.
const MAX_ANCHORS: usize = 4096;

#[derive(Clone, Copy, Debug)]
struct Anchor {
    tick: Tick,
    ns: u64,
}

/// Turns ticks into nanoseconds since the start of the trace.
#[derive(Clone, Debug)]
pub struct Clock {
    /// In the order of ticks; never empty.
    anchors: Vec<Anchor>,
    start_ns: u64,
}

impl Clock {
    /// A clock that knows what the header tells.
    #[must_use]
    pub fn new(header: &Header) -> Self {
        let mut clock = Clock {
            anchors: vec![Anchor {
                tick: header.start_tick,
                ns: header.start_monotonic_ns,
            }],
            start_ns: header.start_monotonic_ns,
        };
        if header.flags & flag::EXITED != 0 {
            clock.anchor(header.end_tick, header.end_monotonic_ns);
        }
        clock
    }

    /// A clock for which a tick is a nanosecond, until it learns better.
    #[must_use]
    pub fn without_rate(start: Tick) -> Self {
        Clock {
            anchors: vec![Anchor { tick: start, ns: 0 }],
            start_ns: 0,
        }
    }

    /// Whether more than the start is known.
    #[must_use]
    pub fn has_rate(&self) -> bool {
        self.anchors.len() > 1
    }

    /// Takes in a moment at which both clocks were read. Moments that contradict those that are
    /// known (a damaged trace, counters that differ between processors) are left out.
    pub fn anchor(&mut self, tick: Tick, monotonic_ns: u64) {
        let at = self.anchors.partition_point(|anchor| anchor.tick < tick);
        let agrees_before = at == 0 || self.anchors[at - 1].ns < monotonic_ns;
        let agrees_after = self
            .anchors
            .get(at)
            .is_none_or(|next| next.tick > tick && next.ns > monotonic_ns);
        if !agrees_before || !agrees_after {
            return;
        }
        let anchor = Anchor {
            tick,
            ns: monotonic_ns,
        };
        self.anchors.insert(at, anchor);
        if self.anchors.len() > MAX_ANCHORS {
            let last = self.anchors.len() - 1;
            let mut place = 0..;
            self.anchors.retain(|_| {
                place
                    .next()
                    .is_none_or(|place| place % 2 == 0 || place == last)
            });
        }
    }

    /// Nanoseconds from the start of the trace to this tick, 0 for ticks before it.
    #[must_use]
    pub fn ns(&self, tick: Tick) -> u64 {
        let absolute = self.convert(tick, |anchor| (anchor.tick, anchor.ns));
        absolute.saturating_sub(self.start_ns)
    }

    /// The tick at this many nanoseconds from the start of the trace.
    #[must_use]
    pub fn tick(&self, ns: u64) -> Tick {
        let absolute = self.start_ns.saturating_add(ns);
        self.convert(absolute, |anchor| (anchor.ns, anchor.tick))
    }

    /// Follows the line through the two anchors around (or nearest to) `x`.
    fn convert(&self, x: u64, axes: impl Fn(&Anchor) -> (u64, u64)) -> u64 {
        let count = self.anchors.len();
        let above = self.anchors.partition_point(|anchor| axes(anchor).0 <= x);
        if count == 1 {
            // Nothing is known about the rate: as if a tick were a nanosecond.
            let (x0, y0) = axes(&self.anchors[0]);
            return y0.saturating_add_signed(x.wrapping_sub(x0).cast_signed());
        }
        let upper = above.clamp(1, count - 1);
        let (x0, y0) = axes(&self.anchors[upper - 1]);
        let (x1, y1) = axes(&self.anchors[upper]);
        let distance = i128::from(x) - i128::from(x0);
        let rise = distance.saturating_mul(i128::from(y1 - y0)) / i128::from(x1 - x0);
        let y = i128::from(y0) + rise;
        u64::try_from(y.max(0)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clock(anchors: &[(u64, u64)]) -> Clock {
        let mut clock = Clock {
            anchors: vec![Anchor {
                tick: 1000,
                ns: 50_000,
            }],
            start_ns: 50_000,
        };
        for (tick, ns) in anchors {
            clock.anchor(*tick, *ns);
        }
        clock
    }

    #[test]
    fn between_and_beyond_the_anchors() {
        let clock = clock(&[(2000, 60_000), (3000, 80_000)]);
        assert_eq!(clock.ns(1000), 0);
        assert_eq!(clock.ns(1500), 5_000);
        assert_eq!(clock.ns(2500), 20_000);
        assert_eq!(clock.ns(4000), 50_000);
        assert_eq!(clock.ns(0), 0);
        assert_eq!(clock.tick(20_000), 2500);
    }

    #[test]
    fn contradicting_anchors_are_left_out() {
        let clock = clock(&[(2000, 60_000), (1500, 70_000), (2500, 10), (2000, 61_000)]);
        assert_eq!(clock.anchors.len(), 2);
    }

    #[test]
    fn anchors_stay_bounded_and_keep_both_ends() {
        let many: Vec<_> = (1..20_000)
            .map(|n| (1000 + n * 10, 50_000 + n * 30))
            .collect();
        let clock = clock(&many);
        assert!(clock.anchors.len() <= MAX_ANCHORS);
        assert_eq!(clock.ns(1000 + 199_990), 599_970);
    }

    proptest! {
        #[test]
        fn any_numbers_are_survived(
            anchors in prop::collection::vec((any::<u64>(), any::<u64>()), 0..20),
            tick: u64
        ) {
            let clock = clock(&anchors);
            let _ = clock.ns(tick);
            let _ = clock.tick(tick);
        }

        #[test]
        fn time_never_goes_back(
            anchors in prop::collection::vec((0u64..10_000, 40_000u64..90_000), 0..20),
            ticks in prop::collection::vec(0u64..20_000, 2..20)
        ) {
            let clock = clock(&anchors);
            let mut ticks = ticks;
            ticks.sort_unstable();
            let times: Vec<u64> = ticks.iter().map(|tick| clock.ns(*tick)).collect();
            prop_assert!(times.is_sorted());
        }
    }
}
