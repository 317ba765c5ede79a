//! A trace that was cut, damaged, is empty or is none at all: a report of what can be read or one clear
//! line, never a panic, a hang, or memory in proportion to a number found in the file. (The trace crate's
//! own tests damage a golden trace at every byte; here the built `ldt` is held to it.)

use std::fs;
use std::path::Path;
use std::process::Command;

use ldt_tests::installed::{ldt, program};
use ldt_tests::profile::profile;
use ldt_tests::run::{Ending, Outcome, run};
use ldt_tests::samples::{Sample, Variant};

#[test]
fn a_cut_trace_gives_a_report_or_a_clear_error() {
    let whole = whole_trace();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let cut = folder.path().join("cut.trace");
    for length in places(whole.len(), 150) {
        fs::write(&cut, &whole[..length]).expect("a temporary file can be written");
        judge(
            &report(&cut),
            &format!("cut to {length} of {} bytes", whole.len()),
        );
    }
}

#[test]
fn a_flipped_byte_gives_a_report_or_a_clear_error() {
    let whole = whole_trace();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let flipped = folder.path().join("flipped.trace");
    // Bytes that say something: most of a fresh window is zero.
    let telling: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] != 0).collect();
    for place in places(telling.len(), 80) {
        let Some(&at) = telling.get(place) else {
            continue;
        };
        for flip in [0xff, 0x01] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            fs::write(&flipped, bytes).expect("a temporary file can be written");
            judge(
                &report(&flipped),
                &format!("byte {at} flipped with {flip:#x}"),
            );
        }
    }
}

#[test]
fn what_is_no_trace_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("no.trace");
    for (what, bytes) in [
        ("an empty file", Vec::new()),
        ("a text", b"This is no trace.\n".repeat(1000)),
        ("zeroes", vec![0; 100_000]),
        (
            "a program",
            fs::read("/bin/true").expect("there is /bin/true"),
        ),
    ] {
        fs::write(&path, bytes).expect("a temporary file can be written");
        let outcome = report(&path);
        assert_eq!(outcome.ending, Ending::Code(125), "{what}: {outcome:?}");
        judge(&outcome, what);
    }
    let outcome = report(&folder.path().join("absent.trace"));
    assert_eq!(outcome.ending, Ending::Code(125), "{outcome:?}");
    judge(&outcome, "a file that is not there");
    judge(&report(folder.path()), "a folder");
}

/// The trace of a small program with threads and names.
fn whole_trace() -> Vec<u8> {
    let program = Sample::named("threads/named_threads.c").build(Variant::PLAIN);
    fs::read(profile(&program, [""; 0]).trace()).expect("a trace can be read")
}

/// `ldt report`, with no more than 4 GiB of addresses to allocate from.
fn report(trace: &Path) -> Outcome {
    run(Command::new(program("bash"))
        .args([
            "-c",
            r#"ulimit -v 4194304 && exec "$0" report --format json "$1""#,
        ])
        .arg(ldt())
        .arg(trace))
}

fn judge(outcome: &Outcome, what: &str) {
    match outcome.ending {
        Ending::Code(0) => {
            let json: Result<serde_json::Value, _> = serde_json::from_str(&outcome.stdout);
            assert!(json.is_ok(), "{what}: no JSON: {:?}", outcome.stdout);
        }
        Ending::Code(125) => {
            let first = outcome.stderr.lines().next().unwrap_or_default();
            assert!(
                first.starts_with("ldt: ") && first.len() > 20,
                "{what}: `{first}` is not clear"
            );
        }
        _ => panic!("{what}: {outcome:?}"),
    }
}

/// So many numbers up to `end`: the first and the last ones, and others spread between.
fn places(end: usize, count: usize) -> impl Iterator<Item = usize> {
    let edge = count / 10;
    let first = 0..edge.min(end);
    let last = end.saturating_sub(edge)..end;
    // A stride without a common factor with the sizes of pages and chunks.
    let between = (0..count - 2 * edge).map(move |step| (step * 7919 * 131) % end.max(1));
    first.chain(between).chain(last)
}
