//! From a replayed trace to the page that the viewer writes.
//!
//! Everything is named and handed over, not just the highest of each ranking as in a report: who reads a
//! page decides later what to look at. `stacks` turns stack nodes into named places, `series` says who had done
//! what by when, `sources` reads the lines of source that something was allocated through, `findings` takes
//! what check mode found.

mod findings;
mod series;
mod sources;
mod stacks;

use crate::export::everything;
use crate::findings::ProcessReport;
use crate::replay::Replayed;
use crate::report::Report;
use crate::report::process;
use crate::report::site::SiteViews;
use ldt_viewer::Mark;
use ldt_viewer::html::{HtmlPage, Run};
use stacks::PageStacks;
use std::path::Path;

/// The most spans of time that can be told apart on a page: one for each few pixels of a wide screen.
pub const MOST_SPANS: u32 = 480;

/// The page of a trace that was replayed with [`crate::replay::Selection::most_spans`]. `found` and `marks` are of
/// check mode: what it found, and the moments worth a line.
#[must_use]
pub fn page(replayed: &Replayed, found: Option<&ProcessReport>, marks: Vec<Mark>) -> HtmlPage {
    let report = everything(replayed);
    let mut stacks = PageStacks::new(&report);
    let sites = series::sites(&report, &mut stacks);
    let faults = findings::faults(found, &replayed.clock, &mut stacks);
    let leaks = findings::leaks(found, &mut stacks);
    let mut warnings = report.warnings();
    warnings.extend(
        found
            .map_or(&[][..], |found| &found.warnings)
            .iter()
            .cloned(),
    );
    warnings.extend(stacks.warning());
    let stacks = stacks.into_stacks();
    let bytes = report.sites.iter().map(|site| site.bytes);
    let sources = sources::read(&stacks, &sites, bytes, replayed.header.start_realtime_ns);
    HtmlPage {
        run: run(&report),
        warnings,
        moments: series::moments(replayed),
        edges_ns: series::edges(replayed),
        stacks,
        sites,
        sizes: series::sizes(replayed),
        threads: series::threads(replayed),
        marks,
        faults,
        leaks,
        waste: Some(findings::waste(&report)),
        sources,
    }
}

/// Numbers of sites, those first that a reader will rather look at: when not all can be told apart in
/// full, the others are cut short.
fn by_weight(sites: &SiteViews<'_>) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..sites.len()).collect();
    let weight = |number: &usize| {
        let site = sites.at(*number);
        let held = site.peak.bytes.max(site.leaked.bytes);
        (std::cmp::Reverse((held, site.bytes)), *number)
    };
    numbers.sort_unstable_by_key(weight);
    numbers
}

fn run(report: &Report<'_>) -> Run {
    let replayed = report.replayed;
    let (header, heap) = (&replayed.header, &replayed.heap);
    let totals = report.totals();
    let exit = report.exit();
    let signal = exit.signal.map(|number| {
        let name = i32::try_from(number).ok();
        let name = name.and_then(signal_hook::low_level::signal_name);
        name.map_or_else(|| format!("signal {number}"), str::to_owned)
    });
    let executable = replayed.facts.meta.get("exe").map(Path::new);
    let program = executable.and_then(Path::file_name);
    let program = program.map(|name| name.to_string_lossy().into_owned());
    Run {
        program: program.unwrap_or_else(|| "a program".to_owned()),
        command: process::command(&replayed.facts).join(" "),
        pid: header.pid,
        exit_code: exit.code,
        signal,
        started_ns: header.start_realtime_ns,
        duration_ns: replayed.clock.ns(replayed.end_tick),
        allocations: totals.allocations,
        bytes: totals.bytes,
        temporary: totals.temporary,
        frees: heap.frees,
        peak_ns: replayed.clock.ns(heap.peak.tick),
        peak_bytes: heap.peak.balance.bytes,
        peak_blocks: heap.peak.balance.blocks,
        left_bytes: heap.live().bytes,
        left_blocks: heap.live().blocks,
        resident_peak_bytes: report.rss_peak_bytes(),
        stack_peak_bytes: (header.stack_peak_bytes > 0).then_some(header.stack_peak_bytes),
        made_by: format!("ldt {}", env!("CARGO_PKG_VERSION")),
    }
}
