//! Options and surroundings of check mode that no other file is about: the seed, the hand-over to a debugger, the
//! library alone, forks, locked memory, seccomp filters, limits, small control groups.

use std::process::Command;

use ldt_tests::checked::{check, passes_through};
use ldt_tests::installed::{ldt, preload};
use ldt_tests::machine::lends_watchpoints;
use ldt_tests::memory_group::MemoryGroup;
use ldt_tests::profile::profile;
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

/// Guard markers cannot be put on locked memory; redzones still tell.
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

#[test]
fn a_program_that_locks_its_memory_is_checked() {
    let program = Sample::named("check/options/locked.c").build(Variant::PLAIN);
    if run(&mut Command::new(&program)).ending == Ending::Code(77) {
        eprintln!("this machine lets nobody lock memory (RLIMIT_MEMLOCK)");
        return;
    }
    let checked = check(&["--guard=adaptive"], &program, [""; 0]);
    assert_eq!(
        checked.outcome.stdout, "done\n",
        "{}",
        checked.outcome.stderr
    );
    let errors = &checked.report().errors;
    assert_eq!(errors.len(), 1, "{}", checked.outcome.stderr);
    assert!(passes_through(errors[0].allocated.as_ref(), "allocate"));
}

/// What LDT's heap is refused, the C library's may still be given: the program goes on as it would without LDT.
#[test]
fn a_program_that_refuses_itself_system_calls_goes_on() {
    let program = Sample::named("check/options/filtered.c").build(Variant::PLAIN);
    let bare = run(&mut Command::new(&program));
    if bare.ending == Ending::Code(77) {
        eprintln!("this machine lets nobody filter system calls");
        return;
    }
    for guard in ["--guard=adaptive", "--guard=off"] {
        let checked = check(&[guard], &program, [""; 0]);
        assert_eq!(checked.outcome.stdout, bare.stdout, "{guard}");
        assert_eq!(checked.outcome.ending, bare.ending, "{guard}");
        let said = "ldt: the heap of check mode gets no more memory";
        let times = checked.outcome.stderr.matches(said).count();
        assert_eq!(times, 1, "{guard}: {}", checked.outcome.stderr);
    }
    let profiled = profile(&program, [""; 0]);
    assert_eq!(profiled.outcome.stdout, bare.stdout);
    assert_eq!(profiled.outcome.ending, bare.ending);
}

/// A sandbox that kills at the calls which watchpoints take killed the program when the next block was watched.
#[test]
fn a_sandbox_is_entered_without_watchpoints() {
    let program = Sample::named("check/options/sandboxed.c").build(Variant::PLAIN);
    for entered_by in [vec![], vec!["prctl"]] {
        let bare = run(Command::new(&program).args(&entered_by));
        if bare.ending != Ending::Code(0) {
            eprintln!("this machine lets nobody filter system calls");
            return;
        }
        let checked = check(&["--leak-check=no"], &program, &entered_by);
        let said = &checked.outcome;
        assert_eq!(said.ending, bare.ending, "{entered_by:?}: {}", said.stderr);
        assert_eq!(said.stdout, bare.stdout, "{entered_by:?}");
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

/// Watchpoints were left at low numbers where none may be high, and a program found its own taken.
#[test]
fn where_descriptors_are_few_the_program_has_them_all() {
    let few = "ulimit -n 8; exec \"$0\" check --leak-check=no bash -c 'exec 3</dev/null 4<&3 5<&3; cat <&5; echo all'";
    let mut shell = Command::new("sh");
    let checked = run(shell.arg("-c").arg(few).arg(ldt()));
    assert_eq!(checked.stdout, "all\n", "{}", checked.stderr);
    assert_eq!(checked.ending, Ending::Code(0), "{}", checked.stderr);
}

/// Regression: LDT's descriptors were among those that a program may have, and one that counts them had five fewer.
#[test]
fn a_program_may_open_all_that_its_limit_allows() {
    let program = Sample::named("check/options/counts_descriptors.c").build(Variant::PLAIN);
    let run_with = |before: &str| {
        let limited = format!("ulimit -Sn 1010; exec {before} \"$0\"");
        let mut shell = Command::new("sh");
        run(shell.args(["-c", &limited]).arg(&program).env("LDT", ldt()))
    };
    let bare = run_with("");
    let checked = run_with("\"$LDT\" check");
    assert_eq!(checked.stdout, bare.stdout, "{}", checked.stderr);
    assert_eq!(checked.ending, Ending::Code(0), "{}", checked.stderr);
}

/// When the first window of the trace was full and could not be packed, events of nobody's interest overwrote it.
#[test]
fn what_was_recorded_before_a_filter_is_kept() {
    let program = Sample::named("check/options/filtered.c").build(Variant::PLAIN);
    let profiled = profile(&program, [""; 0]);
    if profiled.outcome.ending == Ending::Code(77) {
        eprintln!("this machine lets nobody filter system calls");
        return;
    }
    let before_the_filter = 4 * 4000;
    let report = profiled.report();
    assert!(
        report.totals.allocations >= before_the_filter,
        "{} of {before_the_filter}: {}",
        report.totals.allocations,
        profiled.outcome.stderr
    );
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

/// Most servers shut themselves into an empty folder first: none of them was ever looked at for leaks.
#[test]
fn a_program_that_shuts_itself_into_a_folder_is_looked_at_for_leaks() {
    let program = Sample::named("check/options/shut_in.c").build(Variant::PLAIN);
    let bare = run(&mut Command::new(&program));
    if bare.ending == Ending::Code(77) {
        eprintln!("this machine lets nobody change the root");
        return;
    }
    assert_eq!(bare.ending, Ending::Code(0));
    let checked = check(&["--guard=adaptive"], &program, [""; 0]);
    let leaks = checked.report().leaks.as_ref();
    let definite = leaks.map(|leaks| (leaks.definite.bytes, leaks.definite.blocks));
    let said = &checked.outcome.stderr;
    assert_eq!(definite, Some((4 * 40, 4)), "{said}");
    assert!(!said.contains("/proc"), "{said}");
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

/// A limit of data counts what LDT sets aside as well; 7 MB of it are LDT's own. Before, perl found none left for it under
/// limits that are ten times what it needs, or LDT itself was ended by an allocation that failed.
#[test]
fn a_program_with_little_data_is_checked() {
    for kilobytes in ["16000", "20000", "30000"] {
        let limited = "ulimit -d $1; shift; exec \"$@\"";
        let words = ["--leak-check=no", "perl", "-e", "print join(q(,), 1 .. 5)"];
        let outcome = run(Command::new("sh")
            .args(["-c", limited, "sh", kilobytes])
            .arg(ldt())
            .arg("check")
            .args(words));
        assert_eq!(
            outcome.stdout, "1,2,3,4,5",
            "{kilobytes}: {}",
            outcome.stderr
        );
        assert_eq!(
            outcome.ending,
            Ending::Code(0),
            "{kilobytes}: {}",
            outcome.stderr
        );
    }
}

/// Before, `ldt` waited for itself for ever, when the backtrace of a failure found no memory.
#[test]
fn a_launcher_without_memory_says_so() {
    let limited = "ulimit -d 1000; exec \"$0\" check true";
    let outcome = run(Command::new("sh")
        .args(["-c", limited])
        .arg(ldt())
        .env("RUST_BACKTRACE", "1"));
    assert_eq!(outcome.ending, Ending::Code(125), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("ldt: no thread can be started"),
        "{}",
        outcome.stderr
    );
}

/// Limits that leave the command room to run and LDT little or none. `ldt` died of its own stack (134) or of an allocation that
/// failed, or the library ended the program so, or a process of which nothing was seen was a green one.
#[test]
fn whatever_the_limits_nothing_of_ldt_aborts() {
    let stacks = [32, 64, 80].map(|kilobytes| format!("ulimit -s {kilobytes}"));
    let data = (1..=15).map(|step| format!("ulimit -d {}", step * 500));
    let addresses = (40..=60).map(|step| format!("ulimit -v {}", step * 250));
    for limit in stacks.into_iter().chain(data).chain(addresses) {
        let limited = format!("{limit}; exec \"$0\" check git --version");
        let checked = run(Command::new("sh").args(["-c", &limited]).arg(ldt()));
        let said = &checked.stderr;
        // 127 and 128 are the loader's and git's own.
        assert!(
            matches!(checked.ending, Ending::Code(0 | 125 | 127 | 128)),
            "{limit}: {:?}: {said}",
            checked.ending
        );
        let is_said = said.contains("no more memory") || said.contains("no leak check:");
        assert!(is_said || !said.contains(" 0 allocs"), "{limit}: {said}");
    }
}

/// Regression: git and ls ended by SIGSEGV where the main stack may have 16 to 32 KiB, which is enough for them alone.
#[test]
fn a_program_with_a_very_short_stack_runs_without_ldt() {
    for mode in ["check", "profile"] {
        let limited = "ulimit -s 24; exec env -i \"$0\" $1 git --version";
        let outcome = run(Command::new("sh")
            .args(["-c", limited])
            .arg(ldt())
            .arg(mode));
        let said = &outcome.stderr;
        assert_eq!(outcome.ending, Ending::Code(125), "{mode}: {said}");
        assert!(outcome.stdout.starts_with("git version"), "{mode}: {said}");
        assert!(
            said.contains("raise its limit (ulimit -s)"),
            "{mode}: {said}"
        );
    }
}

/// What LDT has reserved and not used must not count against a limit that the program sets itself.
#[test]
fn a_program_that_has_used_up_its_mappings_goes_on() {
    let program = Sample::named("environment/no_more_mappings.c").build(Variant::PLAIN);
    for options in [&["--guard=adaptive"][..], &["--guard=all"]] {
        let checked = check(options, &program, [""; 0]);
        let said = &checked.outcome.stderr;
        assert_eq!(
            checked.outcome.ending,
            Ending::Code(0),
            "{options:?}: {said}"
        );
        assert!(checked.report().errors.is_empty(), "{options:?}: {said}");
    }
}

#[test]
fn a_program_that_limits_its_own_addresses_has_them() {
    let program = Sample::named("check/options/limited.c").build(Variant::PLAIN);
    let bare = run(&mut Command::new(&program));
    for options in [
        &["--guard=adaptive"][..],
        &["--guard=off"],
        &["--guard=all"],
        &["--guard=all", "--guard-method=mprotect"],
    ] {
        let checked = check(options, &program, [""; 0]);
        let said = &checked.outcome.stderr;
        assert_eq!(checked.outcome.stdout, bare.stdout, "{options:?}: {said}");
        assert_eq!(checked.outcome.ending, bare.ending, "{options:?}: {said}");
        assert!(checked.report().errors.is_empty(), "{options:?}: {said}");
    }
}

/// The kernel kills where the memory of a control group ends: what LDT keeps beside the program must leave it room.
#[test]
fn a_program_in_a_small_control_group_goes_on() {
    let program = Sample::named("check/options/in_a_small_group.c").build(Variant::PLAIN);
    let Some(group) = MemoryGroup::new("small", 48 << 20) else {
        eprintln!("this machine lets nobody make control groups of memory");
        return;
    };
    let bare = run(&mut group.command(&program));
    for guard in ["--guard=adaptive", "--guard=off", "--guard=all"] {
        let outcome = run(group.command(ldt()).args(["check", guard]).arg(&program));
        assert_eq!(outcome.stdout, bare.stdout, "{guard}: {}", outcome.stderr);
        assert_eq!(outcome.ending, bare.ending, "{guard}: {}", outcome.stderr);
    }
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
