//! The pieces of each thread in order, and what is missing between them.

use super::damage::Damage;
use super::scan::{self, Found, FoundChunk, FoundWindow};
use super::source::Source;
use super::window;
use crate::Tick;
use crate::columns::Counters;
use crate::header::{Header, flag};
use crate::words::Words;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;

/// What a piece is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PieceKind {
    /// A compressed chunk.
    Chunk,
    /// A window that no chunk was made of yet.
    Window,
}

/// A run of one thread's events that is read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// What it is made of.
    pub kind: PieceKind,
    /// LDT's number of the thread.
    pub thread: u32,
    /// The kernel's id of the thread.
    pub tid: u32,
    /// Place among the thread's pieces.
    pub seq: u32,
    /// How many words it decodes to.
    pub words: u32,
    /// Totals of its events.
    pub counters: Counters,
}

impl Piece {
    /// The first stamp, 0 if there is none.
    #[must_use]
    pub fn first_tick(&self) -> Tick {
        self.counters.first_tick
    }

    /// The last stamp, 0 if there is none.
    #[must_use]
    pub fn last_tick(&self) -> Tick {
        self.counters.last_tick
    }

    fn of_chunk(chunk: &FoundChunk) -> Self {
        Piece {
            offset: chunk.offset,
            kind: PieceKind::Chunk,
            thread: chunk.header.thread,
            tid: chunk.header.tid,
            seq: chunk.header.seq,
            words: chunk.header.words,
            counters: chunk.header.counters,
        }
    }
}

/// The pieces of one thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadPieces {
    /// LDT's number of the thread.
    pub thread: u32,
    /// The kernel's id of the thread.
    pub tid: u32,
    /// Its pieces, in the order of their events.
    pub pieces: Vec<Piece>,
}

/// All pieces of a file.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) threads: Vec<ThreadPieces>,
    pub(super) damage: Vec<Damage>,
    /// From where on the file may have got more chunks since.
    pub(super) resume: u64,
    gaps: bool,
}

impl Index {
    pub(super) fn build(source: &Source, header: &Header) -> io::Result<Self> {
        let mut found = scan::scan(source, crate::header::HEADER_BYTES as u64)?;
        let mut gathered = Gathered::default();
        gathered.chunks(&found);
        let mut words = Vec::new();
        for window in &found.windows {
            gathered.window(source, window, &mut words)?;
        }
        let may_go_on = header.flags & (flag::EXITED | flag::REAPED) == 0;
        if may_go_on && (gathered.lacks_chunks() || found.is_damaged()) {
            let late = scan::scan(source, found.resume)?;
            gathered.late_chunks(&late);
            found.retain_what_is_still_so(&late);
        }
        gathered.damage.append(&mut found.damage);
        gathered.broken(&found);
        let length = source.length()?;
        let mut index = gathered.into_index();
        index.resume = found.resume;
        if header.file_end > length {
            let what = format!(
                "the file is cut: {} bytes are missing",
                header.file_end - length
            );
            index.damage.push(Damage::new(length, what));
        }
        index.damage.sort_by_key(|damage| damage.offset);
        Ok(index)
    }

    /// Whether a chunk or an event is missing that may still be on its way.
    pub(super) fn has_gaps(&self) -> bool {
        self.gaps
    }

    pub(super) fn counters(&self) -> Counters {
        let mut total = Counters::default();
        for piece in self.threads.iter().flat_map(|thread| &thread.pieces) {
            total.merge(&piece.counters);
        }
        total
    }
}

/// Pieces as they are found, by thread and sequence number.
#[derive(Default)]
struct Gathered {
    pieces: BTreeMap<(u32, u32), Piece>,
    /// The sequence number that each thread's window has come to, and where that window is: all
    /// chunks before it must be there.
    reached: BTreeMap<u32, (u32, u64)>,
    damage: Vec<Damage>,
}

impl Gathered {
    fn chunks(&mut self, found: &Found) {
        for chunk in &found.chunks {
            let piece = Piece::of_chunk(chunk);
            match self.pieces.entry((piece.thread, piece.seq)) {
                Entry::Vacant(place) => drop(place.insert(piece)),
                Entry::Occupied(first) => {
                    let what = format!(
                        "a second chunk {} of thread {}, after the one at byte {}",
                        piece.seq,
                        piece.thread,
                        first.get().offset
                    );
                    self.damage.push(Damage::new(piece.offset, what));
                }
            }
        }
    }

    /// Whether chunks are missing before what a window has come to: a process that writes one after the other makes some between the walk
    /// over its file and the look at its windows.
    fn lacks_chunks(&self) -> bool {
        let mut reached = self.reached.iter();
        reached.any(|(&thread, &(seq, _))| {
            let of_thread = self.pieces.range((thread, 0)..(thread, seq));
            (of_thread.count() as u64) < u64::from(seq)
        })
    }

    /// Adds chunks that a later walk has found, up to what the windows had come to before it: all threads end at one time.
    fn late_chunks(&mut self, found: &Found) {
        for chunk in &found.chunks {
            let (thread, seq) = (chunk.header.thread, chunk.header.seq);
            let reached = self.reached.get(&thread);
            if reached.is_some_and(|&(reached, _)| seq < reached) {
                let place = self.pieces.entry((thread, seq));
                place.or_insert_with(|| Piece::of_chunk(chunk));
            }
        }
    }

    /// Adds a window, unless its chunk is whole in the file already.
    fn window(
        &mut self,
        source: &Source,
        found: &FoundWindow,
        words: &mut Vec<u64>,
    ) -> io::Result<()> {
        let Some(window) = window::window(source, found.offset, words)? else {
            let what = "a window that is cut, or whose state is damaged";
            self.damage.push(Damage::new(found.offset, what));
            return Ok(());
        };
        let reached = self
            .reached
            .entry(window.thread)
            .or_insert((window.seq, found.offset));
        *reached = (*reached).max((window.seq, found.offset));
        if words.is_empty() {
            return Ok(());
        }
        if let Some(piece) = self.pieces.get(&(window.thread, window.seq)) {
            let whole = scan::header_at(source, piece.offset)?
                .map(|chunk| scan::is_whole(source, &chunk))
                .transpose()?;
            if whole == Some(true) {
                return Ok(());
            }
        }
        let mut counters = Counters::default();
        let mut events = Words::new(words, 0);
        for item in &mut events {
            counters.add(&item);
        }
        if events.damaged() {
            let what = format!("word {} of a window is no event", events.position());
            self.damage.push(Damage::new(found.offset, what));
        }
        let piece = Piece {
            offset: found.offset,
            kind: PieceKind::Window,
            thread: window.thread,
            tid: window.tid,
            seq: window.seq,
            words: events.position() as u32,
            counters,
        };
        self.pieces.insert((piece.thread, piece.seq), piece);
        Ok(())
    }

    /// A broken chunk is damage unless the events that it should hold are still in a window.
    fn broken(&mut self, found: &Found) {
        for chunk in &found.broken {
            let header = &chunk.header;
            let in_window = self.pieces.contains_key(&(header.thread, header.seq));
            if !in_window {
                let what = format!(
                    "chunk {} of thread {} is cut or damaged",
                    header.seq, header.thread
                );
                self.damage.push(Damage::new(chunk.offset, what));
            }
        }
    }

    fn into_index(mut self) -> Index {
        let mut threads: Vec<ThreadPieces> = Vec::new();
        for piece in self.pieces.into_values() {
            match threads.last_mut() {
                Some(last) if last.thread == piece.thread => last.pieces.push(piece),
                _ => threads.push(ThreadPieces {
                    thread: piece.thread,
                    tid: piece.tid,
                    pieces: vec![piece],
                }),
            }
        }
        let mut gaps = false;
        let mut missing = |thread: u32, from: u32, to: u32, offset: u64| {
            gaps = true;
            let what = format!(
                "{} chunks of thread {thread} are missing before here (from number {from})",
                to - from
            );
            self.damage.push(Damage::new(offset, what));
        };
        for thread in &threads {
            let mut expected = 0;
            for piece in &thread.pieces {
                if piece.seq > expected {
                    missing(thread.thread, expected, piece.seq, piece.offset);
                }
                expected = piece.seq.saturating_add(1);
            }
            match self.reached.remove(&thread.thread) {
                Some((seq, offset)) if seq > expected => {
                    missing(thread.thread, expected, seq, offset)
                }
                _ => {}
            }
        }
        for (thread, (seq, offset)) in self.reached {
            if seq > 0 {
                missing(thread, 0, seq, offset);
            }
        }
        Index {
            threads,
            damage: self.damage,
            resume: 0,
            gaps,
        }
    }
}
