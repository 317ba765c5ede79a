//! The C library's functions under `ldt check`: each case of `samples/check/calls/cases.c` (function x
//! narrow or wide x read or write) is silent when it keeps to its block, and reported at the call, exact
//! to the byte, when it goes 1 or 8 units beyond it, begins as many before it, or comes after the free.

//!
//! Copies that overlap themselves are an error of their own. Programs that make no mistake see no difference, and libldt.so itself never comes by these checks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use ldt_tests::checked::{Checked, Error, check};
use ldt_tests::function_name::short_name;
use ldt_tests::installed::{preload, target};
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};
use object::{Object, ObjectSymbol};

/// What `cases list` says of a case.
struct Case {
    name: String,
    access: String,
    unit: u64,
    /// It goes one unit too far, whatever the distance asked for.
    one: bool,
    /// It can only begin inside its block.
    inside: bool,
    function: String,
}

/// Units of each block, as in `cases.h`.
const UNITS: u64 = 61;

fn cases() -> Vec<Case> {
    let program = Sample::named("check/calls/cases.c").build(Variant::PLAIN);
    let listed = run(Command::new(program).arg("list"));
    let cases: Vec<Case> = listed
        .stdout
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let [name, access, unit, distance, place, function] = words[..] else {
                panic!("no line of a case: {line}");
            };
            Case {
                name: name.to_owned(),
                access: access.to_owned(),
                unit: unit.parse().expect("a unit is a number"),
                one: distance == "one",
                inside: place == "inside",
                function: function.to_owned(),
            }
        })
        .collect();
    assert!(cases.len() > 140, "only {} cases", cases.len());
    cases
}

fn run_cases(guard: &str, way: &str, distance: u64) -> Checked {
    let program = Sample::named("check/calls/cases.c").build(Variant::PLAIN);
    check(
        &[format!("--guard={guard}")],
        &program,
        [way, &distance.to_string()],
    )
}

/// What must be said of a case.
struct Expected {
    kind: &'static str,
    offset: i64,
    size: Option<u64>,
}

fn after(case: &Case, distance: u64) -> Expected {
    let units = if case.one { 1 } else { distance };
    Expected {
        kind: "heap-buffer-overflow",
        offset: (UNITS * case.unit) as i64,
        size: Some(units * case.unit),
    }
}

fn before(case: &Case, distance: u64) -> Expected {
    Expected {
        kind: "heap-buffer-underflow",
        offset: -((distance * case.unit) as i64),
        // A call that finds its end unit by unit has met the first one.
        size: Some(if case.one { 1 } else { distance } * case.unit),
    }
}

fn freed(_: &Case, _: u64) -> Expected {
    Expected {
        kind: "heap-use-after-free",
        offset: 0,
        size: None,
    }
}

fn bad_cases(way: &str, guard: &str, distance: u64, expected: fn(&Case, u64) -> Expected) {
    let checked = run_cases(guard, way, distance);
    let report = checked.report();
    let mut by_case: BTreeMap<String, Vec<&Error>> = BTreeMap::new();
    for error in &report.errors {
        by_case.entry(case_of(error)).or_default().push(error);
    }
    let mut wrong = Vec::new();
    for case in cases() {
        if way != "after" && case.inside {
            continue;
        }
        let wanted = expected(&case, distance);
        let mut found = by_case
            .remove(&format!("case_{}", case.name))
            .unwrap_or_default();
        // It goes on in search of an end, and a block that it allocates itself meanwhile (asprintf,
        // wcsdup) may bring back the guard page that was opened.
        if case.one {
            found.retain(|error| error.detected_by != "guard");
        }
        let [error] = found[..] else {
            let said: Vec<_> = found.iter().map(|error| summary(error)).collect();
            wrong.push(format!("{}: {} errors {said:?}", case.name, found.len()));
            continue;
        };
        let called = error.stack.as_ref().and_then(|stack| stack.first());
        // What a header makes of `sscanf` depends on the standard asked for.
        let called = called
            .and_then(|frame| frame.function.as_deref())
            .map(|name| {
                name.trim_start_matches("__isoc99_")
                    .trim_start_matches("__isoc23_")
            });
        let right = error.kind == wanted.kind
            && error.access.as_deref() == Some(&case.access)
            && error.offset == Some(wanted.offset)
            && (wanted.size.is_none() || error.size == wanted.size)
            && error.detected_by == "libc-call"
            && error.block.as_ref().map(|block| block.size) == Some(UNITS * case.unit)
            && called == Some(case.function.as_str());
        if !right {
            wrong.push(format!("{}: {} {called:?}", case.name, summary(error)));
        }
    }
    for (place, errors) in by_case {
        let said: Vec<_> = errors.iter().map(|error| summary(error)).collect();
        wrong.push(format!("not of a case, in `{place}`: {said:?}"));
    }
    assert!(
        wrong.is_empty(),
        "{way} {distance}, --guard={guard}:\n{}",
        wrong.join("\n")
    );
    assert_eq!(checked.outcome.ending, Ending::Code(99));
}

/// The function of a case that the stack goes through.
fn case_of(error: &Error) -> String {
    let frames = error.stack.iter().flatten();
    frames
        .filter_map(|frame| Some(short_name(frame.function.as_deref()?).to_owned()))
        .find(|name| name.starts_with("case_"))
        .unwrap_or_default()
}

fn summary(error: &Error) -> String {
    format!(
        "{} {:?} of {:?} at {:?} by {}",
        error.kind, error.access, error.size, error.offset, error.detected_by
    )
}

#[test]
fn calls_that_keep_to_their_block_are_silent() {
    for guard in ["adaptive", "all", "off"] {
        let checked = run_cases(guard, "good", 0);
        let said: Vec<String> = checked
            .report()
            .errors
            .iter()
            .map(|error| format!("{}: {}", case_of(error), summary(error)))
            .collect();
        assert!(said.is_empty(), "--guard={guard}:\n{}", said.join("\n"));
        assert_eq!(checked.outcome.ending, Ending::Code(0));
    }
}

#[test]
fn one_unit_too_far_is_told_to_the_byte() {
    for guard in ["adaptive", "all", "off"] {
        bad_cases("after", guard, 1, after);
    }
}

#[test]
fn eight_units_too_far_are_told_to_the_byte() {
    for guard in ["all", "off"] {
        bad_cases("after", guard, 8, after);
    }
}

#[test]
fn units_before_the_block_are_told_to_the_byte() {
    for (guard, distance) in [("all", 1), ("off", 1), ("adaptive", 3)] {
        bad_cases("before", guard, distance, before);
    }
}

#[test]
fn calls_after_the_free_are_told() {
    for guard in ["adaptive", "all"] {
        bad_cases("freed", guard, 0, freed);
    }
}

#[test]
fn copies_that_overlap_themselves_are_told() {
    let program = Sample::named("check/calls/overlaps.c").build(Variant::PLAIN);
    let good = check(&["--guard=all"], &program, ["good"]);
    let found: Vec<_> = good.report().errors.iter().map(summary).collect();
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(good.outcome.ending, Ending::Code(0));

    let bad = check(&["--guard=all"], &program, [""; 0]);
    let mut told: Vec<String> = bad.report().errors.iter().map(case_of).collect();
    told.sort();
    let mut wanted = [
        "memcpy",
        "memcpy_down",
        "mempcpy",
        "wmemcpy",
        "memccpy",
        "strcpy",
        "stpcpy",
        "strncpy",
        "strcat",
        "strcpy_itself",
        "strncpy_itself",
        "strncat_itself",
        "wcscpy",
        "sprintf",
        "sprintf_itself",
        "snprintf",
    ]
    .map(|case| format!("case_{case}"));
    wanted.sort();
    assert_eq!(told, wanted);
    for error in &bad.report().errors {
        assert_eq!(error.kind, "memcpy-param-overlap", "{}", case_of(error));
        assert_eq!(error.detected_by, "libc-call", "{}", case_of(error));
    }
}

fn calls_library() -> PathBuf {
    let library = target().join("release/libldt_calls.so");
    assert!(library.exists(), "{} is not built", library.display());
    library
}

#[test]
fn correct_calls_give_the_results_that_they_give_without_ldt() {
    for variant in [Variant::PLAIN, Variant::SHIPPED] {
        let program = Sample::named("check/calls/conformance.c").build(variant);
        let bare = run(&mut Command::new(&program));
        assert_eq!(bare.ending, Ending::Code(0), "{}", bare.stderr);
        assert!(bare.stdout.lines().count() > 500);

        let alone = run(Command::new(&program).env("LD_PRELOAD", calls_library()));
        same_lines(&bare.stdout, &alone.stdout, "libldt_calls.so alone");
        for guard in ["adaptive", "all", "off"] {
            let checked = check(&[format!("--guard={guard}")], &program, [""; 0]);
            same_lines(&bare.stdout, &checked.outcome.stdout, guard);
            let found: Vec<_> = checked.report().errors.iter().map(summary).collect();
            assert!(found.is_empty(), "--guard={guard}: {found:?}");
        }
    }
}

#[test]
fn functions_of_other_libraries_are_not_taken_for_the_c_librarys() {
    let program = Sample::named("check/calls/own_regcomp.c").build(Variant::PLAIN);
    let own = Sample::named("loading/own_regcomp.c").build_library(Variant::PLAIN);
    let libraries = [calls_library(), preload(), own].map(|path| path.display().to_string());
    let outcome = run(Command::new(program)
        .env("LD_PRELOAD", libraries.join(":"))
        .env("LDT_OPTIONS", "mode=check"));
    assert_eq!(outcome.ending, Ending::Code(0), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("ERROR: "), "{}", outcome.stderr);
}

/// Names that only newer C libraries have: a weak reference is bound to the export here, and a library of the program's
/// may bring one.
#[test]
fn numbers_of_c23_are_read_where_the_c_library_lacks_them() {
    let program = Sample::named("check/calls/numbers_of_c23.c").build(Variant::PLAIN);
    let own = Sample::named("loading/numbers_of_c23.c").build_library(Variant::PLAIN);
    let [calls, engine, own] =
        [calls_library(), preload(), own].map(|path| path.display().to_string());
    for (own, read) in [("", "42 1 7\n"), (own.as_str(), "1042 1 1007\n")] {
        for checks in [String::new(), format!("{calls}:{engine}:")] {
            let outcome = run(Command::new(&program)
                .env("LD_PRELOAD", format!("{checks}{own}"))
                .env("LDT_OPTIONS", "mode=check"));
            assert_eq!(outcome.ending, Ending::Code(0), "{}", outcome.stderr);
            assert_eq!(outcome.stdout, read, "{checks}{own}: {}", outcome.stderr);
        }
    }
}

fn same_lines(without: &str, with: &str, how: &str) {
    let differences: Vec<String> = without
        .lines()
        .zip(with.lines())
        .filter(|(without, with)| without != with)
        .map(|(without, with)| format!("  without: {without}\n  with:    {with}"))
        .collect();
    assert!(differences.is_empty(), "{how}:\n{}", differences.join("\n"));
    assert_eq!(without.lines().count(), with.lines().count(), "{how}");
}

/// Names of the dynamic symbols of a library.
fn symbols(library: &Path, defined: bool) -> BTreeSet<String> {
    let bytes = std::fs::read(library).expect("the library can be read");
    let library = object::File::parse(&*bytes).expect("it is an object file");
    library
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition() == defined && symbol.is_global())
        .map(|symbol| symbol.name().expect("a name is text").to_owned())
        .collect()
}

#[test]
fn the_librarys_own_code_never_comes_by_the_checks() {
    let checked = symbols(&calls_library(), true);
    assert!(checked.contains("memcpy") && checked.contains("__isoc99_sscanf"));
    let wanted = symbols(&preload(), false);
    let both: Vec<_> = checked.intersection(&wanted).collect();
    assert!(
        both.is_empty(),
        "libldt.so calls {both:?} through libldt_calls.so: add them to preload/src/bound.rs"
    );
    // Nor are these checks found in a profile: the functions are bound inside, not exported. A few are, for other
    // reasons, and the check passes the call on to libldt.so: limits make room in the heap, handlers and masks are
    // noted, programs that are started go on with the recording, `/proc` is kept where the root changes.
    let exported = symbols(&preload(), true);
    let interposed: Vec<_> = checked.intersection(&exported).collect();
    assert_eq!(
        interposed,
        [
            "__sigaction",
            "chroot",
            "epoll_pwait",
            "epoll_pwait2",
            "execl",
            "execle",
            "execlp",
            "execv",
            "execve",
            "execvp",
            "execvpe",
            "pidfd_spawn",
            "pidfd_spawnp",
            "posix_spawn",
            "posix_spawnp",
            "ppoll",
            "prctl",
            "pselect",
            "pthread_sigmask",
            "setrlimit",
            "setrlimit64",
            "sigaction",
            "sigaltstack",
            "sigprocmask"
        ]
    );
}
