//! `--gen-suppressions=all`: entries ready to be put into a file, in valgrind's format.

use crate::findings::{ErrorReport, Frame, LossRecord};
use ldt_trace::finding::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// Frames in an entry; what lies further out may be anything.
const MAX_FRAMES: usize = 24;

/// An entry for an error.
#[must_use]
pub fn for_error(error: &ErrorReport) -> String {
    let facts = &error.facts;
    let kind = match (facts.kind, facts.size) {
        (
            ErrorKind::HeapBufferOverflow
            | ErrorKind::HeapBufferUnderflow
            | ErrorKind::HeapUseAfterFree
            | ErrorKind::UseAfterPoison,
            size @ (1 | 2 | 4 | 8 | 16 | 32),
        ) => format!("Memcheck:Addr{size}"),
        (
            ErrorKind::DoubleFree
            | ErrorKind::BadFree
            | ErrorKind::AllocDeallocMismatch
            | ErrorKind::NewDeleteTypeMismatch,
            _,
        ) => "Memcheck:Free".to_owned(),
        (ErrorKind::MemcpyParamOverlap, _) => "Memcheck:Overlap".to_owned(),
        (kind, _) => format!("LDT:{}", kind.shown()),
    };
    entry(&kind, None, &error.stack)
}

/// An entry for a loss record.
#[must_use]
pub fn for_record(record: &LossRecord) -> String {
    entry("Memcheck:Leak", Some(record.kind.shown()), &record.stack)
}

fn entry(kind: &str, leak_kind: Option<&str>, stack: &[Arc<Frame>]) -> String {
    let mut text = format!("{{\n   <insert_a_suppression_name_here>\n   {kind}\n");
    if let Some(leak_kind) = leak_kind {
        text.push_str(&format!("   match-leak-kinds: {leak_kind}\n"));
    }
    // Without inlined functions, which another build may inline otherwise.
    let frames = stack
        .iter()
        .filter(|frame| !frame.is_inlined && !frame.is_cut);
    for frame in frames.take(MAX_FRAMES) {
        text.push_str(&format!("   {}\n", line(frame)));
    }
    text.push_str("}\n");
    text
}

fn line(frame: &Frame) -> String {
    match (frame.matched_name(), frame.module.as_deref()) {
        (Some(name), _) => format!("fun:{}", name.split('@').next().unwrap_or(name)),
        (None, Some(module)) => format!("obj:{}", Path::display(module)),
        (None, None) => "obj:*".to_owned(),
    }
}
