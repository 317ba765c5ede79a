//! The golden traces: a file of each format version must read the same for ever, and whatever is cut
//! off or changed in one, the reader says so in an orderly way.

#[path = "../golden/reading.rs"]
mod reading;
#[path = "../golden/story.rs"]
mod story;

use ldt_trace::chunk::all_in;
use ldt_trace::header::{HEADER_BYTES, VERSION};
use ldt_trace::{Item, PieceKind, Scratch, TraceFile, Words};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Without optimization a read takes 30 times as long, so that only every so many places are tried;
/// the number is odd, so that all places within a field are met.
const STEP: usize = if cfg!(debug_assertions) { 23 } else { 1 };

fn golden_of(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/v{version}.trace"))
}

fn golden() -> PathBuf {
    golden_of(VERSION)
}

/// Asserts that the trace holds the story, whole and in order.
fn assert_tells_the_story(path: &Path, version: u32) {
    let trace = TraceFile::open(path).expect("the trace opens");
    assert_eq!(trace.damage(), []);
    let mut header = trace.header().clone();
    assert_eq!(header.version, version);
    (header.version, header.file_end) = (0, 0);
    assert_eq!(header, story::header());
    let (mut scratch, mut words) = (Scratch::new(), Vec::new());
    let mut pieces = 0;
    for part in story::parts() {
        let thread = &trace.threads()[part.thread as usize];
        assert_eq!((thread.thread, thread.tid), (part.thread, part.tid));
        let piece = &thread.pieces[part.seq as usize];
        assert_eq!(piece.kind == PieceKind::Window, part.in_window);
        trace
            .read(piece, &mut scratch, &mut words)
            .expect("the piece is whole");
        let mut events = Words::new(&words, 0);
        let items: Vec<Item<'_>> = events.by_ref().collect();
        assert!(!events.damaged());
        let mut now = 0;
        let expected: Vec<Item<'_>> = part
            .told
            .iter()
            .map(|&(ticks, event)| {
                let (tick_before, tick) = ticks.unwrap_or((now, now));
                now = tick;
                Item {
                    tick,
                    tick_before,
                    event,
                }
            })
            .collect();
        assert_eq!(items, expected);
        assert_eq!(piece.counters.events, expected.len() as u64);
        pieces += 1;
    }
    let all: usize = trace.threads().iter().map(|one| one.pieces.len()).sum();
    assert_eq!(all, pieces);
    let total = trace.counters();
    assert_eq!((total.allocations, total.frees, total.failed), (23, 21, 1));
}

#[test]
fn the_golden_trace_of_every_version_reads_as_ever() {
    for version in 1..=VERSION {
        assert_tells_the_story(&golden_of(version), version);
    }
}

#[test]
fn the_chunks_of_a_file_are_those_that_the_reader_knows() {
    let bytes = fs::read(golden()).expect("the golden trace is there");
    let trace = TraceFile::open(golden()).expect("the trace opens");
    let pieces = trace.threads().iter().flat_map(|thread| &thread.pieces);
    let known = pieces
        .filter(|piece| piece.kind == PieceKind::Chunk)
        .map(|piece| piece.counters.events);
    let found = |bytes: &[u8]| -> Vec<u64> {
        let chunks = all_in(bytes);
        chunks.map(|(chunk, _)| chunk.counters.events).collect()
    };
    let (mut known, mut all) = (known.collect::<Vec<u64>>(), found(&bytes));
    known.sort_unstable();
    all.sort_unstable();
    assert!(!all.is_empty());
    assert_eq!(all, known);
    // A chunk that is cut off or changed is none.
    let last = bytes.len() - 1;
    assert!(found(&bytes[..HEADER_BYTES + 100]).is_empty());
    let mut changed = bytes.clone();
    changed[HEADER_BYTES + 20] ^= 1;
    assert_eq!(found(&changed).len() + 1, all.len());
    assert!(found(&bytes[..last]).len() <= all.len());
}

#[test]
fn what_is_written_today_tells_the_same() {
    // The bytes may differ: another zstd may compress otherwise.
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("today.trace");
    story::write(&path).expect("written");
    assert_tells_the_story(&path, VERSION);
}

#[test]
fn a_cut_at_every_byte_is_damage_or_an_error() {
    let whole = fs::read(golden()).expect("the golden trace");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("cut.trace");
    fs::write(&path, &whole).expect("written");
    let file = OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("it opens");
    let mut scratch = Scratch::new();
    let everything = reading::read(&path, &mut scratch).expect("a trace").events;
    for length in (0..whole.len()).rev().step_by(STEP) {
        file.set_len(length as u64).expect("cut");
        match reading::read(&path, &mut scratch) {
            Ok(found) => {
                assert!(length >= HEADER_BYTES);
                assert!(found.damage > 0, "a cut at {length} goes unnoticed");
                assert!(found.events <= everything);
            }
            Err(error) => {
                assert!(length < HEADER_BYTES, "{error}");
                assert!(!error.to_string().contains('\n'));
            }
        }
    }
    reading::assert_modest_memory();
}

#[test]
fn a_change_of_every_byte_is_survived() {
    let whole = fs::read(golden()).expect("the golden trace");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("changed.trace");
    fs::write(&path, &whole).expect("written");
    let file = OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("it opens");
    let mut scratch = Scratch::new();
    for at in (0..whole.len()).step_by(STEP) {
        for mask in [0x01, 0x80, 0xff] {
            file.write_all_at(&[whole[at] ^ mask], at as u64)
                .expect("changed");
            match reading::read(&path, &mut scratch) {
                Ok(_) => {}
                Err(error) => assert!(at < 12, "byte {at} changed: {error}"),
            }
        }
        file.write_all_at(&whole[at..=at], at as u64)
            .expect("mended");
    }
    assert_tells_the_story(&path, VERSION);
    reading::assert_modest_memory();
}

#[test]
fn a_changed_byte_in_a_chunk_never_changes_events() {
    let whole = fs::read(golden()).expect("the golden trace");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("changed.trace");
    let trace = TraceFile::open(golden()).expect("the golden trace");
    let mut scratch = Scratch::new();
    let all = reading::words(&trace, &mut scratch);
    let chunks = whole.len() - 4096;
    for at in (HEADER_BYTES..chunks).step_by(STEP) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        fs::write(&path, &changed).expect("written");
        let trace = TraceFile::open(&path).expect("the header page is whole");
        for (place, words) in reading::words(&trace, &mut scratch) {
            assert_eq!(Some(&words), all.get(&place), "byte {at} changed");
        }
    }
}
