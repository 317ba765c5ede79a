//! `ldt check` as a gate: green on what is right, red on what is new, never green where it did not
//! look; with the exit codes of the contract.

use std::fs;
use std::process::Command;

use ldt_tests::gate::{FINDS, Project, finds};
use ldt_tests::installed::ldt;
use serde_json::json;

#[test]
fn the_exit_code_is_the_contracts() {
    let project = finds();
    for (options, words, expected) in [
        (&[][..], &["balanced"][..], 0),
        (&[], &["balanced", "exit7"], 7),
        (&[], &["balanced", "term"], 128 + 15),
        (&[], &["twice"], 99),
        (&[], &["twice", "exit7"], 99),
        (&[], &["leak"], 99),
        (&["--error-exitcode=42"], &["leak"], 42),
        (&["--error-exitcode=0"], &["leak", "exit7"], 7),
        (&["--errors-for-leak-kinds=none"], &["leak"], 0),
        (&["--errors-for-leak-kinds=none"], &["leak", "twice"], 99),
        (&["--leak-check=no"], &["leak"], 0),
        (&["--leak-check=summary"], &["leak"], 0),
    ] {
        let mut command = vec![FINDS];
        command.extend(words);
        let outcome = project.check(options, &command);
        assert_eq!(
            outcome.code(),
            expected,
            "{options:?} {words:?}:\n{}",
            outcome.stderr
        );
    }
}

#[test]
fn what_was_not_looked_into_is_never_green() {
    let project = finds();
    let source = project.file("nothing.c");
    fs::write(&source, "int main(void) { return 0; }").expect("a file can be written");
    project.gcc(&source, "static", &["-static"]);
    let own = "#include <stddef.h>\nvoid *malloc(size_t n) { (void)n; return 0; }\n\
               void free(void *p) { (void)p; }\nint main(void) { return 0; }";
    fs::write(&source, own).expect("a file can be written");
    project.gcc(&source, "own", &[]);
    for (command, code, said) in [
        (&["./static"][..], 125, "statically linked"),
        (&["./own"], 125, "defines malloc itself"),
        (&["bash", "-c", "exec ./static"], 125, "replaced itself"),
        (&["./nowhere"], 127, "not found"),
        (&["./nothing.c"], 126, "permission denied"),
    ] {
        let outcome = project.check(&[""; 0], command);
        assert_eq!(outcome.code(), code, "{command:?}:\n{}", outcome.stderr);
        assert!(
            outcome.stderr.contains(said),
            "{command:?}:\n{}",
            outcome.stderr
        );
        assert!(
            !outcome.stderr.contains("ERROR SUMMARY"),
            "{}",
            outcome.stderr
        );
    }
}

/// What an hour of tests found must not be lost to a folder.
#[test]
fn files_are_known_to_be_writable_before_the_command_runs() {
    let project = finds();
    let made = project.check(&["--json=new/newer/a.json"], &[FINDS, "leak"]);
    assert_eq!(made.code(), 99, "{}", made.stderr);
    assert_eq!(project.json("new/newer/a.json")["summary"]["errors"], 1);
    for option in ["--json", "--junit", "--sarif", "--xml-file"] {
        let option = format!("{option}={FINDS}/result");
        let outcome = project.check(&[&option], &[FINDS, "say"]);
        assert_eq!(outcome.code(), 125, "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "the command was run");
        assert!(outcome.stderr.contains(&option), "{}", outcome.stderr);
    }
}

#[test]
fn of_many_processes_each_one_with_findings_says_what_it_is() {
    let project = finds();
    let script = "./finds leak; LDT_TEST=second ./finds twice; ./finds balanced";
    let outcome = project.check(&[""; 0], &["sh", "-c", script]);
    let told: Vec<&str> = outcome
        .stderr
        .lines()
        .filter_map(|line| line.split_once("Command: "))
        .map(|(_, command)| command)
        .collect();
    assert_eq!(told, ["finds leak", "finds twice (test second)"]);
    let alone = project.check(&[""; 0], &[FINDS, "leak"]);
    assert!(!alone.stderr.contains("Command: "), "{}", alone.stderr);
}

#[test]
fn who_types_valgrinds_options_is_understood_or_told_of_ldt_valgrind() {
    let project = finds();
    let outcome = project.check(&["--leak-check=yes"], &[FINDS, "leak"]);
    assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
    let outcome = project.check(&["--track-origins=yes"], &[FINDS, "leak"]);
    assert_eq!(outcome.code(), 125, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("`ldt-valgrind` takes"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn bad_options_are_named_with_what_is_accepted() {
    let project = finds();
    for (option, named) in [
        ("--guard=sometimes", "adaptive"),
        ("--max-allocations=12q", "expected a number, or with K"),
        ("--num-callers=few", "expected a whole number"),
        ("--num-callers=0", "expected a whole number"),
        ("--redzone-size=15", "16..=4096"),
        ("--redzone-size=5000", "16..=4096"),
        ("--show-leak-kinds=all,none", "stands alone"),
        ("--errors-for-leak-kinds=some", "reachable"),
        ("--suppressions=/nonexistent", "/nonexistent"),
        ("--baseline=/nonexistent", "ldt baseline"),
        ("--log-file=/nonexistent/log", "/nonexistent/log"),
        ("--no-such-option", "--error-exitcode"),
    ] {
        let outcome = project.check(&[option], &[FINDS, "say"]);
        assert_eq!(outcome.code(), 125, "{option}:\n{}", outcome.stderr);
        assert!(
            outcome.stderr.contains(named),
            "{option}:\n{}",
            outcome.stderr
        );
        assert_eq!(outcome.stdout, "", "{option}: the program ran");
    }
}

#[test]
fn budgets_fail_the_gate() {
    let project = finds();
    for (option, words, expected) in [
        ("--max-leak-bytes=20", &[FINDS, "leak"], 0),
        ("--max-leak-bytes=19", &[FINDS, "leak"], 99),
        ("--max-peak=1M", &[FINDS, "balanced"], 0),
        ("--max-peak=10", &[FINDS, "balanced"], 99),
        ("--max-allocations=1000", &[FINDS, "balanced"], 0),
        ("--max-allocations=0", &[FINDS, "balanced"], 99),
    ] {
        let outcome = project.check(&[option], words);
        assert_eq!(outcome.code(), expected, "{option}:\n{}", outcome.stderr);
        let name = option.split('=').next().unwrap_or_default();
        assert_eq!(
            outcome.stderr.contains(name),
            expected == 99,
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn findings_of_many_processes_are_one_and_say_whose_they_are() {
    let project = finds();
    let script =
        "LDT_TEST=first ./finds leak; LDT_TEST=second ./finds leak twice; ./finds balanced; true";
    let outcome = project.check(&["--json=all.json"], &["sh", "-c", script]);
    assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
    let json = project.json("all.json");
    let records = json["leaks"]["records"].as_array().expect("a list");
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["bytes"], json!(40));
    assert_eq!(records[0]["blocks"], json!(2));
    assert_eq!(records[0]["tests"], json!(["first", "second"]));
    assert_eq!(json["errors"][0]["tests"], json!(["second"]));
    assert_eq!(json["summary"]["processes"], json!(3));
    assert_eq!(json["summary"]["processes_with_findings"], json!(2));
    assert!(
        outcome.stderr.contains("2 errors from 2 contexts"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("in 2 of 3 processes"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn forked_children_are_judged() {
    let project = finds();
    let outcome = project.check(&["--json=all.json"], &[FINDS, "fork"]);
    assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
    let json = project.json("all.json");
    assert_eq!(json["leaks"]["records"][0]["bytes"], json!(20));
    let processes = json["processes"].as_array().expect("a list");
    assert_eq!(processes.len(), 2);
    let only = project.check(&["--trace-children=no"], &[FINDS, "fork"]);
    assert_eq!(only.code(), 0, "{}", only.stderr);
}

#[test]
fn runners_are_left_out_unless_they_are_all_there_is() {
    let project = finds();
    let json = |words: &[&str]| {
        let _ = project.check(&["--json=run.json"], words);
        let processes = project.json("run.json")["processes"].clone();
        let judged = |process: &serde_json::Value| process["judged"] == json!(true);
        let all = processes.as_array().expect("a list");
        all.iter()
            .filter(|process| judged(process))
            .map(|process| {
                process["command"][0]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect::<Vec<String>>()
    };
    assert_eq!(json(&["sh", "-c", "./finds; true"]), ["./finds"]);
    assert_eq!(json(&["sh", "-c", "true; (true); true"]), ["sh"]);
}

#[test]
fn the_programs_output_is_its_own_and_every_line_of_ldts_is_marked() {
    let project = finds();
    let outcome = project.check(&[""; 0], &[FINDS, "say", "twice", "leak", "list"]);
    assert_eq!(outcome.stdout, "the program's own\n");
    for line in outcome.stderr.lines() {
        let rest = line
            .strip_prefix("==")
            .and_then(|rest| rest.split_once("== "));
        assert!(
            rest.is_some_and(|(pid, _)| pid.parse::<u32>().is_ok()),
            "{line}"
        );
    }
    let last = outcome.stderr.lines().last().unwrap_or_default();
    assert!(
        last.contains("ERROR SUMMARY: 3 errors from 3 contexts (suppressed: 0 from 0)"),
        "{last}"
    );
    for expected in [
        "20 bytes in 1 blocks are definitely lost in loss record 1 of 2",
        "96 (32 direct, 64 indirect) bytes in 1 blocks are definitely lost in loss record 2 of 2",
        "definitely lost: 52 bytes in 2 blocks",
        "indirectly lost: 64 bytes in 2 blocks",
        "ERROR: double-free: ",
        "freed by thread T0 (main) here:",
    ] {
        assert!(
            outcome.stderr.contains(expected),
            "{expected}:\n{}",
            outcome.stderr
        );
    }
}

#[test]
fn the_log_goes_to_a_file_one_a_process() {
    let project = finds();
    let outcome = project.check(
        &["--log-file=log.%p"],
        &["sh", "-c", "./finds twice; ./finds leak; true"],
    );
    assert_eq!(outcome.stderr, "");
    assert_eq!(outcome.code(), 99);
    let logs: Vec<String> = fs::read_dir(project.path())
        .expect("it can be listed")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("log."))
        .map(|name| project.read(&name))
        .collect();
    assert!(
        logs.iter()
            .any(|log| log.contains("double-free") && !log.contains("definitely lost in"))
    );
    assert!(
        logs.iter()
            .any(|log| log.contains("definitely lost in") && !log.contains("double-free"))
    );
}

#[test]
fn a_trace_of_a_check_can_be_reported() {
    let project = finds();
    let outcome = project.check(&["--profile", "-o", "run.trace"], &[FINDS, "twice", "leak"]);
    assert_eq!(outcome.code(), 99, "{}", outcome.stderr);
    let report = |arguments: &[&str]| {
        let mut command = Command::new(ldt());
        project
            .must_run(command.arg("report").args(arguments).arg("run.trace"))
            .stdout
    };
    let text = report(&[]);
    assert!(text.contains("ERROR: double-free"), "{text}");
    assert!(
        text.contains("20 bytes in 1 blocks are definitely lost"),
        "{text}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&report(&["--format", "json"])).expect("JSON");
    assert_eq!(json["errors"][0]["kind"], json!("double-free"));
    assert_eq!(json["leaks"]["definite"], json!({"bytes": 20, "blocks": 1}));
    assert!(
        json["sites"]
            .as_array()
            .is_some_and(|sites| !sites.is_empty()),
        "events are there, too"
    );
}

/// Used by every test above; here lest a change of it goes unnoticed.
#[test]
fn the_program_is_right_without_ldt() {
    let project: Project = finds();
    let outcome = project
        .must_run(Command::new(project.file("finds")).args(["leak", "list", "balanced", "fork"]));
    assert_eq!(outcome.stderr, "");
}
