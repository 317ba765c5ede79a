//! Errors and leaks in valgrind's words and layout, for tools that read its logs.

use super::errors::Detail;
use super::leaks;
use super::style::printable;
use crate::findings::raw::ErrorFound;
use crate::findings::{ErrorReport, Frame, LossRecord};
use ldt_trace::finding::{Access, BlockState, ErrorKind};
use std::sync::Arc;

/// The first line: what memcheck says to errors of this kind.
#[must_use]
pub fn what(facts: &ErrorFound) -> String {
    match facts.kind {
        ErrorKind::HeapBufferOverflow
        | ErrorKind::HeapBufferUnderflow
        | ErrorKind::HeapUseAfterFree
        | ErrorKind::UseAfterPoison
        | ErrorKind::Crash => {
            let access = match facts.access {
                Access::Write => "write",
                Access::Read | Access::Unknown => "read",
            };
            // A size is always there in valgrind's reports, and readers of its logs want a number.
            format!("Invalid {access} of size {}", facts.size.max(1))
        }
        ErrorKind::DoubleFree | ErrorKind::BadFree => {
            "Invalid free() / delete / delete[] / realloc()".to_owned()
        }
        ErrorKind::AllocDeallocMismatch | ErrorKind::NewDeleteTypeMismatch => {
            "Mismatched free() / delete / delete []".to_owned()
        }
        ErrorKind::MemcpyParamOverlap => {
            format!("Source and destination overlap in {}", facts.called)
        }
        ErrorKind::CallocOverflow => {
            let called = &facts.called;
            format!("Argument 'size' of function {called} has a fishy (possibly negative) value")
        }
        ErrorKind::AllocationSizeTooBig => {
            let (called, value) = (&facts.called, facts.size.cast_signed());
            format!(
                "Argument 'size' of function {called} has a fishy (possibly negative) value: {value}"
            )
        }
        ErrorKind::InvalidAlignment => {
            format!(
                "Invalid alignment value: {} (should be power of 2)",
                facts.size
            )
        }
    }
}

/// The line that says where the block is.
#[must_use]
pub fn address_is(facts: &ErrorFound) -> String {
    let address = facts.address;
    let Some(block) = facts.block else {
        return format!("Address {address:#x} is not stack'd, malloc'd or (recently) free'd");
    };
    let end = block.address.saturating_add(block.size);
    let (distance, place) = if address < block.address {
        (block.address - address, "before")
    } else if address >= end {
        (address - end, "after")
    } else {
        (address - block.address, "inside")
    };
    let state = match block.state {
        BlockState::Live => "alloc'd",
        BlockState::Freed => "free'd",
    };
    format!(
        "Address {address:#x} is {distance} bytes {place} a block of size {} {state}",
        block.size
    )
}

/// The whole report of an error.
#[must_use]
pub fn error(error: &ErrorReport, detail: Detail) -> Vec<String> {
    let mut lines = vec![what(&error.facts)];
    stack(&error.stack, detail, &mut lines);
    lines.push(format!(" {}", address_is(&error.facts)));
    if error.freed.is_empty() {
        stack(&error.allocated, detail, &mut lines);
    } else {
        stack(&error.freed, detail, &mut lines);
        lines.push("  Block was alloc'd at".to_owned());
        stack(&error.allocated, detail, &mut lines);
    }
    lines
}

/// A loss record.
#[must_use]
pub fn leak(record: &LossRecord, number: usize, of: usize, detail: Detail) -> Vec<String> {
    let mut lines = vec![leaks::headline(record, number, of)];
    stack(&record.stack, detail, &mut lines);
    lines
}

/// A stack: `   at 0x…: function (file.c:12)`, then `   by`.
fn stack(frames: &[Arc<Frame>], detail: Detail, lines: &mut Vec<String>) {
    let frames = frames.iter().filter(|frame| !frame.is_cut);
    for (number, frame) in frames.take(detail.callers).enumerate() {
        let word = if number == 0 { "at" } else { "by" };
        lines.push(format!("   {word} {}", frame_text(frame)));
    }
}

fn frame_text(frame: &Frame) -> String {
    let address = frame.code_address();
    let mut text = format!(
        "{address:#X}: {}",
        frame.function.as_deref().unwrap_or("???")
    );
    match (frame.file_name(), frame.line, frame.code_module()) {
        (Some(file), Some(line), _) => text.push_str(&format!(" ({file}:{line})")),
        (_, _, Some(module)) => text.push_str(&format!(" (in {})", module.display())),
        _ => {}
    }
    printable(&text).into_owned()
}
