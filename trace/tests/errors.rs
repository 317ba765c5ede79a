//! Files of which nothing can be read: one line with the path, the place and the way out.

use ldt_trace::TraceFile;
use ldt_trace::header::{Header, VERSION, offset};
use std::fs;

/// What opening a file with this content says, its path aside.
fn error(content: &[u8]) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("t.trace");
    fs::write(&path, content).expect("written");
    let error = TraceFile::open(&path).expect_err("no trace").to_string();
    assert_eq!(error.lines().count(), 1);
    let rest = error.strip_prefix(&format!("{}: ", path.display()));
    rest.expect("the path comes first").to_owned()
}

fn page(version: u32) -> Vec<u8> {
    let header = Header {
        version,
        ..Header::default()
    };
    header.encode().to_vec()
}

#[test]
fn an_empty_file() {
    assert_eq!(
        error(b""),
        "at byte 0: the file is empty: the program ended before recording began; record it again with `ldt profile`"
    );
}

#[test]
fn a_foreign_file() {
    let said = "at byte 0: not an LDT trace (it does not begin with `LDTRACE`); give a file that `ldt profile` wrote";
    assert_eq!(error(b"\x7fELF"), said);
    assert_eq!(error(&[0; 10_000]), said);
    assert_eq!(error(b"LDTRACE, a history"), said);
}

#[test]
fn a_file_that_is_cut_inside_its_header() {
    let said = "of 4096 bytes): nothing of it can be read; copy it again, or record it again";
    for length in [1, 8, 12, 4095] {
        let error = error(&page(VERSION)[..length]);
        assert!(error.ends_with(said), "{error}");
        assert!(
            error.starts_with(&format!(
                "at byte {length}: the trace is cut inside its header ({length} "
            )),
            "{error}"
        );
    }
}

#[test]
fn a_file_of_a_later_version() {
    let said = error(&page(VERSION + 1));
    assert_eq!(
        said,
        format!(
            "at byte {}: format version {} is newer than this ldt reads (up to {VERSION}); read it with the ldt that recorded it",
            offset::VERSION,
            VERSION + 1
        )
    );
}

#[test]
fn a_file_without_a_version() {
    assert!(error(&page(0)).contains("header is damaged (format version 0)"));
}

#[test]
fn a_file_that_is_not_there_and_a_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = directory.path().join("missing");
    for path in [missing.as_path(), directory.path()] {
        let error = TraceFile::open(path).expect_err("no file").to_string();
        assert!(error.contains("cannot be read"), "{error}");
        assert!(error.contains("ldt profile"), "{error}");
    }
}

#[test]
fn a_header_page_alone_is_an_empty_trace() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("t.trace");
    fs::write(&path, page(VERSION)).expect("written");
    let trace = TraceFile::open(&path).expect("a trace");
    assert_eq!((trace.threads(), trace.damage()), (&[][..], &[][..]));
}
