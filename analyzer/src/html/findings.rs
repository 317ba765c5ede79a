//! What check mode found, and what is wasted, with the page's own places.

use super::stacks::PageStacks;
use crate::findings::{ErrorReport, Frame, ProcessReport};
use crate::report::Report;
use crate::report::errors;
use crate::report::frames::Naming;
use crate::report::leaks::Amounts;
use crate::units::time;
use crate::waste::Allocator;
use ldt_trace::finding::LeakKind;
use ldt_viewer::html::{
    Fault, FoundStack, LeakRecord, LeakTotal, Leaks, Waste, WasteRecord, WasteTotal,
};

/// The errors.
pub(super) fn faults(found: Option<&ProcessReport>, stacks: &mut PageStacks<'_>) -> Vec<Fault> {
    let errors = found.map_or(&[][..], |found| &found.errors);
    errors.iter().map(|error| fault(error, stacks)).collect()
}

fn fault(error: &ErrorReport, stacks: &mut PageStacks<'_>) -> Fault {
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
    let has_frames = |(_, _, frames): &(&str, &String, &Vec<Frame>)| !frames.is_empty();
    let found_stacks = found_stacks.into_iter().filter(has_frames);
    Fault {
        headline: headline
            .strip_prefix(&prefix)
            .unwrap_or(&headline)
            .to_owned(),
        kind,
        detected_by: error.facts.detected_by.shown().to_owned(),
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
        records: records.collect(),
        definite: total(LeakKind::Definite),
        indirect: total(LeakKind::Indirect),
        possible: total(LeakKind::Possible),
        reachable: total(LeakKind::Reachable),
    })
}

/// Longer stacks are recursions; the flame graph has them whole.
const MOST_FRAMES: usize = 200;
/// More call stacks that waste than this are nobody's plan for a day.
const MOST_WASTEFUL: usize = 200;

/// Where memory is wasted.
pub(super) fn waste(report: &Report<'_>, stacks: &mut PageStacks<'_>) -> Option<Waste> {
    let waste = &report.waste;
    let total = |name: &str, bytes, says: String| WasteTotal {
        name: name.to_owned(),
        bytes,
        says,
    };
    let mut totals = Vec::new();
    if waste.allocator == Allocator::Glibc {
        let says = "of the peak, beyond what was asked for".to_owned();
        totals.push(total("Slack", waste.peak_slack_bytes, says));
    }
    let says = "of the peak, between aligned blocks".to_owned();
    totals.push(total("Alignment", waste.peak_padding_bytes, says));
    let says = format!(
        "of the peak, held for nothing after {}, by the rules of {}",
        time(waste.worst.time_ns),
        waste.allocator.name()
    );
    totals.push(total("Fragmentation", waste.worst.free_bytes, says));
    let mut record = |finding: &crate::waste::Finding| {
        let called = Naming::called(&finding.site);
        let mut frames = vec![stacks.place(&called)];
        let naming = report.naming();
        let addresses = report.replayed.stacks.frames(finding.site.stack);
        let shown = addresses.flat_map(|address| naming.frames_at(address));
        frames.extend(shown.take(MOST_FRAMES).map(|frame| stacks.place(&frame)));
        WasteRecord {
            kind: finding.kind.name().to_owned(),
            saves_bytes: finding.saves_bytes,
            sentence: finding.sentence(),
            stack: FoundStack {
                title: "allocated here".to_owned(),
                frames,
            },
        }
    };
    let worth = waste.findings.iter().take(MOST_WASTEFUL);
    let records = worth.map(&mut record).collect();
    Some(Waste { totals, records })
}

fn stack(title: String, frames: &[Frame], stacks: &mut PageStacks<'_>) -> FoundStack {
    FoundStack {
        title,
        frames: frames.iter().map(|frame| stacks.place_of(frame)).collect(),
    }
}
