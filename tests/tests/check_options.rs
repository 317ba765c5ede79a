//! Options and events of check mode that no other file is about: the seed, the hand-over to a debugger, the library
//! alone, forks, blocks mapped over, what the report says of a process.

use std::process::Command;

use ldt_tests::checked::{check, passes_through};
use ldt_tests::installed::{ldt, preload};
use ldt_tests::machine::lends_watchpoints;
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};
use ldt_tests::valgrind::heap_usage;

#[test]
fn a_seed_gives_the_same_choice_of_guarded_blocks_again() {
    let program = Sample::named("check/options/guarded_choice.c").build(Variant::PLAIN);
    let choice = |seed: &str| {
        let checked = check(&[seed], &program, [""; 0]);
        assert_eq!(
            checked.outcome.ending,
            Ending::Code(0),
            "{}",
            checked.outcome.stderr
        );
        checked.outcome.stdout
    };
    let first = choice("--seed=5");
    assert!(!first.starts_with("0 guarded"), "{first}");
    assert_eq!(choice("--seed=5"), first);
    assert_ne!(choice("--seed=6"), first);
}

#[test]
fn on_error_gdb_hands_over_to_the_debugger() {
    let program = Sample::named("check/errors/double_free.c").build(Variant::PLAIN);
    // Its standard input is empty: gdb looks, and lets go.
    let checked = check(&["--on-error=gdb"], &program, [""; 0]);
    let said = &checked.outcome;
    assert!(
        said.stdout.contains("Attaching to process") && said.stdout.contains("detached"),
        "{}\n{}",
        said.stdout,
        said.stderr
    );
    // The run goes on to its end, and gdb itself is not judged.
    assert_eq!(said.ending, Ending::Code(99));
    assert!(!said.stderr.contains(" lost in "), "{}", said.stderr);
    assert_eq!(checked.report().errors.len(), 1);
    assert_eq!(checked.report().exit.code, Some(0));
}

#[test]
fn on_error_core_ends_the_process_with_a_core() {
    let program = Sample::named("check/errors/double_free.c").build(Variant::PLAIN);
    let checked = check(&["--on-error=core"], &program, [""; 0]);
    assert_eq!(
        checked.outcome.ending,
        Ending::Code(99),
        "{}",
        checked.outcome.stderr
    );
    assert_eq!(checked.report().exit.signal, Some(6), "SIGABRT");
    assert_eq!(checked.report().errors.len(), 1);
}

#[test]
fn the_library_alone_prints_its_report() {
    let program = Sample::named("check/errors/double_free.c").build(Variant::PLAIN);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let outcome = run(Command::new(&program)
        .current_dir(folder.path())
        .env("LD_PRELOAD", preload())
        .env("LDT_OPTIONS", "mode=check"));
    assert_eq!(outcome.ending, Ending::Code(0), "the program's own");
    for line in [
        "ERROR: double-free: second free of a freed block of 32 bytes",
        "allocated by thread T0 here:",
        " in make ",
        "freed by thread T0 here:",
        " in drop ",
        "HEAP SUMMARY:",
        "total heap usage: 1 allocs, 1 frees, 32 bytes allocated",
        "LEAK SUMMARY: 0 bytes in 0 blocks were live",
        "definitely lost: 0 bytes in 0 blocks",
    ] {
        assert!(outcome.stderr.contains(line), "{line}: {}", outcome.stderr);
    }
    let last = "ERROR SUMMARY: 1 errors from 1 contexts (suppressed: 0 from 0)\n";
    assert!(outcome.stderr.ends_with(last), "{}", outcome.stderr);
}

/// Inlined functions all had the number of the one that they were compiled into.
#[test]
fn the_library_alone_numbers_inlined_functions() {
    let program = Sample::named("check/options/inlined_double_free.c").build(Variant::PLAIN);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let outcome = run(Command::new(&program)
        .current_dir(folder.path())
        .env("LD_PRELOAD", preload())
        .env("LDT_OPTIONS", "mode=check"));
    let said = &outcome.stderr;
    let has = |start: &str, end: &str| {
        let mut lines = said.lines();
        lines.any(|line| line.contains(start) && line.ends_with(end))
    };
    assert!(has("#0 free", "#0 free"), "{said}");
    assert!(has("#1 0x", "inlined_double_free.c:5 [inlined]"), "{said}");
    assert!(has("#2 0x", "inlined_double_free.c:10 [inlined]"), "{said}");
    assert!(has("#3 0x", "inlined_double_free.c:15"), "{said}");
}

#[test]
fn both_sides_of_a_fork_go_on_with_the_blocks_of_before() {
    let program = Sample::named("check/options/forks.c").build(Variant::PLAIN);
    for guard in ["--guard=adaptive", "--guard=all", "--guard=off"] {
        let checked = check(&[guard], &program, [""; 0]);
        assert_eq!(
            checked.outcome.stdout, "child 7\n",
            "{guard}: {}",
            checked.outcome.stderr
        );
        assert_eq!(checked.outcome.ending, Ending::Code(99), "{guard}");
        let errors = &checked.report().errors;
        assert_eq!(errors.len(), 1, "{guard}: {}", checked.outcome.stderr);
        let error = &errors[0];
        assert_eq!(
            (error.kind.as_str(), error.count),
            ("heap-buffer-overflow", 1),
            "{guard}"
        );
        // The block's stack is the parent's, of before the fork.
        assert!(
            passes_through(error.allocated.as_ref(), "before_the_fork"),
            "{error:?}"
        );
        let found_in = match error.detected_by.as_str() {
            "guard" => "in_the_child",
            _ => "go_on",
        };
        assert!(passes_through(error.stack.as_ref(), found_in), "{error:?}");
    }
}

/// LDT took its locks before such handlers ran, and they waited for them for ever.
#[test]
fn handlers_that_allocate_at_forks_may_be_registered_before_all() {
    let program = Sample::named("check/options/handlers_at_forks.c").build(Variant::PLAIN);
    let bare = run(&mut Command::new(&program));
    assert_eq!(bare.ending, Ending::Code(0));
    let checked = check(&[""; 0], &program, [""; 0]);
    let said = &checked.outcome;
    assert_eq!(said.stdout, bare.stdout, "{}", said.stderr);
    assert_eq!(said.ending, Ending::Code(0), "{}", said.stderr);
}

#[test]
fn pages_of_blocks_that_the_program_maps_over_are_its_own() {
    let program = Sample::named("check/options/mapped_over.c").build(Variant::PLAIN);
    let all = "--guard=all";
    for options in [
        ["--guard=adaptive", "--guard-method=auto"],
        ["--guard=off", "--guard-method=auto"],
        [all, "--guard-method=auto"],
        [all, "--guard-method=mprotect"],
        [all, "--exact"],
    ] {
        let mut options = options.to_vec();
        options.push("--freelist-vol=1M");
        let checked = check(&options, &program, [""; 0]);
        let said = &checked.outcome;
        assert_eq!(
            said.stdout, "32768\n262144\n2097152\n",
            "{options:?}: {}",
            said.stderr
        );
        assert_eq!(said.ending, Ending::Code(0), "{options:?}: {}", said.stderr);
    }
}

#[test]
fn a_childs_child_that_shares_its_memory_does_not_begin_for_it() {
    let program = Sample::named("check/options/shared_memory_child.c").build(Variant::PLAIN);
    for guard in ["--guard=adaptive", "--guard=all", "--guard=off"] {
        let checked = check(&[guard], &program, [""; 0]);
        let said = &checked.outcome;
        assert_eq!(said.stdout, "3\n3\n", "{guard}: {}", said.stderr);
        let errors = &checked.report().errors;
        assert_eq!(errors.len(), 1, "{guard}: {}", said.stderr);
        // Once in each of the two children.
        assert_eq!(
            (errors[0].kind.as_str(), errors[0].count),
            ("double-free", 2),
            "{guard}: {}",
            said.stderr
        );
    }
}

/// With watchpoints set, page faults of a virtual machine cost twice to three times as much.
#[test]
fn watchpoints_are_given_back_when_the_heap_has_grown_or_many_children_were_forked() {
    let program = Sample::named("check/options/descriptors.c").build(Variant::PLAIN);
    let lent = if lends_watchpoints() { 4 } else { 0 };
    for (option, expected) in [
        ("--watchpoints=yes", format!("{lent} then 0\n")),
        ("--watchpoints=no", "0 then 0\n".to_owned()),
    ] {
        for what in ["grows", "forks"] {
            let checked = check(&[option], &program, [what]);
            let said = &checked.outcome;
            assert_eq!(said.stdout, expected, "{what}, {option}: {}", said.stderr);
            let code = Ending::Code(0);
            assert_eq!(said.ending, code, "{what}, {option}: {}", said.stderr);
        }
    }
}

/// A server's process for one client has it as standard error: "ldt: no leak check" stood among the answers.
#[test]
fn a_client_over_a_network_is_told_nothing() {
    let program = Sample::named("check/options/answers_a_client.c").build(Variant::PLAIN);
    let bare = run(&mut Command::new(&program));
    if bare.ending == Ending::Code(77) {
        eprintln!("this machine has no loopback");
        return;
    }
    assert_eq!(bare.stdout, "answer\n");
    let checked = check(&["--guard=adaptive"], &program, [""; 0]);
    assert_eq!(checked.outcome.stdout, bare.stdout);
    assert_eq!(checked.outcome.ending, bare.ending);
}

/// The report said that the process had ended before a leak check could be made.
#[test]
fn the_report_says_why_no_leak_check_was_made() {
    let program = Sample::named("check/options/without_descriptors.c").build(Variant::PLAIN);
    let checked = check(&["--guard=adaptive"], &program, [""; 0]);
    let said = &checked.outcome.stderr;
    let why = "no leak check was made: /proc/self/task cannot be read";
    assert!(said.contains(why), "{said}");
}

/// What a thread had counted was lost when it still waited at the end, up to 16,384 calls, and what libc frees for one that
/// has run its destructors.
#[test]
fn the_totals_have_threads_that_wait_and_such_as_have_ended() {
    let program = Sample::named("check/options/waiting_threads.c").build(Variant::PLAIN);
    let (usage, _) = heap_usage(&program, [""; 0], |_| {});
    const THREADS: u64 = 8;
    let ways: [&[&str]; 3] = [&[], &["--leak-check=no"], &["--guard=off"]];
    for way in ways {
        let checked = check(way, &program, [""; 0]);
        let totals = &checked.report().totals;
        assert_eq!(totals.allocations, Some(usage.allocations), "{way:?}");
        let live = totals
            .allocations
            .zip(totals.frees)
            .map(|(all, freed)| all - freed);
        assert!(
            live <= Some(THREADS),
            "the loader keeps a block a thread: {way:?}, {live:?}"
        );
    }
}

/// Where what was found could not be written down, nobody may take the run for a clean one.
#[test]
fn an_error_that_finds_no_room_in_the_trace_is_no_green_run() {
    let program = Sample::named("check/errors/double_free.c").build(Variant::PLAIN);
    let limited = "ulimit -f 20; exec \"$0\" check \"$1\"";
    let outcome = run(Command::new("sh")
        .args(["-c", limited])
        .arg(ldt())
        .arg(&program));
    assert_eq!(outcome.ending, Ending::Code(125), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("1 of 1 errors of process"),
        "{}",
        outcome.stderr
    );
}

/// It said "0 bytes in 0 blocks", which nobody had counted.
#[test]
fn what_a_killed_process_had_in_use_is_not_told_as_nothing() {
    let program = Sample::named("endings/killed.c").build(Variant::PLAIN);
    let checked = check(&[""; 0], &program, [""; 0]);
    assert_eq!(checked.outcome.ending, Ending::Code(137), "{checked:?}");
    let said = &checked.outcome.stderr;
    assert!(said.contains("in use at exit: not known"), "{said}");
    assert!(!said.contains("total heap usage"), "{said}");
}

#[test]
fn what_a_handler_has_freed_inside_realloc_is_not_lost() {
    let program = Sample::named("check/options/freed_by_a_handler.c").build(Variant::PLAIN);
    let checked = check(&[""; 0], &program, [""; 0]);
    let said = &checked.outcome;
    assert_eq!(said.ending, Ending::Code(0), "{}", said.stderr);
    let leaks = checked.report().leaks.as_ref().expect("a check was made");
    assert_eq!(leaks.definite.blocks, 0, "{}", said.stderr);
}

/// A thousand levels were told by twenty megabytes of text; of JSON, three times that.
#[test]
fn the_leaks_of_a_recursion_are_told_for_its_first_levels() {
    let sample = Sample::named("check/leaks/at_each_level_of_a_recursion.c");
    let checked = check(&[""; 0], &sample.build(Variant::PLAIN), [""; 0]);
    let said = &checked.outcome.stderr;
    let leaks = checked.report().leaks.as_ref().expect("a check was made");
    let told: Vec<(usize, u64)> = leaks
        .records
        .iter()
        .map(|record| (record.stack.len(), record.blocks))
        .collect();
    let shallowest = told.iter().map(|&(frames, _)| frames).min();
    let shallowest = shallowest.expect("there are records");
    let mut expected: Vec<(usize, u64)> = (0..17).map(|level| (shallowest + level, 1)).collect();
    expected[16].1 = 84;
    assert_eq!(told, expected, "{said}");
}
