//! What was asked of a check: decided once from the command line, read everywhere.

use crate::report::errors::Detail;
use ldt_trace::finding::LeakKind;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

/// The exit code when something was found.
pub const ERROR_EXIT_CODE: u8 = 99;

/// What starts other programs, by file name, outside of [`Settings::own_folder`]: shells, build tools, test runners. Nobody wants them
/// judged, not even when they are the command itself; they are followed into their children all
/// the same.
pub const RUNNERS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "fish", "busybox", "env", "sudo", "su", "timeout", "nice",
    "xargs", "make", "gmake", "ninja", "samu", "cmake", "ctest", "cpack", "meson", "cargo",
    "cargo-*", "rustup", "bazel", "xvfb-run",
];

/// What runners and their scripts call and nobody wants judged then: compilers, and the small
/// tools of every script.
pub const HELPERS: &[&str] = &[
    "rustc",
    "rustdoc",
    "git",
    "gcc",
    "g++",
    "cc",
    "c++",
    "*-gcc",
    "*-g++",
    "gcc-*",
    "g++-*",
    "*-gcc-*",
    "*-g++-*",
    "cc1",
    "cc1plus",
    "collect2",
    "lto1",
    "lto-wrapper",
    "as",
    "*-as",
    "ld",
    "ld.*",
    "*-ld",
    "*-ld.*",
    "ar",
    "*-ar",
    "nm",
    "*-nm",
    "ranlib",
    "*-ranlib",
    "strip",
    "*-strip",
    "objcopy",
    "*-objcopy",
    "clang",
    "clang-*",
    "clang++",
    "lld",
    "*-lld",
    "mold",
    "wild",
    "ccache",
    "pkg-config",
    "pkgconf",
    "cat",
    "cp",
    "mv",
    "rm",
    "ls",
    "ln",
    "mkdir",
    "rmdir",
    "touch",
    "chmod",
    "chown",
    "install",
    "grep",
    "egrep",
    "sed",
    "awk",
    "gawk",
    "mawk",
    "sort",
    "uniq",
    "head",
    "tail",
    "tr",
    "cut",
    "wc",
    "tee",
    "diff",
    "cmp",
    "find",
    "basename",
    "dirname",
    "readlink",
    "realpath",
    "expr",
    "date",
    "sleep",
    "uname",
    "hostname",
    "id",
    "ps",
    "kill",
    "mktemp",
    "seq",
    "test",
    "printf",
    "echo",
    "which",
    "tar",
    "gzip",
    "xz",
    "bzip2",
    "perl",
    "ldconfig",
];

/// Whether leaks are looked for, and shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LeakCheckMode {
    /// Not at all.
    No,
    /// Only how much of each kind.
    Summary,
    /// Each call stack that leaked.
    // valgrind takes both words, and most people type the other one.
    #[value(alias = "yes")]
    #[default]
    Full,
}

impl LeakCheckMode {
    /// The word that the library takes.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LeakCheckMode::No => "no",
            LeakCheckMode::Summary => "summary",
            LeakCheckMode::Full => "full",
        }
    }
}

/// Kinds of leaks, as `definite,possible`, `all` or `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakKinds(pub BTreeSet<LeakKind>);

impl LeakKinds {
    /// These kinds.
    #[must_use]
    pub fn of(kinds: &[LeakKind]) -> Self {
        LeakKinds(kinds.iter().copied().collect())
    }

    /// Whether a kind is among them.
    #[must_use]
    pub fn contains(&self, kind: LeakKind) -> bool {
        self.0.contains(&kind)
    }
}

impl FromStr for LeakKinds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut kinds = BTreeSet::new();
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        for word in &words {
            if words.len() > 1 && matches!(*word, "all" | "none") {
                return Err(format!("{word} stands alone, without other kinds"));
            }
            match *word {
                "all" => kinds.extend(LeakKind::ALL),
                "none" => {}
                _ => {
                    let kind = LeakKind::ALL.iter().find(|kind| kind.shown() == *word);
                    kinds.insert(*kind.ok_or_else(|| {
                        format!(
                            "no kind {word}: expected definite, indirect, possible, reachable \
                             with commas between them, or all, or none"
                        )
                    })?);
                }
            }
        }
        Ok(LeakKinds(kinds))
    }
}

/// What children that the library did not get into mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum UntracedChildren {
    /// They are listed.
    #[default]
    Warn,
    /// They are listed, and the gate is not green.
    Error,
}

/// Limits on what a run may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Bytes lost, definite, indirect and possible, over all processes.
    pub leak_bytes: Option<u64>,
    /// Bytes live at once, in any one process.
    pub peak_bytes: Option<u64>,
    /// Allocations, over all processes.
    pub allocations: Option<u64>,
}

/// The words that reports are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// LDT's own, with AddressSanitizer's kinds.
    #[default]
    Own,
    /// valgrind's, for tools that read its logs.
    Valgrind,
}

/// Where the results of all processes go, once each, at the end.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// JSON of the contract.
    pub json: Option<PathBuf>,
    /// JUnit.
    pub junit: Option<PathBuf>,
    /// SARIF 2.1.0.
    pub sarif: Option<PathBuf>,
    /// valgrind's XML, protocol 4.
    pub xml: Option<PathBuf>,
    /// Annotations for GitHub, and its job summary.
    pub github: bool,
}

impl Settings {
    /// The folder whose programs are the user's own, which are judged whatever they are called: where `ldt` was
    /// started. Not where that has everything below it, tools as well; none where executables to leave alone were
    /// named.
    #[must_use]
    pub fn own_folder(&self) -> Option<PathBuf> {
        let here = std::env::current_dir().ok();
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let home = home.filter(|home| home.is_absolute());
        let is_narrow = |here: &PathBuf| {
            here.parent().is_some() && !home.is_some_and(|home| home.starts_with(here))
        };
        here.filter(|_| self.skip.is_none()).filter(is_narrow)
    }

    /// Executables that the library is to leave alone, for its options.
    #[must_use]
    pub fn skip_list(&self) -> String {
        match &self.skip {
            Some(asked) => asked.join(","),
            None => [RUNNERS, HELPERS].concat().join(","),
        }
    }
}

/// Everything that was asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// Options for the library, beside those that every check has.
    pub library: Vec<(&'static str, OsString)>,
    /// Executables that are not judged, by file name, in place of [`RUNNERS`] and [`HELPERS`].
    pub skip: Option<Vec<String>>,
    /// Where the trace is kept, if it is.
    pub trace: Option<PathBuf>,
    /// Whether leaks are looked for.
    pub leak_check: LeakCheckMode,
    /// The kinds whose records are shown.
    pub show_leak_kinds: LeakKinds,
    /// The kinds that are errors.
    pub errors_for_leak_kinds: LeakKinds,
    /// What the exit code is when something was found; 0 keeps the command's own.
    pub error_exitcode: u8,
    /// Files of suppressions.
    pub suppressions: Vec<PathBuf>,
    /// Whether LDT's own suppressions count.
    pub default_suppressions: bool,
    /// Print a suppression for everything found.
    pub gen_suppressions: bool,
    /// What is known and does not fail.
    pub baseline: Option<PathBuf>,
    /// Limits.
    pub budgets: Budgets,
    /// What untraced children mean.
    pub untraced_children: UntracedChildren,
    /// Where the text goes instead of standard error.
    pub log_file: Option<PathBuf>,
    /// How much of a stack is shown.
    pub detail: Detail,
    /// No more than errors: no summaries.
    pub quiet: bool,
    /// The words of the text.
    pub dialect: Dialect,
    /// Two runs, with guards on either side.
    pub thorough: bool,
    /// A second run with guards on what was found damaged.
    pub pin: bool,
    /// Files at the end.
    pub outputs: Outputs,
}

impl Settings {
    /// Whether leaks of this kind are errors.
    #[must_use]
    pub fn fails_for(&self, kind: LeakKind) -> bool {
        self.leak_check == LeakCheckMode::Full && self.errors_for_leak_kinds.contains(kind)
    }

    /// Whether anything is said of leaks of this kind.
    #[must_use]
    pub fn tells_leaks(&self, kind: LeakKind) -> bool {
        self.show_leak_kinds.contains(kind) || self.errors_for_leak_kinds.contains(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_and_none_are_no_kinds_among_others() {
        for mixed in ["all,none", "definite,none", "all,possible"] {
            let error = mixed.parse::<LeakKinds>().expect_err("it says two things");
            assert!(error.contains("stands alone"), "{error}");
        }
    }

    #[test]
    fn leak_kinds_are_words_with_commas() {
        let kinds: LeakKinds = "definite,possible".parse().expect("kinds");
        assert!(kinds.contains(LeakKind::Definite) && !kinds.contains(LeakKind::Reachable));
        assert_eq!("all".parse::<LeakKinds>().map(|kinds| kinds.0.len()), Ok(4));
        assert_eq!(
            "none".parse::<LeakKinds>().map(|kinds| kinds.0.len()),
            Ok(0)
        );
        let error = "definit".parse::<LeakKinds>().expect_err("no such kind");
        assert!(error.contains("definit") && error.contains("reachable"));
    }
}
