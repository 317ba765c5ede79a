//! What is damaged or missing in a file, and what is read in spite of it.

use ldt_trace::chunk;
use ldt_trace::header::Header;
use ldt_trace::words::{put_alloc, put_free, put_stamp};
use ldt_trace::{Function, NodeId, PieceKind, Scratch, TraceFile, TraceWriter};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// A trace in a directory of its own.
struct Written {
    directory: tempfile::TempDir,
}

impl Written {
    fn new(fill: impl FnOnce(&mut TraceWriter)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let written = Written { directory };
        let mut writer =
            TraceWriter::create(written.path(), Header::default()).expect("a new file");
        fill(&mut writer);
        writer.finish(|_| {}).expect("written");
        written
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("t.trace")
    }

    fn overwrite(&self, offset: u64, bytes: &[u8]) {
        let file = OpenOptions::new().write(true).open(self.path());
        let file = file.expect("the trace opens for writing");
        file.write_all_at(bytes, offset).expect("overwritten");
    }

    fn open(&self) -> TraceFile {
        TraceFile::open(self.path()).expect("the header page is whole")
    }
}

fn words(from: u64) -> Vec<u64> {
    let mut words = Vec::new();
    put_stamp(&mut words, from + 1);
    for index in 0..100 {
        let address = 0x5555_0000_0000 + from + index * 64;
        let (malloc, free) = (Function::Malloc, Function::Free);
        put_alloc(&mut words, malloc, address, index, 1, NodeId(7), None);
        put_free(&mut words, free, address, Some(from + index + 2));
    }
    words
}

fn add(writer: &mut TraceWriter, seq: u32) -> u64 {
    let words = words(1000 * u64::from(seq));
    writer.chunk(0, 100, seq, &words).expect("written")
}

/// The words of every piece, `None` for those that cannot be read.
fn read(trace: &TraceFile) -> Vec<Option<Vec<u64>>> {
    let mut scratch = Scratch::new();
    let pieces = trace.threads().iter().flat_map(|thread| &thread.pieces);
    pieces
        .map(|piece| {
            let mut words = Vec::new();
            let result = trace.read(piece, &mut scratch, &mut words);
            result.is_ok().then_some(words)
        })
        .collect()
}

#[test]
fn a_chunk_that_was_half_written_is_read_from_its_window() {
    let mut at = 0;
    let written = Written::new(|writer| {
        add(writer, 0);
        at = add(writer, 1);
        let same = words(1000);
        writer.window(0, 100, 1, 504, &same).expect("written");
    });
    let middle = at + chunk::HEADER_BYTES as u64 + 50;
    written.overwrite(middle, &[0; 20]);
    let trace = written.open();
    assert_eq!(trace.damage(), []);
    assert_eq!(trace.threads()[0].pieces[1].kind, PieceKind::Window);
    assert_eq!(read(&trace), [Some(words(0)), Some(words(1000))]);
}

#[test]
fn a_damaged_chunk_among_others_is_read_from_its_window() {
    // What follows makes the damaged chunk's length believable; only its checksum shows the damage.
    let mut at = 0;
    let written = Written::new(|writer| {
        at = add(writer, 0);
        writer.chunk(1, 101, 0, &words(5)).expect("written");
        let same = words(0);
        writer.window(0, 100, 0, 504, &same).expect("written");
    });
    written.overwrite(at + chunk::HEADER_BYTES as u64 + 50, &[0; 20]);
    let trace = written.open();
    assert_eq!(trace.damage(), []);
    assert_eq!(trace.threads()[0].pieces[0].kind, PieceKind::Window);
    assert_eq!(read(&trace), [Some(words(0)), Some(words(5))]);
}

#[test]
fn a_damaged_chunk_is_said_when_it_is_read_and_the_others_are_read() {
    let mut at = 0;
    let written = Written::new(|writer| {
        add(writer, 0);
        at = add(writer, 1);
        add(writer, 2);
    });
    written.overwrite(at + chunk::HEADER_BYTES as u64 + 50, &[0; 20]);
    let trace = written.open();
    assert_eq!(read(&trace), [Some(words(0)), None, Some(words(2000))]);
    let piece = &trace.threads()[0].pieces[1];
    let damage = trace
        .read(piece, &mut Scratch::new(), &mut Vec::new())
        .expect_err("the checksum is wrong");
    assert_eq!(
        damage.to_string(),
        format!("at byte {at}: the chunk's checksum is wrong (piece 1 of thread 0)")
    );
}

#[test]
fn a_chunk_whose_length_is_damaged_does_not_hide_the_next() {
    let mut at = 0;
    let written = Written::new(|writer| {
        at = add(writer, 0);
        add(writer, 1);
    });
    const COMPRESSED_BYTES: u64 = 36;
    written.overwrite(at + COMPRESSED_BYTES, &(1u32 << 20).to_le_bytes());
    let trace = written.open();
    assert_eq!(read(&trace), [Some(words(1000))]);
    let said: Vec<String> = trace.damage().iter().map(ToString::to_string).collect();
    assert!(
        said.iter()
            .any(|line| line == &format!("at byte {at}: chunk 0 of thread 0 is cut or damaged")),
        "{said:?}"
    );
}

#[test]
fn chunks_that_are_missing_are_counted() {
    let written = Written::new(|writer| {
        add(writer, 0);
        add(writer, 3);
    });
    let trace = written.open();
    assert_eq!(read(&trace), [Some(words(0)), Some(words(3000))]);
    assert_eq!(trace.damage().len(), 1);
    assert!(
        trace.damage()[0]
            .what
            .contains("2 chunks of thread 0 are missing")
    );
}

#[test]
fn a_window_that_has_moved_on_says_that_chunks_are_missing() {
    let written = Written::new(|writer| {
        add(writer, 0);
        writer.window(0, 100, 2, 504, &[]).expect("written");
    });
    let trace = written.open();
    assert_eq!(read(&trace), [Some(words(0))]);
    assert_eq!(trace.damage().len(), 1);
    assert!(
        trace.damage()[0]
            .what
            .contains("1 chunks of thread 0 are missing")
    );
}

#[test]
fn a_window_is_read_up_to_the_first_word_that_is_no_event() {
    let whole = words(0);
    let mut at = 0;
    let written = Written::new(|writer| {
        at = writer.window(0, 100, 0, 504, &whole).expect("written");
    });
    // Word 2 begins the first allocation; 0 is never written.
    written.overwrite(at + 64 + 8 * 2, &[0; 8]);
    let trace = written.open();
    assert_eq!(read(&trace), [Some(whole[..2].to_vec())]);
    assert_eq!(trace.damage()[0].what, "word 2 of a window is no event");
}

#[test]
fn holes_between_chunks_are_no_damage_but_other_bytes_are() {
    let mut hole = 0;
    let written = Written::new(|writer| {
        writer.hole(64);
        add(writer, 0);
        hole = writer.hole(100_000);
        add(writer, 1);
        writer.hole(5000);
    });
    let trace = written.open();
    assert_eq!(trace.damage(), []);
    assert_eq!(read(&trace), [Some(words(0)), Some(words(1000))]);
    drop(trace);
    written.overwrite(hole + 70_000, b"rubbish");
    let trace = written.open();
    assert_eq!(read(&trace), [Some(words(0)), Some(words(1000))]);
    assert_eq!(trace.damage().len(), 1);
    assert_eq!(trace.damage()[0].offset, hole);
}

#[test]
fn a_file_that_is_cut_says_how_much_is_missing() {
    let mut at = 0;
    let written = Written::new(|writer| {
        add(writer, 0);
        at = add(writer, 1);
    });
    let file = OpenOptions::new().write(true).open(written.path());
    file.expect("it opens").set_len(at).expect("cut");
    let trace = written.open();
    assert_eq!(read(&trace), [Some(words(0))]);
    assert_eq!(trace.damage().len(), 1);
    let missing = trace.header().file_end - at;
    let what = format!("the file is cut: {missing} bytes are missing");
    assert_eq!(trace.damage()[0].what, what);
}
