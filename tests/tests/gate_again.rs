//! `ldt check --thorough` and `--pin`: a second run with the same input finds what the first could not, and its
//! output is dropped.

use std::fs::{self, File};
use std::process::Command;

use ldt_tests::gate::{Project, finds};
use ldt_tests::installed::{checkout, ldt};

/// Runs the program on two lines of input; gives its output, the text on standard error, and the code.
fn check(options: &[&str], arguments: &[&str]) -> (String, String, Option<i32>) {
    let project: Project = finds();
    project.gcc(
        &checkout().join("tests/gate/lines.c"),
        "lines",
        &["-g", "-O0", "-fno-builtin"],
    );
    fs::write(project.file("input"), "a\nb\n").expect("a file can be written");
    let output = Command::new(ldt())
        .arg("check")
        .args(options)
        .args(["--", "./lines"])
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
    let (_, stderr, code) = check(&["--guard-side=after"], &[]);
    assert_eq!(code, Some(5), "{stderr}");
    let (stdout, stderr, code) = check(&["--thorough"], &[]);
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
