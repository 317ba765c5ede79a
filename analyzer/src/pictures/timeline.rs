//! The heap over time, by the call stacks that hold most at its peak.

use super::Captions;
use super::labels::{lines, telling_frames};
use crate::replay::Replayed;
use crate::replay::follow::{Follow, Followed};
use crate::report::site::Cost;
use crate::report::{Choice, Report};
use ldt_viewer::{HeapPoint, Layer, Mark, Peak, ResidentSample, TimelineChart};

/// As many as the viewer has colours for.
const LAYERS: usize = 6;

/// The call stacks that a timeline is divided into.
#[derive(Clone, Debug)]
pub struct Stacked {
    names: Vec<String>,
    /// What a second replay must follow.
    pub follow: Follow,
}

/// Chooses the stacks that held most at the peak.
#[must_use]
pub fn stacked(replayed: &Replayed) -> Stacked {
    let choice = Choice {
        filters: Vec::new(),
        costs: vec![Cost::Peak],
        top: Some(LAYERS),
        tree: false,
    };
    let report = Report::new(replayed, choice);
    let mut top = report.ranked(Cost::Peak);
    top.retain(|site| site.peak.bytes > 0);
    let number = |stack, function| {
        let mut sites = replayed.heap.sites.all().iter();
        sites.position(|site| site.stack == stack && site.function == function)
    };
    let sites = top
        .iter()
        .filter_map(|site| number(site.stack, site.function));
    let frames: Vec<Vec<String>> = top
        .iter()
        .map(|site| telling_frames(&report, site))
        .collect();
    Stacked {
        names: lines(&frames),
        follow: Follow::Layers {
            sites: sites
                .filter_map(|number| u32::try_from(number).ok())
                .collect(),
            width_ticks: replayed.heap.timeline.width(),
        },
    }
}

/// The heap over time, with the resident set, the peak and marks. `replayed` followed what `stacked` chose, if
/// there was anything to choose.
#[must_use]
pub fn timeline(replayed: &Replayed, stacked: Option<&Stacked>, marks: Vec<Mark>) -> TimelineChart {
    let captions = Captions::of(replayed);
    let ns = |tick| replayed.clock.ns(tick);
    let mut points = Vec::new();
    let mut resident = Vec::new();
    for (tick, bin) in replayed.heap.timeline.bins() {
        points.push(HeapPoint {
            at_ns: ns(tick),
            low_bytes: bin.low_bytes,
            high_bytes: bin.live_bytes,
        });
        if bin.rss_bytes > 0 {
            resident.push(ResidentSample {
                at_ns: ns(tick),
                bytes: bin.rss_bytes,
            });
        }
    }
    let is_empty = replayed.heap.peak.balance.bytes == 0;
    if is_empty {
        points.clear();
    }
    let peak = replayed.heap.peak;
    TimelineChart {
        title: captions.title("Heap of"),
        layers: layers(replayed, stacked, points.len()),
        subtitle: captions.command,
        from_ns: 0,
        to_ns: ns(replayed.end_tick),
        points,
        resident,
        peak: (!is_empty).then(|| Peak {
            at_ns: ns(peak.tick),
            bytes: peak.balance.bytes,
        }),
        marks,
    }
}

fn layers(replayed: &Replayed, stacked: Option<&Stacked>, count: usize) -> Vec<Layer> {
    let (Some(stacked), Some(Followed::Layers(layers))) =
        (stacked, replayed.heap.followed.as_deref())
    else {
        return Vec::new();
    };
    let names = stacked.names.iter().enumerate();
    names
        .map(|(place, name)| Layer {
            name: name.clone(),
            bytes: layers.held(place, count),
        })
        .collect()
}
