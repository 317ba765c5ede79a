//! `--json=FILE`: the JSON of the contract for a whole run. What is counted is summed over the processes that
//! were judged (the peak is that of the largest); `processes` has each by itself.

use super::Results;
use crate::check::judge::Judged;
use crate::check::merge::SeenIn;
use crate::findings::json::{
    CoverageJson, ErrorJson, LeaksJson, Places, calls, coverage, error, leaks, record,
};
use crate::findings::named::{Coverage, Ending};
use crate::report::json::{Heap, SCHEMA_VERSION};
use crate::report::leaks::Amount;
use crate::report::lines::Lines;
use serde::Serialize as _;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt as _;

#[derive(serde::Serialize)]
struct Json<'a> {
    schema_version: u32,
    ldt_version: &'static str,
    command: Vec<String>,
    pid: u32,
    exit: Exit,
    started_realtime_ns: Option<u64>,
    duration_ns: u64,
    truncated: bool,
    warnings: Vec<&'a str>,
    calls: BTreeMap<&'static str, Option<u64>>,
    totals: Totals,
    heap: Heap,
    rss_peak_bytes: Option<u64>,
    stack_peak_bytes: Option<u64>,
    sites: [(); 0],
    errors: Vec<ErrorJson<'a>>,
    leaks: Option<LeaksJson<'a>>,
    coverage: Option<CoverageJson>,
    summary: Summary<'a>,
    suppressions: Vec<Suppression<'a>>,
    untraced_children: Vec<&'a str>,
    left_alone: &'a BTreeMap<String, u64>,
    processes: Vec<Process<'a>>,
}

#[derive(serde::Serialize)]
struct Exit {
    code: Option<i32>,
    signal: Option<i32>,
}

impl Exit {
    fn of(ending: Ending) -> Self {
        let (code, signal) = match ending {
            Ending::Code(code) => (Some(code), None),
            Ending::Signal(signal) => (None, i32::try_from(signal).ok()),
            Ending::Execed | Ending::Unknown => (None, None),
        };
        Exit { code, signal }
    }
}

/// Without events no allocation is known to be temporary, and none has a place in time.
#[derive(serde::Serialize)]
struct Totals {
    allocations: Option<u64>,
    frees: Option<u64>,
    bytes: Option<u64>,
    temporary: Option<u64>,
}

#[derive(serde::Serialize)]
struct Summary<'a> {
    errors: u64,
    contexts: u64,
    suppressed: u64,
    suppressed_contexts: u64,
    in_baseline: u64,
    processes: usize,
    processes_with_findings: usize,
    over_budget: &'a [String],
    problem: Option<&'a str>,
}

#[derive(serde::Serialize)]
struct Suppression<'a> {
    name: &'a str,
    file: Option<&'a str>,
    line: usize,
    used: u64,
}

#[derive(serde::Serialize)]
struct Process<'a> {
    pid: u32,
    parent_pid: u32,
    command: &'a [String],
    test: Option<&'a str>,
    judged: bool,
    exit: Exit,
    errors: usize,
    definite: Option<Amount>,
    indirect: Option<Amount>,
    possible: Option<Amount>,
    reachable: Option<Amount>,
    suppressed: Option<Amount>,
    allocations: Option<u64>,
    frees: Option<u64>,
    bytes: Option<u64>,
    peak_bytes: Option<u64>,
}

pub(super) fn write(results: Results<'_>, out: &mut dyn Write) -> io::Result<()> {
    let json = assemble(results);
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Lines::new());
    json.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

fn assemble<'a>(results: Results<'a>) -> Json<'a> {
    let Results {
        verdict,
        processes,
        ended,
        suppressions,
        ..
    } = results;
    let judged: Vec<&Judged> = processes.iter().filter(|one| !one.is_skipped).collect();
    // A process that was killed has not said what it counted: zeros would be figures.
    let counted: Vec<&Judged> = judged
        .iter()
        .copied()
        .filter(|one| one.report.has_counted())
        .collect();
    let sum = |of: fn(&Judged) -> u64| {
        (!counted.is_empty()).then(|| counted.iter().map(|one| of(one)).sum::<u64>())
    };
    let largest = counted
        .iter()
        .max_by_key(|one| one.report.counts.peak_bytes);
    let command = results.last_image();
    let peak = largest.map(|one| &one.report);
    let has_check = judged.iter().any(|one| one.report.leaks.is_some());
    let known = |number: Option<u64>| number.filter(|number| *number > 0);
    Json {
        schema_version: SCHEMA_VERSION,
        ldt_version: env!("CARGO_PKG_VERSION"),
        command: results.words(),
        pid: verdict.pid,
        exit: if results.is_of_command() {
            Exit {
                code: ended.status.code(),
                signal: ended.status.signal(),
            }
        } else {
            Exit::of(command.map_or(Ending::Unknown, |one| one.report.ending))
        },
        started_realtime_ns: command.map(|one| one.report.started_realtime_ns),
        duration_ns: command.map_or(0, |one| duration_ns(one, results)),
        truncated: judged.iter().any(|one| one.report.is_truncated),
        warnings: judged
            .iter()
            .flat_map(|one| one.report.warnings.iter().map(String::as_str))
            .collect(),
        calls: calls(counted.iter().map(|one| &one.report.counts)),
        totals: Totals {
            allocations: sum(|one| one.report.counts.allocations),
            frees: sum(|one| one.report.counts.frees),
            bytes: sum(|one| one.report.counts.allocated_bytes),
            temporary: None,
        },
        heap: Heap {
            peak_bytes: peak.map(|one| one.counts.peak_bytes),
            peak_blocks: peak.map(|one| one.counts.peak_blocks),
            peak_time_ns: peak.map(|one| {
                let peak = one.counts.peak_monotonic_ns;
                peak.saturating_sub(one.start_monotonic_ns)
            }),
            end_bytes: sum(|one| one.report.counts.live_bytes),
            end_blocks: sum(|one| one.report.counts.live_blocks),
        },
        rss_peak_bytes: known(judged.iter().map(|one| one.report.rss_peak_bytes).max()),
        stack_peak_bytes: known(judged.iter().map(|one| one.report.stack_peak_bytes).max()),
        sites: [],
        errors: verdict
            .merged
            .errors
            .iter()
            .map(|merged| error(&merged.finding, Some(places(&merged.seen_in))))
            .collect(),
        leaks: has_check.then(|| {
            let records = verdict.merged.records.iter();
            let records =
                records.map(|merged| record(&merged.finding, Some(places(&merged.seen_in))));
            let pauses = judged
                .iter()
                .filter_map(|one| Some(one.report.leaks.as_ref()?.pause_ns));
            leaks(&verdict.amounts, pauses.max(), records.collect())
        }),
        coverage: (!counted.is_empty()).then(|| coverage(sum_of_coverage(&counted))),
        summary: Summary {
            errors: verdict.errors.all,
            contexts: verdict.errors.contexts,
            suppressed: verdict.excused.all,
            suppressed_contexts: verdict.excused.contexts,
            in_baseline: verdict.in_baseline,
            processes: verdict.judged,
            processes_with_findings: verdict.red,
            over_budget: &verdict.over_budget,
            problem: verdict.problem.as_deref(),
        },
        suppressions: suppressions
            .iter()
            .map(|(name, source, used)| Suppression {
                name,
                file: source.file.as_deref(),
                line: source.line,
                used: *used,
            })
            .collect(),
        untraced_children: verdict.untraced.iter().map(String::as_str).collect(),
        left_alone: &verdict.left_alone,
        processes: processes.iter().map(process).collect(),
    }
}

/// How long a process ran. The command's own end is known even where it was killed and could not say so.
fn duration_ns(judged: &Judged, results: Results<'_>) -> u64 {
    let report = &judged.report;
    match report.duration_ns {
        0 if results.is_of_command() => {
            let end = results.ended.monotonic_ns;
            end.saturating_sub(report.start_monotonic_ns)
        }
        its_own => its_own,
    }
}

fn places(seen_in: &SeenIn) -> Places<'_> {
    Places {
        processes: seen_in.pids.iter().copied().collect(),
        tests: seen_in.tests.iter().map(String::as_str).collect(),
    }
}

fn sum_of_coverage(counted: &[&Judged]) -> Coverage {
    let mut sum = Coverage {
        method: "none",
        ..Coverage::default()
    };
    for one in counted {
        let coverage = one.report.coverage;
        sum.guarded += coverage.guarded;
        sum.redzoned += coverage.redzoned;
        sum.guarded_stacks += coverage.guarded_stacks;
        sum.stacks += coverage.stacks;
        if coverage.method != "none" {
            sum.method = coverage.method;
        }
    }
    sum
}

fn process(judged: &Judged) -> Process<'_> {
    use ldt_trace::finding::LeakKind;
    let report = &judged.report;
    let counts = report.has_counted().then_some(&report.counts);
    let amounts = report.leaks.as_ref().map(|_| &judged.amounts);
    let amount_of = |kind| amounts.map(|amounts| amounts.of(kind));
    Process {
        pid: report.pid,
        parent_pid: report.parent_pid,
        command: &report.command,
        test: judged.test.as_deref(),
        judged: !judged.is_skipped,
        exit: Exit::of(report.ending),
        errors: judged.counting_errors().count(),
        definite: amount_of(LeakKind::Definite),
        indirect: amount_of(LeakKind::Indirect),
        possible: amount_of(LeakKind::Possible),
        reachable: amount_of(LeakKind::Reachable),
        suppressed: amounts.map(|amounts| amounts.suppressed),
        allocations: counts.map(|counts| counts.allocations),
        frees: counts.map(|counts| counts.frees),
        bytes: counts.map(|counts| counts.allocated_bytes),
        peak_bytes: counts.map(|counts| counts.peak_bytes),
    }
}
