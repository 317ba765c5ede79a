//! Suppressions: what is known and not to be reported, in valgrind's format ([`memcheck`]) or
//! LeakSanitizer's ([`sanitizer`]), told apart by content.

pub mod generate;
mod memcheck;
mod sanitizer;

use crate::failure::Failure;
use crate::findings::{ErrorReport, Frame, LossRecord};
use crate::units::{bytes, count};
use ldt_trace::finding::{ErrorKind, LeakKind};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use wildmatch::WildMatch;

/// LDT's own.
pub const DEFAULT: &str = include_str!("../default.supp");

/// Where a suppression stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, none for LDT's own.
    pub file: Option<String>,
    /// The line where it begins.
    pub line: usize,
}

/// What a suppression is about.
#[derive(Clone, Debug)]
enum Subject {
    /// Leaks of these kinds.
    Leak(Vec<LeakKind>),
    /// Errors of these kinds, and for accesses of this many bytes only.
    Errors(Vec<ErrorKind>, Option<u64>),
    /// What LDT does not look for.
    Elsewhere,
}

/// One line of a stack, as a suppression describes it.
#[derive(Clone, Debug)]
enum FramePattern {
    /// `...`: any number of frames, none too.
    Anything,
    /// `fun:`.
    Function(WildMatch),
    /// `obj:`.
    Module(WildMatch),
    /// `src:`, perhaps with a line.
    File(WildMatch, Option<u32>),
}

/// How a stack must look.
#[derive(Clone, Debug)]
enum Shape {
    /// The innermost frames, in order.
    Innermost(Vec<FramePattern>),
    /// Any frame whose function, file or module has this in it.
    AnyFrame(WildMatch),
}

/// A suppression, and what it has done.
#[derive(Clone, Debug)]
struct Suppression {
    name: String,
    source: Source,
    subject: Subject,
    shape: Shape,
    used: u64,
    blocks: u64,
    bytes: u64,
}

impl Suppression {
    fn new(name: String, source: Source, subject: Subject, shape: Shape) -> Self {
        Suppression {
            name,
            source,
            subject,
            shape,
            used: 0,
            blocks: 0,
            bytes: 0,
        }
    }

    fn matches(&self, stack: &[Arc<Frame>]) -> bool {
        match &self.shape {
            Shape::Innermost(patterns) => {
                if matches_innermost(patterns, stack) {
                    return true;
                }
                // Whoever wrote the entry may have seen the stack with or without inlined functions.
                let own = || stack.iter().filter(|frame| !frame.is_inlined);
                own().count() < stack.len()
                    && matches_innermost(patterns, &own().cloned().collect::<Vec<_>>())
            }
            Shape::AnyFrame(glob) => stack.iter().any(|frame| has_in_it(frame, glob)),
        }
    }
}

/// All suppressions of a run, in the order in which they were read; the first that matches counts.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    all: Vec<Suppression>,
}

impl Suppressions {
    /// Adds LDT's own.
    pub fn add_default(&mut self) {
        // That they can be read is tested below.
        self.all
            .extend(memcheck::parse(DEFAULT, None).unwrap_or_default());
    }

    /// Reads a file of either format.
    pub fn add_file(&mut self, path: &Path) -> Result<(), Failure> {
        let shown = path.display().to_string();
        let text = fs::read(path)
            .map_err(|error| Failure::own(format!("--suppressions={shown}: {error}")))?;
        let text = String::from_utf8_lossy(&text);
        let parsed = parse(&text, &shown);
        self.all.extend(parsed.map_err(|error| {
            Failure::own(format!(
                "--suppressions={shown}, line {}: {}",
                error.line, error.what
            ))
        })?);
        Ok(())
    }

    /// Whether there are others than LDT's own.
    #[must_use]
    pub fn has_files(&self) -> bool {
        self.all.iter().any(|entry| entry.source.file.is_some())
    }

    /// The suppression that an error is excused by.
    #[must_use]
    pub fn find_error(&self, error: &ErrorReport) -> Option<usize> {
        self.all.iter().position(|entry| match &entry.subject {
            Subject::Errors(kinds, size) => {
                kinds.contains(&error.facts.kind)
                    && size.is_none_or(|size| size == error.facts.size)
                    && entry.matches(&error.stack)
            }
            _ => false,
        })
    }

    /// The suppression that a loss record is excused by.
    #[must_use]
    pub fn find_record(&self, record: &LossRecord) -> Option<usize> {
        self.all.iter().position(|entry| match &entry.subject {
            Subject::Leak(kinds) => kinds.contains(&record.kind) && entry.matches(&record.stack),
            _ => false,
        })
    }

    /// Counts a use.
    pub fn note_error(&mut self, number: usize, error: &ErrorReport) {
        self.all[number].used += error.count;
    }

    /// Counts a use.
    pub fn note_record(&mut self, number: usize, record: &LossRecord) {
        let entry = &mut self.all[number];
        entry.used += 1;
        entry.blocks += record.blocks;
        entry.bytes += record.bytes;
    }

    /// Which of those from files were used how often, as LeakSanitizer says it; and which never were, so that files do
    /// not collect what nobody needs any more. What LDT's own have done is in the sums alone (and in the JSON): nobody
    /// asked for them, and a clean run has nothing to say.
    #[must_use]
    pub fn usage(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let asked_for = || self.all.iter().filter(|entry| entry.source.file.is_some());
        for entry in asked_for().filter(|entry| entry.used > 0) {
            let amount = match entry.blocks {
                0 => String::new(),
                blocks => format!(": {} in {} blocks", bytes(entry.bytes), count(blocks)),
            };
            lines.push(format!(
                "used suppression: {} {} ({}){amount}",
                count(entry.used),
                entry.name,
                place(&entry.source)
            ));
        }
        let unused = asked_for()
            .filter(|entry| entry.used == 0 && !matches!(entry.subject, Subject::Elsewhere));
        for entry in unused {
            let (name, place) = (&entry.name, place(&entry.source));
            lines.push(format!("suppression never used: {name} ({place})"));
        }
        lines
    }

    /// Name, place and count of those that were used.
    #[must_use]
    pub fn used(&self) -> Vec<(String, Source, u64)> {
        let used = self.all.iter().filter(|entry| entry.used > 0);
        used.map(|entry| (entry.name.clone(), entry.source.clone(), entry.used))
            .collect()
    }
}

/// `app.supp:12`.
fn place(source: &Source) -> String {
    match &source.file {
        Some(file) => format!("{file}:{}", source.line),
        None => format!("ldt's own, line {}", source.line),
    }
}

/// What is wrong with a file of suppressions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Malformed {
    line: usize,
    what: String,
}

/// Reads either format: LeakSanitizer's has `leak:` and the like on each line, valgrind's has braces.
fn parse(text: &str, file: &str) -> Result<Vec<Suppression>, Malformed> {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    match first {
        None => Ok(Vec::new()),
        Some(line) if line.starts_with('{') => memcheck::parse(text, Some(file)),
        Some(_) => sanitizer::parse(text, file),
    }
}

fn matches_innermost(patterns: &[FramePattern], stack: &[Arc<Frame>]) -> bool {
    let Some((first, rest)) = patterns.split_first() else {
        // What lies further out is anything.
        return true;
    };
    if let FramePattern::Anything = first {
        return (0..=stack.len()).any(|skipped| matches_innermost(rest, &stack[skipped..]));
    }
    let Some((frame, outer)) = stack.split_first() else {
        return false;
    };
    matches_frame(first, frame) && matches_innermost(rest, outer)
}

fn matches_frame(pattern: &FramePattern, frame: &Frame) -> bool {
    match pattern {
        FramePattern::Anything => true,
        FramePattern::Function(glob) => {
            let name = frame.matched_name().unwrap_or("???");
            // valgrind knows C++ functions by their symbols; a demangled name is as clear.
            let shown = frame.function.as_deref().filter(|shown| *shown != name);
            glob.matches(name)
                || name
                    .split_once('@')
                    .is_some_and(|(name, _version)| glob.matches(name))
                || shown.is_some_and(|name| glob.matches(name))
        }
        FramePattern::Module(glob) => {
            let module = frame.module.as_deref().map(Path::to_string_lossy);
            module.is_some_and(|module| glob.matches(&module))
        }
        FramePattern::File(glob, line) => {
            let file = frame.file.as_deref().unwrap_or_default();
            let name = frame.file_name().unwrap_or_default();
            let is_file = glob.matches(file) || glob.matches(name);
            is_file && line.is_none_or(|line| frame.line == Some(line))
        }
    }
}

fn has_in_it(frame: &Frame, glob: &WildMatch) -> bool {
    let matches = |text: &str| glob.matches(text);
    frame.function.as_deref().is_some_and(matches)
        || frame.symbol.as_deref().is_some_and(matches)
        || frame.file.as_deref().is_some_and(matches)
        || frame
            .module
            .as_deref()
            .is_some_and(|module| matches(&module.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(symbol: &str, file: &str, module: &str) -> Arc<Frame> {
        Arc::new(Frame {
            function: Some(symbol.to_owned()),
            symbol: Some(symbol.to_owned()),
            file: Some(file.to_owned()),
            line: Some(7),
            module: Some(Path::new(module).into()),
            ..Frame::default()
        })
    }

    fn stack() -> Vec<Arc<Frame>> {
        vec![
            Arc::new(Frame::called(ldt_trace::Function::Malloc)),
            frame("inner", "/src/a.c", "/usr/lib/libx.so.1"),
            frame("outer", "/src/b.c", "/bin/app"),
            frame("main", "/src/main.c", "/bin/app"),
        ]
    }

    fn suppresses(text: &str) -> bool {
        let entries = parse(text, "t.supp").expect("it can be read");
        entries.iter().any(|entry| entry.matches(&stack()))
    }

    #[test]
    fn dots_stand_for_any_number_of_frames() {
        let entry = |frames: &str| format!("{{\n  n\n  Memcheck:Leak\n{frames}\n}}\n");
        assert!(suppresses(&entry("fun:malloc\n fun:inner")));
        assert!(suppresses(&entry("fun:malloc\n ...\n fun:main")));
        assert!(suppresses(&entry(
            "...\nfun:malloc\n...\nobj:/bin/a*\nfun:m?in"
        )));
        assert!(suppresses(&entry("fun:malloc\nobj:*/libx.so*\nsrc:b.c:7")));
        assert!(!suppresses(&entry("fun:malloc\nobj:*/libx.so*\nsrc:b.c:8")));
        assert!(!suppresses(&entry("fun:inner")));
        assert!(!suppresses(&entry("fun:malloc\nfun:outer")));
    }

    #[test]
    fn the_sanitizers_file_matches_any_frame() {
        assert!(suppresses("# known\nleak:inner\n"));
        assert!(suppresses("leak:libx.so\n"));
        assert!(suppresses("leak:src/b.c\n"));
        assert!(suppresses("leak:^main$\n"));
        assert!(!suppresses("leak:^ain\n"));
        assert!(!suppresses("leak:nowhere\n"));
    }

    #[test]
    fn the_default_file_can_be_read() {
        let entries = memcheck::parse(DEFAULT, None).expect("it can be read");
        assert!(!entries.is_empty());
    }

    #[test]
    fn what_is_no_suppression_is_named_with_its_line() {
        let error = parse("{\n n\n Memcheck:Leak\n fun:x\n", "f").expect_err("no end");
        assert!(error.what.contains('}'));
        let error = parse("leak:x\nnonsense\n", "f").expect_err("no such line");
        assert_eq!(error.line, 2);
    }
}
