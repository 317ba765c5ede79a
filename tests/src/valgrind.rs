//! valgrind's `total heap usage`, the count that LDT's totals are defined by.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::installed::program;
use crate::report::{Report, Totals};
use crate::run::{Outcome, run};

/// What was allocated and freed, in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the report")]
pub struct HeapUsage {
    pub allocations: u64,
    pub frees: u64,
    pub bytes: u64,
}

impl From<Totals> for HeapUsage {
    fn from(totals: Totals) -> Self {
        HeapUsage {
            allocations: totals.allocations,
            frees: totals.frees + totals.unknown_frees,
            bytes: totals.bytes,
        }
    }
}

impl std::iter::Sum for HeapUsage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(HeapUsage::default(), |sum, one| HeapUsage {
            allocations: sum.allocations + one.allocations,
            frees: sum.frees + one.frees,
            bytes: sum.bytes + one.bytes,
        })
    }
}

/// The sum over these reports.
pub fn usage_of<'a>(reports: impl Iterator<Item = &'a Report>) -> HeapUsage {
    reports.map(|report| HeapUsage::from(report.totals)).sum()
}

/// Runs a program under valgrind; gives the sum over its processes.
///
/// # Panics
/// When valgrind prints no totals.
#[must_use]
pub fn heap_usage(
    command: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    adjust: impl FnOnce(&mut Command),
) -> (HeapUsage, Outcome) {
    let (logs, outcome) = logs(
        &["--leak-check=no", "--undef-value-errors=no"],
        command,
        arguments,
        adjust,
    );
    let usages: Vec<HeapUsage> = logs
        .iter()
        .flat_map(|log| log.lines())
        .filter_map(read_usage)
        .collect();
    assert!(
        !usages.is_empty(),
        "valgrind printed no totals for {command:?}: {outcome:?}"
    );
    (usages.into_iter().sum(), outcome)
}

/// What valgrind says of a program's leaks: one text for each of its processes.
///
/// # Panics
/// When valgrind leaves none.
#[must_use]
pub fn leak_logs(command: &Path, adjust: impl FnOnce(&mut Command)) -> Vec<String> {
    let options = ["--leak-check=full", "--show-leak-kinds=all"];
    let (logs, outcome) = logs(&options, command, [""; 0], adjust);
    assert!(!logs.is_empty(), "valgrind left no log: {outcome:?}");
    logs
}

/// What valgrind says of the definite and possible leaks of a program and its children: one text for each process.
#[must_use]
pub fn lost_logs(
    command: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    adjust: impl FnOnce(&mut Command),
) -> Vec<String> {
    let options = [
        "--leak-check=full",
        "--show-leak-kinds=definite,possible",
        "--undef-value-errors=no",
        "--trace-children=yes",
        "--num-callers=60",
    ];
    logs(&options, command, arguments, adjust).0
}

/// Runs a program under valgrind; gives the log of each of its processes.
fn logs(
    options: &[&str],
    command: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    adjust: impl FnOnce(&mut Command),
) -> (Vec<String>, Outcome) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut valgrind = Command::new(program("valgrind"));
    valgrind
        .args([
            "--run-libc-freeres=no",
            "--run-cxx-freeres=no",
            "--child-silent-after-fork=no",
        ])
        .args(options)
        .arg(format!("--log-file={}/%p", folder.path().display()))
        .arg(command)
        .args(arguments);
    adjust(&mut valgrind);
    let outcome = run(&mut valgrind);
    let logs = fs::read_dir(folder.path())
        .expect("a temporary folder can be listed")
        .map(|entry| {
            fs::read_to_string(entry.expect("it can be listed").path())
                .expect("valgrind's log can be read")
        });
    (logs.collect(), outcome)
}

/// `==1== total heap usage: 1,024 allocs, 3 frees, 4,096 bytes allocated`
fn read_usage(line: &str) -> Option<HeapUsage> {
    let numbers = line.split_once("total heap usage: ")?.1.replace(',', "");
    let mut numbers = numbers
        .split_whitespace()
        .filter_map(|word| word.parse::<u64>().ok());
    Some(HeapUsage {
        allocations: numbers.next()?,
        frees: numbers.next()?,
        bytes: numbers.next()?,
    })
}
