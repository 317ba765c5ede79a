//! The difference of two traces as JSON, for scripts: figures of both, and every call stack of which
//! some figure changed.

use super::{Change, Diff, Figures};
use crate::report::Report;
use crate::report::json::{Frame, SCHEMA_VERSION};
use crate::report::lines::Lines;
use crate::report::site::Cost;
use serde::ser::{Serialize, SerializeSeq as _, Serializer};
use std::io::{self, Write};

#[derive(serde::Serialize)]
struct Json<'a> {
    schema_version: u32,
    ldt_version: &'static str,
    before: Run<'a>,
    after: Run<'a>,
    change: RunFigures<i64>,
    changes: Vec<Changed<'a>>,
}

#[derive(serde::Serialize)]
struct Run<'a> {
    command: Vec<&'a str>,
    pid: u32,
    truncated: bool,
    warnings: Vec<String>,
    #[serde(flatten)]
    figures: RunFigures<u64>,
}

#[derive(Clone, Copy, serde::Serialize)]
struct RunFigures<N> {
    allocations: N,
    temporary: N,
    bytes: N,
    peak_bytes: N,
    end_bytes: N,
}

#[derive(serde::Serialize)]
struct Changed<'a> {
    before: StackFigures<u64>,
    after: StackFigures<u64>,
    change: StackFigures<i64>,
    stack: Stack<'a>,
}

#[derive(serde::Serialize)]
struct StackFigures<N> {
    allocations: N,
    bytes: N,
    peak_bytes: N,
    leaked_bytes: N,
    temporary: N,
}

/// The stack of a change, as the trace has it in which it is.
struct Stack<'a> {
    change: &'a Change,
    report: &'a Report<'a>,
}

impl Serialize for Stack<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (site, _) = self.change.example;
        let mut out = serializer.serialize_seq(None)?;
        for frame in self.report.naming().stack(&site) {
            out.serialize_element(&Frame(frame))?;
        }
        out.end()
    }
}

/// Writes at most `top` changes, those first of which the figure of `cost` changed most.
pub(crate) fn write(
    diff: &Diff<'_>,
    cost: Cost,
    top: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut changed: Vec<&Change> = diff
        .changes
        .iter()
        .filter(|change| change.before != change.after)
        .collect();
    changed.sort_by_key(|change| {
        let (site, is_after) = change.example;
        let size = change.growth(cost).unsigned_abs();
        let bytes = change.growth(Cost::Bytes).unsigned_abs();
        let stack = (is_after, site.stack, site.function);
        (std::cmp::Reverse((size, bytes)), stack)
    });
    changed.truncate(top.unwrap_or(usize::MAX));
    let (before, after) = (run(&diff.before), run(&diff.after));
    let json = Json {
        schema_version: SCHEMA_VERSION,
        ldt_version: env!("CARGO_PKG_VERSION"),
        change: RunFigures {
            allocations: less(after.figures.allocations, before.figures.allocations),
            temporary: less(after.figures.temporary, before.figures.temporary),
            bytes: less(after.figures.bytes, before.figures.bytes),
            peak_bytes: less(after.figures.peak_bytes, before.figures.peak_bytes),
            end_bytes: less(after.figures.end_bytes, before.figures.end_bytes),
        },
        before,
        after,
        changes: changed.into_iter().map(|change| of(diff, change)).collect(),
    };
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Lines::new());
    json.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

fn run<'a>(report: &'a Report<'_>) -> Run<'a> {
    let heap = &report.replayed.heap;
    let totals = report.totals();
    Run {
        command: report.command(),
        pid: report.replayed.header.pid,
        truncated: report.is_truncated(),
        warnings: report.warnings(),
        figures: RunFigures {
            allocations: totals.allocations,
            temporary: totals.temporary,
            bytes: totals.bytes,
            peak_bytes: heap.peak.balance.bytes,
            end_bytes: heap.live().bytes,
        },
    }
}

fn of<'a>(diff: &'a Diff<'_>, change: &'a Change) -> Changed<'a> {
    let (before, after) = (&change.before, &change.after);
    let (_, is_after) = change.example;
    Changed {
        before: figures(before),
        after: figures(after),
        change: StackFigures {
            allocations: less(after.allocations, before.allocations),
            bytes: less(after.bytes, before.bytes),
            peak_bytes: less(after.peak_bytes, before.peak_bytes),
            leaked_bytes: less(after.leaked_bytes, before.leaked_bytes),
            temporary: less(after.temporary, before.temporary),
        },
        stack: Stack {
            change,
            report: if is_after { &diff.after } else { &diff.before },
        },
    }
}

fn figures(figures: &Figures) -> StackFigures<u64> {
    StackFigures {
        allocations: figures.allocations,
        bytes: figures.bytes,
        peak_bytes: figures.peak_bytes,
        leaked_bytes: figures.leaked_bytes,
        temporary: figures.temporary,
    }
}

/// By how much a figure grew; no program has more bytes than this holds.
fn less(after: u64, before: u64) -> i64 {
    let growth = i128::from(after) - i128::from(before);
    i64::try_from(growth).unwrap_or(if growth < 0 { i64::MIN } else { i64::MAX })
}
