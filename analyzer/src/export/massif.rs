//! massif.out, for ms_print and massif-visualizer: the heap over time, and the tree of who held it
//! at the peak, at the end, and now and then.

use crate::replay::sites::Balance;
use crate::replay::stacks::CodeAddress;
use crate::report::Report;
use crate::report::site::{Cost, SiteView};
use crate::report::tree::{self, Branch};
use std::io::{self, Write};

/// What massif itself keeps at most; more makes ms_print's graph no better.
pub(super) const MOST_SPANS: u32 = 100;
/// Every so many snapshots one has its tree, as massif's have by default.
const DETAILED_EVERY: usize = 10;
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

/// The heap at the end of each span, with the peak and the end where they happened.
fn snapshots(report: &Report<'_>) -> Vec<Snapshot> {
    let replayed = report.replayed;
    let ns = |tick| replayed.clock.ns(tick);
    let end_ns = ns(replayed.end_tick).max(ns(replayed.heap.peak.tick));
    let mut snapshots = vec![Snapshot {
        time_ns: 0,
        bytes: 0,
        tree: Tree::Empty,
    }];
    let mut held = vec![Balance::default(); replayed.heap.sites.all().len()];
    let mut marks = replayed.heap.history.sites.clone();
    marks.sort_by_key(|mark| mark.span);
    let mut marks = marks.into_iter().peekable();
    for (span, edge) in (0..).zip(replayed.heap.history.edges().skip(1)) {
        while let Some(mark) = marks.next_if(|mark| mark.span <= span) {
            held[mark.of as usize] = mark.figures.live;
        }
        if ns(edge) >= end_ns {
            break;
        }
        let is_detailed = (span as usize + 1).is_multiple_of(DETAILED_EVERY);
        let bytes = held.iter().map(|held| held.bytes).sum();
        let tree = match (is_detailed, bytes) {
            (false, _) | (_, 0) => Tree::Empty,
            (true, _) => Tree::Detailed(tree(report, bytes, |site| held[site.number as usize])),
        };
        snapshots.push(Snapshot {
            time_ns: ns(edge),
            bytes,
            tree,
        });
    }
    let peak = replayed.heap.peak;
    if peak.balance.bytes > 0 {
        let peak_ns = ns(peak.tick);
        let place = snapshots.partition_point(|snapshot| snapshot.time_ns <= peak_ns);
        let peak = Snapshot {
            time_ns: peak_ns,
            bytes: peak.balance.bytes,
            tree: Tree::Peak(tree(report, peak.balance.bytes, |site| site.peak)),
        };
        snapshots.insert(place, peak);
    }
    let end_bytes = replayed.heap.live().bytes;
    snapshots.push(Snapshot {
        time_ns: end_ns,
        bytes: end_bytes,
        tree: match end_bytes {
            0 => Tree::Empty,
            _ => Tree::Detailed(tree(report, end_bytes, |site| site.leaked)),
        },
    });
    snapshots
}

/// The tree of what each site held at some moment, `bytes` in all.
fn tree(report: &Report<'_>, bytes: u64, held: impl Fn(&SiteView) -> Balance) -> Branch {
    let sites = report.sites.iter().map(|site| SiteView {
        at: Some(held(&site)),
        ..site
    });
    let threshold = bytes / THRESHOLD_SHARE;
    tree::tree(&report.replayed.stacks, sites, Cost::At, threshold)
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

/// Of functions inlined at an address the innermost is shown, as massif does.
fn place(report: &Report<'_>, address: CodeAddress) -> String {
    let frame = report.naming().frames_at(address).next();
    super::valgrind_place(&frame.unwrap_or_default())
}
