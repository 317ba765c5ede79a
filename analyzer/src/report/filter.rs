//! `--filter`: only sites whose stacks have a function, file or module that matches.

use super::frames::{Naming, ShownFrame};
use super::site::SiteView;
use crate::findings::Frame;
use std::str::FromStr;
use std::sync::Arc;
use wildmatch::WildMatch;

/// What a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Demangled functions of the stack.
    Function,
    /// Source files of the stack.
    File,
    /// Modules of the stack.
    Module,
    /// The thread that allocates; applied while the trace is read.
    Thread,
}

/// `SUBJECT=GLOB`, in which `*` is any text and `?` any one character. The whole must match, or
/// for functions and paths the last part.
#[derive(Clone, Debug)]
pub struct Filter {
    /// What it looks at.
    pub subject: Subject,
    /// What it looks for.
    pub glob: WildMatch,
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected function=GLOB, file=GLOB, module=GLOB or thread=GLOB";
        let (subject, glob) = text.split_once('=').ok_or(expected)?;
        let subject = match subject {
            "function" => Subject::Function,
            "file" => Subject::File,
            "module" => Subject::Module,
            "thread" => Subject::Thread,
            _ => return Err(expected.to_owned()),
        };
        let glob = WildMatch::new(glob);
        Ok(Filter { subject, glob })
    }
}

impl Filter {
    /// Whether names must be looked up before it can be applied.
    #[must_use]
    pub fn needs_names(&self) -> bool {
        matches!(self.subject, Subject::Function | Subject::File)
    }

    /// Whether a site is kept. Threads were chosen before.
    #[must_use]
    pub fn keeps(&self, naming: Naming<'_>, site: &SiteView) -> bool {
        self.subject == Subject::Thread || naming.stack(site).any(|frame| self.matches(&frame))
    }

    /// Whether a stack of a finding is kept, which has no thread.
    #[must_use]
    pub fn keeps_frames(&self, frames: &[Arc<Frame>]) -> bool {
        frames.iter().any(|frame| self.matches(&frame.shown()))
    }

    fn matches(&self, frame: &ShownFrame<'_>) -> bool {
        match self.subject {
            Subject::Function => frame.function.is_some_and(|function| {
                self.glob.matches(function) || self.glob.matches(without_arguments(function))
            }),
            Subject::File => frame.file.is_some_and(|file| self.matches_path(file)),
            Subject::Module => frame
                .module
                .is_some_and(|module| self.matches_path(&module.to_string_lossy())),
            Subject::Thread => true,
        }
    }

    fn matches_path(&self, path: &str) -> bool {
        let last = path.rsplit('/').next().unwrap_or(path);
        self.glob.matches(path) || self.glob.matches(last)
    }
}

/// `ns::f(int) const` -> `ns::f`. The arguments are what the last parenthesis ends, where nothing but qualifiers
/// follows it: there are others in `(anonymous namespace)`, in `operator()` and in the arguments themselves.
fn without_arguments(function: &str) -> &str {
    let Some(end) = function.rfind(')') else {
        return function;
    };
    let behind = function[end + 1..].trim_start();
    let mut qualifiers = ["const", "volatile", "&", "noexcept", "["].iter();
    if !behind.is_empty() && !qualifiers.any(|word| behind.starts_with(word)) {
        return function;
    }
    let mut depth = 0;
    let begin = function[..=end].rfind(|letter| {
        match letter {
            ')' => depth += 1,
            '(' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    match begin {
        Some(at) if at > 0 => &function[..at],
        _ => function,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(filter: &str, frame: ShownFrame<'_>) -> bool {
        filter
            .parse::<Filter>()
            .is_ok_and(|filter| filter.matches(&frame))
    }

    #[test]
    fn functions_match_with_or_without_arguments() {
        let frame = ShownFrame {
            function: Some("shop::add(int)"),
            ..ShownFrame::default()
        };
        assert!(matches("function=shop::add", frame));
        assert!(matches("function=shop::*", frame));
        assert!(matches("function=*(int)", frame));
        assert!(!matches("function=add", frame));
    }

    #[test]
    fn only_the_arguments_are_cut() {
        for (function, name) in [
            ("ns::f(int) const", "ns::f"),
            ("main", "main"),
            (
                "a::(anonymous namespace)::Q::operator()(int (*)(char)) const",
                "a::(anonymous namespace)::Q::operator()",
            ),
            ("(anonymous namespace)::f()", "(anonymous namespace)::f"),
            ("a::(anonymous namespace)::f", "a::(anonymous namespace)::f"),
            ("f(int) [clone .cold]", "f"),
            ("<(A, B) as T>::call", "<(A, B) as T>::call"),
            ("f(int)::{lambda()#1}", "f(int)::{lambda()#1}"),
        ] {
            assert_eq!(without_arguments(function), name);
        }
    }

    #[test]
    fn paths_match_whole_or_by_their_last_part() {
        let frame = ShownFrame {
            file: Some("/src/tree.c"),
            ..ShownFrame::default()
        };
        assert!(matches("file=tree.c", frame));
        assert!(matches("file=/src/*", frame));
        assert!(!matches("file=src", frame));
    }

    #[test]
    fn a_bad_filter_says_what_is_accepted() {
        let error = "colour=red".parse::<Filter>().err();
        assert!(error.is_some_and(|error| error.contains("thread=GLOB")));
    }
}
