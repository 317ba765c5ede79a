//! massif.out, for ms_print and massif-visualizer: the heap over time, and the tree of who held it
//! at the peak and at the end.

use super::places;
use crate::replay::stacks::CodeAddress;
use crate::report::Report;
use crate::report::frames::ShownFrame;
use crate::report::site::Cost;
use crate::report::tree::{self, Branch};
use std::io::{self, Write};
use std::path::Path;

/// What massif itself keeps at most; more makes ms_print's graph no better.
const MOST_SNAPSHOTS: usize = 100;
/// Branches below this share are put together, as massif does by default.
const THRESHOLD_SHARE: u64 = 100;

enum Tree {
    Empty,
    Peak(Branch),
    Detailed(Branch),
}

struct Snapshot {
    time_ns: u64,
    bytes: u64,
    tree: Tree,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "desc: {}", super::creator())?;
    let command = report.command().join(" ");
    writeln!(out, "cmd: {}", command.replace(char::is_control, " "))?;
    writeln!(out, "time_unit: ms")?;
    for (number, snapshot) in snapshots(report).iter().enumerate() {
        writeln!(out, "#-----------\nsnapshot={number}\n#-----------")?;
        writeln!(out, "time={}", milliseconds(snapshot.time_ns))?;
        writeln!(out, "mem_heap_B={}", snapshot.bytes)?;
        // What the allocator adds is not known of every moment.
        writeln!(out, "mem_heap_extra_B=0\nmem_stacks_B=0")?;
        let (kind, tree) = match &snapshot.tree {
            Tree::Empty => ("empty", None),
            Tree::Peak(tree) => ("peak", Some(tree)),
            Tree::Detailed(tree) => ("detailed", Some(tree)),
        };
        writeln!(out, "heap_tree={kind}")?;
        if let Some(tree) = tree {
            let all = "(heap allocation functions) malloc/new/new[], --alloc-fns, etc.";
            writeln!(out, "n{}: {} {all}", tree.branches.len(), tree.bytes)?;
            branches(report, tree, 1, out)?;
        }
    }
    Ok(())
}

/// Tenths of a millisecond would be lost: ms_print reads fractions.
fn milliseconds(ns: u64) -> String {
    let text = format!("{}.{:06}", ns / 1_000_000, ns % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The timeline thinned out, with the peak and the end where they happened.
fn snapshots(report: &Report<'_>) -> Vec<Snapshot> {
    let replayed = report.replayed;
    let bins: Vec<_> = replayed.heap.timeline.bins().collect();
    let each = bins.len().div_ceil(MOST_SNAPSHOTS).max(1);
    let peak_ns = replayed.clock.ns(replayed.heap.peak.tick);
    let end_ns = replayed.clock.ns(replayed.end_tick).max(peak_ns);
    let mut snapshots: Vec<Snapshot> = bins
        .chunks(each)
        .filter_map(|bins| bins.first())
        .map(|(tick, bin)| Snapshot {
            time_ns: replayed.clock.ns(*tick),
            bytes: bin.low_bytes,
            tree: Tree::Empty,
        })
        .filter(|snapshot| snapshot.time_ns < end_ns)
        .collect();
    let tree = |cost: Cost, bytes: u64| {
        let threshold = bytes / THRESHOLD_SHARE;
        tree::tree(&replayed.stacks, &report.sites, cost, threshold)
    };
    let peak_bytes = replayed.heap.peak.balance.bytes;
    if peak_bytes > 0 {
        let place = snapshots.partition_point(|snapshot| snapshot.time_ns <= peak_ns);
        let peak = Snapshot {
            time_ns: peak_ns,
            bytes: peak_bytes,
            tree: Tree::Peak(tree(Cost::Peak, peak_bytes)),
        };
        snapshots.insert(place, peak);
    }
    let end_bytes = replayed.heap.live.bytes;
    snapshots.push(Snapshot {
        time_ns: end_ns,
        bytes: end_bytes,
        tree: match end_bytes {
            0 => Tree::Empty,
            _ => Tree::Detailed(tree(Cost::Leaked, end_bytes)),
        },
    });
    snapshots
}

fn branches(
    report: &Report<'_>,
    branch: &Branch,
    depth: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let indent = " ".repeat(depth);
    for below in &branch.branches {
        let (count, bytes) = (below.branches.len(), below.bytes);
        match below.address {
            Some(address) => {
                let place = place(report, address);
                writeln!(out, "{indent}n{count}: {bytes} {:#X}: {place}", address.ip)?;
            }
            None => {
                let places = below.places;
                let text = "below massif's threshold (1.00%)";
                match places {
                    1 => writeln!(out, "{indent}n0: {bytes} in 1 place, {text}")?,
                    _ => writeln!(out, "{indent}n0: {bytes} in {places} places, all {text}")?,
                }
            }
        }
        branches(report, below, depth + 1, out)?;
    }
    Ok(())
}

/// `function (file.c:12)`, or `function (in /path/to/module)`. Of inlined functions the innermost is
/// shown, as massif does.
fn place(report: &Report<'_>, address: CodeAddress) -> String {
    let frame = report.naming().frames_at(address).next();
    let frame: ShownFrame<'_> = frame.unwrap_or_default();
    let function = places::name(&frame).replace(char::is_control, " ");
    let file = frame.file.and_then(|file| Path::new(file).file_name());
    match (file, frame.line, frame.module) {
        (Some(file), Some(line), _) => format!("{function} ({}:{line})", file.to_string_lossy()),
        (Some(file), None, _) => format!("{function} ({})", file.to_string_lossy()),
        (None, _, Some(module)) => format!("{function} (in {})", module.display()),
        (None, _, None) => function,
    }
}
