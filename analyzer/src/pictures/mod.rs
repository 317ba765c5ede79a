//! From a replayed trace to the pictures that the viewer draws.

pub mod flames;

use crate::replay::Replayed;
use crate::report::process;
use crate::report::site::Cost;
use ldt_viewer::{HeapPoint, Peak, ResidentSample, SizeBin, SizesChart, TimelineChart, Unit};
use std::path::Path;

/// The heap over time, with the resident set and the peak.
#[must_use]
pub fn timeline(replayed: &Replayed) -> TimelineChart {
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
    let peak = replayed.heap.peak;
    TimelineChart {
        title: captions.title("Heap of"),
        subtitle: captions.command,
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
            })
            .collect(),
    }
}

/// What stands above a picture.
struct Captions {
    program: String,
    command: String,
}

impl Captions {
    fn of(replayed: &Replayed) -> Self {
        let executable = replayed.facts.meta.get("exe").map(Path::new);
        let name = executable.and_then(Path::file_name);
        let program = name.map_or_else(
            || "a program".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Self {
            program,
            command: process::command(&replayed.facts).join(" "),
        }
    }

    /// `Heap of program`.
    fn title(&self, what: &str) -> String {
        format!("{what} {}", self.program)
    }

    /// Both command lines, or the one that both are.
    fn compared_with(&self, after: &Self) -> String {
        if self.command == after.command {
            return after.command.clone();
        }
        format!("before: {}; after: {}", self.command, after.command)
    }
}

/// What a cost counts.
fn stack_unit(cost: Cost) -> Unit {
    match cost {
        Cost::Peak | Cost::Leaked | Cost::Bytes | Cost::At => Unit::Bytes,
        Cost::Allocations | Cost::Temporary => Unit::Allocations,
    }
}
