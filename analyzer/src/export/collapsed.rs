//! Collapsed stacks: a line a call stack, outermost function first, then its figure. Every flame
//! graph tool reads them.
//!
//! Stacks that show the same functions are several lines: all readers add them up, and adding them
//! up here would hold all of the text in memory.

use super::places;
use crate::report::Report;
use crate::report::frames::ShownFrame;
use crate::report::site::Cost;
use std::io::{self, Write};

pub(super) fn write(report: &Report<'_>, cost: Cost, out: &mut dyn Write) -> io::Result<()> {
    for site in report.ranked(cost) {
        let figure = cost.of(&site);
        if figure == 0 {
            break;
        }
        let frames: Vec<ShownFrame<'_>> = report.naming().stack(&site).collect();
        for (number, frame) in frames.iter().rev().enumerate() {
            if number > 0 {
                out.write_all(b";")?;
            }
            out.write_all(word(&places::name(frame)).as_bytes())?;
        }
        writeln!(out, " {figure}")?;
    }
    Ok(())
}

/// A name in which nothing ends a frame or a line.
fn word(name: &str) -> String {
    name.replace(';', ":").replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_a_line_or_a_frame() {
        assert_eq!(word("a;b\nc\td(int, char)"), "a:b c d(int, char)");
    }
}
