//! `ldt check` of many processes, and of one that is several programs in turn: a file for each with `%p`, who is judged,
//! how each ended, and the same numbers wherever a leak is told.

use std::fs;
use std::process::Command;

use ldt_tests::gate::{FINDS, Project, finds};
use ldt_tests::installed::{checkout, ldt};
use ldt_tests::samples::{Sample, Variant};
use serde_json::{Value, json};

/// The files there whose names end so, with what stands before the ending.
fn files(project: &Project, ending: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(project.path()).expect("a temporary folder can be listed");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut files: Vec<(String, String)> = names
        .filter_map(|name| Some((name.strip_suffix(ending)?.to_owned(), name.clone())))
        .map(|(stem, name)| (stem, project.read(&name)))
        .collect();
    files.sort();
    files
}

#[test]
fn the_file_of_a_process_holds_what_all_its_programs_did() {
    let project = finds();
    let options = [
        "--json=%p.json",
        "--xml=yes",
        "--xml-file=%p.xml",
        "--junit=%p.junit",
        "--sarif=%p.sarif",
    ];
    // The child of the second is what execs, and may use the heap between the two.
    for words in [
        &["twice", "exec", FINDS, "leak"][..],
        &["run", FINDS, "twice", "exec", FINDS, "leak"],
    ] {
        let project_words: Vec<&str> = [FINDS].iter().chain(words).copied().collect();
        let outcome = project.check(&options, &project_words);
        assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
        let texts = files(&project, ".xml");
        let count = |text: &str| text.matches("<error>").count();
        let in_xml: usize = texts.iter().map(|(_, text)| count(text)).sum();
        assert_eq!(in_xml, 2, "{texts:?}");
        let in_sarif = files(&project, ".sarif");
        let results = |text: &String| text.matches("\"ruleId\"").count();
        assert_eq!(
            in_sarif
                .iter()
                .map(|(_, text)| results(text))
                .sum::<usize>(),
            2
        );
        let in_junit = files(&project, ".junit");
        assert!(
            in_junit
                .iter()
                .any(|(_, text)| text.contains("double-free") && text.contains("definitely lost")),
            "{in_junit:?}"
        );
        let mut found = (0, 0);
        for (pid, text) in files(&project, ".json") {
            let json: Value = serde_json::from_str(&text).expect("it is JSON");
            assert_eq!(json["pid"].to_string(), pid);
            let length = |value: &Value| value.as_array().map_or(0, Vec::len);
            found.0 += length(&json["errors"]);
            found.1 += length(&json["leaks"]["records"]);
        }
        assert_eq!(found, (1, 1));
        for ending in [".json", ".xml", ".junit", ".sarif"] {
            for (stem, _) in files(&project, ending) {
                fs::remove_file(project.file(&format!("{stem}{ending}"))).expect("it was there");
            }
        }
    }
}

#[test]
fn the_file_of_a_child_does_not_miss_the_command() {
    let project = finds();
    let options = ["--json=%p.json", "--junit=%p.junit", "--sarif=%p.sarif"];
    let outcome = project.check(&options, &[FINDS, "run", FINDS, "balanced"]);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    assert_eq!(files(&project, ".json").len(), 2);
    for (pid, text) in files(&project, ".json") {
        let json: Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(json["summary"]["problem"], Value::Null, "{pid}");
        assert_eq!(json["exit"]["code"], 0, "{pid}");
    }
    for (_, text) in files(&project, ".junit") {
        assert!(!text.contains("<failure"), "{text}");
    }
    for (_, text) in files(&project, ".sarif") {
        assert!(text.contains("\"executionSuccessful\": true"), "{text}");
    }
}

#[test]
fn a_program_before_an_exec_did_not_end_as_the_one_after() {
    let project = finds();
    let words = [FINDS, "exec", FINDS, "balanced", "exit7"];
    let outcome = project.check(&["--json=run.json"], &words);
    assert_eq!(outcome.code(), 7, "{}", outcome.stderr);
    let said = "no leak check was made: the process replaced itself by another program";
    assert_eq!(
        outcome.stderr.matches(said).count(),
        1,
        "{}",
        outcome.stderr
    );
    assert_eq!(
        outcome.stderr.matches("HEAP SUMMARY").count(),
        1,
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("not known"), "{}", outcome.stderr);
    let json = project.json("run.json");
    let codes: Vec<&Value> = json["processes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|process| &process["exit"]["code"])
        .collect();
    assert_eq!(codes.len(), 2);
    assert!(
        codes.contains(&&Value::Null) && codes.contains(&&json!(7)),
        "{codes:?}"
    );
    assert_eq!(json["exit"]["code"], 7);
}

/// What a process that was killed had counted was told as zeros in JSON.
#[test]
fn what_is_not_known_of_a_killed_process_is_null() {
    let project = finds();
    let killed = Sample::named("endings/killed.c").build(Variant::SHIPPED);
    let outcome = project.check(&["--json=run.json"], &[killed]);
    assert_eq!(outcome.code(), 128 + 9, "{}", outcome.stderr);
    let json = project.json("run.json");
    for place in [
        "/totals/allocations",
        "/heap/peak_bytes",
        "/processes/0/frees",
        "/processes/0/definite",
        "/processes/0/suppressed",
        "/coverage",
        "/calls/malloc",
        "/calls/failed",
    ] {
        assert_eq!(json.pointer(place), Some(&Value::Null), "{place}: {json}");
    }
    assert!(json["duration_ns"].as_u64() > Some(0), "{json}");
}

#[test]
fn an_own_program_is_judged_whatever_it_is_called() {
    let project = finds();
    for folder in ["tests", ".tools"] {
        fs::create_dir(project.file(folder)).expect("a folder can be made");
        fs::copy(project.file("finds"), project.file(folder).join("sort"))
            .expect("a file can be copied");
    }
    let script = "tests/sort leak; .tools/sort leak; cat /dev/null; cat /dev/null; true";
    let words = ["sh", "-c", script];
    let outcome = project.check(&["--json=run.json"], &words);
    assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("cat (2), sort (1)"),
        "{}",
        outcome.stderr
    );
    let json = project.json("run.json");
    assert_eq!(json["left_alone"], json!({"cat": 2, "sort": 1}));
    assert_eq!(json["leaks"]["definite"]["blocks"], 1);
    // What is named is left alone wherever it is.
    let skip = "--trace-children-skip=sort,cat";
    let outcome = project.check(&[skip, "--untraced-children=error"], &words);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    let said = "not judged, for --trace-children-skip: cat (2), sort (2)";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
}

#[test]
fn a_leak_has_the_same_number_wherever_it_is_told() {
    let project = finds();
    let options = [
        "--show-leak-kinds=all",
        "--xml-file=run.xml",
        "--sarif=run.sarif",
        "--junit=run.junit",
        "--json=run.json",
        "--github",
    ];
    let outcome = project.check(&options, &[FINDS, "leak", "list", "say"]);
    assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
    let told: Vec<&str> = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with("==") && line.contains("in loss record"))
        .filter_map(|line| line.split_once("== "))
        .map(|(_, headline)| headline)
        .collect();
    assert!(told.len() >= 2, "{}", outcome.stderr);
    let annotations = || {
        outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with("::error"))
    };
    for headline in told {
        for file in ["run.xml", "run.sarif"] {
            assert!(project.read(file).contains(headline), "{file}: {headline}");
        }
        if headline.contains("definitely") {
            assert!(project.read("run.junit").contains(headline), "{headline}");
            assert!(
                annotations().any(|line| line.contains(headline)),
                "{headline}"
            );
        }
    }
    let records = project.json("run.json")["leaks"]["records"].clone();
    let sizes: Vec<u64> = records
        .as_array()
        .expect("a list")
        .iter()
        .map(|record| {
            record["bytes"].as_u64().unwrap_or(0) + record["indirect_bytes"].as_u64().unwrap_or(0)
        })
        .collect();
    assert!(sizes.is_sorted(), "{sizes:?}");
}

#[test]
fn a_log_that_could_not_be_written_is_no_green() {
    let project = finds();
    let outcome = project.check(&["--log-file=/dev/full"], &[FINDS, "balanced"]);
    assert_eq!(outcome.code(), 125, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("--log-file=/dev/full"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_baseline_is_made_of_checks_only() {
    let project = finds();
    let ldt = |words: &[&str]| project.run(Command::new(ldt()).args(words));
    assert_eq!(ldt(&["profile", "-o", "run.trace", FINDS]).code(), 0);
    let report = ldt(&["report", "--format=json", "-o", "run.json", "run.trace"]);
    assert_eq!(report.code(), 0, "{}", report.stderr);
    let refused = ldt(&["baseline", "known.txt", "run.json"]);
    assert_eq!(refused.code(), 125, "{}", refused.stderr);
    assert!(refused.stderr.contains("run.json"), "{}", refused.stderr);
    assert!(!project.file("known.txt").exists());
    fs::write(project.file("known.txt"), "no baseline\n").expect("a file can be written");
    let refused = ldt(&["baseline", "known.txt"]);
    assert_eq!(refused.code(), 125, "{}", refused.stderr);
    assert!(!refused.stderr.contains("--baseline"), "{}", refused.stderr);
}

#[test]
fn a_check_without_events_makes_no_empty_picture() {
    let project = finds();
    let checked = project.check(&["-o", "check.trace"], &[FINDS, "leak"]);
    assert_eq!(checked.code(), 99, "{}", checked.stderr);
    for words in [
        &["diff", "--fail-above=1", "check.trace", "check.trace"][..],
        &["flamegraph", "-o", "out.svg", "check.trace"],
        &["chart", "--kind=timeline", "-o", "out.svg", "check.trace"],
        &[
            "export",
            "--format=collapsed",
            "-o",
            "out.txt",
            "check.trace",
        ],
    ] {
        let outcome = project.run(Command::new(ldt()).args(words));
        assert_eq!(outcome.code(), 125, "{words:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains("ldt check --profile"),
            "{words:?}: {}",
            outcome.stderr
        );
    }
    // The page has the findings.
    let page = project.run(Command::new(ldt()).args(["html", "-o", "out.html", "check.trace"]));
    assert_eq!(page.code(), 0, "{}", page.stderr);
    assert!(page.stderr.contains("--profile"), "{}", page.stderr);
}

#[test]
fn what_a_forked_child_has_lost_before_the_fork_is_told_once() {
    let project = finds();
    let program = Sample::named("check/options/leaves_losses_behind.c").build(Variant::PLAIN);
    let program = program.to_str().expect("a path of text");
    let outcome = project.check(&["--json=run.json"], &[program, "3"]);
    assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
    let lines = |part: &str| {
        let lines = outcome.stderr.lines();
        lines.filter(|line| line.contains(part)).count()
    };
    // Four places, and the child's in two more children.
    assert_eq!(lines("in loss record"), 6, "{}", outcome.stderr);
    assert_eq!(lines("reported above, in another process"), 2);
    let common = "3 loss records, 600 bytes in 3 blocks, are the same as in process";
    assert_eq!(lines(common), 3, "{}", outcome.stderr);
    assert_eq!(lines("4 errors from 4 contexts"), 1, "{}", outcome.stderr);
    let leaks = project.json("run.json")["leaks"].clone();
    assert_eq!(leaks["definite"], json!({"bytes": 2556, "blocks": 15}));
    assert_eq!(leaks["records"].as_array().map(Vec::len), Some(4));
}

#[test]
fn a_program_that_is_deleted_while_it_runs_has_names() {
    let project = finds();
    let program = Sample::named("check/options/deletes_itself.c").build(Variant::PLAIN);
    fs::copy(&program, project.file("gone")).expect("it can be copied");
    let outcome = project.check(&["--json=run.json"], &["./gone"]);
    assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
    assert!(!project.file("gone").exists());
    let records = project.json("run.json")["leaks"]["records"].clone();
    let lost = &records[0]["stack"][1];
    assert_eq!(lost["function"], "lose_one", "{}", outcome.stderr);
    assert!(lost["line"].as_u64().is_some(), "{lost}");
    assert!(!outcome.stderr.contains("no names"), "{}", outcome.stderr);
}

/// musl's loader ended a program that had LDT in LD_PRELOAD, before it began.
#[test]
fn a_child_with_another_c_library_runs_without_ldt() {
    let project = finds();
    let loader = checkout().join("samples/launching/other_loader.c");
    let flags = "-shared -fPIC -nostdlib -fno-stack-protector -Wl,-e,_start";
    let flags: Vec<&str> = flags.split(' ').collect();
    project.gcc(&loader, "ld-musl-test.so.1", &flags);
    let source = project.file("nothing.c");
    fs::write(&source, "int main(void) { return 0; }").expect("a file can be written");
    let linked = project.file("ld-musl-test.so.1");
    let linked = format!("-Wl,--dynamic-linker={}", linked.display());
    project.gcc(&source, "other", &[&linked]);
    let command = [
        "sh",
        "-c",
        "./finds balanced; ./other && env ./other; exit $?",
    ];
    let outcome = project.check(&[""; 0], &command);
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    let said = "other: it is linked with another C library";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let alone = project.check(&[""; 0], &["./other"]);
    assert_eq!(alone.code(), 125, "{}", alone.stderr);
    assert!(
        alone.stderr.contains("link it with glibc"),
        "{}",
        alone.stderr
    );
}
