//! `ldt check` and `ldt-valgrind` with the real test runners: each red on the test that loses a block, and green on the
//! one that does not.

use std::fs;
use std::process::Command;

use ldt_tests::gate::Project;
use ldt_tests::installed::{checkout, ldt, program};
use ldt_tests::run::run;
use serde_json::{Value, json};

/// The tests that the leak was seen in.
fn blamed(project: &Project, file: &str) -> Vec<String> {
    let json = project.json(file);
    let records = json["leaks"]["records"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let definite = records
        .iter()
        .filter(|record| record["kind"] == json!("definite"));
    let tests = definite.filter_map(|record| record["tests"].as_array());
    tests
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn configured_with_cmake() -> Project {
    let project = Project::copy_of("project");
    let command = ldt().with_file_name("ldt-valgrind");
    let mut configure = Command::new(program("cmake"));
    configure.args(["-S", ".", "-B", "build"]);
    configure.arg(format!("-DMEMORYCHECK_COMMAND={}", command.display()));
    project.must_run(&mut configure);
    project.must_run(Command::new(program("cmake")).args(["--build", "build"]));
    project
}

#[test]
fn ctest() {
    let project = configured_with_cmake();
    let check = |regex: &str| {
        let words = ["ctest", "--test-dir", "build", "-R", regex];
        project.check(&["--json=run.json"], &words)
    };
    let red = check(".*");
    assert_eq!(red.code(), 99, "{}", red.stderr);
    assert_eq!(blamed(&project, "run.json"), ["leaks"]);
    let green = check("clean");
    assert_eq!(green.code(), 0, "{}", green.stderr);
}

#[test]
fn ctest_memcheck_counts_what_ldt_valgrind_prints() {
    let project = configured_with_cmake();
    let mut ctest = Command::new(program("ctest"));
    ctest.args(["-T", "memcheck", "--test-dir", "build"]);
    let outcome = project.must_run(&mut ctest);
    assert!(
        outcome.stdout.contains("MemCheck: #1: leaking"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stdout.contains("Defects: 1"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("Memory Leak - 1"),
        "{}",
        outcome.stdout
    );
    assert!(
        !outcome.stdout.contains("MemCheck: #2"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn meson() {
    let project = Project::copy_of("project");
    project.must_run(Command::new(program("meson")).args(["setup", "build"]));
    let mut test = Command::new(program("meson"));
    test.args(["test", "-C", "build", "--wrapper"]);
    let outcome = project.run(test.arg(format!("{} check -q --", ldt().display())));
    let said = |text: &str| outcome.stdout.lines().any(|line| line.contains(text));
    assert!(said("exit status 99"), "{}", outcome.stdout);
    let numbers = |name: &str| {
        let line = outcome.stdout.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().last()?.parse::<u32>().ok())
    };
    assert_eq!(
        (numbers("Ok:"), numbers("Fail:")),
        (Some(1), Some(1)),
        "{}",
        outcome.stdout
    );
}

#[test]
fn make() {
    let project = Project::copy_of("project");
    project.must_run(Command::new(program("make")).arg("all"));
    let red = project.check(
        &["--json=run.json"],
        &["make", "test-leaking", "test-clean"],
    );
    assert_eq!(red.code(), 99, "{}", red.stderr);
    assert_eq!(blamed(&project, "run.json"), ["leaks"]);
    let green = project.check(&[""; 0], &["make", "test-clean"]);
    assert_eq!(green.code(), 0, "{}", green.stderr);
}

/// curl's runtests.pl went on without ldt-valgrind, and said so by one letter a test.
#[test]
fn a_suite_that_tries_valgrind_first_takes_ldt_valgrind() {
    let answer = |words: &[&str]| {
        let mut asked = Command::new(ldt().with_file_name("ldt-valgrind"));
        run(asked.args(words))
    };
    let alone = answer(&[]);
    assert_eq!(alone.code(), 1, "{}", alone.stderr);
    assert!(alone.stderr.contains("no program specified"));
    assert!(answer(&["--help"]).stdout.contains("--tool"));
}

/// Many test suites run some of their tests under valgrind by themselves: it must not find LDT, and go on finding.
#[test]
fn valgrind_in_a_test_suite_judges_the_program_alone() {
    let project = Project::copy_of("project");
    project.must_run(Command::new(program("make")).arg("all"));
    let valgrind = |test: &str| {
        let valgrind = "valgrind --leak-check=full --error-exitcode=42";
        let script = format!("./tidy && {valgrind} {test}; exit $?");
        project.check(&[""; 0], &["sh", "-c", &script])
    };
    let clean = valgrind("./tidy");
    assert_eq!(clean.code(), 0, "{}", clean.stderr);
    let all_is_well = "ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 0 from 0)";
    assert!(clean.stderr.contains(all_is_well), "{}", clean.stderr);
    assert!(!clean.stderr.contains("ldt_"), "{}", clean.stderr);
    assert_eq!(valgrind("./leaks").code(), 42);
    let mut alone = Command::new("valgrind");
    alone.arg("./tidy");
    alone.env("LD_PRELOAD", ldt().with_file_name("libldt.so"));
    let said = project.must_run(&mut alone).stderr;
    assert!(said.contains("ldt: not recording: valgrind"), "{said}");
}

#[test]
fn pytest_on_an_extension_in_c() {
    let project = Project::copy_of("pytest");
    let config = project.must_run(Command::new("/usr/bin/python3-config").arg("--includes"));
    let mut arguments: Vec<&str> = config.stdout.split_whitespace().collect();
    arguments.extend(["-shared", "-fPIC", "-g"]);
    project.gcc(&project.file("lossy.c"), "lossy.so", &arguments);
    let check = |tests: &str| {
        let pytest = [
            "/usr/bin/python3",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
        ];
        let words = [&pytest[..], &["-k", tests]].concat();
        project.check(&["--json=run.json"], &words)
    };
    let red = check("leaking");
    assert_eq!(red.code(), 99, "{}", red.stderr);
    assert!(red.stderr.contains("in lose lossy.c"), "{}", red.stderr);
    let green = check("clean");
    assert_eq!(green.code(), 0, "{}", green.stderr);
    // As `docs/ci.md` says it, the test is named that lost something.
    let guide = fs::read_to_string(checkout().join("docs/ci.md")).expect("the guide is there");
    let snippet = guide.split("```python\n").nth(1);
    let snippet = snippet.and_then(|rest| rest.split("```").next());
    let snippet = snippet.expect("the guide has a fixture for pytest");
    fs::write(project.file("conftest.py"), snippet).expect("a file can be written");
    let named = check("leaking or clean");
    assert_eq!(named.code(), 99, "{}", named.stderr);
    for said in ["test_lossy.py::test_leaking", "2 passed, 1 error"] {
        assert!(named.stdout.contains(said), "{said}:\n{}", named.stdout);
    }
}

#[test]
fn nextest_by_its_target_runner_and_as_a_whole() {
    let project = Project::copy_of("nextest");
    let nextest = |command: &mut Command| {
        command
            .env("CARGO_TARGET_DIR", project.file("target"))
            .env_remove("NEXTEST");
        project.run(command)
    };
    let mut by_runner = Command::new("cargo");
    by_runner.args(["nextest", "run", "--no-fail-fast"]).env(
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER",
        format!("{} check -q --", ldt().display()),
    );
    let outcome = nextest(&mut by_runner);
    assert_eq!(outcome.code(), 100, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("2 tests run: 1 passed, 1 failed"),
        "{}",
        outcome.stderr
    );
    let check = |filter: &str| {
        let mut command = Command::new(ldt());
        command.args(["check", "--json=run.json", "--junit=run.xml"]);
        command.args(["--", "cargo", "nextest", "run"]);
        nextest(command.arg(filter))
    };
    let red = check("leaking");
    assert_eq!(red.code(), 99, "{}", red.stderr);
    assert_eq!(blamed(&project, "run.json"), ["gate::leaking"]);
    let green = check("clean");
    assert_eq!(green.code(), 0, "{}", green.stderr);
    // Before it runs them, it asks the binary which tests there are.
    let cases = project.read("run.xml");
    assert!(cases.contains("gate::clean"), "{cases}");
    assert!(!cases.contains("--list"), "{cases}");
}
