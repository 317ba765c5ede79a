//! What is missing where a program runs, or what it has given up, in check mode: `/proc`, files, code that can be written, pages of
//! its own or of its children.

use std::process::Command;

use ldt_tests::checked::{check, passes_through};
use ldt_tests::installed::{ldt, preload};
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};

/// Its stacks had no frame but the first: what the stack is was asked of `/proc` alone.
#[test]
fn a_program_that_may_open_no_file_has_its_call_stacks() {
    let program = Sample::named("check/options/locked_in.c").build(Variant::PLAIN);
    if run(&mut Command::new(&program)).ending == Ending::Code(77) {
        eprintln!("this kernel has no Landlock");
        return;
    }
    let checked = check(&["--leak-check=no"], &program, [""; 0]);
    let said = &checked.outcome.stderr;
    let errors = &checked.report().errors;
    assert_eq!(errors.len(), 2, "{said}");
    for (error, function) in errors.iter().zip(["in_main", "in_thread"]) {
        assert!(passes_through(error.stack.as_ref(), function), "{said}");
        assert!(passes_through(error.allocated.as_ref(), function), "{said}");
    }
}

/// Errors were counted and none told: `ldt` read its traces by a path in `/proc`.
#[test]
fn errors_are_told_without_proc() {
    let program = Sample::named("check/options/locked_in.c").build(Variant::PLAIN);
    let without = "umount -l /proc 2>/dev/null || exit 77; exec \"$@\"";
    let mut shell = Command::new("unshare");
    shell.args(["-m", "sh", "-c", without, "sh"]);
    shell.arg(ldt()).args(["check", "--leak-check=no"]);
    shell.arg(&program).arg("unlocked");
    let checked = run(shell.env("LDT_LIBRARY", preload()));
    if !checked.stderr.contains("ERROR SUMMARY") && checked.ending != Ending::Code(125) {
        eprintln!("nobody may unmount /proc here: {}", checked.stderr);
        return;
    }
    assert_eq!(checked.ending, Ending::Code(99), "{}", checked.stderr);
    for function in ["in_main", "in_thread"] {
        let told = format!("in {function} locked_in.c:");
        assert!(checked.stderr.contains(&told), "{}", checked.stderr);
    }
}

/// `--exact` ended such programs by a crash, at the first instruction that insists on alignment.
#[test]
fn code_that_nobody_may_write_to_is_changed_under_exact() {
    let program = Sample::named("check/options/code_not_writable.c").build(Variant::PLAIN);
    let bare = run(&mut Command::new(&program));
    if bare.ending == Ending::Code(77) {
        eprintln!("this kernel has no PR_SET_MDWE");
        return;
    }
    let checked = check(&["--exact", "--guard=all"], &program, [""; 0]);
    let said = &checked.outcome;
    assert_eq!(said.ending, Ending::Code(0), "{}", said.stderr);
    assert_eq!(said.stdout, bare.stdout, "{}", said.stderr);
}

/// LDT crashed in the child's end, where it compared what the child does not have.
#[test]
fn a_child_may_lack_pages_of_the_heap() {
    let program = Sample::named("check/options/left_out_of_forks.c").build(Variant::PLAIN);
    for guard in ["--guard=adaptive", "--guard=all", "--guard=off"] {
        let checked = check(&[guard, "--freelist-vol=1M"], &program, [""; 0]);
        let said = &checked.outcome;
        assert_eq!(said.stdout, "child\n0\n", "{guard}: {}", said.stderr);
        assert_eq!(said.ending, Ending::Code(0), "{guard}: {}", said.stderr);
    }
}

/// LDT wrote into the program's guard when the block was freed.
#[test]
fn a_guard_that_the_program_has_made_goes_with_its_block() {
    let program = Sample::named("check/options/guards_of_its_own.c").build(Variant::PLAIN);
    if run(&mut Command::new(&program)).ending == Ending::Code(77) {
        eprintln!("this kernel has no guards");
        return;
    }
    for guard in ["--guard=adaptive", "--guard=all", "--guard=off"] {
        let checked = check(&[guard, "--freelist-vol=1M"], &program, [""; 0]);
        let said = &checked.outcome;
        assert_eq!(said.stdout, "end\n", "{guard}: {}", said.stderr);
        assert_eq!(said.ending, Ending::Code(0), "{guard}: {}", said.stderr);
    }
}

/// A child in a namespace of processes of its own calls itself 1: it was taken for the machine's first process, which runs
/// on, and its traces stayed behind.
#[test]
fn a_process_that_calls_itself_one_is_seen_to_end() {
    let unshare = ["unshare", "--pid", "--fork"];
    let mut bare = Command::new(unshare[0]);
    if run(bare.args(&unshare[1..]).arg("true")).ending != Ending::Code(0) {
        eprintln!("this machine lets nobody make a namespace of processes");
        return;
    }
    let program = Sample::named("check/leaks/direct.c").build(Variant::PLAIN);
    let traces = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = Command::new(ldt());
    command.arg("check").args(unshare).arg(&program);
    let checked = run(command.env("TMPDIR", traces.path()));
    let said = &checked.stderr;
    assert_eq!(checked.ending, Ending::Code(99), "{said}");
    assert!(said.contains("==1== "), "{said}");
    assert!(!said.contains("running"), "{said}");
    let left = std::fs::read_dir(&traces)
        .expect("it can be listed")
        .count();
    assert_eq!(left, 0, "{said}");
}
