//! The part of a report that says what check mode found.

use super::Report;
use super::errors::{self, Detail};
use super::leaks::{self, Amounts};
use super::style::Style;
use std::io::{self, Write};

/// Writes errors, leaks and the heap's summary, of a trace of check mode.
pub(super) fn write(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let Some(found) = &report.found else {
        return Ok(());
    };
    let detail = Detail::default();
    for error in &found.errors {
        writeln!(out)?;
        paragraph(&errors::lines(error, detail), style, out)?;
    }
    if let Some(check) = &found.leaks {
        let mut amounts = Amounts::default();
        for record in &check.records {
            amounts.add(record, false);
        }
        for (number, record) in check.records.iter().enumerate() {
            writeln!(out)?;
            let lines = leaks::lines(record, number + 1, check.records.len(), detail);
            paragraph(&lines, style, out)?;
        }
        writeln!(out)?;
        paragraph(&leaks::leak_summary(&amounts), style, out)?;
    }
    writeln!(out)?;
    paragraph(&leaks::heap_summary(found), style, out)?;
    writeln!(out)
}

/// The first line is what a reader looks for.
fn paragraph(lines: &[String], style: Style, out: &mut impl Write) -> io::Result<()> {
    for (number, line) in lines.iter().enumerate() {
        match number {
            0 => writeln!(out, "{}", style.heading(line))?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}
