//! The tables of the text report: sizes, calls, threads, modules.

use super::Report;
use super::bars::bar;
use super::style::{Style, printable};
use crate::replay::sizes::LARGE;
use crate::units::{bytes, count, percent};
use ldt_trace::Function;
use std::io::{self, Write};

/// Rows of the longer tables.
const MAX_ROWS: usize = 20;
/// Columns of the figures before a function, in the table of calls.
const CALLS_WIDTH: usize = 44;
/// Columns of the figures before a name, in the tables of threads and modules.
const FIGURES_WIDTH: usize = 59;
const BAR_WIDTH: usize = 45;

/// The histogram of sizes, in the form of glibc's `memusage`.
pub(super) fn sizes(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let sizes = report.replayed.heap.sizes.steps();
    let total: u64 = sizes.iter().map(|(_, _, count)| count).sum();
    let most = sizes.iter().map(|(_, _, count)| *count).max().unwrap_or(0);
    if total == 0 {
        return Ok(());
    }
    writeln!(out, "\n{} of block sizes", style.heading("HISTOGRAM"))?;
    // Many sizes in steps of 16 bytes are more than one can read: then those that matter.
    let is_shown = |number: u64| number * 1000 >= total || sizes.len() <= MAX_ROWS;
    let mut rare = 0;
    for (first, last, number) in sizes.iter().copied() {
        if !is_shown(number) {
            rare += number;
            continue;
        }
        let span = if first == LARGE {
            "large".to_owned()
        } else {
            format!("{first}-{last}")
        };
        histogram_row(&span, number, total, most, style, out)?;
    }
    if rare > 0 {
        histogram_row("others", rare, total, most, style, out)?;
    }
    Ok(())
}

fn histogram_row(
    span: &str,
    number: u64,
    total: u64,
    most: u64,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let share = percent(number, total);
    let bar = bar(number, most, BAR_WIDTH);
    let bar = style.figure(bar.trim_end());
    let share = if share < 1.0 {
        "<1%".to_owned()
    } else {
        format!("{share:.0}%")
    };
    writeln!(out, "{span:>13} {:>13} {share:>4} {bar}", count(number))
}

/// The table of calls, in the form of glibc's `memusage`.
pub(super) fn calls(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let calls = &report.replayed.heap.calls;
    if calls.all().next().is_none() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.heading("CALLS"))?;
    let head = format!("{:>15} {:>15} {:>10}", "calls", "total memory", "failed");
    writeln!(out, "{head}  function")?;
    for (function, counts) in calls.all() {
        write!(
            out,
            "{:>15} {:>15} {:>10}  {}",
            count(counts.calls),
            count(counts.bytes),
            count(counts.failed),
            style.fitted(function.shown(), CALLS_WIDTH)
        )?;
        if function == Function::Realloc {
            let reallocs = calls.reallocs;
            write!(
                out,
                "\n{:>CALLS_WIDTH$} (nomove: {}, move: {}, dec: {}, free: {})",
                "",
                count(reallocs.in_place),
                count(reallocs.moved),
                count(reallocs.shrunk),
                count(reallocs.freed)
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Totals by thread.
pub(super) fn threads(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let mut threads: Vec<_> = report.replayed.heap.threads.iter().enumerate().collect();
    threads.sort_by_key(|(number, thread)| (std::cmp::Reverse(thread.allocations), *number));
    if threads.len() < 2 {
        return Ok(());
    }
    writeln!(out, "\n{}", style.heading("THREADS"))?;
    let head = format!(
        "{:>15} {:>12} {:>15} {:>12}",
        "allocations", "bytes", "frees", "leaked"
    );
    writeln!(out, "{head}  thread")?;
    for (_, thread) in threads.iter().take(MAX_ROWS) {
        let name = thread.name.as_deref().unwrap_or("");
        let name = style.fitted(
            &format!("T{} {name} ({})", thread.number, thread.tid),
            FIGURES_WIDTH,
        );
        writeln!(
            out,
            "{:>15} {:>12} {:>15} {:>12}  {name}",
            count(thread.allocations),
            bytes(thread.bytes),
            count(thread.frees),
            bytes(thread.live.bytes)
        )?;
    }
    and_more(threads.len(), out)
}

/// Totals by the module that called the allocation functions.
pub(super) fn modules(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let modules = &report.modules;
    if modules.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.heading("MODULES"))?;
    let head = format!(
        "{:>15} {:>12} {:>15} {:>12}",
        "allocations", "bytes", "at peak", "leaked"
    );
    writeln!(out, "{head}  module")?;
    for totals in modules.iter().take(MAX_ROWS) {
        let module = totals
            .module
            .map(|index| &report.replayed.facts.modules[index]);
        let path = module.map_or("(no module)".into(), |module| module.path.to_string_lossy());
        let path = style.fitted(&printable(&path), FIGURES_WIDTH);
        writeln!(
            out,
            "{:>15} {:>12} {:>15} {:>12}  {path}",
            count(totals.allocations),
            bytes(totals.bytes),
            bytes(totals.peak_bytes),
            bytes(totals.leaked_bytes)
        )?;
    }
    and_more(modules.len(), out)
}

fn and_more(rows: usize, out: &mut impl Write) -> io::Result<()> {
    if rows > MAX_ROWS {
        writeln!(out, "{:>15} more", count((rows - MAX_ROWS) as u64))?;
    }
    Ok(())
}
