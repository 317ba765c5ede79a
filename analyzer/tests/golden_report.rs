//! The report of the golden traces, which tell the same in each version of the format, as text and as
//! JSON, word for word: whatever it says of them today it must say for ever, unless a change is meant.
//!
//! When it is meant, the test tells which file to copy over which.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn report(version: u32, format: &str) -> String {
    let trace =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../trace/golden/v{version}.trace"));
    let output = Command::new(env!("CARGO_BIN_EXE_ldt"))
        .args(["report", "--format", format])
        .arg(trace)
        .output()
        .expect("ldt runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("it is text");
    // The only words that differ from build to build.
    text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

fn assert_golden(format: &str, name: &str) {
    let golden: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    let now = report(1, format);
    assert_eq!(report(2, format), now, "version 2 tells the same");
    if now == expected {
        return;
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&kept, &now).expect("the folder for it is there");
    let pairs = now.lines().zip(expected.lines()).enumerate();
    let first = pairs.clone().find(|(_, (now, expected))| now != expected);
    panic!(
        "the report of the golden trace has changed, first here: {first:#?}\n\
         if that is meant: cp {} {}",
        kept.display(),
        golden.display()
    );
}

#[test]
fn the_golden_trace_gives_its_text() {
    assert_golden("text", "v1.txt");
}

#[test]
fn the_golden_trace_gives_its_json() {
    assert_golden("json", "v1.json");
}
