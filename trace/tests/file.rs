//! Whole files: what was written is read back, and what is missing is said.

use ldt_trace::header::{self, Header};
use ldt_trace::words::{put_alloc, put_free, put_stamp};
use ldt_trace::{Function, NodeId, PieceKind, Scratch, TraceFile, TraceWriter};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn events(thread: u64, count: u64) -> Vec<u64> {
    let mut words = Vec::new();
    put_stamp(&mut words, 1000 * thread);
    for index in 0..count {
        let address = 0x5555_0000_0000 + thread * 0x100_0000 + index % 100 * 64;
        put_alloc(
            &mut words,
            Function::Malloc,
            address,
            index % 60,
            1,
            NodeId(7),
            None,
        );
        put_free(
            &mut words,
            Function::Free,
            address,
            Some(1000 * thread + index),
        );
    }
    words
}

fn read_all(trace: &TraceFile, thread: usize) -> Vec<u64> {
    let (mut scratch, mut words, mut all) = (Scratch::new(), Vec::new(), Vec::new());
    for piece in &trace.threads()[thread].pieces {
        trace
            .read(piece, &mut scratch, &mut words)
            .expect("the piece is whole");
        all.extend_from_slice(&words);
    }
    all
}

#[test]
fn chunks_and_windows_of_many_threads_come_back_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("t.trace");
    let mut writer = TraceWriter::create(
        &path,
        Header {
            pid: 42,
            ..Header::default()
        },
    )
    .expect("a file");
    let all: Vec<Vec<u64>> = (1..=3).map(|thread| events(thread, 500)).collect();
    for seq in 0..3 {
        for (thread, words) in all.iter().enumerate() {
            if seq == 1 {
                writer.hole(3000);
            }
            writer
                .chunk(thread as u32, 100 + thread as u32, seq, words)
                .expect("written");
        }
    }
    writer.window(1, 101, 3, 8192, &all[1]).expect("written");
    writer.window(2, 102, 2, 8192, &all[2]).expect("written");
    writer
        .finish(|header| header.start_tick = 5)
        .expect("written");

    let trace = TraceFile::open(&path).expect("a trace");
    assert_eq!(trace.damage(), []);
    assert_eq!(trace.header().pid, 42);
    assert_eq!(trace.threads().len(), 3);
    let pieces = |thread: usize| {
        trace.threads()[thread]
            .pieces
            .iter()
            .map(|piece| piece.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(pieces(0), [PieceKind::Chunk; 3]);
    assert_eq!(
        pieces(1),
        [
            PieceKind::Chunk,
            PieceKind::Chunk,
            PieceKind::Chunk,
            PieceKind::Window
        ]
    );
    assert_eq!(
        pieces(2),
        [PieceKind::Chunk; 3],
        "the window whose chunk is there is ignored"
    );
    assert_eq!(read_all(&trace, 0), all[0].repeat(3));
    assert_eq!(read_all(&trace, 1), all[1].repeat(4));
    assert_eq!(trace.counters().allocations, 10 * 500);
    assert_eq!(trace.counters().frees, 10 * 500);
}

#[test]
fn a_thread_may_leave_an_empty_window_for_a_longer_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("t.trace");
    let words = events(1, 500);
    for is_left_first in [true, false] {
        let mut writer = TraceWriter::create(&path, Header::default()).expect("a file");
        writer.chunk(0, 100, 0, &words).expect("written");
        for capacity in [4096, 8192] {
            let is_left = (capacity == 4096) == is_left_first;
            let content = if is_left { &[][..] } else { &words };
            writer
                .window(0, 100, 1, capacity, content)
                .expect("written");
        }
        writer.finish(|_| ()).expect("written");

        let trace = TraceFile::open(&path).expect("a trace");
        assert_eq!(trace.damage(), []);
        assert_eq!(trace.threads()[0].pieces.len(), 2);
        assert_eq!(read_all(&trace, 0), words.repeat(2));
    }
}

/// Before, it was opened, and waited for somebody to write to it.
#[test]
fn a_pipe_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()));
    let error = TraceFile::open(&pipe).expect_err("it is no file");
    assert!(error.to_string().contains("it is a pipe"), "{error}");
}

/// Regression: the window was looked at after the chunks had been counted, and what became chunks in between was missing.
#[test]
fn a_trace_that_grows_while_it_is_opened_has_no_gaps() {
    const CHUNKS: u32 = 20_000;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("t.trace");
    let mut writer = TraceWriter::create(&path, Header::default()).expect("a new file");
    let window = writer.window(0, 100, 0, 504, &[]).expect("written");
    let state = window + header::window::STATE as u64;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let file = OpenOptions::new().write(true).open(&path);
            let file = file.expect("the trace opens for writing");
            let words = events(0, 10);
            for seq in 0..CHUNKS {
                writer.chunk(0, 100, seq, &words).expect("written");
                let moved_on = u64::from(seq + 1) << 32;
                file.write_all_at(&moved_on.to_le_bytes(), state)
                    .expect("overwritten");
            }
            is_over.store(true, Ordering::Release);
        });
        while !is_over.load(Ordering::Acquire) {
            let trace = TraceFile::open(&path).expect("the header page is whole");
            let said: Vec<&str> = trace.damage().iter().map(|one| one.what.as_str()).collect();
            let missing = said.iter().find(|what| what.contains("missing"));
            assert_eq!(missing, None, "{said:?}");
        }
    });
    let trace = TraceFile::open(&path).expect("the header page is whole");
    let chunks: usize = trace.threads().iter().map(|all| all.pieces.len()).sum();
    assert_eq!(chunks, CHUNKS as usize);
}
