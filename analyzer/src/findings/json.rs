//! Errors, leaks and coverage as the JSON of the contract has them, with fields added to it.

use super::frame::Frame;
use super::named::{Coverage, ErrorReport, LeakReport, LossRecord};
use crate::report::errors::{access_word, headline};
use crate::report::leaks::{Amount, Amounts};
use ldt_trace::Function;
use ldt_trace::finding::LeakKind;
use ldt_trace::header::CheckCounts;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The function of the last frame of a stack that was cut, as in the sites of a report.
const CUT: &str = "(the stack goes on, but was cut here)";

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FrameJson<'a> {
    function: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
    module: Option<Cow<'a, str>>,
    address: Option<String>,
    inlined: bool,
}

/// A stack.
#[must_use]
pub fn stack(frames: &[Arc<Frame>]) -> Vec<FrameJson<'_>> {
    frames.iter().map(|one| frame(one)).collect()
}

fn frame(frame: &Frame) -> FrameJson<'_> {
    let function = frame.function.as_deref();
    FrameJson {
        function: if frame.is_cut { Some(CUT) } else { function },
        file: frame.file.as_deref(),
        line: frame.line,
        module: frame.module.as_deref().map(|path| path.to_string_lossy()),
        address: frame.address.map(hex),
        inlined: frame.is_inlined,
    }
}

fn hex(address: u64) -> String {
    format!("{address:#x}")
}

/// The block of an error.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BlockJson {
    address: String,
    size: u64,
    alignment: u64,
    state: &'static str,
}

/// An error.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ErrorJson<'a> {
    kind: &'static str,
    access: Option<&'static str>,
    size: u64,
    address: String,
    offset: Option<i64>,
    detected_by: &'static str,
    block: Option<BlockJson>,
    thread: &'a str,
    stack: Vec<FrameJson<'a>>,
    allocated: Vec<FrameJson<'a>>,
    allocated_by: Option<&'a str>,
    freed: Vec<FrameJson<'a>>,
    freed_by: Option<&'a str>,
    count: u64,
    message: String,
    note: Option<&'a str>,
    mark: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<Vec<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tests: Option<Vec<&'a str>>,
}

/// Where a finding was seen, of many processes.
#[derive(Clone, Debug, Default)]
pub struct Places<'a> {
    /// Process ids.
    pub processes: Vec<u32>,
    /// Tests.
    pub tests: Vec<&'a str>,
}

/// An error; `places` where it is one of many processes.
#[must_use]
pub fn error<'a>(error: &'a ErrorReport, places: Option<Places<'a>>) -> ErrorJson<'a> {
    let facts = &error.facts;
    let text = |text: &'a str| (!text.is_empty()).then_some(text);
    let (processes, tests) = places
        .map(|places| (places.processes, places.tests))
        .unzip();
    ErrorJson {
        kind: facts.kind.shown(),
        access: access_word(facts.access),
        size: facts.size,
        address: hex(facts.address),
        offset: facts.finding().offset(),
        detected_by: facts.detected_by.shown(),
        block: facts.block.map(|block| BlockJson {
            address: hex(block.address),
            size: block.size,
            alignment: block.alignment,
            state: block.state.shown(),
        }),
        thread: &error.thread,
        stack: stack(&error.stack),
        allocated: stack(&error.allocated),
        allocated_by: text(&error.allocated_by),
        freed: stack(&error.freed),
        freed_by: text(&error.freed_by),
        count: error.count,
        message: headline(facts),
        note: text(&facts.note),
        mark: error.mark.as_deref(),
        processes,
        tests,
    }
}

/// A loss record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RecordJson<'a> {
    kind: &'static str,
    bytes: u64,
    blocks: u64,
    indirect_bytes: u64,
    indirect_blocks: u64,
    stack: Vec<FrameJson<'a>>,
    thread: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<Vec<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tests: Option<Vec<&'a str>>,
}

/// A loss record; `places` where it is one of many processes.
#[must_use]
pub fn record<'a>(record: &'a LossRecord, places: Option<Places<'a>>) -> RecordJson<'a> {
    let (processes, tests) = places
        .map(|places| (places.processes, places.tests))
        .unzip();
    RecordJson {
        kind: record.kind.shown(),
        bytes: record.bytes,
        blocks: record.blocks,
        indirect_bytes: record.indirect_bytes,
        indirect_blocks: record.indirect_blocks,
        stack: stack(&record.stack),
        thread: &record.thread,
        processes,
        tests,
    }
}

/// Leaks: the amounts of each kind, and the records.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeaksJson<'a> {
    definite: Amount,
    indirect: Amount,
    possible: Amount,
    reachable: Amount,
    suppressed: Amount,
    pause_ns: Option<u64>,
    records: Vec<RecordJson<'a>>,
}

/// Leaks, of the amounts and records given.
#[must_use]
pub fn leaks<'a>(
    amounts: &Amounts,
    pause_ns: Option<u64>,
    records: Vec<RecordJson<'a>>,
) -> LeaksJson<'a> {
    LeaksJson {
        definite: amounts.of(LeakKind::Definite),
        indirect: amounts.of(LeakKind::Indirect),
        possible: amounts.of(LeakKind::Possible),
        reachable: amounts.of(LeakKind::Reachable),
        suppressed: amounts.suppressed,
        pause_ns,
        records,
    }
}

/// The leaks of one process, nothing suppressed, the largest first.
#[must_use]
pub fn leaks_of(report: &LeakReport) -> LeaksJson<'_> {
    let mut amounts = Amounts::default();
    for record in &report.records {
        amounts.add(record, false);
    }
    let records = report.records.iter().rev().map(|one| record(one, None));
    leaks(&amounts, Some(report.pause_ns), records.collect())
}

/// How closely blocks were watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CoverageJson {
    guarded: u64,
    redzoned: u64,
    guarded_stacks: u64,
    stacks: u64,
    guard_method: &'static str,
}

/// Coverage.
#[must_use]
pub fn coverage(coverage: Coverage) -> CoverageJson {
    CoverageJson {
        guarded: coverage.guarded,
        redzoned: coverage.redzoned,
        guarded_stacks: coverage.guarded_stacks,
        stacks: coverage.stacks,
        guard_method: coverage.method,
    }
}

/// How often each function was called, by the name that people read, summed over processes; `None` for each that
/// everyone looks for where no process has counted.
#[must_use]
pub fn calls<'a>(
    counts: impl Iterator<Item = &'a CheckCounts>,
) -> BTreeMap<&'static str, Option<u64>> {
    let mut counts = counts.peekable();
    let none = counts.peek().map(|_| 0);
    // These are there even when they were not called.
    let looked_for = ["malloc", "calloc", "realloc", "free", "failed"];
    let mut calls: BTreeMap<_, _> = looked_for.into_iter().map(|name| (name, none)).collect();
    let add = |calls: &mut BTreeMap<_, Option<u64>>, name, count| {
        *calls.entry(name).or_default().get_or_insert(0) += count;
    };
    for counts in counts {
        for function in Function::ALL {
            let count = counts.calls.get(*function as usize).copied().unwrap_or(0);
            if count > 0 {
                add(&mut calls, function.shown(), count);
            }
        }
        add(&mut calls, "failed", counts.failed_calls);
    }
    calls
}
