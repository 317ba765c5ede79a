//! `--xml=yes --xml-file=FILE`: valgrind's XML, protocol 4 of memcheck, which editors and Jenkins read. Its
//! parsers refuse any other version and any kind that they do not know.
//!
//! The order of elements is that of valgrind's own description, `xml-output-protocol4.txt`.

use super::Results;
use crate::check::judge::Judged;
use crate::check::merge::{Merged, MergedFindings};
use crate::check::suppress::generate;
use crate::findings::{ErrorReport, Frame, LossRecord};
use crate::report::{leaks, memcheck};
use ldt_trace::finding::{Access, ErrorKind, LeakKind};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io::{self, Write};
use std::sync::Arc;

/// The largest that Jenkins can read.
const MAX_COUNT: u64 = i32::MAX as u64;

type Xml<'a> = Writer<&'a mut dyn Write>;

pub(super) fn write(results: Results<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", None, None)))?;
    xml.get_mut().write_all(b"\n")?;
    xml.create_element("valgrindoutput")
        .write_inner_content(|xml| content(xml, results))?;
    xml.get_mut().write_all(b"\n")
}

fn content(xml: &mut Xml<'_>, results: Results<'_>) -> io::Result<()> {
    let command = results.last_image().or(results.processes.first());
    text(xml, "protocolversion", "4")?;
    text(xml, "protocoltool", "memcheck")?;
    xml.create_element("preamble").write_inner_content(|xml| {
        let line = concat!("LDT ", env!("CARGO_PKG_VERSION"), ", a heap checker");
        text(xml, "line", line)
    })?;
    text(xml, "pid", &results.verdict.pid.to_string())?;
    let parent = command.map_or(0, |one| one.report.parent_pid);
    text(xml, "ppid", &parent.to_string())?;
    text(xml, "tool", "memcheck")?;
    arguments(xml, results, command)?;
    status(xml, "RUNNING", 0)?;
    let merged = &results.verdict.merged;
    for (number, error) in merged.errors.iter().enumerate() {
        write_error(xml, number, error)?;
    }
    counts(xml, merged)?;
    let duration = command.map_or(0, |one| one.report.duration_ns);
    status(xml, "FINISHED", duration)?;
    let (before, of) = (merged.errors.len(), merged.records.len());
    for (number, record) in merged.records.iter().enumerate() {
        write_record(xml, before + number, (number + 1, of), record)?;
    }
    xml.create_element("suppcounts")
        .write_inner_content(|xml| {
            for (name, _, used) in results.suppressions {
                xml.create_element("pair").write_inner_content(|xml| {
                    text(xml, "count", &used.to_string())?;
                    text(xml, "name", name)
                })?;
            }
            Ok(())
        })?;
    Ok(())
}

fn arguments(xml: &mut Xml<'_>, results: Results<'_>, command: Option<&Judged>) -> io::Result<()> {
    let own: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let client = match command {
        Some(one) if !one.report.command.is_empty() => one.report.command.clone(),
        _ => {
            let words = results.settings.command.iter();
            words
                .map(|word| word.to_string_lossy().into_owned())
                .collect()
        }
    };
    let vector = |xml: &mut Xml<'_>, name: &str, words: &[String]| {
        xml.create_element(name).write_inner_content(|xml| {
            let (exe, arguments) = words
                .split_first()
                .map_or(("", words), |(exe, rest)| (exe, rest));
            text(xml, "exe", exe)?;
            arguments.iter().try_for_each(|word| text(xml, "arg", word))
        })?;
        Ok(())
    };
    xml.create_element("args").write_inner_content(|xml| {
        vector(xml, "vargv", &own)?;
        vector(xml, "argv", &client)
    })?;
    Ok(())
}

/// `00:00:00:01.234`, as valgrind writes it.
fn status(xml: &mut Xml<'_>, state: &str, ns: u64) -> io::Result<()> {
    let (milliseconds, seconds) = (ns / 1_000_000 % 1000, ns / 1_000_000_000);
    let time = format!(
        "{:02}:{:02}:{:02}:{:02}.{milliseconds:03}",
        seconds / 86_400,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    );
    xml.create_element("status").write_inner_content(|xml| {
        text(xml, "state", state)?;
        text(xml, "time", &time)
    })?;
    Ok(())
}

fn kind(error: &ErrorReport) -> &'static str {
    match (error.facts.kind, error.facts.access) {
        (ErrorKind::DoubleFree | ErrorKind::BadFree, _) => "InvalidFree",
        (ErrorKind::AllocDeallocMismatch | ErrorKind::NewDeleteTypeMismatch, _) => "MismatchedFree",
        (ErrorKind::MemcpyParamOverlap, _) => "Overlap",
        // The nearest that every parser knows: the program asked for what cannot be right.
        (
            ErrorKind::CallocOverflow
            | ErrorKind::AllocationSizeTooBig
            | ErrorKind::InvalidAlignment,
            _,
        ) => "ClientCheck",
        (_, Access::Write) => "InvalidWrite",
        (_, Access::Read | Access::Unknown) => "InvalidRead",
    }
}

fn unique(number: usize) -> String {
    format!("{number:#x}")
}

fn write_error(xml: &mut Xml<'_>, number: usize, error: &Merged<ErrorReport>) -> io::Result<()> {
    let error = &error.finding;
    let suppression = generate::for_error(error);
    xml.create_element("error").write_inner_content(|xml| {
        text(xml, "unique", &unique(number))?;
        text(xml, "tid", &(error.facts.thread + 1).to_string())?;
        text(xml, "kind", kind(error))?;
        text(xml, "what", &memcheck::what(&error.facts))?;
        write_stack(xml, &error.stack)?;
        text(xml, "auxwhat", &memcheck::address_is(&error.facts))?;
        if error.freed.is_empty() {
            if !error.allocated.is_empty() {
                write_stack(xml, &error.allocated)?;
            }
        } else {
            write_stack(xml, &error.freed)?;
            text(xml, "auxwhat", "Block was alloc'd at")?;
            write_stack(xml, &error.allocated)?;
        }
        write_suppression(xml, &suppression)
    })?;
    Ok(())
}

fn write_record(
    xml: &mut Xml<'_>,
    number: usize,
    (place, of): (usize, usize),
    record: &Merged<LossRecord>,
) -> io::Result<()> {
    let record = &record.finding;
    let kind = match record.kind {
        LeakKind::Definite => "Leak_DefinitelyLost",
        LeakKind::Indirect => "Leak_IndirectlyLost",
        LeakKind::Possible => "Leak_PossiblyLost",
        LeakKind::Reachable => "Leak_StillReachable",
    };
    let suppression = generate::for_record(record);
    let bytes = (record.bytes + record.indirect_bytes).min(MAX_COUNT);
    xml.create_element("error").write_inner_content(|xml| {
        text(xml, "unique", &unique(number))?;
        text(xml, "tid", "1")?;
        text(xml, "kind", kind)?;
        xml.create_element("xwhat").write_inner_content(|xml| {
            text(xml, "text", &leaks::headline(record, place, of))?;
            text(xml, "leakedbytes", &bytes.to_string())?;
            text(
                xml,
                "leakedblocks",
                &record.blocks.min(MAX_COUNT).to_string(),
            )
        })?;
        write_stack(xml, &record.stack)?;
        write_suppression(xml, &suppression)
    })?;
    Ok(())
}

fn counts(xml: &mut Xml<'_>, merged: &MergedFindings) -> io::Result<()> {
    xml.create_element("errorcounts")
        .write_inner_content(|xml| {
            for (number, error) in merged.errors.iter().enumerate() {
                xml.create_element("pair").write_inner_content(|xml| {
                    text(
                        xml,
                        "count",
                        &error.finding.count.min(MAX_COUNT).to_string(),
                    )?;
                    text(xml, "unique", &unique(number))
                })?;
            }
            Ok(())
        })?;
    Ok(())
}

/// A stack has at least one frame.
fn write_stack(xml: &mut Xml<'_>, frames: &[Arc<Frame>]) -> io::Result<()> {
    let unknown = [Arc::default()];
    let frames = if frames.is_empty() {
        &unknown[..]
    } else {
        frames
    };
    xml.create_element("stack").write_inner_content(|xml| {
        frames
            .iter()
            .filter(|frame| !frame.is_cut)
            .try_for_each(|frame| write_frame(xml, frame))
    })?;
    Ok(())
}

fn write_frame(xml: &mut Xml<'_>, frame: &Frame) -> io::Result<()> {
    xml.create_element("frame").write_inner_content(|xml| {
        text(
            xml,
            "ip",
            &format!("{:#X}", frame.code_address()).replace('X', "x"),
        )?;
        if let Some(module) = frame.code_module() {
            text(xml, "obj", &module.to_string_lossy())?;
        }
        if let Some(function) = &frame.function {
            text(xml, "fn", function)?;
        }
        if let Some(file) = &frame.file {
            let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
            if !folder.is_empty() {
                text(xml, "dir", folder)?;
            }
            text(xml, "file", name)?;
        }
        if let Some(line) = frame.line {
            text(xml, "line", &line.to_string())?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The entry of a file of suppressions, in parts and as it is.
fn write_suppression(xml: &mut Xml<'_>, entry: &str) -> io::Result<()> {
    let inner: Vec<&str> = entry
        .lines()
        .map(str::trim)
        .filter(|line| !matches!(*line, "{" | "}"))
        .collect();
    let [name, kind, frames @ ..] = &inner[..] else {
        return Ok(());
    };
    xml.create_element("suppression")
        .write_inner_content(|xml| {
            text(xml, "sname", name)?;
            text(xml, "skind", kind)?;
            for frame in frames {
                let (what, rest) = frame.split_once(':').unwrap_or(("", frame));
                match what {
                    "match-leak-kinds" => text(xml, "skaux", frame)?,
                    "fun" | "obj" => {
                        xml.create_element("sframe")
                            .write_inner_content(|xml| text(xml, what, rest))?;
                    }
                    _ => {}
                }
            }
            text(xml, "rawtext", entry)
        })?;
    Ok(())
}

/// An element with text. What XML cannot hold, a name of a program's may: it is left out.
fn text(xml: &mut Xml<'_>, name: &str, text: &str) -> io::Result<()> {
    let is_allowed = |letter: &char| !letter.is_control() || matches!(letter, '\n' | '\t');
    let text: String = text.chars().filter(is_allowed).collect();
    xml.create_element(name)
        .write_text_content(BytesText::new(&text))?;
    Ok(())
}
