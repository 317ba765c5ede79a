//! Leak checks while the program runs: asked for by the program itself through `ldt.h`, and from outside
//! by `ldt leaks`.

use std::process::Command;

use ldt_tests::checked::{Checked, check};
use ldt_tests::installed::{ldt, preload};
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};

#[test]
fn a_program_asks_several_times_and_its_threads_do_not_notice() {
    for variant in [Variant::PLAIN, Variant::SHIPPED] {
        let program = Sample::named("check/on_demand/several.c").build(variant);
        let bare = run(&mut Command::new(&program));
        let lines = [
            "at first 0",
            "then 10",
            "later 30",
            "at last 60",
            "errors 0",
            "poll 1, errno 0",
            "",
        ];
        assert_eq!(bare.stdout, lines.join("\n"), "without LDT");
        let checked = check(&["--guard=adaptive"], &program, [""; 0]);
        assert_eq!(
            checked.outcome.stdout, bare.stdout,
            "{}",
            checked.outcome.stderr
        );
        assert_eq!(checked.outcome.ending, Ending::Code(99));
        let leaks = checked.report().leaks.as_ref().expect("there was a check");
        assert_eq!((leaks.definite.bytes, leaks.definite.blocks), (60, 3));
    }
}

#[test]
fn a_running_process_is_asked_from_outside() {
    let program = Sample::named("check/on_demand/from_outside.c").build(Variant::PLAIN);
    let checked = check(&["--trace-children=no"], &program, [ldt()]);
    let said = &checked.outcome.stdout;
    assert!(
        said.contains("45 bytes in 1 blocks are definitely lost")
            && said.contains("in lose ")
            && said.contains("definitely lost: 45 bytes in 1 blocks"),
        "{said}\n{}",
        checked.outcome.stderr
    );
    assert_eq!(checked.outcome.ending, Ending::Code(99));
}

/// Number of the signal that the samples raise: SIGUSR2.
const RAISED: &str = "12";

#[test]
fn a_signal_makes_a_leak_check() {
    let program = Sample::named("check/on_demand/leaks_by_signal.c").build(Variant::PLAIN);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    // Without the launcher every check is printed as it is made.
    let outcome = run(Command::new(&program)
        .arg(RAISED)
        .current_dir(folder.path())
        .env("LD_PRELOAD", preload())
        .env("LDT_OPTIONS", format!("mode=check:leak_signal={RAISED}")));
    assert_eq!(outcome.ending, Ending::Code(0), "{}", outcome.stderr);
    let times = |bytes: u32| {
        let line = format!("{bytes} bytes in 1 blocks are definitely lost");
        outcome.stderr.matches(&line).count()
    };
    assert_eq!((times(33), times(44)), (3, 2), "{}", outcome.stderr);
}

#[test]
fn a_signal_makes_a_look_at_every_redzone() {
    let program = Sample::named("check/on_demand/by_signal.c").build(Variant::PLAIN);
    let run_with = |options: &str| {
        let mut command = Command::new(ldt());
        command.args(["check", "--guard=off", "--"]).arg(&program);
        run(command.arg(RAISED).env("LDT_OPTIONS", options))
    };
    let looked = run_with(&format!("check_signal={RAISED}"));
    assert_eq!(looked.ending, Ending::Code(99));
    let said = &looked.stderr;
    assert!(
        said.contains(
            "ERROR: heap-buffer-overflow: write of 2 bytes, 12 bytes after a block of 20 bytes"
        ) && said.contains("in allocate "),
        "{said}"
    );
    assert_eq!(looked.stdout, "done\n");
    // Nobody asks: the signal is the program's end, and there what is wrong is seen as at any end.
    let other = run_with("check_signal=10");
    assert_eq!(other.ending, Ending::Code(99), "{}", other.stderr);
    assert!(other.stderr.contains(" ERROR: "), "{}", other.stderr);
    assert_eq!(other.stdout, "");
}

#[test]
fn a_signal_in_the_middle_of_an_allocation_ends_with_a_leak_check() {
    for variant in [Variant::PLAIN, Variant::SHIPPED] {
        let program = Sample::named("check/on_demand/ended_while_allocating.c").build(variant);
        let checked = check(&["--show-leak-kinds=all"], &program, [""; 0]);
        let leaks = checked.report().leaks.as_ref().expect("there was a check");
        let found = [&leaks.definite, &leaks.reachable].map(|lost| (lost.bytes, lost.blocks));
        assert_eq!(found, [(20, 1), (30, 1)], "{}", checked.outcome.stderr);
        assert_eq!(checked.outcome.ending, Ending::Code(99));
    }
}

#[test]
fn a_sleeping_process_is_woken_and_does_not_notice() {
    for word in ["", "asks for the signal"] {
        let checked = asleep(word);
        let said = &checked.outcome.stdout;
        assert!(
            said.contains("poll 1, errno 0\n")
                && said.contains("definitely lost: 45 bytes in 1 blocks"),
            "{word}: {said}\n{}",
            checked.outcome.stderr
        );
        assert!(!said.contains("woken"), "{said}");
        assert_eq!(said.contains("default 1\n"), !word.is_empty(), "{said}");
    }
}

#[test]
fn a_process_that_has_taken_the_signal_is_left_asleep() {
    let checked = asleep("takes the signal");
    let said = &checked.outcome.stdout;
    assert!(
        said.contains("could not be woken: it has a handler of its own"),
        "{said}\n{}",
        checked.outcome.stderr
    );
    assert!(said.contains("poll 1, errno 0\n"), "{said}");
}

fn asleep(word: &str) -> Checked {
    let program = Sample::named("check/on_demand/asleep.c").build(Variant::PLAIN);
    let arguments = [ldt().into_os_string(), word.into()];
    check(&["--trace-children=no"], &program, arguments)
}

/// Regression: the kernel handed the signal that stops threads to one that waited for any signal.
#[test]
fn a_thread_that_waits_for_signals_gets_none_of_ours() {
    let program = Sample::named("check/on_demand/waits_for_signals.c").build(Variant::PLAIN);
    let checked = check(&["--guard=adaptive"], &program, [""; 0]);
    assert_eq!(checked.outcome.stdout, "got 1\n");
    assert_eq!(
        checked.outcome.ending,
        Ending::Code(0),
        "{}",
        checked.outcome.stderr
    );
}

/// Regression: sigsuspend came back although no signal had come; the helper of `SIGEV_THREAD` timers was waited for in vain, and one
/// that blocks all signals was not stopped.
#[test]
fn threads_that_block_signals_stop_without_noticing() {
    let program = Sample::named("check/on_demand/waits_with_sigsuspend.c").build(Variant::PLAIN);
    let checked = check(&["--guard=adaptive"], &program, [""; 0]);
    let said = &checked.outcome.stderr;
    assert_eq!(
        checked.outcome.stdout, "back -1, came 1\nfired 7\n",
        "{said}"
    );
    assert_eq!(checked.outcome.ending, Ending::Code(0), "{said}");
    let leaks = checked.report().leaks.as_ref().expect("there was a check");
    assert_eq!(leaks.definite.blocks, 0, "{said}");
}

#[test]
fn a_process_that_is_not_checked_is_refused_with_what_to_do() {
    let outcome = run(Command::new(ldt()).args(["leaks", &std::process::id().to_string()]));
    assert_eq!(outcome.ending, Ending::Code(125));
    assert!(
        outcome.stderr.contains("is not in check mode") && outcome.stderr.contains("ldt check"),
        "{}",
        outcome.stderr
    );
}

/// Before, all of them had the time of the first of 64 events, and so the last mark.
#[test]
fn an_error_belongs_to_the_mark_before_it() {
    let program = Sample::named("check/on_demand/marked.c").build(Variant::PLAIN);
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("found.json");
    let written = format!("--json={}", json.display());
    let checked = run(Command::new(ldt()).args(["check", &written]).arg(&program));
    assert_eq!(checked.ending, Ending::Code(99), "{}", checked.stderr);
    let found: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&json).expect("it is written")).expect("JSON");
    let errors = found["errors"].as_array().expect("errors").iter();
    let marks: Vec<&serde_json::Value> = errors.map(|error| &error["mark"]).collect();
    assert_eq!(marks, ["first", "third"], "{}", checked.stderr);
}
