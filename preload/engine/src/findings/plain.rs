//! Findings in words, on standard error: for a process that no launcher follows. Frames are named as
//! well as a process can name its own; whoever prints is inside the guard, so that what that takes is not recorded.

use core::fmt::Write as _;

use ldt_trace::finding::{Finding, LeakKind, Use};
use ldt_trace::header::offset;
use ldt_trace::{Function, LeakCheck, LeakRecord, NodeId};

use crate::blocks;
use crate::emit::trace_file;
use crate::stacks::table;
use crate::sys::file::{self, Fd};
use crate::sys::thread;

/// Frames of a stack that are printed at most.
const MAX_FRAMES: usize = 64;

/// Lines of one report, each with the process in front.
struct Lines {
    text: String,
}

impl Lines {
    fn new() -> Lines {
        Lines {
            text: String::new(),
        }
    }

    fn line(&mut self, text: core::fmt::Arguments<'_>) {
        let _ = writeln!(self.text, "=={}== {text}", thread::process_id());
    }

    /// The frames of a stack, the function called first.
    fn stack(&mut self, called: &str, stack: NodeId) {
        let mut number = 0;
        if !called.is_empty() {
            self.line(format_args!("    #0 {called}"));
            number = 1;
        }
        let mut next = table::node(stack);
        while let Some(node) = next {
            if number >= MAX_FRAMES {
                self.line(format_args!("    ..."));
                return;
            }
            // A return address is looked up inside the call before it.
            let ip = node.ip.saturating_sub(u64::from(!node.exact));
            let names = names_at(ip);
            for (place, name) in names.iter().enumerate() {
                let inlined = if place + 1 < names.len() {
                    " [inlined]"
                } else {
                    ""
                };
                self.line(format_args!("    #{number} {:#x}{name}{inlined}", node.ip));
                number += 1;
            }
            next = table::node(node.parent);
        }
    }

    fn used(&mut self, what: &str, used: &Use) {
        self.line(format_args!("{what} by thread T{} here:", used.thread));
        self.stack(shown(used.function), used.stack);
    }

    fn write(self) {
        file::write_stream(Fd(2), self.text.as_bytes());
    }
}

/// What is at an address, as text behind it: innermost first, the function that the code was compiled into last; empty where
/// nothing is known.
fn names_at(ip: u64) -> Vec<String> {
    let mut names = Vec::new();
    backtrace::resolve(ip as *mut core::ffi::c_void, |symbol| {
        let name = symbol
            .name()
            .map(|name| name.to_string())
            .unwrap_or_default();
        let place = symbol
            .filename()
            .map(|file| format!(" {}:{}", file.display(), symbol.lineno().unwrap_or(0)))
            .unwrap_or_default();
        names.push(format!(" in {name}{place}"));
    });
    if names.is_empty() {
        names.push(String::new());
    }
    names
}

fn shown(function: Function) -> &'static str {
    function.shown()
}

/// Prints an error.
pub fn print(finding: &Finding<'_>) {
    let mut lines = Lines::new();
    lines.line(format_args!("ERROR: {}", finding.first_line()));
    let called = core::str::from_utf8(finding.called).unwrap_or_default();
    let called = Function::ALL
        .iter()
        .find(|function| function.symbol() == called)
        .map_or(called, |function| shown(*function));
    lines.stack(called, finding.stack);
    if let Some(block) = &finding.block {
        lines.used("allocated", &block.allocated);
        if let Some(freed) = &block.freed {
            lines.used("freed", freed);
        }
    }
    for note in core::str::from_utf8(finding.note)
        .unwrap_or_default()
        .lines()
    {
        lines.line(format_args!("  {note}"));
    }
    lines.write();
}

/// Prints the leaks that people look for first: what is definitely or possibly lost.
pub fn print_leaks(check: &LeakCheck<'_>, records: &[LeakRecord]) {
    let mut lines = Lines::new();
    let lost =
        |record: &&LeakRecord| matches!(record.kind, LeakKind::Definite | LeakKind::Possible);
    for (number, record) in records.iter().filter(lost).enumerate() {
        let how = match record.kind {
            LeakKind::Definite => "definitely",
            _ => "possibly",
        };
        lines.line(format_args!(
            "{} bytes in {} blocks are {how} lost in loss record {} of {}",
            record.bytes,
            record.blocks,
            number + 1,
            records.len()
        ));
        lines.stack(shown(record.allocated.function), record.allocated.stack);
    }
    lines.line(format_args!(
        "LEAK SUMMARY: {} bytes in {} blocks were live",
        check.bytes, check.blocks
    ));
    for (words, kind) in [
        ("definitely lost", LeakKind::Definite),
        ("indirectly lost", LeakKind::Indirect),
        ("possibly lost", LeakKind::Possible),
        ("still reachable", LeakKind::Reachable),
    ] {
        let of_kind = || records.iter().filter(|record| record.kind == kind);
        let bytes: u64 = of_kind().map(|record| record.bytes).sum();
        let blocks: u64 = of_kind().map(|record| record.blocks).sum();
        lines.line(format_args!(
            "{words:>18}: {bytes} bytes in {blocks} blocks"
        ));
    }
    lines.line(format_args!(""));
    lines.write();
}

/// Prints what the program has used. All threads that have ended have handed over what they counted.
pub fn print_heap() {
    let [bytes, blocks, allocations, frees, allocated] = [
        offset::LIVE_BYTES,
        offset::LIVE_BLOCKS,
        offset::ALLOCATIONS,
        offset::FREES,
        offset::ALLOCATED_BYTES,
    ]
    .map(trace_file::get64);
    let mut lines = Lines::new();
    lines.line(format_args!("HEAP SUMMARY:"));
    lines.line(format_args!(
        "    in use at exit: {bytes} bytes in {blocks} blocks"
    ));
    lines.line(format_args!(
        "  total heap usage: {allocations} allocs, {frees} frees, {allocated} bytes allocated"
    ));
    lines.line(format_args!(""));
    lines.write();
}

/// Prints the last line.
pub fn print_errors(errors: u64, places: u64) {
    let mut lines = Lines::new();
    lines.line(format_args!(
        "ERROR SUMMARY: {errors} errors from {places} contexts (suppressed: 0 from 0)"
    ));
    lines.write();
}

/// Starts gdb on this process and waits until it lets go.
pub fn attach_debugger() {
    let mut lines = Lines::new();
    lines.line(format_args!("attaching gdb, as --on-error=gdb asks"));
    lines.write();
    // Hits that are in order would stop it.
    blocks::stop_watching();
    thread::run_debugger();
}
