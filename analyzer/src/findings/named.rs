//! Findings with names: what reports, suppressions and baselines look at. Nothing here needs the
//! trace any more.

use super::frame::Frame;
use super::naming::{NamedStacks, Namer};
use super::raw::{CheckFound, ErrorFound, Found};
use super::shared::Stack;
use crate::symbols::LookUp;
use ldt_trace::finding::{LeakKind, LeakRecord, Use};
use ldt_trace::header::{CheckCounts, flag};
use ldt_trace::{NodeId, StackName};
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

/// An error with its three stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReport {
    /// The facts; numbers of stacks and threads in it mean something in its trace only.
    pub facts: ErrorFound,
    /// `T0 (main)`: who did it, or found it.
    pub thread: String,
    /// Where. Frame 0 is the function called, if one was.
    pub stack: Vec<Arc<Frame>>,
    /// Where the block was allocated, empty if there is none.
    pub allocated: Vec<Arc<Frame>>,
    /// By which thread.
    pub allocated_by: String,
    /// What that stack is called in every run.
    pub allocation_name: Option<StackName>,
    /// Where the block was freed, empty if it was not.
    pub freed: Vec<Arc<Frame>>,
    /// By which thread.
    pub freed_by: String,
    /// How often it was seen.
    pub count: u64,
    /// What the program said it was doing.
    pub mark: Option<String>,
}

/// The blocks of one kind that were allocated from one stack and are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossRecord {
    /// The kind.
    pub kind: LeakKind,
    /// How many blocks.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Blocks that are lost with these.
    pub indirect_blocks: u64,
    /// Bytes in those.
    pub indirect_bytes: u64,
    /// The address of one of the blocks.
    pub example: u64,
    /// Where they were allocated.
    pub stack: Stack,
    /// By which thread the first was.
    pub thread: String,
}

/// A leak check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeakReport {
    /// Why it was made; empty at the end of the process.
    pub reason: String,
    /// When, since the start of the process.
    pub since_start_ns: u64,
    /// How long the program stood still for it.
    pub pause_ns: u64,
    /// Live blocks.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Threads whose whole stacks counted as roots.
    pub unresponsive_threads: u32,
    /// What was found, the smallest first, as valgrind orders them: the end of a log is read first.
    pub records: Vec<LossRecord>,
}

/// How much was watched how closely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Blocks against a guard page.
    pub guarded: u64,
    /// Blocks with redzones only.
    pub redzoned: u64,
    /// Call stacks that had a guarded block.
    pub guarded_stacks: u64,
    /// Call stacks that allocated.
    pub stacks: u64,
    /// How guard pages were made: none, markers, mprotect.
    pub method: &'static str,
}

/// How a process ended, as its trace knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Code(i32),
    /// By a signal.
    Signal(u32),
    /// It replaced itself by another program.
    Execed,
    /// It was killed, or runs on.
    Unknown,
}

/// All that was found in one process.
#[derive(Clone, Debug)]
pub struct ProcessReport {
    /// Its process id.
    pub pid: u32,
    /// Its parent's.
    pub parent_pid: u32,
    /// Its command line.
    pub command: Vec<String>,
    /// The path of its executable.
    pub exe: String,
    /// Facts about the process, by key.
    pub environment: BTreeMap<String, String>,
    /// How it ended.
    pub ending: Ending,
    /// How long it ran, 0 when it came to no orderly end.
    pub duration_ns: u64,
    /// When it started, since 1970.
    pub started_realtime_ns: u64,
    /// CLOCK_MONOTONIC at its start.
    pub start_monotonic_ns: u64,
    /// The largest resident set.
    pub rss_peak_bytes: u64,
    /// The deepest stack.
    pub stack_peak_bytes: u64,
    /// It ran in check mode.
    pub was_checked: bool,
    /// It called exec, and that did not fail.
    pub replaced_itself: bool,
    /// What it counted.
    pub counts: CheckCounts,
    /// Guards and redzones.
    pub coverage: Coverage,
    /// Its errors, in the order in which they came to light.
    pub errors: Vec<ErrorReport>,
    /// Its last leak check.
    pub leaks: Option<LeakReport>,
    /// How many leak checks there were.
    pub leak_checks: usize,
    /// Something of the run is missing.
    pub is_truncated: bool,
    /// How many errors it had that the trace does not hold, of how many.
    pub missing_errors: Option<(u64, u64)>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

impl ProcessReport {
    /// Whether it counted its allocations: what it counted is written at an end that the library sees, or for a leak check.
    #[must_use]
    pub fn has_counted(&self) -> bool {
        self.duration_ns != 0 || self.counts.allocations != 0 || self.leaks.is_some()
    }
}

/// Names everything of a process.
pub fn process(
    found: &Found,
    namer: &mut Namer,
    look_up_of: impl Fn(LeakKind) -> LookUp,
) -> ProcessReport {
    let mut errors = errors(found, 0, namer);
    // Each thread's come in a stream of its own.
    errors.sort_by_key(|error| error.facts.tick);
    let leaks = found
        .last_check()
        .map(|check| leaks(found, check, namer, look_up_of));
    let header = &found.header;
    let counts = header.checked.clone().unwrap_or_default();
    let facts = &found.facts.meta;
    let duration = header
        .end_monotonic_ns
        .saturating_sub(header.start_monotonic_ns);
    ProcessReport {
        pid: header.pid,
        parent_pid: header.parent_pid,
        command: crate::report::process::command(&found.facts)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        exe: facts.get("exe").cloned().unwrap_or_default(),
        environment: facts.clone(),
        ending: ending(found),
        duration_ns: duration,
        started_realtime_ns: header.start_realtime_ns,
        start_monotonic_ns: header.start_monotonic_ns,
        rss_peak_bytes: header.rss_peak_bytes,
        stack_peak_bytes: header.stack_peak_bytes,
        was_checked: header.checked.is_some(),
        replaced_itself: header.flags & flag::EXECED != 0,
        coverage: coverage(&counts),
        counts,
        errors,
        leaks,
        leak_checks: found.checks.len(),
        is_truncated: header.flags & flag::STOPPED != 0 || !found.damage.is_empty(),
        missing_errors: missing_errors(found),
        warnings: warnings(found),
    }
}

/// How many errors the library counted and the trace does not have, of how many.
fn missing_errors(found: &Found) -> Option<(u64, u64)> {
    let counted = found.header.checked.as_ref()?.findings;
    let missing = counted.saturating_sub(found.errors.len() as u64);
    (missing > 0).then_some((missing, counted))
}

fn ending(found: &Found) -> Ending {
    let header = &found.header;
    if header.exit_signal != 0 {
        Ending::Signal(header.exit_signal)
    } else if header.flags & flag::EXECED != 0 {
        Ending::Execed
    } else if header.flags & (flag::EXITED | flag::REAPED) != 0 {
        Ending::Code(header.exit_code)
    } else {
        Ending::Unknown
    }
}

fn coverage(counts: &CheckCounts) -> Coverage {
    Coverage {
        guarded: counts.guarded_blocks,
        redzoned: counts.redzoned_blocks,
        guarded_stacks: counts.guarded_stacks,
        stacks: counts.allocating_stacks,
        method: match counts.guard_method {
            1 => "markers",
            2 => "mprotect",
            _ => "none",
        },
    }
}

fn warnings(found: &Found) -> Vec<String> {
    let mut warnings = Vec::new();
    if found.header.flags & flag::STOPPED != 0 {
        warnings.push(
            "recording stopped before the end (disk full, or --max-trace-size): \
             what came later is missing"
                .to_owned(),
        );
    }
    const SHOWN_DAMAGE: usize = 3;
    let damage = found.damage.iter().take(SHOWN_DAMAGE);
    warnings.extend(damage.map(|damage| format!("the trace is damaged {damage}")));
    if let Some((missing, counted)) = missing_errors(found) {
        warnings.push(format!(
            "{missing} of {counted} errors could not be read from the trace"
        ));
    }
    if let Some(check) = found.last_check() {
        let missing = u64::from(check.announced).saturating_sub(check.records.len() as u64);
        if missing > 0 {
            warnings.push(format!("{missing} leak records are missing from the trace"));
        }
        if check.unresponsive_threads > 0 {
            warnings.push(format!(
                "{} threads did not answer at the leak check: all of their stacks counted as in use",
                check.unresponsive_threads
            ));
        }
    }
    warnings
}

/// Names the errors from this one on.
pub fn errors(found: &Found, from: usize, namer: &mut Namer) -> Vec<ErrorReport> {
    let new = found.errors.get(from..).unwrap_or_default();
    if new.is_empty() {
        return Vec::new();
    }
    let stacks = namer.name(
        found,
        new.iter().flat_map(ErrorFound::stacks),
        LookUp::Lines,
    );
    new.iter()
        .map(|error| name_error(found, error, &stacks))
        .collect()
}

fn name_error(found: &Found, error: &ErrorFound, stacks: &NamedStacks<'_>) -> ErrorReport {
    let called = (!error.called.is_empty()).then(|| Frame::called_by_symbol(&error.called));
    let of_use = |used: Option<Use>| match used {
        Some(used) => (
            stacks.stack(Some(Frame::called(used.function)), used.stack),
            thread_name(found, used.thread),
        ),
        None => (Vec::new(), String::new()),
    };
    let (allocated, allocated_by) = of_use(error.block.map(|block| block.allocated));
    let (freed, freed_by) = of_use(error.block.and_then(|block| block.freed));
    ErrorReport {
        thread: thread_name(found, error.thread),
        stack: stacks.stack(called, error.stack),
        allocated,
        allocated_by,
        allocation_name: error
            .block
            .map(|block| stack_name(found, block.allocated.stack)),
        freed,
        freed_by,
        count: found.counts.get(&error.id).copied().unwrap_or(1).max(1),
        mark: found.mark_at(error.thread, error.tick).map(str::to_owned),
        facts: error.clone(),
    }
}

/// The name of a stack in every run. The library makes the same of its own stacks (`blocks/pinned.rs`).
fn stack_name(found: &Found, stack: NodeId) -> StackName {
    let frames = found.stacks.frames(stack);
    frames.fold(StackName::EMPTY, |name, address| {
        let lookup = address.lookup();
        match found.facts.module_of(lookup, address.epoch) {
            Some(module) => {
                let module = &found.facts.modules[module];
                let path = module.path.as_os_str().as_bytes();
                name.and_frame(path, lookup.wrapping_sub(module.bias))
            }
            None => name.and_unknown_frame(),
        }
    })
}

fn leaks(
    found: &Found,
    check: &CheckFound,
    namer: &mut Namer,
    look_up_of: impl Fn(LeakKind) -> LookUp,
) -> LeakReport {
    let stack_of = |record: &LeakRecord| record.allocated.stack;
    let mut stacks_by = |look_up| {
        let records = check.records.iter();
        let records = records.filter(|record| look_up_of(record.kind) == look_up);
        namer.name(found, records.map(stack_of), look_up)
    };
    let (lines, functions) = (stacks_by(LookUp::Lines), stacks_by(LookUp::Functions));
    let stacks_of = |record: &LeakRecord| match look_up_of(record.kind) {
        LookUp::Lines => &lines,
        LookUp::Functions => &functions,
    };
    let mut records: Vec<LossRecord> = check
        .records
        .iter()
        .map(|record| LossRecord {
            kind: record.kind,
            blocks: record.blocks,
            bytes: record.bytes,
            indirect_blocks: record.indirect_blocks,
            indirect_bytes: record.indirect_bytes,
            example: record.example,
            stack: namer.shared_stack(
                stacks_of(record),
                Frame::called(record.allocated.function),
                record.allocated.stack,
            ),
            thread: thread_name(found, record.allocated.thread),
        })
        .collect();
    records.sort_by_key(|record| (record.bytes + record.indirect_bytes, record.example));
    LeakReport {
        reason: check.reason.clone(),
        since_start_ns: check
            .monotonic_ns
            .saturating_sub(found.header.start_monotonic_ns),
        pause_ns: check.pause_ns,
        blocks: check.blocks,
        bytes: check.bytes,
        unresponsive_threads: check.unresponsive_threads,
        records,
    }
}

/// `T1 (worker)`; the first thread is the main one unless it has named itself.
fn thread_name(found: &Found, thread: u32) -> String {
    match found.thread_names.get(&thread) {
        Some(name) if thread != 0 => format!("T{thread} ({name})"),
        None if thread != 0 => format!("T{thread}"),
        _ => "T0 (main)".to_owned(),
    }
}
