//! Which test a process ran, where the runner tells: by a variable of its environment, which the library
//! notes in the trace, or else by its command line.

use crate::findings::ProcessReport;
use crate::replay::facts::Facts;
use crate::report::process::command;
use std::collections::BTreeMap;

/// Longer command lines are cut.
const MAX_COMMAND_LETTERS: usize = 160;

/// The test's name, if anything is known of it.
#[must_use]
pub fn of(report: &ProcessReport) -> Option<String> {
    told_by_runner(&report.environment)
        .or_else(|| command_line(report.command.iter().map(String::as_str)))
}

/// The line that says which process an id stands for, in a run that has many.
#[must_use]
pub fn introduction(facts: &Facts) -> Option<String> {
    let command = command_line(command(facts).into_iter());
    let command = command.map(|command| format!("Command: {command}"));
    match (command, told_by_runner(&facts.meta)) {
        (Some(command), Some(test)) => Some(format!("{command} (test {test})")),
        (command, test) => command.or(test.map(|test| format!("Test: {test}"))),
    }
}

fn told_by_runner(facts: &BTreeMap<String, String>) -> Option<String> {
    let variable = |name: &str| {
        let value = facts.get(&format!("env:{name}"))?;
        (!value.is_empty()).then_some(value.as_str())
    };
    if let Some(name) = variable("LDT_TEST") {
        return Some(name.to_owned());
    }
    if let Some(test) = variable("NEXTEST_TEST_NAME") {
        return Some(match variable("NEXTEST_BINARY_ID") {
            Some(binary) => format!("{binary}::{test}"),
            None => test.to_owned(),
        });
    }
    if let Some(test) = variable("PYTEST_CURRENT_TEST") {
        // `test_x.py::test_y (call)`.
        return Some(test.split(" (").next().unwrap_or(test).to_owned());
    }
    None
}

/// Whether a process only said which tests there are: no test ran in it. Known by what the harnesses of tests call
/// that (libtest as nextest asks it, GoogleTest, Catch2, doctest, Boost.Test).
#[must_use]
pub fn is_listing(report: &ProcessReport) -> bool {
    const ALONE: &[&str] = &[
        "--gtest_list_tests",
        "--list-tests",
        "--list-test-names-only",
        "--list-test-cases",
        "--list_content",
    ];
    let arguments = report.command.get(1..).unwrap_or_default();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    ALONE.iter().any(|word| has(word)) || has("--list") && has("--format")
}

/// The command line, with the program by its name alone.
fn command_line<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<String> {
    let program = words.next()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let words = std::iter::once(name).chain(words);
    let line = words.collect::<Vec<_>>().join(" ");
    Some(line.chars().take(MAX_COMMAND_LETTERS).collect())
}
