//! The text of `ldt report` and `ldt diff`: what a person reads is there, and agrees with the JSON.

use std::process::Command;

use ldt_tests::installed::ldt;
use ldt_tests::profile::{Profiled, profile};
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};
use serde_json::Value;

#[test]
fn the_report_names_functions_files_and_lines() {
    let text = report(&profiled("threads/named_threads.c"), &[]);
    for words in ["by_beta", "named_threads.c:", "malloc", "alpha", "beta"] {
        assert!(text.contains(words), "no `{words}` in:\n{text}");
    }
}

#[test]
fn filters_keep_what_they_name() {
    let profiled = profiled("threads/named_threads.c");
    for filter in ["function=by_alpha", "thread=alpha"] {
        let text = report(&profiled, &["--filter", filter]);
        assert!(text.contains("by_alpha"), "{filter}:\n{text}");
        assert!(!text.contains("by_beta"), "{filter}:\n{text}");
    }
}

#[test]
fn the_books_of_memusage_are_there() {
    let text = report(&profiled("functions/failing_allocations.c"), &[]);
    for words in ["malloc", "calloc", "realloc", "failed"] {
        assert!(text.contains(words), "no `{words}` in:\n{text}");
    }
}

#[test]
fn a_diff_shows_what_grew() {
    let before = profiled("endings/exit_from_thread.c");
    let after = profiled("endings/exit_now.c");
    let outcome = run(Command::new(ldt())
        .arg("diff")
        .arg(before.trace())
        .arg(after.trace()));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    assert!(outcome.stdout.contains("at_work"), "{}", outcome.stdout);

    let same = run(Command::new(ldt())
        .arg("diff")
        .arg(after.trace())
        .arg(after.trace()));
    assert_eq!(same.ending, Ending::Code(0), "{same:?}");
    assert!(
        !same.stdout.contains("at_work"),
        "nothing changed:\n{}",
        same.stdout
    );
}

#[test]
fn a_diff_fails_above_what_is_allowed() {
    let small = profiled("endings/exit_from_thread.c");
    let large = profiled("endings/exit_now.c");
    let diff = |limit: &str| {
        let mut command = Command::new(ldt());
        command.args(["diff", "--fail-above", limit]);
        run(command.arg(small.trace()).arg(large.trace())).ending
    };
    assert_eq!(diff("1K"), Ending::Code(99));
    assert_eq!(diff("1G"), Ending::Code(0));
}

#[test]
fn a_diff_as_json_adds_up_to_the_reports() {
    let before = profiled("endings/exit_from_thread.c");
    let after = profiled("endings/exit_now.c");
    let mut command = Command::new(ldt());
    command.args(["diff", "--format", "json", "--fail-above", "1K"]);
    let outcome = run(command.arg(before.trace()).arg(after.trace()));
    assert_eq!(outcome.ending, Ending::Code(99), "{outcome:?}");
    let diff: Value = serde_json::from_str(&outcome.stdout).expect("it is JSON");
    let number = |value: &Value| value.as_i64().unwrap_or_else(|| panic!("{value}"));
    let (from, to) = (before.report(), after.report());
    let expected = [
        ("bytes", from.totals.bytes, to.totals.bytes),
        (
            "allocations",
            from.totals.allocations,
            to.totals.allocations,
        ),
        ("peak_bytes", from.heap.peak_bytes, to.heap.peak_bytes),
    ];
    let changes = diff["changes"].as_array().expect("changes");
    for (figure, before, after) in expected {
        assert_eq!(diff["before"][figure], before, "{figure}");
        assert_eq!(diff["after"][figure], after, "{figure}");
        let grown = after.cast_signed() - before.cast_signed();
        assert_eq!(number(&diff["change"][figure]), grown, "{figure}");
        // Stacks that did not change are left out.
        let sum: i64 = changes
            .iter()
            .map(|change| number(&change["change"][figure]))
            .sum();
        assert_eq!(sum, grown, "{figure}");
    }
    let stacks = changes
        .iter()
        .filter_map(|change| change["stack"].as_array());
    let shown = stacks
        .flatten()
        .filter_map(|frame| frame["function"].as_str());
    assert!(
        shown.into_iter().any(|function| function == "at_work"),
        "{diff:#}"
    );
}

fn profiled(sample: &str) -> Profiled {
    profile(&Sample::named(sample).build(Variant::PLAIN), [""; 0])
}

fn report(profiled: &Profiled, options: &[&str]) -> String {
    let outcome = run(Command::new(ldt())
        .arg("report")
        .args(options)
        .arg(profiled.trace()));
    assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    outcome.stdout
}
