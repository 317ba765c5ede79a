//! Time on a logarithmic axis: every power of ten is equally wide. Spans of 0, which have no logarithm, have
//! such a width of their own on the left.

use super::DurationBin;
use crate::histogram::Bar;
use crate::panel::Axis;
use crate::units::{Tick, time};

/// Shorter axes would make one bin as wide as the picture.
const FEWEST_DECADES: f64 = 3.0;

/// The span of times that occur, as powers of ten.
pub(super) struct DurationScale {
    from: f64,
    to: f64,
    has_zero: bool,
}

fn decade(ns: u64) -> f64 {
    (ns.max(1) as f64).log10()
}

fn is_filled(bin: &&DurationBin) -> bool {
    bin.blocks > 0 || bin.bytes > 0
}

impl DurationScale {
    /// The scale for these bins, or `None` if nothing is in any of them.
    pub(super) fn of(bins: &[DurationBin]) -> Option<Self> {
        let filled = || bins.iter().filter(is_filled);
        filled().next()?;
        let longer = || filled().filter(|bin| bin.from_ns > 0);
        let from = longer()
            .map(|bin| decade(bin.from_ns))
            .fold(f64::MAX, f64::min);
        let to = longer().map(|bin| decade(bin.to_ns)).fold(0.0, f64::max);
        // A hair of tolerance: an edge that was meant to be a power of ten is one.
        let from = if from == f64::MAX {
            0.0
        } else {
            (from + 0.01).floor()
        };
        let to = (to - 0.01).ceil().max(from + FEWEST_DECADES);
        Some(Self {
            from,
            to,
            has_zero: filled().any(|bin| bin.from_ns == 0),
        })
    }

    fn start(&self) -> f64 {
        if self.has_zero {
            self.from - 1.0
        } else {
            self.from
        }
    }

    pub(super) fn axis(&self, wanted: f64) -> Axis {
        let powers = time::powers(
            10f64.powf(self.from - 0.01),
            10f64.powf(self.to + 0.01),
            wanted,
        );
        let mut ticks: Vec<Tick> = powers
            .into_iter()
            .map(|tick| Tick {
                value: tick.value.log10(),
                label: tick.label,
            })
            .collect();
        if self.has_zero {
            let (value, label) = (self.from - 0.5, "0".to_owned());
            ticks.insert(0, Tick { value, label });
        }
        Axis {
            from: self.start(),
            to: self.to,
            ticks,
        }
    }

    /// A bar for each bin, as high as `figure` says.
    pub(super) fn bars(&self, bins: &[DurationBin], figure: fn(&DurationBin) -> u64) -> Vec<Bar> {
        let bar = |bin: &DurationBin| {
            let (from, to) = match bin.from_ns {
                0 => (self.start(), self.from),
                from_ns => (decade(from_ns), decade(bin.to_ns)),
            };
            Bar {
                from,
                to: to.clamp(from, self.to),
                value: figure(bin),
                beyond: 0,
            }
        };
        bins.iter().filter(is_filled).map(bar).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::units::labels;
    use super::*;

    fn bin(from_ns: u64, to_ns: u64) -> DurationBin {
        DurationBin {
            from_ns,
            to_ns,
            blocks: 1,
            bytes: 1,
        }
    }

    #[test]
    fn powers_of_ten_are_equally_wide_and_zero_has_a_place() {
        let bins = [bin(0, 1), bin(1_000, 1_778), bin(1_000_000, 1_778_279)];
        let scale = DurationScale::of(&bins).unwrap();
        let axis = scale.axis(10.0);
        assert_eq!((axis.from, axis.to), (2.0, 7.0));
        assert_eq!(
            labels(&axis.ticks),
            ["0", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms"]
        );
        let bars = scale.bars(&bins, |bin| bin.blocks);
        let starts: Vec<f64> = bars.iter().map(|bar| bar.from).collect();
        assert_eq!(starts, [2.0, 3.0, 6.0]);
    }

    #[test]
    fn any_spans_have_an_axis() {
        for bins in [
            vec![bin(0, 1)],
            vec![bin(u64::MAX, u64::MAX)],
            vec![bin(5, 3)],
            vec![bin(0, u64::MAX), bin(1, u64::MAX)],
        ] {
            let axis = DurationScale::of(&bins).unwrap().axis(8.0);
            assert!(axis.to - axis.from >= FEWEST_DECADES, "{bins:?}");
        }
        assert!(DurationScale::of(&[]).is_none());
    }
}
