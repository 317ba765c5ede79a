//! A call stack in a line, for a legend or a row: the function that wanted memory and who called it. What only
//! passes the wish on (operator new, containers, xmalloc) says little, and is skipped.

use super::flames::label;
use crate::report::Report;
use crate::report::site::SiteView;
use std::collections::HashMap;

/// How many frames name a stack before it is numbered instead.
const MOST_FRAMES: usize = 6;
/// How many frames from the function called on are looked at for one that is not plumbing.
const MOST_PLUMBING: usize = 12;

/// Beginnings of functions that allocate for others.
const PLUMBING: &[&str] = &[
    "operator new",
    "std::",
    "__gnu_cxx::",
    "void std::",
    "void* std::",
    "core::",
    "alloc::",
    "<alloc::",
    "<core::",
    "<std::",
    "hashbrown::",
    "__rust",
    "__rdl_",
    "_rjem_",
];

/// Functions that allocate for others by the whole of their names.
const WRAPPERS: &[&str] = &[
    "malloc",
    "calloc",
    "realloc",
    "xmalloc",
    "xcalloc",
    "xrealloc",
    "xstrdup",
    "g_malloc",
    "g_malloc0",
    "g_realloc",
    "g_slice_alloc",
    "strdup",
    "strndup",
];

fn is_plumbing(function: &str) -> bool {
    WRAPPERS.contains(&function) || PLUMBING.iter().any(|start| function.starts_with(start))
}

/// The frames of a site from the first that is not plumbing outwards.
pub(super) fn telling_frames(report: &Report<'_>, site: &SiteView) -> Vec<String> {
    let frames = report.naming().stack(site).skip(1);
    let frames: Vec<String> = frames
        .map(|frame| label(&frame))
        .take(MOST_PLUMBING + MOST_FRAMES)
        .collect();
    let first = frames
        .iter()
        .take(MOST_PLUMBING)
        .position(|frame| !is_plumbing(frame));
    // A stack of nothing else is still better named by its plumbing than not at all.
    let mut telling: Vec<String> = frames
        .into_iter()
        .skip(first.unwrap_or(0))
        .take(MOST_FRAMES)
        .collect();
    if telling.is_empty() {
        telling.push(site.function.shown().to_owned());
    }
    telling
}

/// A line for each stack, with as many callers as it takes to tell it from the others, but at least one.
pub(super) fn lines(stacks: &[Vec<String>]) -> Vec<String> {
    let line = |stack: &[String], frames: usize| {
        let shown: Vec<&str> = stack.iter().take(frames).map(String::as_str).collect();
        shown.join(" ← ")
    };
    let mut lines: Vec<String> = stacks.iter().map(|stack| line(stack, 2)).collect();
    for frames in 3..=MOST_FRAMES {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for line in &lines {
            *seen.entry(line.clone()).or_default() += 1;
        }
        for (stack, shown) in stacks.iter().zip(&mut lines) {
            if seen.get(shown).is_some_and(|times| *times > 1) {
                *shown = line(stack, frames);
            }
        }
    }
    let mut times: HashMap<String, usize> = HashMap::new();
    for line in &mut lines {
        let before = times.entry(line.clone()).or_default();
        *before += 1;
        if *before > 1 {
            line.push_str(&format!(" ({before})"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(frames: &[&str]) -> Vec<String> {
        frames.iter().map(|frame| (*frame).to_owned()).collect()
    }

    #[test]
    fn stacks_are_told_apart_by_as_many_callers_as_it_takes() {
        let stacks = [
            stack(&["read", "parse", "main"]),
            stack(&["read", "load", "start", "main"]),
            stack(&["read", "load", "again", "main"]),
        ];
        assert_eq!(
            lines(&stacks),
            ["read ← parse", "read ← load ← start", "read ← load ← again"]
        );
    }

    #[test]
    fn stacks_that_look_alike_are_numbered() {
        let stacks = [stack(&["read"]), stack(&["read"]), stack(&["read"])];
        assert_eq!(lines(&stacks), ["read", "read (2)", "read (3)"]);
    }

    #[test]
    fn plumbing_is_known_by_its_name() {
        for plumbing in [
            "operator new(unsigned long)",
            "std::vector<int>::reserve(unsigned long)",
            "xmalloc",
        ] {
            assert!(is_plumbing(plumbing), "{plumbing}");
        }
        for telling in ["main", "xmalloc_tree", "stdio_open", "allocate"] {
            assert!(!is_plumbing(telling), "{telling}");
        }
    }
}
