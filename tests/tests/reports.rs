//! The text of `ldt report` and `ldt diff`: what a person reads is there, and agrees with the JSON.

use std::fs;
use std::path::Path;
use std::process::Command;

use ldt_tests::installed::ldt;
use ldt_tests::profile::{Profiled, profile};
use ldt_tests::report::Report;
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};
use serde_json::Value;

#[test]
fn the_report_names_functions_files_and_lines() {
    let text = profiled("threads/named_threads.c").printed_report(&[]);
    for words in ["by_beta", "named_threads.c:", "malloc", "alpha", "beta"] {
        assert!(text.contains(words), "no `{words}` in:\n{text}");
    }
}

#[test]
fn filters_keep_what_they_name() {
    let profiled = profiled("threads/named_threads.c");
    for filter in ["function=by_alpha", "thread=alpha"] {
        let text = profiled.printed_report(&["--filter", filter]);
        assert!(text.contains("by_alpha"), "{filter}:\n{text}");
        assert!(!text.contains("by_beta"), "{filter}:\n{text}");
    }
}

#[test]
fn a_filter_that_nothing_matches_says_how_patterns_match() {
    let profiled = profiled("threads/named_threads.c");
    let text = profiled.printed_report(&["--filter", "function=alph"]);
    assert!(text.contains("nothing matches; *"), "{text}");
    let text = profiled.printed_report(&["--filter", "function=*alph*"]);
    assert!(!text.contains("nothing matches"), "{text}");
}

#[test]
fn a_time_after_the_end_is_warned_of() {
    let profiled = profiled("threads/named_threads.c");
    for option in ["--at", "--from"] {
        let outcome = run(Command::new(ldt())
            .args(["report", option, "5000"])
            .arg(profiled.trace()));
        assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
        let warning = format!("ldt: warning: {option} ");
        assert!(outcome.stderr.contains(&warning), "{}", outcome.stderr);
    }
}

/// Of a program of one thread the first events after a pause had the time of the last stamp, up to 64 events and a whole
/// pause ago.
#[test]
fn what_comes_after_a_pause_has_its_time() {
    let program = Sample::named("launching/pauses.c").build(Variant::SHIPPED);
    let paused_then_peaked = |trace: &Path, said: &str| {
        let paused_ns: u64 = said.trim().parse().expect("the program prints a number");
        let peak_ns = Report::of(trace).heap.peak_time_ns.expect("it has a peak");
        // The counter's rate is measured; a hundredth is more than it is ever off.
        assert!(
            peak_ns + paused_ns / 100 >= paused_ns,
            "the peak, after {paused_ns} ns, is shown at {peak_ns}"
        );
    };
    let profiled = profile(&program, [""; 0]);
    paused_then_peaked(&profiled.trace(), &profiled.outcome.stdout);

    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let trace = folder.path().join("checked.trace");
    let checked = run(Command::new(ldt())
        .args(["check", "--profile", "-o"])
        .arg(&trace)
        .arg(&program));
    assert_eq!(checked.ending, Ending::Code(0), "{checked:?}");
    paused_then_peaked(&trace, &checked.stdout);
}

/// A process that was killed seemed to have ended with its last event.
#[test]
fn what_is_killed_lasts_until_then() {
    let program = Sample::named("launching/pauses.c").build(Variant::SHIPPED);
    let profiled = profile(&program, ["kill"]);
    assert_eq!(profiled.outcome.ending, Ending::Code(128 + 9));
    let ran_ns: u64 = profiled.outcome.stdout.trim().parse().expect("a number");
    let lasted_ns = profiled.report().duration_ns;
    assert!(lasted_ns >= ran_ns, "{lasted_ns} ns after {ran_ns}");
}

#[test]
fn a_dash_is_standard_output() {
    let profiled = profiled("threads/named_threads.c");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for command in [
        &["report", "-o", "-"][..],
        &["report", "--format=json", "-o", "-"],
        &["export", "--format=collapsed", "-o", "-"],
        &["flamegraph", "-o", "-"],
        &["chart", "--kind=timeline", "-o", "-"],
        &["html", "-o", "-"],
    ] {
        let outcome = run(Command::new(ldt())
            .args(command)
            .arg(profiled.trace())
            .current_dir(folder.path()));
        let holds = match command[0] {
            "chart" => "PNG",
            _ => "alloc",
        };
        assert!(outcome.stdout.contains(holds), "{command:?}: {outcome:?}");
        assert!(
            !folder.path().join("-").exists(),
            "{command:?} wrote a file"
        );
    }
}

/// What was recorded was written over when its name was given for the report, too.
#[test]
fn a_result_never_takes_the_place_of_a_trace() {
    let profiled = profiled("threads/named_threads.c");
    let trace = profiled.trace();
    let recorded = fs::read(&trace).expect("the trace is there");
    let linked = trace.with_extension("svg");
    fs::hard_link(&trace, &linked).expect("it can be linked");
    for (command, output) in [
        (&["report"][..], &trace),
        (&["report", "--format=json"], &linked),
        (&["export", "--format=pprof"], &trace),
        (&["html"], &trace),
        (&["flamegraph"], &linked),
        (&["chart", "--kind=sizes"], &linked),
        (&["diff"], &trace),
    ] {
        let before = (command[0] == "diff").then_some(&trace);
        let outcome = run(Command::new(ldt())
            .args(command)
            .arg("-o")
            .arg(output)
            .args(before)
            .arg(&trace));
        assert_eq!(
            outcome.ending,
            Ending::Code(125),
            "{command:?}: {outcome:?}"
        );
        assert!(
            outcome.stderr.contains("it is a trace"),
            "{command:?}: {outcome:?}"
        );
        let left = fs::read(&trace).expect("the trace is there");
        assert!(left == recorded, "{command:?} wrote over the trace");
    }
}

#[test]
fn the_books_of_memusage_are_there() {
    let text = profiled("functions/failing_allocations.c").printed_report(&[]);
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
fn a_diff_of_a_damaged_trace_is_not_green() {
    let profiled = profiled("endings/exit_now.c");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let cut = folder.path().join("cut.trace");
    let whole = fs::read(profiled.trace()).expect("it can be read");
    fs::write(&cut, &whole[..whole.len() / 2]).expect("it can be written");
    let diff = |options: &[&str], before: &Path, after: &Path| {
        let mut command = Command::new(ldt());
        run(command.arg("diff").args(options).arg(before).arg(after)).ending
    };
    assert_eq!(
        diff(&["--fail-above=1"], &profiled.trace(), &cut),
        Ending::Code(125)
    );
    assert_eq!(diff(&[], &profiled.trace(), &cut), Ending::Code(0));
}

#[test]
fn a_moment_outside_of_the_span_that_is_read_is_refused() {
    let profiled = profiled("threads/named_threads.c");
    for options in [["--at=2s", "--to=1s"], ["--at=1s", "--from=2s"]] {
        let mut command = Command::new(ldt());
        let outcome = run(command.arg("report").args(options).arg(profiled.trace()));
        assert_eq!(outcome.ending, Ending::Code(125), "{outcome:?}");
        assert!(outcome.stderr.contains("--at"), "{}", outcome.stderr);
    }
    let mut command = Command::new(ldt());
    let negative = run(command
        .args(["report", "--at", "-1s"])
        .arg(profiled.trace()));
    assert!(
        negative.stderr.contains("expected a time since the start"),
        "{}",
        negative.stderr
    );
}

#[test]
fn what_a_program_is_called_with_does_no_harm_to_a_terminal() {
    let program = Sample::named("functions/every_c_function.c").build(Variant::PLAIN);
    let profiled = profile(&program, ["\x1b[31mred\nnext"]);
    let text = profiled.printed_report(&[]);
    assert!(text.contains(r"\u{1b}[31mred\nnext"), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
    let json = profiled.printed_report(&["--format", "json"]);
    assert!(!json.contains(r"\u0000"), "{json}");
}

#[test]
fn a_line_break_in_a_programs_name_breaks_no_line() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let program = folder.path().join("odd\nname");
    let sample = Sample::named("functions/every_c_function.c").build(Variant::PLAIN);
    fs::copy(sample, &program).expect("it can be copied");
    let text = profile(&program, [""; 0]).printed_report(&[]);
    let checked = run(Command::new(ldt()).arg("check").arg(&program)).stderr;
    for said in [&text, &checked] {
        assert!(
            said.contains(r"(odd\nname)") && !said.contains("odd\n"),
            "{said}"
        );
    }
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

/// A library's debug information is read in part where it lies in a file of its own; the program's,
/// in full. Both give the same names.
#[test]
fn a_separate_debug_file_names_what_the_program_itself_would() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let at = |name: &str| folder.path().join(name);
    let unit = |number: u32| {
        format!(
            "#include <stdlib.h>\nvoid next_{next}(void);\nstatic inline void inner_{number}(void) {{\n    \
             free(malloc({number} + 100));\n}}\nvoid next_{number}(void) {{\n    inner_{number}();\n    \
             next_{next}();\n    free(calloc(1, 8));\n}}\n",
            next = number + 1
        )
    };
    let main = "void next_0(void);\nvoid next_9(void) {}\nint main(void) {\n    next_0();\n}\n";
    fs::write(at("main.c"), main).expect("it can be written");
    let mut sources = vec!["main.c".to_owned()];
    for number in 0..9 {
        let name = format!("unit_{number}.c");
        fs::write(at(&name), unit(number)).expect("it can be written");
        sources.push(name);
    }
    let tool = |name: &str, arguments: &[&str]| {
        let outcome = run(Command::new(name)
            .args(arguments)
            .current_dir(folder.path()));
        assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
    };
    let mut compile = vec![
        "-g",
        "-gz=zlib",
        "-O1",
        "-fno-builtin",
        "-Wl,--build-id",
        "-o",
        "whole",
    ];
    compile.extend(sources.iter().map(String::as_str));
    tool("gcc", &compile);
    tool("objcopy", &["--only-keep-debug", "whole", "program.debug"]);
    let link = "--add-gnu-debuglink=program.debug";
    tool("objcopy", &["--strip-debug", link, "whole", "program"]);

    let profiled = profile(&at("program"), [""; 0]);
    let apart = profiled.printed_report(&["--format", "json"]);
    assert!(
        apart.contains("unit_3.c") && apart.contains("inner_3"),
        "{apart}"
    );
    fs::rename(at("whole"), at("program")).expect("it can be replaced");
    assert_eq!(profiled.printed_report(&["--format", "json"]), apart);
}

fn profiled(sample: &str) -> Profiled {
    profile(&Sample::named(sample).build(Variant::PLAIN), [""; 0])
}
