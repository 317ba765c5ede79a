//! Blocks by their size, by how long they lived, and by how old they were at the peak.

use super::Captions;
use crate::replay::Replayed;
use crate::replay::follow::Followed;
use crate::replay::lives::{Lived, Lives};
use ldt_viewer::{AgesChart, DurationBin, LifetimesChart, SizeBin, SizesChart};
use std::collections::BTreeMap;

/// Bins of a power of ten.
const BINS_A_DECADE: f64 = 4.0;

/// How many allocations asked for which size, and what glibc made of it.
#[must_use]
pub fn sizes(replayed: &Replayed) -> SizesChart {
    let captions = Captions::of(replayed);
    let classes = replayed.heap.sizes.classes();
    SizesChart {
        title: captions.title("Sizes asked for by"),
        subtitle: captions.command,
        bins: classes
            .into_iter()
            .map(|class| SizeBin {
                from_bytes: class.first,
                to_bytes: class.last,
                allocations: class.count,
                bytes: class.bytes,
                usable_bytes: class.usable_bytes,
            })
            .collect(),
    }
}

/// How long blocks lived; `replayed` followed [`crate::replay::follow::Follow::Lifetimes`].
#[must_use]
pub fn lifetimes(replayed: &Replayed) -> LifetimesChart {
    let captions = Captions::of(replayed);
    let lived = lives(replayed).map(|lives| lives.lifetimes(&replayed.clock));
    LifetimesChart {
        title: captions.title("Lifetimes of the blocks of"),
        subtitle: captions.command,
        bins: bins(&lived.unwrap_or_default()),
        never_freed_blocks: replayed.heap.live().blocks,
    }
}

/// How old the blocks were that were live at the peak; `replayed` followed
/// [`crate::replay::follow::Follow::AgesAtPeak`].
#[must_use]
pub fn ages(replayed: &Replayed) -> AgesChart {
    let captions = Captions::of(replayed);
    let lived = lives(replayed).map(|lives| lives.ages_at_peak(&replayed.clock));
    AgesChart {
        title: captions.title("Age of the blocks live at the peak of"),
        subtitle: captions.command,
        bins: bins(&lived.unwrap_or_default()),
    }
}

fn lives(replayed: &Replayed) -> Option<&Lives> {
    match replayed.heap.followed.as_deref() {
        Some(Followed::Lives(lives)) => Some(lives),
        _ => None,
    }
}

/// Quarters of powers of ten, each with the spans that have their middle in it.
fn bins(lived: &[Lived]) -> Vec<DurationBin> {
    let edge = |quarter: i32| 10f64.powf(f64::from(quarter) / BINS_A_DECADE).round() as u64;
    let mut bins: BTreeMap<Option<i32>, (u64, u64)> = BTreeMap::new();
    for span in lived {
        let middle = span.from_ns.midpoint(span.to_ns.saturating_sub(1)) as f64;
        let quarter = (span.from_ns > 0).then(|| (middle.log10() * BINS_A_DECADE).floor() as i32);
        let bin = bins.entry(quarter).or_default();
        bin.0 += span.blocks;
        bin.1 = bin.1.saturating_add(span.bytes);
    }
    let bin = |(quarter, (blocks, bytes)): (Option<i32>, (u64, u64))| DurationBin {
        from_ns: quarter.map_or(0, edge),
        to_ns: quarter.map_or(1, |quarter| edge(quarter + 1)),
        blocks,
        bytes,
    };
    bins.into_iter().map(bin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_go_to_the_quarter_of_a_power_of_ten_that_they_are_in() {
        let span = |from_ns, to_ns, blocks| Lived {
            from_ns,
            to_ns,
            blocks,
            bytes: blocks * 10,
        };
        let found = bins(&[
            span(0, 1, 7),
            span(1_000, 1_200, 1),
            span(1_200, 1_400, 2),
            span(9_000, 11_000, 4),
        ]);
        let shown: Vec<_> = found
            .iter()
            .map(|bin| (bin.from_ns, bin.to_ns, bin.blocks))
            .collect();
        assert_eq!(shown, [(0, 1, 7), (1_000, 1_778, 3), (5_623, 10_000, 4)]);
    }
}
