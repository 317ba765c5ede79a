//! Reads everything that a trace offers, as an analyzer does, and says how much it was.

use ldt_trace::words::MAX_NODE;
use ldt_trace::{Blob, BlobKind, Event, Module, Scratch, TraceFile, Words};
use std::collections::BTreeMap;
use std::path::Path;

/// What could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) events: u64,
    pub(crate) damage: usize,
}

/// Opens the trace and reads each piece of it down to the last event and module.
pub(crate) fn read(path: &Path, scratch: &mut Scratch) -> Result<Found, ldt_trace::file::Error> {
    let trace = TraceFile::open(path)?;
    let mut found = Found {
        events: 0,
        damage: trace.damage().len(),
    };
    let _ = trace.counters();
    let mut words = Vec::new();
    for piece in trace.threads().iter().flat_map(|thread| &thread.pieces) {
        if let Err(damage) = trace.read(piece, scratch, &mut words) {
            assert!(!damage.to_string().contains('\n'));
            assert!(words.is_empty());
            found.damage += 1;
            continue;
        }
        assert_eq!(words.len(), piece.words as usize);
        let mut events = Words::new(&words, 0);
        for item in &mut events {
            found.events += 1;
            match item.event {
                Event::Node(node) => assert!(node.id.0.max(node.parent.0) <= MAX_NODE),
                Event::Blob { kind, words, bytes } => {
                    let blob = Blob::from_words(words, bytes);
                    assert_eq!(blob.bytes().len(), bytes);
                    if kind == BlobKind::Module {
                        let _ = Module::decode(blob.bytes());
                    }
                }
                _ => {}
            }
        }
        found.damage += usize::from(events.damaged());
    }
    Ok(found)
}

/// The words of every piece that can be read, by thread and sequence number.
#[allow(
    dead_code,
    reason = "for the tests; the fuzzer has nothing to compare with"
)]
pub(crate) fn words(trace: &TraceFile, scratch: &mut Scratch) -> BTreeMap<(u32, u32), Vec<u64>> {
    let mut all = BTreeMap::new();
    for piece in trace.threads().iter().flat_map(|thread| &thread.pieces) {
        let mut words = Vec::new();
        if trace.read(piece, scratch, &mut words).is_ok() {
            all.insert((piece.thread, piece.seq), words);
        }
    }
    all
}

/// Asserts that this process never held much: a few bytes of a small file must not make the reader
/// ask for gigabytes.
pub(crate) fn assert_modest_memory() {
    const MOST_KIB: u64 = 256 << 10;
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let peak_kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .expect("the peak of the resident set");
    assert!(peak_kib < MOST_KIB, "{peak_kib} KiB at the peak");
}
