//! What was called: how often over time, and by which thread.

use super::Captions;
use crate::replay::Replayed;
use ldt_viewer::{RateBin, RatesChart, ThreadRow, ThreadsChart};

/// Allocations and frees over time.
#[must_use]
pub fn rates(replayed: &Replayed) -> RatesChart {
    let captions = Captions::of(replayed);
    let timeline = &replayed.heap.timeline;
    let end = replayed.end_tick;
    let ns = |tick| replayed.clock.ns(tick);
    let bins = timeline.bins().map(|(tick, bin)| RateBin {
        from_ns: ns(tick),
        // The last bin is not longer than the run.
        to_ns: ns(tick.saturating_add(timeline.width()).min(end.max(tick))),
        allocations: bin.allocations,
        frees: bin.frees,
    });
    // The run may go on after its last call.
    let rest = RateBin {
        from_ns: ns(end),
        to_ns: ns(end),
        ..RateBin::default()
    };
    RatesChart {
        title: captions.title("Allocations and frees of"),
        subtitle: captions.command,
        bins: bins.chain([rest]).collect(),
    }
}

/// What each thread did.
#[must_use]
pub fn threads(replayed: &Replayed) -> ThreadsChart {
    let captions = Captions::of(replayed);
    let threads = replayed.heap.threads.iter();
    let row = |thread: &crate::replay::thread_totals::ThreadTotals| ThreadRow {
        name: match &thread.name {
            Some(name) => format!("T{} {name}", thread.number),
            None => format!("T{}", thread.number),
        },
        bytes: thread.bytes,
        allocations: thread.allocations,
        frees: thread.frees,
        live_bytes: thread.live.bytes,
    };
    ThreadsChart {
        title: captions.title("Threads of"),
        subtitle: captions.command,
        threads: threads
            .map(row)
            .filter(|row| row.allocations > 0 || row.frees > 0)
            .collect(),
    }
}
