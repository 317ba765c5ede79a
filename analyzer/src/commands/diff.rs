//! `ldt diff`: what grew, what shrank, by call stack.

use super::events;
use super::look::{Look, save};
use crate::diff::{Change, Diff, json};
use crate::failure::{Failure, say};
use crate::output::{show, write_to};
use crate::pictures::changes;
use crate::pictures::flames::{self, Root};
use crate::progress::Progress;
use crate::replay::{Replayed, Selection, replay};
use crate::report::Report;
use crate::report::frame_lines;
use crate::report::site::Cost;
use crate::report::style::Style;
use crate::units::{bytes, bytes_apart, count, parse_size, parse_whole};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The exit code when the heap grew by more than is allowed.
const GREW: u8 = 99;

/// How many call stacks a ranking of the text has.
const TEXT_TOP: usize = 10;

/// The options of `ldt diff`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Exit with 99 when the heap's peak, or what is never freed, grew by more than this; with 125 when either trace
    /// is damaged
    #[arg(long, value_name = "SIZE", value_parser = parse_size, allow_negative_numbers = true)]
    fail_above: Option<u64>,
    /// The form of the difference
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Rank call stacks by this [default: peak, then leaked]
    #[arg(long, value_enum)]
    sort: Option<Cost>,
    /// How many call stacks of each ranking to show [default: 10 in text, all in JSON]
    #[arg(long, value_name = "N", value_parser = parse_whole::<usize>, allow_negative_numbers = true)]
    top: Option<usize>,
    /// Write the difference to this file; - is standard output, without a pager
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also draw the call stacks before and after, as bars
    #[arg(long, value_name = "F.svg|F.png")]
    chart: Option<PathBuf>,
    /// Also draw the call stacks before and after, as a flame graph: red grew, blue shrank
    #[arg(long, value_name = "F.svg|F.png")]
    flamegraph: Option<PathBuf>,
    /// Begin the flame graph with what allocated
    #[arg(long, requires = "flamegraph")]
    inverted: bool,
    #[command(flatten)]
    look: Look,
    /// The trace of the run before
    before: PathBuf,
    /// The trace of the run after
    after: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Compares two traces.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let (before, after) = (read(&options.before)?, read(&options.after)?);
    let diff = Diff::new(&before, &after);
    let style = match options.output {
        Some(_) => Style::plain(),
        None => Style::of(&io::stdout()),
    };
    let path = options.output.as_deref();
    match options.format {
        Format::Text => show(path, |out| write(&diff, options, style, out))?,
        Format::Json => {
            let cost = options.sort.unwrap_or(Cost::Peak);
            write_to(path, |out| json::write(&diff, cost, options.top, out))?;
        }
    }
    draw(&diff, options)?;
    let grew = growth(&before, &after);
    match options.fail_above {
        Some(allowed) if grew > allowed => {
            let (grew, allowed) = bytes_apart(grew, allowed);
            say(&format!(
                "the heap grew by {grew}, and {allowed} are allowed"
            ));
            Ok(GREW)
        }
        Some(_) => known_whole(options, &diff).map(|()| 0),
        None => Ok(0),
    }
}

/// What could not be read may have grown: a gate is green only where all of both traces was looked at.
fn known_whole(options: &Options, diff: &Diff<'_>) -> Result<(), Failure> {
    for (report, path) in [
        (&diff.before, &options.before),
        (&diff.after, &options.after),
    ] {
        if report.is_truncated() {
            return Err(Failure::own(format!(
                "{}: only a part of it can be read, so --fail-above has nothing to go by; \
                 the warnings say what is missing",
                path.display()
            )));
        }
    }
    Ok(())
}

/// The pictures that were asked for, by the cost that the ranking is by.
fn draw(diff: &Diff<'_>, options: &Options) -> Result<(), Failure> {
    let cost = options.sort.unwrap_or(Cost::Peak);
    if let Some(path) = &options.chart {
        let canvas = options.look.canvas("--chart", path, None)?;
        save(path, changes::changes(diff, cost).draw(&canvas))?;
    }
    if let Some(path) = &options.flamegraph {
        let canvas = options.look.canvas("--flamegraph", path, None)?;
        let root = if options.inverted {
            Root::Innermost
        } else {
            Root::Outermost
        };
        save(path, flames::difference(diff, cost, root).draw(&canvas))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Replayed, Failure> {
    let trace = events::open(path)?;
    Ok(replay(
        &trace,
        &Selection::default(),
        &Progress::on_terminal(),
    ))
}

/// By how much the peak or the rest at the end grew, whichever grew more.
fn growth(before: &Replayed, after: &Replayed) -> u64 {
    let peak = |replayed: &Replayed| replayed.heap.peak.balance.bytes;
    let rest = |replayed: &Replayed| replayed.heap.live().bytes;
    let peaks = peak(after).saturating_sub(peak(before));
    peaks.max(rest(after).saturating_sub(rest(before)))
}

fn write(
    diff: &Diff<'_>,
    options: &Options,
    style: Style,
    mut out: &mut dyn Write,
) -> io::Result<()> {
    totals(diff, style, out)?;
    let costs = match options.sort {
        Some(cost) => vec![cost],
        None => vec![Cost::Peak, Cost::Leaked],
    };
    for cost in costs {
        for (is_growth, verb) in [(true, "GREW"), (false, "SHRANK")] {
            let changed = diff.most(cost, is_growth, options.top.unwrap_or(TEXT_TOP));
            let title = format!("{verb}, {}", title(cost));
            if changed.is_empty() {
                writeln!(out, "\n{}: nothing", style.heading(&title))?;
                continue;
            }
            writeln!(out, "\n{}", style.heading(&title))?;
            for change in changed {
                writeln!(out, "\n  {}", headline(change, cost, style))?;
                let (site, is_after) = change.example;
                let report = if is_after { &diff.after } else { &diff.before };
                frame_lines::stack(report, &site, style, &mut out)?;
            }
        }
    }
    for (report, name) in [(&diff.before, "before"), (&diff.after, "after")] {
        for warning in report.warnings() {
            writeln!(out, "\n{} {name}: {warning}", style.warning("WARNING"))?;
        }
    }
    Ok(())
}

fn totals(diff: &Diff<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let head = format!(
        "{:<14} {:>16} {:>16} {:>16}",
        "", "before", "after", "change"
    );
    writeln!(out, "{}", style.heading(&head))?;
    type Figure = fn(&Report<'_>) -> u64;
    type Shown = fn(u64) -> String;
    let rows: [(&str, Figure, Shown); 5] = [
        ("Allocations", |report| report.totals().allocations, count),
        ("Temporary", |report| report.totals().temporary, count),
        ("Allocated", |report| report.totals().bytes, bytes),
        (
            "Heap peak",
            |report| report.replayed.heap.peak.balance.bytes,
            bytes,
        ),
        (
            "Never freed",
            |report| report.replayed.heap.live().bytes,
            bytes,
        ),
    ];
    for (name, figure, shown) in rows {
        let (before, after) = (figure(&diff.before), figure(&diff.after));
        let change = signed(i128::from(after) - i128::from(before), shown);
        let (before, after) = (shown(before), shown(after));
        writeln!(out, "{name:<14} {before:>16} {after:>16} {change:>16}")?;
    }
    Ok(())
}

fn title(cost: Cost) -> &'static str {
    match cost {
        Cost::Peak | Cost::At => "held at the peak",
        Cost::Leaked => "never freed",
        Cost::Allocations => "number of allocations",
        Cost::Temporary => "number of temporary allocations",
        Cost::Bytes => "bytes allocated",
    }
}

fn headline(change: &Change, cost: Cost, style: Style) -> String {
    let shown = match cost {
        Cost::Allocations | Cost::Temporary => count,
        Cost::Peak | Cost::Leaked | Cost::Bytes | Cost::At => bytes,
    };
    let growth = style.figure(&signed(change.growth(cost), shown));
    let (before, after) = (shown(change.before.of(cost)), shown(change.after.of(cost)));
    format!("{growth}, from {before} to {after}")
}

fn signed(change: i128, shown: fn(u64) -> String) -> String {
    let size = u64::try_from(change.unsigned_abs()).unwrap_or(u64::MAX);
    let sign = match change {
        0 => "",
        1.. => "+",
        _ => "-",
    };
    format!("{sign}{}", shown(size))
}
