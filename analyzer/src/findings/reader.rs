//! Reading findings out of a trace file that may still grow: each reading takes in what has come
//! since the one before.
//!
//! A thread's events are a sequence of pieces, each of which is a window that fills up and then
//! becomes a chunk with the same words. So how far a thread has been read is a piece's number and a
//! count of words in it, whatever has become of the piece since.

use super::raw::Found;
use ldt_trace::file::{Scratch, TraceFile};
use ldt_trace::{Tick, Words};
use std::collections::HashMap;

/// How far a thread has been read.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    seq: u32,
    words: usize,
    tick: Tick,
}

/// Follows one trace file.
#[derive(Debug, Default)]
pub struct Reader {
    progress: HashMap<u32, Progress>,
}

impl Reader {
    /// Takes in what is new in the file as it is now. The room to unpack in is the caller's: it is large, and one serves any
    /// number of readers.
    pub fn read(&mut self, trace: &TraceFile, scratch: &mut Scratch, found: &mut Found) {
        found.header = trace.header().clone();
        found.damage = trace.damage().to_vec();
        let mut words = Vec::new();
        for thread in trace.threads() {
            let progress = self.progress.entry(thread.thread).or_default();
            for piece in &thread.pieces {
                let known = match piece.seq.cmp(&progress.seq) {
                    std::cmp::Ordering::Less => continue,
                    std::cmp::Ordering::Equal => progress.words,
                    std::cmp::Ordering::Greater => 0,
                };
                if piece.words as usize <= known {
                    continue;
                }
                if let Err(damage) = trace.read(piece, scratch, &mut words) {
                    found.damage.push(damage);
                    continue;
                }
                let mut items = Words::new(&words[known..], progress.tick);
                for item in &mut items {
                    progress.tick = item.tick;
                    found.take(thread.thread, &item);
                }
                progress.seq = piece.seq;
                progress.words = known + items.position();
                if items.damaged() {
                    // Lest the same words be looked at again and again.
                    progress.words = words.len();
                }
            }
        }
        found.facts.finish();
    }
}
