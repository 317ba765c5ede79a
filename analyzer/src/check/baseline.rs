//! What is known, and does not fail the gate: `--baseline=FILE`, written by `ldt baseline`.
//!
//! A line is a finding: its kind, a tab, and its stack, innermost first. Lines are sorted, so that
//! two branches that add findings merge. A frame is a function and its file's name: no address and
//! no line number, so that the file outlives rebuilds and edits; what lies outside `main`, and
//! versions of symbols, are left out, so that it outlives upgrades of the C library, too.
//!
//! ```text
//! # ldt baseline 1
//! definite<TAB>malloc < make_node list.c < main list.c
//! ```

use crate::findings::{ErrorReport, Frame, LossRecord};
use crate::report::style::excerpt;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

const TITLE: &str = "# ldt baseline 1";
const BETWEEN: &str = " < ";

/// Known findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    lines: BTreeSet<String>,
}

impl Baseline {
    /// Reads a file, which must be there; or says what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| {
            let help = match error.kind() {
                io::ErrorKind::NotFound => format!("; `ldt baseline {}` makes one", path.display()),
                _ => String::new(),
            };
            format!("{error}{help}")
        })?;
        Baseline::parse(&text)
    }

    /// Reads a baseline. Empty lines, and those that begin with `#`, say nothing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = BTreeSet::new();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if !line.contains('\t') {
                let line_number = number + 1;
                return Err(format!(
                    "line {line_number}: expected KIND, a tab and a stack, found {}",
                    excerpt(line)
                ));
            }
            lines.insert(line.to_owned());
        }
        Ok(Baseline { lines })
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{TITLE}\n");
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Adds a finding; whether it is new.
    pub fn add(&mut self, kind: &str, stack: &[BareFrame<'_>]) -> bool {
        self.lines.insert(line(kind, stack))
    }

    /// Both together.
    #[must_use]
    pub fn with(mut self, other: &Baseline) -> Self {
        self.lines.extend(other.lines.iter().cloned());
        self
    }

    /// How many findings this has that the other one has not.
    #[must_use]
    pub fn count_beyond(&self, other: &Baseline) -> usize {
        self.lines.difference(&other.lines).count()
    }

    /// How many findings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether an error is known.
    #[must_use]
    pub fn has_error(&self, error: &ErrorReport) -> bool {
        self.has(error.facts.kind.shown(), &error.stack)
    }

    /// Whether a loss record is known.
    #[must_use]
    pub fn has_record(&self, record: &LossRecord) -> bool {
        self.has(record.kind.shown(), &record.stack)
    }

    fn has(&self, kind: &str, stack: &[Arc<Frame>]) -> bool {
        self.lines.contains(&line_of(kind, stack))
    }
}

/// The line that a finding has in a baseline.
#[must_use]
pub fn line_of(kind: &str, stack: &[Arc<Frame>]) -> String {
    let bare: Vec<BareFrame<'_>> = stack.iter().map(|frame| BareFrame::of(frame)).collect();
    line(kind, &bare)
}

/// As much of a frame as a baseline is made of; the JSON has it, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BareFrame<'a> {
    /// Demangled.
    pub function: Option<&'a str>,
    /// Path of the source.
    pub file: Option<&'a str>,
    /// Path of the object.
    pub module: Option<&'a str>,
}

impl<'a> BareFrame<'a> {
    fn of(frame: &'a Frame) -> Self {
        BareFrame {
            function: frame.function.as_deref(),
            file: frame.file.as_deref(),
            module: frame.module.as_deref().and_then(Path::to_str),
        }
    }

    fn text(self) -> String {
        let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let Some(function) = self.function else {
            let module = self.module.map(last).unwrap_or_default();
            return format!("({})", without_version(&module));
        };
        let function = without_clone(function).replace(['\t', '\n'], " ");
        match self.file {
            Some(file) => format!("{function} {}", last(file)),
            None => function,
        }
    }
}

fn line(kind: &str, stack: &[BareFrame<'_>]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for frame in stack {
        let text = frame.text();
        // Recursion is as deep as the input is.
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        if frame.function == Some("main") {
            break;
        }
    }
    format!("{kind}\t{}", texts.join(BETWEEN))
}

/// `f(int) [clone .cold]`, `f.part.0`, `f@@GLIBC_2.34` -> `f`.
fn without_clone(function: &str) -> &str {
    let function = function.split(" [clone ").next().unwrap_or(function);
    let function = match function.split_once('@') {
        Some((name, _)) if !name.is_empty() => name,
        _ => function,
    };
    let clones = [
        ".part.",
        ".constprop.",
        ".isra.",
        ".cold",
        ".lto_priv.",
        ".llvm.",
    ];
    let cut = clones.iter().filter_map(|clone| function.find(clone)).min();
    &function[..cut.unwrap_or(function.len())]
}

/// `libfoo.so.1.2` -> `libfoo.so`.
fn without_version(module: &str) -> &str {
    match module.find(".so") {
        Some(at) => &module[..at + ".so".len()],
        None => module,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame<'a>(function: &'a str, file: &'a str) -> BareFrame<'a> {
        BareFrame {
            function: Some(function),
            file: Some(file),
            module: Some("/bin/app"),
        }
    }

    #[test]
    fn a_line_has_no_addresses_and_ends_at_main() {
        let stack = [
            BareFrame {
                function: Some("malloc"),
                ..BareFrame::default()
            },
            frame("walk(node*) [clone .part.0]", "/a/b/tree.cpp"),
            frame("walk(node*)", "/a/b/tree.cpp"),
            BareFrame {
                module: Some("/lib/libz.so.1.2.13"),
                ..BareFrame::default()
            },
            frame("main", "/a/main.cpp"),
            frame("__libc_start_call_main", "x.c"),
        ];
        let expected = "definite\tmalloc < walk(node*) tree.cpp < (libz.so) < main main.cpp";
        assert_eq!(line("definite", &stack), expected);
    }

    #[test]
    fn it_is_sorted_and_comes_back() {
        let mut baseline = Baseline::default();
        assert!(baseline.add("possible", &[frame("b", "b.c")]));
        assert!(baseline.add("definite", &[frame("a", "a.c")]));
        assert!(!baseline.add("definite", &[frame("a", "/x/a.c")]));
        let text = baseline.text();
        assert_eq!(text, "# ldt baseline 1\ndefinite\ta a.c\npossible\tb b.c\n");
        assert_eq!(Baseline::parse(&text), Ok(baseline));
        assert!(Baseline::parse("<<<<<<< HEAD\n").is_err());
    }

    #[test]
    fn clones_and_versions_are_one_function() {
        assert_eq!(without_clone("f.constprop.0"), "f");
        assert_eq!(
            without_clone("__libc_start_main@@GLIBC_2.34"),
            "__libc_start_main"
        );
        assert_eq!(
            without_clone("operator new(unsigned long)"),
            "operator new(unsigned long)"
        );
    }
}
