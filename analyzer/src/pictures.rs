//! From a replayed trace to the charts that the viewer draws.

use crate::replay::Replayed;
use crate::report::process;
use ldt_viewer::{HeapPoint, Peak, ResidentSample, SizeBin, SizesChart, TimelineChart};
use std::path::Path;

/// The heap over time, with the resident set and the peak.
#[must_use]
pub fn timeline(replayed: &Replayed) -> TimelineChart {
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
    let peak = replayed.heap.peak;
    TimelineChart {
        title: format!("Heap of {}", program(replayed)),
        subtitle: process::command(&replayed.facts).join(" "),
        from_ns: 0,
        to_ns: ns(replayed.end_tick),
        points,
        layers: Vec::new(),
        resident,
        peak: (peak.balance.bytes > 0).then(|| Peak {
            at_ns: ns(peak.tick),
            bytes: peak.balance.bytes,
        }),
        marks: Vec::new(),
    }
}

/// How many allocations asked for which size.
#[must_use]
pub fn sizes(replayed: &Replayed) -> SizesChart {
    let classes = replayed.heap.sizes.classes();
    SizesChart {
        title: format!("Sizes asked for by {}", program(replayed)),
        subtitle: process::command(&replayed.facts).join(" "),
        bins: classes
            .into_iter()
            .map(|class| SizeBin {
                from_bytes: class.first,
                to_bytes: class.last,
                allocations: class.count,
                bytes: class.bytes,
            })
            .collect(),
    }
}

/// The program's name.
fn program(replayed: &Replayed) -> String {
    let executable = replayed.facts.meta.get("exe").map(Path::new);
    let name = executable.and_then(Path::file_name);
    name.map_or_else(
        || "a program".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
