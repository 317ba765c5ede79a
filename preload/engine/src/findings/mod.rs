//! What check mode finds, on its way into the trace: each error once for each place, with a count.
//!
//! The launcher follows the trace and prints errors as they come. Where there is none (plain
//! `LD_PRELOAD`), [`plain`] prints them from here.

mod excused;
mod known;
pub mod plain;
mod reporter;

pub use reporter::Reporter;

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ldt_trace::blob::BlobKind;
use ldt_trace::finding::{Access, BlockFacts, DetectedBy, ErrorKind, Finding, LeakKind, Repeat};
use ldt_trace::header::offset;
use ldt_trace::{LeakCheck, LeakRecord, NodeId};

use crate::counts;
use crate::emit::trace_file;
use crate::options::{CheckOptions, OnError};
use crate::recorder::Recorder;
use crate::sys::thread;
use known::Place;

/// An error as whoever found it describes it. The fields are those of [`Finding`].
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What went wrong.
    pub kind: ErrorKind,
    /// How it came to light.
    pub detected_by: DetectedBy,
    /// What the access did.
    pub access: Access,
    /// Bytes that the access touched; 0 when not known.
    pub size: u64,
    /// The first byte of the access, or the argument of the call.
    pub address: u64,
    /// Where: the stack of the access or of the call, node 0 when not known.
    pub stack: NodeId,
    /// The function called, as symbols name it, or empty.
    pub called: &'a [u8],
    /// The block, if one is known.
    pub block: Option<BlockFacts>,
    /// Address of the first byte of `memory`.
    pub memory_at: u64,
    /// What memory around the address, or the damaged bytes, held.
    pub memory: &'a [u8],
    /// For damage found later: what `memory` should have held; else empty.
    pub expected: &'a [u8],
    /// Further words for the report.
    pub note: &'a [u8],
}

/// Set when the process prints its findings itself.
static PLAIN: AtomicBool = AtomicBool::new(false);
/// Definite records of the last leak check.
static LOST: AtomicU32 = AtomicU32::new(0);
static HALT: AtomicBool = AtomicBool::new(false);
static EXIT_CODE: AtomicU32 = AtomicU32::new(99);
/// 0 go on, 1 gdb, 2 core.
static ON_ERROR: AtomicU32 = AtomicU32::new(0);

/// Takes over what the options say.
pub fn configure(options: &CheckOptions, plain: bool) {
    PLAIN.store(plain, Ordering::Relaxed);
    HALT.store(options.halt_on_error, Ordering::Relaxed);
    EXIT_CODE.store(options.error_exitcode, Ordering::Relaxed);
    let on_error = match options.on_error {
        OnError::GoOn => 0,
        OnError::Gdb => 1,
        OnError::Core => 2,
    };
    ON_ERROR.store(on_error, Ordering::Relaxed);
}

/// Whether this process prints what it finds itself.
#[must_use]
pub fn is_plain() -> bool {
    PLAIN.load(Ordering::Relaxed)
}

/// Forgets what the parent found, in a forked child.
///
/// # Safety
/// Only while the process has one thread.
pub unsafe fn forget_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe {
        known::reopen_after_fork();
        excused::reopen_after_fork();
    }
    LOST.store(0, Ordering::Relaxed);
}

/// Whether this process has reported no error. Takes a lock: not where the thread may be inside LDT.
#[must_use]
pub(crate) fn is_clean() -> bool {
    known::totals() == (0, 0)
}

/// Errors at one place after which its guards stay open: a loop shall not take for ever.
pub(crate) const TIMES_A_PLACE: u64 = 64;
/// Bytes that a finding may take without the note.
const FINDING_BYTES: usize = 3072;
/// Bytes of a note, at most: a crash has the map of memory in it.
pub const NOTE_BYTES: usize = 12 << 10;

/// Reports an error; gives how often this place has been reported, this time included, and 0 where the crash that tells it
/// follows an access that was told. The caller is inside
/// the guard and holds no lock.
#[cold]
#[inline(never)]
pub fn report(recorder: &mut Recorder, report: &Report<'_>) -> u64 {
    if report.detected_by == DetectedBy::Crash
        && excused::take(report.access, report.address, report.size)
    {
        return 0;
    }
    let place = Place {
        kind: report.kind,
        access: report.access,
        detected_by: report.detected_by,
        stack: report.stack,
        allocated: report
            .block
            .map_or(NodeId(0), |block| block.allocated.stack),
    };
    if report.access != Access::Unknown
        && matches!(report.detected_by, DetectedBy::Guard | DetectedBy::LibcCall)
    {
        excused::add(report.access, report.address, report.size);
    }
    let (id, count) = known::count(place);
    if count > 1 {
        // A run that is killed loses at most half of a count.
        if count.is_power_of_two() {
            put_repeat(recorder, Repeat { id, count });
        }
        return count;
    }
    let finding = Finding {
        id,
        kind: report.kind,
        detected_by: report.detected_by,
        access: report.access,
        size: report.size,
        address: report.address,
        thread: recorder.thread(),
        stack: report.stack,
        called: report.called,
        block: report.block,
        memory_at: report.memory_at,
        memory: &report.memory[..report.memory.len().min(1024)],
        expected: &report.expected[..report.expected.len().min(1024)],
        note: &report.note[..report.note.len().min(NOTE_BYTES)],
    };
    recorder.put_name();
    announce_called(recorder, report.called);
    recorder.announce(finding.stack);
    if let Some(block) = &finding.block {
        recorder.announce(block.allocated.stack);
        if let Some(freed) = &block.freed {
            recorder.announce(freed.stack);
        }
    }
    let mut bytes = vec![0u8; FINDING_BYTES + finding.note.len()];
    if let Some(length) = finding.encode(&mut bytes) {
        recorder.put_blob(BlobKind::Finding, &bytes[..length]);
        trace_file::add64(offset::FINDINGS, 1);
    }
    if is_plain() {
        plain::print(&finding);
    }
    // Another follows, of the crash itself.
    if report.detected_by != DetectedBy::Crash {
        act(recorder, report.kind);
    }
    count
}

/// What the options want to happen after an error.
fn act(recorder: &mut Recorder, kind: ErrorKind) {
    match ON_ERROR.load(Ordering::Relaxed) {
        1 => plain::attach_debugger(),
        2 => {
            recorder.finish();
            trace_file::note_end(128 + libc::SIGABRT);
            thread::abort_with_core();
        }
        _ => {}
    }
    // A crash ends by its signal.
    if HALT.load(Ordering::Relaxed) && kind != ErrorKind::Crash {
        finish(recorder);
        begin_summaries();
        end_summaries();
        recorder.finish();
        let code = EXIT_CODE.load(Ordering::Relaxed) as i32;
        trace_file::note_end(code);
        thread::exit_process(code);
    }
}

/// Frame 0 of most stacks is a function of ours that the program called; the trace shall say where these lie. The name
/// of one of `libldt_calls.so` is a constant of that library.
fn announce_called(recorder: &mut Recorder, called: &[u8]) {
    recorder.announce_module_at(report as *const () as u64);
    if !called.is_empty() {
        recorder.announce_module_at(called.as_ptr() as u64);
    }
}

fn put_repeat(recorder: &mut Recorder, repeat: Repeat) {
    recorder.put_blob(BlobKind::Repeat, &repeat.encode());
}

/// Writes the counts of errors that came more than once, at the end of the process.
pub fn finish(recorder: &mut Recorder) {
    for repeat in known::repeats() {
        put_repeat(recorder, repeat);
    }
}

/// What a process that prints for itself says first at its end.
pub fn begin_summaries() {
    if is_plain() {
        counts::hand_over_all();
        plain::print_heap();
    }
}

/// And last. What is definitely lost counts as an error for each of its records, as with `ldt`.
pub fn end_summaries() {
    if is_plain() {
        let lost = u64::from(LOST.load(Ordering::Relaxed));
        let (errors, places) = known::totals();
        plain::print_errors(errors + lost, places + lost);
    }
}

/// Records a leak check and what it found.
pub fn put_leaks(recorder: &mut Recorder, check: &LeakCheck<'_>, records: &[LeakRecord]) {
    let mut bytes = [0u8; 512];
    let reason = &check.reason[..check.reason.len().min(400)];
    let check = LeakCheck { reason, ..*check };
    if let Some(length) = check.encode(&mut bytes) {
        recorder.put_blob(BlobKind::LeakCheck, &bytes[..length]);
    }
    announce_called(recorder, b"");
    for record in records {
        recorder.announce(record.allocated.stack);
        recorder.put_blob(BlobKind::LeakRecord, &record.encode());
    }
    trace_file::add32(offset::LEAK_CHECKS, 1);
    if is_plain() {
        let is_lost = |record: &&LeakRecord| record.kind == LeakKind::Definite;
        let lost = records.iter().filter(is_lost).count() as u32;
        LOST.store(lost, Ordering::Relaxed);
        plain::print_leaks(&check, records);
    }
}
