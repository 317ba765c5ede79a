//! The files that a gate leaves are what others read: SARIF by its schema, valgrind's XML by valgrind's grammar, JUnit
//! by what its readers take; the last two grammars also hold for what valgrind and pytest themselves write.

use std::path::PathBuf;
use std::process::Command;

use ldt_tests::gate::{Project, finds};
use ldt_tests::installed::{checkout, ldt, program, target};
use ldt_tests::run::run;
use ldt_tests::samples::{Sample, Variant};
use serde_json::Value;

const WORDS: [&str; 4] = ["./finds", "twice", "leak", "list"];

fn holds_to(project: &Project, grammar: &str, file: &str) {
    let grammar = checkout().join("tests/gate/grammars").join(grammar);
    let mut xmllint = Command::new(program("xmllint"));
    xmllint
        .args(["--noout", "--relaxng"])
        .arg(grammar)
        .arg(project.file(file));
    project.must_run(&mut xmllint);
}

/// The schema that comes with the crate `serde-sarif`, which cargo fetches.
fn sarif_schema() -> PathBuf {
    let manifest = checkout().join("tests/gate/sarif-schema/Cargo.toml");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(manifest);
    let outcome = ldt_tests::run::run(&mut cargo);
    let metadata: Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("cargo metadata: {error}: {}", outcome.stderr));
    let packages = metadata["packages"].as_array().expect("a list");
    let crate_of_it = packages
        .iter()
        .find(|package| package["name"] == "serde-sarif");
    let manifest = crate_of_it.and_then(|package| package["manifest_path"].as_str());
    let folder = PathBuf::from(manifest.expect("it is a dependency"));
    folder
        .parent()
        .expect("it has a folder")
        .join("src/schema.json")
}

#[test]
fn sarif_holds_to_its_schema() {
    let project = finds();
    assert_eq!(project.check(&["--sarif=out.sarif"], &WORDS).code(), 99);
    let mut validate = Command::new(program("node"));
    validate
        .arg(checkout().join("tests/readers/validate.mjs"))
        .arg(sarif_schema())
        .arg(project.file("out.sarif"))
        .current_dir(target().join("readers"));
    let outcome = ldt_tests::run::run(&mut validate);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    let json = project.json("out.sarif");
    let results = json["runs"][0]["results"].as_array().expect("a list");
    let rules: Vec<&str> = results
        .iter()
        .filter_map(|one| one["ruleId"].as_str())
        .collect();
    assert_eq!(rules, ["double-free", "definite-leak", "definite-leak"]);
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert!(
        place["artifactLocation"]["uri"]
            .as_str()
            .is_some_and(|uri| uri.ends_with("finds.c"))
    );
}

#[test]
fn the_name_of_the_xml_file_is_enough() {
    let project = finds();
    assert_eq!(project.check(&["--xml-file=ldt.xml"], &WORDS).code(), 99);
    holds_to(&project, "valgrind.rng", "ldt.xml");
    let options = ["--xml=no", "--xml-file=none.xml"];
    assert_eq!(project.check(&options, &WORDS).code(), 99);
    assert!(!project.file("none.xml").exists());
}

#[test]
fn xml_holds_to_valgrinds_grammar() {
    let project = finds();
    let options = ["--xml=yes", "--xml-file=ldt.xml", "--show-leak-kinds=all"];
    assert_eq!(project.check(&options, &WORDS).code(), 99);
    holds_to(&project, "valgrind.rng", "ldt.xml");
    let xml = project.read("ldt.xml");
    for kind in ["InvalidFree", "Leak_DefinitelyLost", "Leak_IndirectlyLost"] {
        assert!(
            xml.contains(&format!("<kind>{kind}</kind>")),
            "{kind}:\n{xml}"
        );
    }
    let mut valgrind = Command::new(program("valgrind"));
    valgrind
        .arg("--leak-check=full")
        .args(["--xml=yes", "--xml-file=valgrind.xml"])
        .args(WORDS);
    project.must_run(&mut valgrind);
    holds_to(&project, "valgrind.rng", "valgrind.xml");
}

#[test]
fn junit_holds_to_what_its_readers_take() {
    let project = finds();
    let script = "LDT_TEST=bad ./finds twice; LDT_TEST='good & <well>' ./finds; true";
    assert_eq!(
        project
            .check(&["--junit=ldt.xml"], &["sh", "-c", script])
            .code(),
        99
    );
    holds_to(&project, "junit.rng", "ldt.xml");
    let xml = project.read("ldt.xml");
    assert!(
        xml.contains("tests=\"2\"") && xml.contains("failures=\"1\""),
        "{xml}"
    );
    assert!(xml.contains("<testcase name=\"bad\""), "{xml}");
    let test = project.file("test_it.py");
    std::fs::write(test, "def test_bad():\n    assert False\n").expect("a file can be written");
    let mut pytest = Command::new("/usr/bin/python3");
    pytest.args([
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--junitxml=pytest.xml",
    ]);
    assert_eq!(project.run(&mut pytest).code(), 1);
    holds_to(&project, "junit.rng", "pytest.xml");
}

#[test]
fn github_gets_annotations_and_a_summary() {
    let project = finds();
    let mut command = Command::new(ldt_tests::installed::ldt());
    command
        .args(["check", "-q", "--github", "--"])
        .args(WORDS)
        .env("GITHUB_WORKSPACE", checkout())
        .env("GITHUB_STEP_SUMMARY", project.file("summary.md"));
    let outcome = project.run(&mut command);
    assert_eq!(outcome.code(), 99);
    let annotation = "::error file=tests/gate/finds.c,line=";
    let count = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with(annotation))
        .count();
    assert_eq!(count, 3, "{}", outcome.stderr);
    let summary = project.read("summary.md");
    assert!(
        summary.contains("found errors") && summary.contains("| finding |"),
        "{summary}"
    );
}

/// The first line of a stack names the function that was called, where it lies and in which library, as memcheck's
/// first line does for its own.
#[test]
fn the_function_called_has_its_address_and_library() {
    for (sample, function, library) in [
        ("double_free.c", "free", "libldt.so"),
        ("double_free.c", "malloc", "libldt.so"),
        ("new_then_free.cpp", "operator new", "libldt.so"),
        (
            "read_after_a_call_beyond_the_end.c",
            "memset",
            "libldt_calls.so",
        ),
    ] {
        let program = Sample::named(format!("check/errors/{sample}")).build(Variant::PLAIN);
        let outcome = run(Command::new(ldt().with_file_name("ldt-valgrind")).arg(&program));
        let lines = outcome.stderr.lines();
        let at = lines.filter_map(|line| line.split_once("    at 0x")?.1.split_once(": "));
        let called: Vec<(&str, &str)> = at.filter(|(_, name)| name.starts_with(function)).collect();
        assert!(!called.is_empty(), "{function}: {}", outcome.stderr);
        for (address, name) in called {
            assert_ne!(address, "0", "{}", outcome.stderr);
            assert!(name.ends_with(&format!("/{library})")), "{name}");
        }
    }
}

/// The command's own executable was written over, and of two results in one file only one was left.
#[test]
fn files_that_others_need_are_not_written_over() {
    let project = finds();
    let program = std::fs::read(project.file("finds")).expect("it is there");
    std::fs::write(project.file("known.txt"), "").expect("it can be written");
    for (options, says) in [
        (&["--json=finds"][..], "the command itself"),
        (&["--log-file=./finds"], "the command itself"),
        (&["--json=x", "--junit=x"], "the file of --json"),
        (
            &["--baseline=known.txt", "--sarif=known.txt"],
            "the file of --baseline",
        ),
        (
            &["--profile", "-o", "x", "--json=x"],
            "the file of --output",
        ),
    ] {
        let outcome = project.check(options, &WORDS);
        assert_eq!(outcome.code(), 125, "{options:?}: {outcome:?}");
        assert!(outcome.stderr.contains(says), "{options:?}: {outcome:?}");
        assert!(!project.file("x").exists(), "{options:?}");
        let left = std::fs::read(project.file("finds")).expect("it is there");
        assert!(left == program, "{options:?} wrote over the program");
    }
}

/// The sizes of the blocks of all errors, as the JSON of a run has them and as its text.
fn sizes_in_turn(sample: &str) -> (Vec<u64>, Vec<u64>) {
    let program = Sample::named(sample).build(Variant::PLAIN);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let json = folder.path().join("out.json");
    let mut option = std::ffi::OsString::from("--json=");
    option.push(&json);
    let outcome = run(Command::new(ldt()).arg("check").arg(option).arg(program));
    assert_eq!(outcome.code(), 99, "{outcome:?}");
    let text = std::fs::read(&json).expect("it was written");
    let json: Value = serde_json::from_slice(&text).expect("it is JSON");
    let errors = json["errors"].as_array().expect("a list").iter();
    let in_json = errors
        .filter_map(|error| error["block"]["size"].as_u64())
        .collect();
    let told = |line: &str| -> Option<u64> {
        let (_, behind) = line.split_once(" ERROR: double-free: ")?;
        behind
            .split_once(" block of ")?
            .1
            .split(' ')
            .next()?
            .parse()
            .ok()
    };
    let in_text = outcome.stderr.lines().filter_map(told).collect();
    (in_json, in_text)
}

#[test]
fn errors_of_several_threads_are_in_the_order_of_time() {
    // Those of the two threads have one stack, and are one.
    assert_eq!(sizes_in_turn("check/options/errors_in_turn.c").0, [11, 13]);
}

/// Not process by process.
#[test]
fn errors_of_several_processes_are_in_the_order_in_which_they_happened() {
    let in_turn = vec![10, 20, 30, 40, 50, 60];
    let found = sizes_in_turn("check/options/processes_in_turn.c");
    assert_eq!(found, (in_turn.clone(), in_turn));
}
