//! The lines of source through which most was allocated, each with its neighbours, where the files are where
//! the debug information says.
//!
//! A bounded part of them: whole files of a large program would be most of the page.

use ldt_viewer::html::{CallStacks, Site, Source, SourcePart, WordNumber};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Lines of text in all.
const MOST_BYTES: usize = 1 << 20;
/// Files with fewer bytes through them are left out then.
const MOST_FILES: usize = 100;
/// Longer ones are no source that anybody reads.
const LONGEST_FILE_BYTES: u64 = 4 << 20;
/// Longer lines are cut.
const LONGEST_LINE: usize = 400;
/// Lines before and after one that allocates.
const NEIGHBOURS: u32 = 4;

/// Lines of a file that are in stacks, and the most that goes through one of them.
#[derive(Default)]
struct Wanted {
    lines: BTreeSet<u32>,
    most: u64,
}

/// Reads what can be read. `bytes` are those of the sites.
pub(super) fn read(
    stacks: &CallStacks,
    sites: &[Site],
    bytes: impl Iterator<Item = u64>,
    started_ns: u64,
) -> Vec<Source> {
    let own = sites.iter().map(|site| site.stack).zip(bytes);
    let mut wanted: BTreeMap<WordNumber, Wanted> = BTreeMap::new();
    for (place, bytes) in stacks.totals_by_place(own) {
        if let (Some(file), true) = (place.file, place.line > 0) {
            let wanted = wanted.entry(file).or_default();
            wanted.lines.insert(place.line);
            wanted.most = wanted.most.max(bytes);
        }
    }
    let mut files: Vec<_> = wanted.into_iter().collect();
    files.sort_by_key(|(file, wanted)| (std::cmp::Reverse(wanted.most), *file));
    let mut room = MOST_BYTES;
    let mut sources = Vec::new();
    for (file, wanted) in files {
        if sources.len() == MOST_FILES || room == 0 {
            break;
        }
        let path = stacks.word_of(file);
        let Some((text, doubt)) = text_of(path, started_ns) else {
            continue;
        };
        let parts = parts(&text, &wanted.lines, &mut room);
        if !parts.is_empty() {
            sources.push(Source { file, doubt, parts });
        }
    }
    sources
}

/// A file's text, and why it may not be what ran.
fn text_of(path: &str, started_ns: u64) -> Option<(String, Option<String>)> {
    let facts = fs::metadata(path).ok()?;
    // The path stands in the program's debug information: it may be a device, or anything.
    if !facts.is_file() || facts.len() > LONGEST_FILE_BYTES {
        return None;
    }
    let text = String::from_utf8_lossy(&fs::read(path).ok()?).into_owned();
    let started: SystemTime = UNIX_EPOCH + Duration::from_nanos(started_ns);
    let is_newer = facts.modified().is_ok_and(|changed| changed > started);
    let doubt = "This file was changed after the run began: its lines may not be those that ran.";
    Some((text, is_newer.then(|| doubt.to_owned())))
}

/// The wanted lines with their neighbours, as long as there is room.
fn parts(text: &str, wanted: &BTreeSet<u32>, room: &mut usize) -> Vec<SourcePart> {
    let mut parts: Vec<SourcePart> = Vec::new();
    let mut next_wanted = wanted.iter().copied().peekable();
    for (number, line) in (1u32..).zip(text.lines()) {
        while next_wanted
            .next_if(|wanted| wanted.saturating_add(NEIGHBOURS) < number)
            .is_some()
        {}
        let Some(wanted) = next_wanted.peek() else {
            break;
        };
        if wanted.saturating_sub(NEIGHBOURS) > number {
            continue;
        }
        let line: String = line.chars().take(LONGEST_LINE).collect();
        let Some(rest) = room.checked_sub(line.len() + 1) else {
            *room = 0;
            break;
        };
        *room = rest;
        match parts.last_mut() {
            Some(part) if part.first + part.lines.len() as u32 == number => part.lines.push(line),
            _ => parts.push(SourcePart {
                first: number,
                lines: vec![line],
            }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_shown(wanted: &[u32], room: usize) -> Vec<(u32, usize)> {
        let text: String = (1..=100).map(|line| format!("line {line:03}\n")).collect();
        let parts = parts(&text, &wanted.iter().copied().collect(), &mut { room });
        parts
            .iter()
            .map(|part| (part.first, part.lines.len()))
            .collect()
    }

    #[test]
    fn lines_come_with_their_neighbours_and_parts_join() {
        assert_eq!(lines_shown(&[50], 10_000), [(46, 9)]);
        assert_eq!(lines_shown(&[1, 9, 60], 10_000), [(1, 13), (56, 9)]);
        assert_eq!(lines_shown(&[100], 10_000), [(96, 5)]);
        assert_eq!(lines_shown(&[50, 53, 57, 80], 10_000), [(46, 16), (76, 9)]);
    }

    #[test]
    fn lines_that_are_not_there_and_no_room_show_nothing() {
        assert_eq!(lines_shown(&[400, u32::MAX], 10_000), []);
        assert_eq!(lines_shown(&[50], 0), []);
        assert_eq!(lines_shown(&[50], 25), [(46, 2)]);
    }

    #[test]
    fn devices_and_folders_are_no_source() {
        for path in ["/dev/zero", "/", "no such file", ""] {
            assert!(text_of(path, 0).is_none(), "{path}");
        }
    }
}
