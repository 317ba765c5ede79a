//! Sizes on a logarithmic axis: a power of two is one octave, and all octaves are equally wide. Size 0,
//! which has no logarithm, has an octave of its own on the left.

use super::SizeBin;
use crate::histogram::Bar;
use crate::panel::Axis;
use crate::units::{Tick, bytes};

/// Narrower bars are merged with their neighbours: their figures, which stand upright, would overlap.
const NARROWEST_BAR_PX: f64 = 14.0;
/// Shorter axes would make one bin as wide as the picture.
const FEWEST_OCTAVES: f64 = 8.0;
const LAST_OCTAVE: f64 = 64.0;

/// The span of sizes that occur.
pub(super) struct SizeScale {
    /// The bins that hold anything, in order, each with the smaller end first.
    bins: Vec<SizeBin>,
    from_octave: f64,
    to_octave: f64,
}

/// Where a size begins on the axis.
fn octave(size: f64) -> f64 {
    if size < 1.0 { -1.0 } else { size.log2() }
}

/// Where a bin begins and ends.
fn octaves(bin: &SizeBin) -> (f64, f64) {
    (
        octave(bin.from_bytes as f64),
        octave(bin.to_bytes as f64 + 1.0),
    )
}

/// Widens a bin by one that follows it.
fn join(bin: &mut SizeBin, next: &SizeBin) {
    bin.to_bytes = bin.to_bytes.max(next.to_bytes);
    bin.allocations = bin.allocations.saturating_add(next.allocations);
    bin.bytes = bin.bytes.saturating_add(next.bytes);
    bin.usable_bytes = bin.usable_bytes.saturating_add(next.usable_bytes);
}

impl SizeScale {
    /// The scale for these bins, or `None` if nothing is in any of them.
    pub(super) fn of(bins: &[SizeBin]) -> Option<Self> {
        let filled = bins
            .iter()
            .filter(|bin| bin.allocations > 0 || bin.bytes > 0);
        let mut bins: Vec<SizeBin> = filled
            .map(|bin| SizeBin {
                from_bytes: bin.from_bytes.min(bin.to_bytes),
                to_bytes: bin.to_bytes.max(bin.from_bytes),
                ..*bin
            })
            .collect();
        bins.sort_by_key(|bin| bin.from_bytes);
        let from = octaves(bins.first()?).0.floor();
        let to = bins
            .iter()
            .map(|bin| octaves(bin).1)
            .fold(from, f64::max)
            .ceil();
        let missing = (FEWEST_OCTAVES - (to - from)).max(0.0);
        let from_octave = if from < 0.0 {
            from
        } else {
            (from - (missing / 2.0).floor()).max(0.0)
        };
        let to_octave = to.max((from_octave + FEWEST_OCTAVES).min(LAST_OCTAVE));
        Some(Self {
            bins,
            from_octave,
            to_octave,
        })
    }

    /// Labels at powers of two, every one of them or every second, fourth and so on.
    pub(super) fn axis(&self, wanted: f64) -> Axis {
        let mut every = 1;
        while (self.to_octave - self.from_octave) / f64::from(every) > wanted.max(1.0) {
            every *= 2;
        }
        let powers = (0..=64u32).step_by(every as usize).map(f64::from);
        let mut ticks: Vec<Tick> = powers
            .filter(|power| (self.from_octave..=self.to_octave).contains(power))
            .map(|value| Tick {
                value,
                label: bytes::human(2f64.powf(value) as u64),
            })
            .collect();
        if self.from_octave < 0.0 {
            let label = "0".to_owned();
            ticks.insert(0, Tick { value: -0.5, label });
        }
        Axis {
            from: self.from_octave,
            to: self.to_octave,
            ticks,
        }
    }

    /// The bins, neighbours joined until each is wide enough to be seen on an axis of `width` pixels.
    pub(super) fn merge_narrow(&self, width: f64) -> Vec<SizeBin> {
        let px_an_octave = width / (self.to_octave - self.from_octave);
        let is_narrow = |bin: &SizeBin| {
            let (from, to) = octaves(bin);
            (to - from) * px_an_octave < NARROWEST_BAR_PX
        };
        let mut merged: Vec<SizeBin> = Vec::new();
        for bin in &self.bins {
            match merged.last_mut() {
                Some(last) if bin.from_bytes <= last.to_bytes || is_narrow(last) => join(last, bin),
                _ => merged.push(*bin),
            }
        }
        // The last one has no successor to be joined with.
        if let Some(last) = merged.pop_if(|last| is_narrow(last)) {
            match merged.last_mut() {
                Some(before) => join(before, &last),
                None => merged.push(last),
            }
        }
        merged
    }

    /// A bar for each bin, as high as `figures` say: what stands on the ground, and on top of that.
    pub(super) fn bars(&self, bins: &[SizeBin], figures: fn(&SizeBin) -> (u64, u64)) -> Vec<Bar> {
        let bar = |bin: &SizeBin| {
            let (from, to) = octaves(bin);
            let (value, beyond) = figures(bin);
            Bar {
                from,
                to,
                value,
                beyond,
            }
        };
        bins.iter().map(bar).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::units::labels;
    use super::*;

    fn bin(from_bytes: u64, to_bytes: u64, allocations: u64) -> SizeBin {
        SizeBin {
            from_bytes,
            to_bytes,
            allocations,
            bytes: allocations * to_bytes,
            usable_bytes: 0,
        }
    }

    #[test]
    fn powers_of_two_are_equally_wide() {
        let scale = SizeScale::of(&[
            bin(16, 31, 1),
            bin(32, 63, 1),
            bin(1 << 20, (2 << 20) - 1, 1),
        ]);
        let bars = scale
            .as_ref()
            .unwrap()
            .bars(&scale.as_ref().unwrap().bins, |bin| (bin.allocations, 0));
        let ends: Vec<(f64, f64)> = bars.iter().map(|bar| (bar.from, bar.to)).collect();
        assert_eq!(ends, [(4.0, 5.0), (5.0, 6.0), (20.0, 21.0)]);
    }

    #[test]
    fn the_axis_spans_what_occurs_and_no_empty_bin() {
        let scale =
            SizeScale::of(&[bin(0, 0, 3), bin(256, 511, 1), bin(1 << 40, 2 << 40, 0)]).unwrap();
        let axis = scale.axis(5.0);
        assert_eq!((axis.from, axis.to), (-1.0, 9.0));
        assert_eq!(
            labels(&axis.ticks),
            ["0", "1 B", "4 B", "16 B", "64 B", "256 B"]
        );
    }

    #[test]
    fn a_lone_bin_is_not_as_wide_as_the_picture() {
        for (from, to) in [(16, 31), (1, 1), (1 << 63, u64::MAX)] {
            let axis = SizeScale::of(&[bin(from, to, 1)]).unwrap().axis(10.0);
            assert!(
                axis.to - axis.from >= 4.0,
                "{from}: {} to {}",
                axis.from,
                axis.to
            );
        }
    }

    #[test]
    fn bins_too_narrow_to_see_are_joined_and_nothing_is_lost() {
        let bins: Vec<SizeBin> = (0..1_000)
            .map(|index| bin(index * 16, index * 16 + 15, 2))
            .collect();
        let merged = SizeScale::of(&bins).unwrap().merge_narrow(600.0);
        assert!(merged.len() < 70, "{}", merged.len());
        assert_eq!(merged.iter().map(|bin| bin.allocations).sum::<u64>(), 2_000);
    }
}
