//! A call stack in a line, for a legend or a row: the function that wanted memory and who called it. What only
//! passes the wish on (operator new, containers, xmalloc) says little, and is skipped.

use super::flames::label;
use crate::report::Report;
use crate::report::site::SiteView;
use std::collections::HashMap;

/// How far out callers are looked at.
const MOST_FRAMES: usize = 60;
/// How many frames name a stack before it is numbered instead.
const MOST_NAMED: usize = 4;
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

/// The frames of a site from the first that is not plumbing outwards, as short as they can be told by. Frames that
/// have no name are left out where others have one.
pub(super) fn telling_frames(report: &Report<'_>, site: &SiteView) -> Vec<String> {
    let frames = report.naming().stack(site).skip(1);
    let frames: Vec<_> = frames.take(MOST_PLUMBING + MOST_FRAMES).collect();
    let named = frames.iter().filter_map(|frame| frame.function);
    let mut named: Vec<String> = named
        .map(|function| without_arguments(function).to_owned())
        .collect();
    if named.is_empty() {
        named = frames.iter().map(label).collect();
    }
    let first = named
        .iter()
        .take(MOST_PLUMBING)
        .position(|frame| !is_plumbing(frame));
    // A stack of nothing else is still better named by its plumbing than not at all.
    let telling = named.into_iter().skip(first.unwrap_or(0));
    let mut telling: Vec<String> = telling.take(MOST_FRAMES).collect();
    // A function that the compiler put into itself, or that calls itself, says no more the second time.
    telling.dedup();
    if telling.is_empty() {
        telling.push(site.function.shown().to_owned());
    }
    telling
}

/// `ns::f<int>(char) const` -> `ns::f<int>`. The argument list is the last group of parentheses, so that
/// `(anonymous namespace)::f` and `operator()` stay whole.
fn without_arguments(function: &str) -> &str {
    let Some(end) = function.rfind(')') else {
        return function;
    };
    let mut depth = 0;
    for (place, letter) in function[..=end].char_indices().rev() {
        match letter {
            ')' => depth += 1,
            '(' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let name = function[..place].trim_end();
            let is_whole = name.is_empty() || name.ends_with("::") || name.ends_with("operator");
            return if is_whole { function } else { name };
        }
    }
    function
}

/// A line for each stack: what wanted memory, and who called it; for stacks that begin alike, the callers at which
/// they part.
pub(super) fn lines(stacks: &[Vec<String>]) -> Vec<String> {
    let mut alike: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, stack) in stacks.iter().enumerate() {
        alike.entry(first(stack)).or_default().push(number);
    }
    let line = |(number, stack): (usize, &Vec<String>)| {
        let others = alike[first(stack)].iter().filter(|other| **other != number);
        line(stack, others.map(|other| &stacks[*other][..]).collect())
    };
    let mut lines: Vec<String> = stacks.iter().enumerate().map(line).collect();
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

fn first(stack: &[String]) -> &str {
    stack.first().map_or("", String::as_str)
}

/// The line of a stack among `others` that have the same first frame.
fn line(stack: &[String], mut others: Vec<&[String]>) -> String {
    let mut line = first(stack).to_owned();
    let (mut named, mut shown) = (1, 0);
    for (depth, frame) in stack.iter().enumerate().skip(1) {
        let parts = others.iter().any(|other| other.get(depth) != Some(frame));
        others.retain(|other| other.get(depth) == Some(frame));
        let is_caller_of_the_only = named == 1 && others.is_empty();
        if !parts && !is_caller_of_the_only {
            continue;
        }
        let skipped = if depth > shown + 1 { " ← …" } else { "" };
        line.push_str(&format!("{skipped} ← {frame}"));
        (named, shown) = (named + 1, depth);
        if others.is_empty() || named == MOST_NAMED {
            break;
        }
    }
    if let (1, Some(caller)) = (named, stack.get(1)) {
        // The others are the same all the way out; their numbers tell them apart.
        line.push_str(&format!(" ← {caller}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(frames: &[&str]) -> Vec<String> {
        frames.iter().map(|frame| (*frame).to_owned()).collect()
    }

    #[test]
    fn stacks_are_told_apart_by_where_they_part() {
        let stacks = [
            stack(&["read", "parse", "main"]),
            stack(&["read", "load", "start", "main"]),
            stack(&["read", "load", "again", "main"]),
            stack(&["write", "flush", "main"]),
        ];
        assert_eq!(
            lines(&stacks),
            [
                "read ← parse",
                "read ← load ← start",
                "read ← load ← again",
                "write ← flush"
            ]
        );
        let deep = [
            stack(&["alloc", "a", "b", "c", "one"]),
            stack(&["alloc", "a", "b", "c", "two"]),
        ];
        assert_eq!(lines(&deep), ["alloc ← … ← one", "alloc ← … ← two"]);
    }

    #[test]
    fn stacks_that_look_alike_are_numbered() {
        let stacks = [stack(&["read", "main"]), stack(&["read", "main"])];
        assert_eq!(lines(&stacks), ["read ← main", "read ← main (2)"]);
        assert_eq!(
            lines(&[stack(&["read"]), stack(&["read"])]),
            ["read", "read (2)"]
        );
    }

    #[test]
    fn argument_lists_are_left_out() {
        for (function, shown) in [
            ("f", "f"),
            (
                "ns::f<int (*)(char)>(char, void (*)(int)) const",
                "ns::f<int (*)(char)>",
            ),
            ("(anonymous namespace)::f(int)", "(anonymous namespace)::f"),
            ("(anonymous namespace)::f", "(anonymous namespace)::f"),
            ("call::operator()(int)", "call::operator()"),
            ("call::operator()", "call::operator()"),
            ("broken)", "broken)"),
        ] {
            assert_eq!(without_arguments(function), shown);
        }
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
