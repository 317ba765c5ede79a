//! The figures as Markdown tables, the target beside each.

use crate::figures::{Clock, Side};
use crate::rounds::Samples;
use crate::target;
use crate::workload::{Rival, Workload};

type Result = (Workload, Samples);

/// All tables.
pub(crate) fn markdown(results: &[Result]) -> String {
    let mut text = String::new();
    text += &cpu(results);
    text += &wall(results);
    text += &trace(results);
    text += &memory(results);
    text += &report(results);
    let notes: Vec<_> = results.iter().flat_map(|(_, s)| &s.notes).collect();
    if !notes.is_empty() {
        text += "\n### Notes\n\n";
        for note in notes {
            text += &format!("- {note}\n");
        }
    }
    text
}

/// A table from its heading, its column names, and for each workload its cells.
fn table(
    heading: &str,
    columns: &[&str],
    results: &[Result],
    row: impl Fn(&Workload, &Samples) -> Vec<String>,
) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let names: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
    let mut text = format!("\n### {heading}\n\n{}", line(&names));
    text += &format!("|---|{}\n", "---:|".repeat(columns.len() - 1));
    for (workload, samples) in results {
        let mut cells = vec![workload.title.to_owned()];
        cells.extend(row(workload, samples));
        text += &line(&cells);
    }
    text
}

fn number(value: Option<f64>, decimals: usize) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.is_infinite() => "below noise".to_owned(),
        Some(value) => format!("{value:.decimals$}"),
    }
}

fn mib(kib: Option<f64>) -> String {
    number(kib.map(|kib| kib / 1024.0), 1)
}

fn verdict(reached: Option<bool>) -> String {
    match reached {
        None => "-",
        Some(true) => "yes",
        Some(false) => "**no**",
    }
    .to_owned()
}

/// The rival's figure, marked where it is that of heaptrack's preload alone.
fn rival(workload: &Workload, figure: String) -> String {
    match workload.rival {
        Rival::PreloadAlone if figure != "-" => format!("{figure} (preload alone)"),
        _ => figure,
    }
}

fn at_least(value: Option<f64>, least: Option<f64>) -> String {
    verdict(value.zip(least).map(|(value, least)| value >= least))
}

fn cpu(results: &[Result]) -> String {
    let columns = [
        "workload",
        "allocations",
        "bare, s",
        "floor, ns",
        "LDT, ns",
        "heaptrack, ns",
        "ratio",
        "to reach",
        "reached",
    ];
    let heading = "CPU added for each allocation with its free, all processes";
    table(heading, &columns, results, |workload, samples| {
        let ratio = samples.added_ratio(Clock::Cpu);
        let least = workload.target.cpu_ratio;
        vec![
            samples.allocations.to_string(),
            number(samples.bare_seconds(Clock::Cpu), 2),
            number(samples.added_ns(Side::Floor, Clock::Cpu), 0),
            number(samples.added_ns(Side::Ldt, Clock::Cpu), 0),
            rival(
                workload,
                number(samples.added_ns(Side::Rival, Clock::Cpu), 0),
            ),
            number(ratio, 1),
            number(least, 0),
            at_least(ratio, least),
        ]
    })
}

fn wall(results: &[Result]) -> String {
    let columns = [
        "workload",
        "bare, s",
        "LDT adds, s",
        "heaptrack adds, s",
        "ratio",
        "to reach",
        "reached",
    ];
    table("Wall time", &columns, results, |workload, samples| {
        let ratio = samples.added_ratio(Clock::Wall);
        let least = workload.target.wall_ratio;
        vec![
            number(samples.bare_seconds(Clock::Wall), 2),
            number(samples.added_seconds(Side::Ldt, Clock::Wall), 2),
            rival(
                workload,
                number(samples.added_seconds(Side::Rival, Clock::Wall), 2),
            ),
            number(ratio, 1),
            number(least, 0),
            at_least(ratio, least),
        ]
    })
}

fn trace(results: &[Result]) -> String {
    let columns = [
        "workload",
        "LDT",
        "LDT, by length",
        "heaptrack",
        "at most",
        "reached",
    ];
    let heading = "Trace bytes for each allocation, on disk";
    table(heading, &columns, results, |workload, samples| {
        let ldt = samples.trace_bytes(Side::Ldt);
        let other = samples.trace_bytes(Side::Rival).map(|(disk, _)| disk);
        let other = number(other, 2);
        let most = workload.target.trace_bytes;
        vec![
            number(ldt.map(|(disk, _)| disk), 2),
            number(ldt.map(|(_, length)| length), 2),
            match workload.rival {
                Rival::PreloadAlone if other != "-" => format!("{other} (raw text)"),
                _ => other,
            },
            number(Some(most), 0),
            verdict(ldt.map(|(disk, _)| disk <= most)),
        ]
    })
}

fn memory(results: &[Result]) -> String {
    let columns = [
        "workload",
        "bare",
        "LDT adds",
        "stack nodes",
        "at most",
        "reached",
        "heaptrack's preload adds",
        "heaptrack's largest process",
    ];
    let heading = "Peak memory of the program, MiB";
    table(heading, &columns, results, |workload, samples| {
        let bare = samples.peaks.bare_kib as f64;
        let added = |kib: Option<u64>| kib.map(|kib| kib as f64 - bare);
        let ldt = added(samples.peaks.ldt_kib);
        let most = target::memory_kib(workload.threads, samples.stack_nodes.unwrap_or(0)) as f64;
        vec![
            mib(Some(bare)),
            mib(ldt),
            number(samples.stack_nodes.map(|nodes| nodes as f64), 0),
            mib(Some(most)),
            verdict(ldt.map(|ldt| ldt <= most)),
            mib(added(samples.peaks.heaptrack_kib)),
            match workload.rival {
                Rival::Whole => mib(samples.rival_largest_kib()),
                Rival::PreloadAlone => "-".to_owned(),
            },
        ]
    })
}

fn report(results: &[Result]) -> String {
    let columns = [
        "workload",
        "ldt report, s",
        "MiB",
        "heaptrack_print, s",
        "MiB",
        "ratio",
        "to reach",
        "reached",
    ];
    let heading = "A full report of the trace";
    table(heading, &columns, results, |_, samples| {
        let ldt = samples.report(Side::Ldt);
        let other = samples.report(Side::Rival);
        let ratio = samples.report_ratio();
        vec![
            number(ldt.map(|(seconds, _)| seconds), 2),
            mib(ldt.map(|(_, kib)| kib)),
            number(other.map(|(seconds, _)| seconds), 2),
            mib(other.map(|(_, kib)| kib)),
            number(ratio, 1),
            number(Some(target::REPORT_RATIO), 0),
            at_least(ratio, Some(target::REPORT_RATIO)),
        ]
    })
}
