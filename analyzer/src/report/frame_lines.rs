//! Call stacks in the text of a report: a frame a line.

use super::Report;
use super::frames::ShownFrame;
use super::site::SiteView;
use super::style::{Style, printable};
use std::io::{self, Write};
use std::path::Path;

/// Of a file's or module's name, on a terminal.
const MOST_OF_A_FILE: usize = 24;
/// Of longer stacks the middle is left out.
const MAX_SHOWN_FRAMES: usize = 120;
/// So many of the outermost frames are shown then.
const OUTERMOST_FRAMES: usize = 20;

/// Writes the stack of a site, a frame a line.
pub(crate) fn stack(
    report: &Report<'_>,
    site: &SiteView,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let frames: Vec<ShownFrame<'_>> = report.naming().stack(site).collect();
    let left_out = if frames.len() > MAX_SHOWN_FRAMES {
        MAX_SHOWN_FRAMES - OUTERMOST_FRAMES..frames.len() - OUTERMOST_FRAMES
    } else {
        0..0
    };
    for (number, frame) in frames.iter().enumerate() {
        if left_out.contains(&number) {
            if number == left_out.start {
                let text = format!("    ... {} frames ...", left_out.len());
                writeln!(out, "{}", style.faint(&text))?;
            }
            continue;
        }
        writeln!(out, "    #{number} {}", shown(frame, style))?;
    }
    Ok(())
}

/// What stands before the name of a frame's function, at most.
const ADDRESS_SHOWN: &str = "    #99 0x7f0123456789 in ";

/// A frame in one line: `0x… in function file.c:12 (module)`.
fn shown(frame: &ShownFrame<'_>, style: Style) -> String {
    let Some(address) = frame.address else {
        return frame.function.unwrap_or("?").to_owned();
    };
    if frame.is_cut {
        return style.faint("the stack goes on, but was cut here");
    }
    let named = |before: &str| place(frame, before.len(), style);
    // Of a line that is too wide, a person misses the address least: not the function's name.
    let bare = "    #99 ";
    if frame.function.is_some()
        && !style.is_whole(&place(frame, 0, Style::plain()), ADDRESS_SHOWN.len())
    {
        return named(bare);
    }
    let address = style.faint(&format!("{address:#014x}"));
    format!("{address} in {}", named(ADDRESS_SHOWN))
}

/// `function file.c:12 (module)`, as far as it is known, in a line that has so many characters before
/// it.
pub(super) fn place(frame: &ShownFrame<'_>, before: usize, style: Style) -> String {
    let mut place = String::new();
    if let Some(file) = frame.file {
        let file = style.capped(&last_part(Path::new(file)), MOST_OF_A_FILE);
        place.push_str(&format!(" {file}"));
        if let Some(line) = frame.line {
            place.push_str(&format!(":{line}"));
        }
    }
    let mut faint = String::new();
    if let Some(module) = frame.module {
        let module = style.capped(&last_part(module), MOST_OF_A_FILE);
        let is_bare = frame.function.is_none();
        let offset = frame
            .offset
            .filter(|_| is_bare)
            .map(|offset| format!("+{offset:#x}"));
        faint = format!(" ({module}{})", offset.unwrap_or_default());
    }
    if frame.is_inlined {
        faint.push_str(" [inlined]");
    }
    let beside = before + place.chars().count() + faint.chars().count();
    let function = style.fitted(&printable(frame.function.unwrap_or("???")), beside);
    format!("{function}{place}{}", style.faint(&faint))
}

fn last_part(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    printable(&name.to_string_lossy()).into_owned()
}
