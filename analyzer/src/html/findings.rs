//! What check mode found, and what is wasted, with the page's own places.

use super::stacks::PageStacks;
use crate::findings::{ErrorReport, Frame, ProcessReport};
use crate::replay::clock::Clock;
use crate::report::Report;
use crate::report::errors;
use crate::report::leaks::Amounts;
use crate::waste::Allocator;
use ldt_trace::finding::LeakKind;
use ldt_viewer::html::{Fault, FoundStack, LeakRecord, LeakTotal, Leaks, Waste, WasteMoment};
use std::sync::Arc;

/// The errors.
pub(super) fn faults(
    found: Option<&ProcessReport>,
    clock: &Clock,
    stacks: &mut PageStacks<'_>,
) -> Vec<Fault> {
    let errors = found.map_or(&[][..], |found| &found.errors);
    let fault = |error| fault(error, clock, stacks);
    errors.iter().map(fault).collect()
}

fn fault(error: &ErrorReport, clock: &Clock, stacks: &mut PageStacks<'_>) -> Fault {
    let kind = error.facts.kind.shown().to_owned();
    let headline = errors::headline(&error.facts);
    let prefix = format!("ERROR: {kind}: ");
    let mut notes: Vec<String> = error.facts.note.lines().map(str::to_owned).collect();
    notes.extend(error.mark.iter().map(|mark| format!("while: {mark}")));
    let found_stacks = [
        ("found in", &error.thread, &error.stack),
        ("allocated by", &error.allocated_by, &error.allocated),
        ("freed by", &error.freed_by, &error.freed),
    ];
    let has_frames = |(_, _, frames): &(&str, &String, &Vec<Arc<Frame>>)| !frames.is_empty();
    let found_stacks = found_stacks.into_iter().filter(has_frames);
    Fault {
        headline: headline
            .strip_prefix(&prefix)
            .unwrap_or(&headline)
            .to_owned(),
        kind,
        detected_by: error.facts.detected_by.shown().to_owned(),
        at_ns: clock.ns(error.facts.tick),
        count: error.count,
        notes,
        stacks: found_stacks
            .map(|(what, thread, frames)| stack(format!("{what} thread {thread}"), frames, stacks))
            .collect(),
    }
}

/// The last leak check; none where nobody looked.
pub(super) fn leaks(found: Option<&ProcessReport>, stacks: &mut PageStacks<'_>) -> Option<Leaks> {
    let check = found?.leaks.as_ref()?;
    let mut amounts = Amounts::default();
    for record in &check.records {
        amounts.add(record, false);
    }
    let total = |kind| {
        let amount = amounts.of(kind);
        LeakTotal {
            bytes: amount.bytes,
            blocks: amount.blocks,
        }
    };
    let records = check.records.iter().map(|record| LeakRecord {
        kind: record.kind.shown().to_owned(),
        bytes: record.bytes,
        blocks: record.blocks,
        indirect_bytes: record.indirect_bytes,
        stack: stack(
            format!("allocated by thread {}", record.thread),
            &record.stack,
            stacks,
        ),
    });
    Some(Leaks {
        at_ns: check.since_start_ns,
        records: records.collect(),
        definite: total(LeakKind::Definite),
        indirect: total(LeakKind::Indirect),
        possible: total(LeakKind::Possible),
        reachable: total(LeakKind::Reachable),
    })
}

/// What is known of waste besides what each call stack wastes.
pub(super) fn waste(report: &Report<'_>) -> Waste {
    let waste = &report.waste;
    let mut moments: Vec<_> = waste.moments.iter().collect();
    // Of many measurements every second one was dropped, but never the worst.
    let place = moments.partition_point(|moment| moment.time_ns < waste.worst.time_ns);
    if waste.worst.free_bytes > 0 {
        moments.insert(place, &waste.worst);
    }
    let moments = moments.into_iter().map(|moment| WasteMoment {
        at_ns: moment.time_ns,
        free_bytes: moment.free_bytes,
    });
    let replayed = report.replayed;
    Waste {
        allocator: waste.allocator.name().to_owned(),
        knows_slack: waste.allocator == Allocator::Glibc,
        moments: moments.collect(),
        shares_at_ns: replayed.clock.ns(replayed.heap.footprint.sites_at.tick),
    }
}

fn stack(title: String, frames: &[Arc<Frame>], stacks: &mut PageStacks<'_>) -> FoundStack {
    FoundStack {
        title,
        frames: frames.iter().map(|frame| stacks.place_of(frame)).collect(),
    }
}
