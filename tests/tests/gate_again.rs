//! `ldt check --thorough` and `--pin`: a second run with the same input finds what the first could not, and its
//! output is dropped.

use std::fs::{self, File};
use std::process::Command;

use ldt_tests::gate::{Project, finds};
use ldt_tests::installed::{checkout, ldt};
use serde_json::Value;

/// Runs `lines.c` on two lines of input; gives its output, the text on standard error, and the code.
fn check(options: &[&str], arguments: &[&str]) -> (String, String, Option<i32>) {
    check_program("lines", options, arguments)
}

/// The same with another program of `tests/gate`.
fn check_program(
    name: &str,
    options: &[&str],
    arguments: &[&str],
) -> (String, String, Option<i32>) {
    let project: Project = finds();
    project.gcc(
        &checkout().join("tests/gate").join(name).with_extension("c"),
        name,
        &["-g", "-O0", "-fno-builtin"],
    );
    fs::write(project.file("input"), "a\nb\n").expect("a file can be written");
    let output = Command::new(ldt())
        .arg("check")
        .args(options)
        .args(["--", &format!("./{name}")])
        .args(arguments)
        .stdin(File::open(project.file("input")).expect("it was written"))
        .current_dir(project.path())
        .output()
        .expect("ldt can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code(),
    )
}

#[test]
fn thorough_guards_the_other_side_in_a_second_run() {
    // A watchpoint would see the other side in the first run.
    let alone = "--watchpoints=no";
    let (_, stderr, code) = check(&["--guard-side=after", alone], &[]);
    assert_eq!(code, Some(5), "{stderr}");
    let (stdout, stderr, code) = check(&["--thorough", alone], &[]);
    assert_eq!(code, Some(99), "{stderr}");
    assert_eq!(stdout, "got a\ngot b\n");
    assert!(
        stderr.contains("heap-buffer-underflow: read of 4 bytes"),
        "{stderr}"
    );
    assert!(stderr.contains("in read_before lines.c:8"), "{stderr}");
}

#[test]
fn pin_finds_the_instruction_of_damage_found_later() {
    let (_, stderr, code) = check(&["--guard=off"], &["late"]);
    assert_eq!(code, Some(99), "{stderr}");
    assert!(!stderr.contains("in write_after lines.c:15"), "{stderr}");
    let (stdout, stderr, code) = check(&["--guard=off", "--pin"], &["late"]);
    assert_eq!(code, Some(99), "{stderr}");
    assert_eq!(stdout, "got a\ngot b\n");
    assert!(stderr.contains("in write_after lines.c:15"), "{stderr}");
}

#[test]
fn pin_guards_just_the_blocks_of_that_call_stack() {
    for (what, kind) in [
        ("after", "heap-buffer-overflow: write of 1 bytes"),
        ("before", "heap-buffer-underflow: write of 1 bytes"),
        ("freed", "heap-use-after-free: write of 1 bytes"),
    ] {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("findings.json");
        let json = format!("--json={}", path.display());
        let options = ["--guard=off", "--pin", &json];
        let (_, stderr, code) = check_program("many_blocks", &options, &[what]);
        assert_eq!(code, Some(99), "{what}: {stderr}");
        let (first, second) = stderr
            .split_once("running again, with guard pages at the blocks of the call stack")
            .unwrap_or_else(|| panic!("{what}: {stderr}"));
        assert!(first.contains("(found later, "), "{what}: {stderr}");
        assert!(second.contains(kind), "{what}: {stderr}");
        assert!(!second.contains("(found later, "), "{what}: {stderr}");
        assert!(!second.contains("running once more"), "{what}: {stderr}");
        // Each of its blocks, and none of the ten other stacks'.
        let json: Value =
            serde_json::from_slice(&fs::read(&path).expect("it was written")).expect("it is JSON");
        let coverage = &json["coverage"];
        assert_eq!(coverage["guarded"], 20, "{what}: {coverage}");
        assert_eq!(coverage["guarded_stacks"], 1, "{what}: {coverage}");
    }
}

#[test]
fn pin_says_when_the_call_stack_does_not_come_again_and_guards_all_then() {
    let (_, stderr, code) = check_program("another_way", &["--guard=off", "--pin"], &[]);
    assert_eq!(code, Some(99), "{stderr}");
    let (_, rest) = stderr
        .split_once("the call stack did not occur again in this run")
        .unwrap_or_else(|| panic!("{stderr}"));
    let (_, last) = rest
        .split_once("running once more, with guard pages at all blocks (--pin)")
        .unwrap_or_else(|| panic!("{stderr}"));
    assert!(last.contains("in write_after another_way.c:8"), "{stderr}");
    assert!(last.contains("in later another_way.c:"), "{stderr}");
}

/// The guard of the second run shows the instruction of what the first one found at the free: one mistake.
#[test]
fn thorough_tells_an_underflow_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("findings.json");
    let json = format!("--json={}", path.display());
    let options = ["--guard=all", "--thorough", &json];
    let (_, stderr, code) = check_program("many_blocks", &options, &["before"]);
    assert_eq!(code, Some(99), "{stderr}");
    assert!(
        stderr.contains("ERROR SUMMARY: 1 errors from 1 contexts"),
        "{stderr}"
    );
    let json: Value =
        serde_json::from_slice(&fs::read(&path).expect("it was written")).expect("it is JSON");
    let errors = json["errors"].as_array().expect("a list");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0]["detected_by"], "guard");
    assert_eq!(errors[0]["kind"], "heap-buffer-underflow");
}
