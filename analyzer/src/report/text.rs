//! The report as text: what a person reads first on top.

use super::bars::{bar, sparkline};
use super::frame_lines::{place, stack};
use super::site::{Cost, SiteView};
use super::style::{Style, printable};
use super::tables;
use super::tree::Branch;
use super::waste;
use super::{Report, checked};
use crate::replay::sites::Balance;
use crate::replay::stacks::CodeAddress;
use crate::units::{bytes, count, percent, time};
use ldt_trace::header::flag;
use std::io::{self, Write};

/// Columns of the names of the summary.
const NAME_WIDTH: usize = 14;
/// Columns of the sparkline: with its name it fits into 80.
const SPARK_WIDTH: usize = 64;
/// Columns of a bar.
const BAR_WIDTH: usize = 20;
/// What may stand before a place in the tree: shares, addresses, some levels.
const TREE_WIDTH: usize = 50;

/// Writes the report.
pub fn write(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    checked::write(report, style, out)?;
    if report.is_unprofiled() {
        return warnings(report, style, out);
    }
    summary(report, style, out)?;
    for cost in &report.choice.costs {
        ranking(report, *cost, style, out)?;
    }
    if let Some(root) = &report.tree {
        tree(report, root, style, out)?;
    }
    waste::text(report, style, out)?;
    tables::sizes(report, style, out)?;
    tables::calls(report, style, out)?;
    tables::threads(report, style, out)?;
    tables::modules(report, style, out)?;
    warnings(report, style, out)
}

fn warnings(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let warnings = report.warnings();
    if !warnings.is_empty() {
        writeln!(out, "\n{}", style.heading("WARNINGS"))?;
        for warning in warnings {
            writeln!(out, "  {}", style.warning(&warning))?;
        }
    }
    Ok(())
}

fn summary(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let replayed = report.replayed;
    let heap = &replayed.heap;
    let mut line = |name: &str, text: String| {
        let name = format!("{name:<NAME_WIDTH$}");
        writeln!(out, "{} {text}", style.heading(&name))
    };
    let command = report.command().join(" ");
    let command = shortened(&printable(&command), 300);
    line("Command", style.fitted(&command, NAME_WIDTH + 1))?;
    line(
        "Process",
        format!("{}{}", replayed.header.pid, ending(report)),
    )?;
    line("Duration", time(replayed.clock.ns(replayed.end_tick)))?;
    if let Some(spark) = spark(report, style) {
        line("Heap over time", spark)?;
    }
    let totals = report.totals();
    line(
        "Allocations",
        format!(
            "{} of {} ({})",
            style.figure(&count(totals.allocations)),
            style.figure(&bytes(totals.bytes)),
            count(totals.bytes),
        ),
    )?;
    let share = percent(totals.temporary, totals.allocations);
    let temporary = count(totals.temporary);
    line(
        "Temporary",
        format!("{temporary} ({share:.1}%) freed before their thread's next one"),
    )?;
    line("Frees", count(heap.frees))?;
    let peak = heap.peak;
    line(
        "Heap peak",
        format!(
            "{} ({}) in {} blocks, after {}",
            style.figure(&bytes(peak.balance.bytes)),
            count(peak.balance.bytes),
            count(peak.balance.blocks),
            time(replayed.clock.ns(peak.tick))
        ),
    )?;
    if let Some(at) = &replayed.at {
        let when = time(replayed.clock.ns(at.tick));
        let (held, blocks) = (bytes(at.heap.bytes), count(at.heap.blocks));
        line("Heap then", format!("{held} in {blocks} blocks, at {when}"))?;
    }
    line(
        "Never freed",
        format!(
            "{} ({}) in {} blocks",
            style.figure(&bytes(heap.live().bytes)),
            count(heap.live().bytes),
            count(heap.live().blocks)
        ),
    )?;
    if let Some(rss) = report.rss_peak_bytes() {
        line("Resident peak", bytes(rss))?;
    }
    if replayed.header.stack_peak_bytes > 0 {
        line("Stack peak", bytes(replayed.header.stack_peak_bytes))?;
    }
    let (mapped, unmapped) = (replayed.mappings.mapped, replayed.mappings.unmapped);
    if mapped.calls > 0 {
        let (there, gone) = (bytes(mapped.bytes), bytes(unmapped.bytes));
        let text = format!("{there} in {} calls, {gone} unmapped", count(mapped.calls));
        line("Mapped", text)?;
    }
    if heap.mismatches.unknown_frees > 0 {
        let unknown = count(heap.mismatches.unknown_frees);
        let text = if replayed.header.checked.is_some() {
            format!(
                "{unknown} of what was not live: see the errors, or from before recording began"
            )
        } else {
            format!("{unknown} of blocks from before recording began")
        };
        line("Unknown frees", text)?;
    }
    if !report.choice.filters.is_empty() {
        let sites = report.sites.iter();
        let sums = sites.fold((0, 0, 0), |sums, site| {
            (
                sums.0 + site.allocations,
                sums.1 + site.peak.bytes,
                sums.2 + site.leaked.bytes,
            )
        });
        let text = format!(
            "{} of {} sites: {} allocations, {} at the peak, {} never freed",
            count(report.sites.len() as u64),
            count(heap.sites.all().len() as u64),
            count(sums.0),
            bytes(sums.1),
            bytes(sums.2)
        );
        line("Filtered", text)?;
        if report.sites.is_empty() {
            let hint = "nothing matches; * in a pattern is any text, as in function=*name*";
            line("", hint.to_owned())?;
        }
    }
    Ok(())
}

/// The heap over time in one line, its peak marked.
fn spark(report: &Report<'_>, style: Style) -> Option<String> {
    let bins = report.replayed.heap.timeline.bins();
    let heights: Vec<u64> = bins.map(|(_, bin)| bin.live_bytes).collect();
    if heights.iter().all(|height| *height == 0) {
        return None;
    }
    let (line, peak) = sparkline(&heights, SPARK_WIDTH);
    let letters: Vec<char> = line.chars().collect();
    let part = |range: std::ops::Range<usize>| letters[range].iter().collect::<String>();
    Some(format!(
        "{}{}{}",
        style.figure(&part(0..peak)),
        style.warning(&part(peak..peak + 1)),
        style.figure(&part(peak + 1..letters.len()))
    ))
}

fn ending(report: &Report<'_>) -> String {
    let exit = report.exit();
    match (exit.code, exit.signal) {
        (_, Some(signal)) => {
            let name = i32::try_from(signal)
                .ok()
                .and_then(signal_hook::low_level::signal_name);
            format!(
                ", killed by signal {signal} ({})",
                name.unwrap_or("unnamed")
            )
        }
        (Some(code), None) => format!(", exit code {code}"),
        // Whoever ended it, or it itself, would have noted how.
        (None, None) if !is_execed(report) => {
            ", no end noted: it still ran, or was killed".to_owned()
        }
        (None, None) => String::new(),
    }
}

fn is_execed(report: &Report<'_>) -> bool {
    report.replayed.header.flags & flag::EXECED != 0
}

fn ranking(report: &Report<'_>, cost: Cost, style: Style, out: &mut impl Write) -> io::Result<()> {
    let ranked = report.ranked(cost);
    let total = report.total(cost);
    let (title, what) = match cost {
        Cost::Peak => ("PEAK", "held most when the heap was largest"),
        Cost::Leaked => ("LEAKED", "hold most that was never freed"),
        Cost::Allocations => ("ALLOCATIONS", "allocated most often"),
        Cost::Temporary => ("TEMPORARY", "freed at once, before the next allocation"),
        Cost::Bytes => ("BYTES", "allocated most in total"),
        Cost::At => ("AT", "held most then"),
    };
    if total == 0 {
        return writeln!(out, "\n{}: none", style.heading(title));
    }
    writeln!(out, "\n{}: call stacks that {what}", style.heading(title))?;
    for site in ranked.into_iter().filter(|site| cost.of(site) > 0) {
        writeln!(out)?;
        headline(&site, cost, total, style, out)?;
        stack(report, &site, style, out)?;
    }
    Ok(())
}

/// What a site did, in two lines: its share as a bar with the figure of the ranking, and the rest.
fn headline(
    site: &SiteView,
    cost: Cost,
    total: u64,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let share = percent(cost.of(site), total);
    let (allocations, all_bytes) = (counted(site.allocations, "allocation"), bytes(site.bytes));
    let held = |held: Balance| {
        let blocks = counted(held.blocks, "block");
        let rest = format!("{allocations} of {all_bytes} in all");
        (bytes(held.bytes), format!("in {blocks}"), rest)
    };
    let at_peak = format!("{} at the peak", bytes(site.peak.bytes));
    let (figure, what, rest) = match cost {
        Cost::Peak => held(site.peak),
        Cost::Leaked => held(site.leaked),
        Cost::At => held(site.at.unwrap_or_default()),
        Cost::Allocations => (count(site.allocations), format!("of {all_bytes}"), at_peak),
        Cost::Bytes => (all_bytes, format!("in {allocations}"), at_peak),
        Cost::Temporary => {
            let of = percent(site.temporary, site.allocations);
            let rest = format!("{of:.1}% of its {allocations} of {all_bytes}");
            (count(site.temporary), "temporary".to_owned(), rest)
        }
    };
    let bar = style.figure(&bar(cost.of(site), total, BAR_WIDTH));
    let figure = style.figure(&format!("{figure:>12}"));
    writeln!(out, "  {bar} {figure} {share:>5.1}% {what}")?;
    writeln!(out, "    {}", style.faint(&rest))
}

/// `1 block`, `2 blocks`.
fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

fn tree(report: &Report<'_>, root: &Branch, style: Style, out: &mut impl Write) -> io::Result<()> {
    let total = root.bytes;
    writeln!(
        out,
        "\n{}: who held the heap at its peak\n",
        style.heading("TREE")
    )?;
    let all = "(heap allocation functions) malloc, operator new, and the like";
    writeln!(
        out,
        "{:.2}% ({}B) {all}",
        percent(total, total),
        count(total)
    )?;
    branches(report, root, total, "", style, out)
}

fn branches(
    report: &Report<'_>,
    branch: &Branch,
    total: u64,
    indent: &str,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    for (number, below) in branch.branches.iter().enumerate() {
        let share = format!(
            "{:.2}% ({}B)",
            percent(below.bytes, total),
            count(below.bytes)
        );
        let what = match below.address {
            Some(address) => tree_place(report, address, style),
            None => format!("in {} places, each below 1%", count(below.places as u64)),
        };
        writeln!(out, "{indent}->{} {what}", style.figure(&share))?;
        let is_last = number + 1 == branch.branches.len();
        let deeper = format!("{indent}{} ", if is_last { " " } else { "|" });
        branches(report, below, total, &deeper, style, out)?;
        if below.branches.is_empty() && !is_last {
            writeln!(out, "{indent}|")?;
        }
    }
    Ok(())
}

/// One address in the tree: the function that it was compiled into, with those put into it.
fn tree_place(report: &Report<'_>, address: CodeAddress, style: Style) -> String {
    let frames = report.naming().frames_at(address);
    let places: Vec<String> = frames
        .map(|frame| place(&frame, TREE_WIDTH, style))
        .collect();
    format!("{:#x}: {}", address.ip, places.join(" < "))
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain("...".chars()).collect()
}
