//! Decoding ahead of the replay, on all cores.
//!
//! Workers turn pieces of the file into words; the replay takes them in order. Each thread's
//! stream is at most [`AHEAD`] pieces ahead, so that memory stays bounded, and buffers go round.

use super::merge::Source;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use ldt_trace::file::{Damage, Piece, Scratch, TraceFile};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::thread::Scope;

/// How many pieces of a stream are decoded, or being decoded, before they are wanted.
const AHEAD: usize = 4;
/// More workers than this are faster than any replay.
const MAX_WORKERS: usize = 8;

type Decoded = Result<Vec<u64>, Damage>;

struct Job<'t> {
    piece: &'t Piece,
    buffer: Vec<u64>,
    reply: Sender<Decoded>,
}

/// What all streams share.
pub(super) struct Decoder<'t> {
    jobs: Sender<Job<'t>>,
    spare: RefCell<Vec<Vec<u64>>>,
    damage: RefCell<Vec<Damage>>,
    progress: Box<dyn Fn(usize) + 't>,
}

impl<'t> Decoder<'t> {
    /// Starts the workers, which end when the decoder is dropped. `progress` is told how many
    /// words were handed out.
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        trace: &'t TraceFile,
        progress: Box<dyn Fn(usize) + 't>,
    ) -> Self
    where
        't: 'scope,
    {
        let (jobs, queue) = unbounded::<Job<'t>>();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.min(MAX_WORKERS) {
            let queue: Receiver<Job<'t>> = queue.clone();
            scope.spawn(move || {
                let mut scratch = Scratch::new();
                for mut job in queue {
                    let result = trace.read(job.piece, &mut scratch, &mut job.buffer);
                    // Nobody waits any more when the replay has stopped early.
                    let _ = job.reply.send(result.map(|()| job.buffer));
                }
            });
        }
        Decoder {
            jobs,
            spare: RefCell::default(),
            damage: RefCell::default(),
            progress,
        }
    }

    /// What could not be decoded.
    pub(super) fn into_damage(self) -> Vec<Damage> {
        self.damage.into_inner()
    }
}

/// The pieces of one thread, decoded ahead.
pub(super) struct ReadAhead<'d, 't> {
    decoder: &'d Decoder<'t>,
    pieces: std::slice::Iter<'t, Piece>,
    pending: VecDeque<Receiver<Decoded>>,
}

impl<'d, 't> ReadAhead<'d, 't> {
    pub(super) fn new(decoder: &'d Decoder<'t>, pieces: &'t [Piece]) -> Self {
        ReadAhead {
            decoder,
            pieces: pieces.iter(),
            pending: VecDeque::new(),
        }
    }

    fn fill(&mut self) {
        while self.pending.len() < AHEAD
            && let Some(piece) = self.pieces.next()
        {
            let (reply, result) = bounded(1);
            let buffer = self.decoder.spare.borrow_mut().pop().unwrap_or_default();
            let job = Job {
                piece,
                buffer,
                reply,
            };
            // The workers live as long as the decoder.
            let _ = self.decoder.jobs.send(job);
            self.pending.push_back(result);
        }
    }
}

impl Source for ReadAhead<'_, '_> {
    fn prepare(&mut self) {
        self.fill();
    }

    fn next(&mut self, spent: Vec<u64>) -> Option<Vec<u64>> {
        if spent.capacity() > 0 {
            self.decoder.spare.borrow_mut().push(spent);
        }
        loop {
            self.fill();
            match self.pending.pop_front()?.recv() {
                Ok(Ok(words)) => {
                    (self.decoder.progress)(words.len());
                    return Some(words);
                }
                Ok(Err(damage)) => self.decoder.damage.borrow_mut().push(damage),
                // A worker that died: its piece is missing, which the totals will not hide.
                Err(_) => self.decoder.damage.borrow_mut().push(Damage {
                    offset: 0,
                    what: "a piece could not be decoded".to_owned(),
                }),
            }
        }
    }
}
