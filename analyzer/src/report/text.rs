//! The report as text: what a person reads first on top.

use super::Report;
use super::frames::ShownFrame;
use super::site::{Cost, SiteView};
use super::style::Style;
use super::tables;
use super::tree::Branch;
use crate::replay::stacks::CodeAddress;
use crate::units::{bytes, count, percent, time};
use std::io::{self, Write};
use std::path::Path;

/// Of longer stacks the middle is left out.
const MAX_SHOWN_FRAMES: usize = 120;
/// So many of the outermost frames are shown then.
const OUTERMOST_FRAMES: usize = 20;

/// Writes the report.
pub fn write(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    summary(report, style, out)?;
    for cost in &report.choice.costs {
        ranking(report, *cost, style, out)?;
    }
    if let Some(root) = &report.tree {
        tree(report, root, style, out)?;
    }
    tables::sizes(report, style, out)?;
    tables::calls(report, style, out)?;
    tables::threads(report, style, out)?;
    tables::modules(report, style, out)?;
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
        writeln!(out, "{} {text}", style.heading(&format!("{name:<14}")))
    };
    let command = report.command().join(" ");
    line("Command", shortened(&command, 300))?;
    line(
        "Process",
        format!("{}{}", replayed.header.pid, ending(report)),
    )?;
    line("Duration", time(replayed.clock.ns(replayed.end_tick)))?;
    let totals = report.totals();
    line(
        "Allocations",
        format!(
            "{} of {} ({}), {} temporary ({:.1}%)",
            style.figure(&count(totals.allocations)),
            style.figure(&bytes(totals.bytes)),
            count(totals.bytes),
            count(totals.temporary),
            percent(totals.temporary, totals.allocations)
        ),
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
            style.figure(&bytes(heap.live.bytes)),
            count(heap.live.bytes),
            count(heap.live.blocks)
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
        let text = format!("{unknown} of blocks from before recording began");
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
    }
    Ok(())
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
        (None, None) => String::new(),
    }
}

fn ranking(report: &Report<'_>, cost: Cost, style: Style, out: &mut impl Write) -> io::Result<()> {
    let ranked = report.ranked(cost);
    let total: u64 = report.sites.iter().map(|site| cost.of(site)).sum();
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
        writeln!(out, "\n  {}", headline(site, cost, total, style))?;
        stack(report, site, style, out)?;
    }
    Ok(())
}

fn headline(site: &SiteView, cost: Cost, total: u64, style: Style) -> String {
    let share = percent(cost.of(site), total);
    let (allocations, all_bytes) = (count(site.allocations), bytes(site.bytes));
    let held = |held: crate::replay::sites::Balance| {
        let figure = style.figure(&format!("{} ({share:.1}%)", bytes(held.bytes)));
        let blocks = count(held.blocks);
        format!("{figure} in {blocks} blocks; {allocations} allocations of {all_bytes} in all")
    };
    match cost {
        Cost::Peak => held(site.peak),
        Cost::Leaked => held(site.leaked),
        Cost::At => held(site.at.unwrap_or_default()),
        Cost::Allocations => {
            let figure = style.figure(&format!("{allocations} allocations ({share:.1}%)"));
            format!(
                "{figure} of {all_bytes}; {} at the peak",
                bytes(site.peak.bytes)
            )
        }
        Cost::Temporary => {
            let figure = style.figure(&format!(
                "{} temporary ({share:.1}%)",
                count(site.temporary)
            ));
            let of = percent(site.temporary, site.allocations);
            format!("{figure}, {of:.1}% of its {allocations} allocations of {all_bytes}")
        }
        Cost::Bytes => {
            let figure = style.figure(&format!("{all_bytes} ({share:.1}%)"));
            format!(
                "{figure} in {allocations} allocations; {} at the peak",
                bytes(site.peak.bytes)
            )
        }
    }
}

/// Writes the stack of a site, a frame a line.
pub(crate) fn stack(
    report: &Report<'_>,
    site: &SiteView,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let frames: Vec<ShownFrame<'_>> = report.naming().stack(site).collect();
    let left_out = if frames.len() > MAX_SHOWN_FRAMES {
        MAX_SHOWN_FRAMES - OUTERMOST_FRAMES..frames.len() - OUTERMOST_FRAMES
    } else {
        0..0
    };
    for (number, frame) in frames.iter().enumerate() {
        if left_out.contains(&number) {
            if number == left_out.start {
                let text = format!("    ... {} frames ...", left_out.len());
                writeln!(out, "{}", style.faint(&text))?;
            }
            continue;
        }
        writeln!(out, "    #{number} {}", shown(frame, style))?;
    }
    Ok(())
}

/// A frame in one line: `0x… in function file.c:12 (module)`.
fn shown(frame: &ShownFrame<'_>, style: Style) -> String {
    let Some(address) = frame.address else {
        return frame.function.unwrap_or("?").to_owned();
    };
    if frame.is_cut {
        return style.faint("the stack goes on, but was cut here");
    }
    let address = style.faint(&format!("{address:#014x}"));
    format!("{address} in {}", place(frame, style))
}

/// `function file.c:12 (module)`, as far as it is known.
fn place(frame: &ShownFrame<'_>, style: Style) -> String {
    let mut text = frame.function.unwrap_or("???").to_owned();
    if let Some(file) = frame.file {
        text.push_str(&format!(" {}", last_part(Path::new(file))));
        if let Some(line) = frame.line {
            text.push_str(&format!(":{line}"));
        }
    }
    if let Some(module) = frame.module {
        let module = last_part(module);
        let is_bare = frame.function.is_none();
        let offset = frame
            .offset
            .filter(|_| is_bare)
            .map(|offset| format!("+{offset:#x}"));
        let module = format!(" ({module}{})", offset.unwrap_or_default());
        text.push_str(&style.faint(&module));
    }
    if frame.is_inlined {
        text.push_str(&style.faint(" [inlined]"));
    }
    text
}

fn last_part(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
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
    let places: Vec<String> = frames.map(|frame| place(&frame, style)).collect();
    format!("{:#x}: {}", address.ip, places.join(" < "))
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain("...".chars()).collect()
}
