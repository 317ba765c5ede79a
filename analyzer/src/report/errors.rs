//! An error in words: what happened, where, to which block, and who allocated and freed it.
//!
//! Lines come without the mark of the process (`==812== `), which whoever prints them puts in front.

use super::style::printable;
use crate::findings::raw::ErrorFound;
use crate::findings::{ErrorReport, Frame};
use crate::units::count;
use ldt_trace::finding::Access;
use std::sync::Arc;

/// Of longer stacks the middle is left out.
const MAX_SHOWN_FRAMES: usize = 500;
/// So many of the outermost frames are shown then.
const OUTERMOST_FRAMES: usize = 50;
/// Bytes of memory in a line.
const BYTES_A_LINE: usize = 16;

/// How much of a report is shown.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    /// At most so many frames of a stack.
    pub callers: usize,
}

impl Default for Detail {
    fn default() -> Self {
        Detail {
            callers: usize::MAX,
        }
    }
}

/// The whole report of an error.
#[must_use]
pub fn lines(error: &ErrorReport, detail: Detail) -> Vec<String> {
    let facts = &error.facts;
    let mut lines = vec![headline(facts)];
    stack(&error.stack, detail, &mut lines);
    if facts.thread != 0 {
        lines.push(format!("  in thread {}", error.thread));
    }
    for (what, by, frames) in [
        ("allocated", &error.allocated_by, &error.allocated),
        ("freed", &error.freed_by, &error.freed),
    ] {
        if !frames.is_empty() {
            lines.push(format!("{what} by thread {by} here:"));
            stack(frames, detail, &mut lines);
        }
    }
    memory(facts, &mut lines);
    lines.extend(facts.note.lines().map(|line| format!("note: {line}")));
    if let Some(mark) = &error.mark {
        lines.push(format!("while: {mark}"));
    }
    if error.count > 1 {
        lines.push(format!("seen {} times", count(error.count)));
    }
    lines
}

/// The first line.
#[must_use]
pub fn headline(facts: &ErrorFound) -> String {
    format!("ERROR: {}", facts.finding().first_line())
}

fn bytes(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        bytes => format!("{bytes} bytes"),
    }
}

/// A stack, a frame a line; of a longer one the middle is left out.
pub fn stack(frames: &[Arc<Frame>], detail: Detail, lines: &mut Vec<String>) {
    let frames = &frames[..frames.len().min(detail.callers)];
    let left_out = if frames.len() > MAX_SHOWN_FRAMES {
        MAX_SHOWN_FRAMES - OUTERMOST_FRAMES..frames.len() - OUTERMOST_FRAMES
    } else {
        0..0
    };
    for (number, frame) in frames.iter().enumerate() {
        if !left_out.contains(&number) {
            lines.push(format!("    #{number} {}", frame_text(frame)));
        } else if number == left_out.start {
            lines.push(format!("    ... {} frames ...", left_out.len()));
        }
    }
}

/// `0x… in function file.c:12 (module)`.
#[must_use]
pub fn frame_text(frame: &Frame) -> String {
    if frame.is_cut {
        return "the stack goes on, but was cut here".to_owned();
    }
    let mut text = match frame.address {
        Some(address) => format!("{address:#014x} in "),
        None => String::new(),
    };
    text.push_str(frame.function.as_deref().unwrap_or("???"));
    if let Some(file) = frame.file_name() {
        text.push_str(&format!(" {file}"));
        if let Some(line) = frame.line {
            text.push_str(&format!(":{line}"));
        }
    }
    if let Some(module) = frame.module_name() {
        let offset = frame.offset.filter(|_| frame.function.is_none());
        let offset = offset
            .map(|offset| format!("+{offset:#x}"))
            .unwrap_or_default();
        text.push_str(&format!(" ({module}{offset})"));
    }
    if frame.is_inlined {
        text.push_str(" [inlined]");
    }
    printable(&text).into_owned()
}

/// What memory held: around an access, or where something was damaged.
fn memory(facts: &ErrorFound, lines: &mut Vec<String>) {
    if facts.memory.is_empty() {
        return;
    }
    if !facts.expected.is_empty() {
        damage(facts, lines);
    }
    if facts.expected.len() >= facts.memory.len() && facts.memory.len() <= BYTES_A_LINE {
        // The line before has it all.
        return;
    }
    lines.push(format!("memory around {:#x}:", facts.address));
    let first = facts.memory_at;
    for (number, row) in facts.memory.chunks(BYTES_A_LINE).enumerate() {
        let at = first.wrapping_add((number * BYTES_A_LINE) as u64);
        let is_here = (at..at.saturating_add(row.len() as u64)).contains(&facts.address);
        let pointer = if is_here { "=>" } else { "  " };
        let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = row.iter().map(|byte| as_letter(*byte)).collect();
        let hex = hex.join(" ");
        let width = BYTES_A_LINE * 3 - 1;
        lines.push(format!("  {pointer} {at:#014x}: {hex:<width$}  {text}"));
    }
}

/// Which bytes changed, and to what.
fn damage(facts: &ErrorFound, lines: &mut Vec<String>) {
    let pairs = facts.memory.iter().zip(&facts.expected).enumerate();
    let changed: Vec<(usize, u8, u8)> = pairs
        .filter(|(_, (is, should))| is != should)
        .map(|(at, (is, should))| (at, *is, *should))
        .collect();
    let Some((first, ..)) = changed.first() else {
        return;
    };
    const SHOWN: usize = 16;
    let row = |byte: fn(&(usize, u8, u8)) -> u8| {
        let shown = changed.iter().take(SHOWN);
        let texts: Vec<String> = shown.map(|one| format!("{:02x}", byte(one))).collect();
        let more = if changed.len() > SHOWN { " ..." } else { "" };
        texts.join(" ") + more
    };
    let at = facts.memory_at.wrapping_add(*first as u64);
    lines.push(format!(
        "damaged: {} from {at:#x} on: they are {}, and were {}",
        bytes(changed.len() as u64),
        row(|one| one.1),
        row(|one| one.2)
    ));
}

fn as_letter(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() {
        char::from(byte)
    } else {
        '.'
    }
}

/// `read`, `write`, or nothing.
#[must_use]
pub fn access_word(access: Access) -> Option<&'static str> {
    match access {
        Access::Unknown => None,
        Access::Read | Access::Write => Some(access.shown()),
    }
}
