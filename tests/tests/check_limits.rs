//! What a process may not have or do, in check mode: locked memory, sandboxes, another root, few descriptors, little
//! memory or stack, small control groups.

use std::process::Command;

use ldt_tests::checked::{check, passes_through};
use ldt_tests::installed::ldt;
use ldt_tests::memory_group::MemoryGroup;
use ldt_tests::profile::profile;
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};

/// Guard markers cannot be put on locked memory; redzones still tell.
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

/// Each realloc of a large block took as much memory as the block has bytes, and seconds, where the C library touches nothing.
#[test]
fn a_large_block_that_is_hardly_used_moves_without_taking_memory() {
    let program = Sample::named("check/options/sparse_realloc.c").build(Variant::PLAIN);
    let bare = run(&mut Command::new(&program));
    if bare.ending == Ending::Code(77) {
        eprintln!("this machine has no address space for 1 GiB");
        return;
    }
    assert_eq!(bare.stdout, "kept\nkept\nkept\ndone\n");
    for options in [
        &["--guard=adaptive"][..],
        &["--guard=off"],
        &["--guard=all", "--exact", "--guard-method=mprotect"],
    ] {
        let checked = check(options, &program, [""; 0]);
        let said = &checked.outcome;
        assert_eq!(said.stdout, bare.stdout, "{options:?}: {}", said.stderr);
        assert_eq!(said.ending, bare.ending, "{options:?}: {}", said.stderr);
    }
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

/// LDT's tables grow in a sandbox, too. It killed the program at the advice for their pages.
#[test]
fn tables_grow_in_a_sandbox_without_advice() {
    let program = Sample::named("check/options/sandboxed_growth.c").build(Variant::PLAIN);
    let bare = run(&mut Command::new(&program));
    if bare.ending == Ending::Code(77) {
        eprintln!("this machine lets nobody filter system calls");
        return;
    }
    assert_eq!(bare.ending, Ending::Code(0));
    let profiled = profile(&program, [""; 0]);
    let said = &profiled.outcome;
    assert_eq!(said.ending, bare.ending, "{}", said.stderr);
    assert_eq!(said.stdout, bare.stdout);
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
