//! Writes whole trace files from words, so that tests can make any trace without the engine: the
//! same codec as the engine's, without the budget and the care for a process that may die.

use crate::chunk::ChunkHeader;
use crate::columns::{self, Layout, Model};
use crate::header::{ALIGNMENT, HEADER_BYTES, Header, PAGE, VERSION, window};
use crate::words::{self, Words};
use std::fs::File;
use std::io::{self, Error, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The zstd level of chunks that are written here.
const LEVEL: i32 = 1;

/// A trace file being written.
pub struct TraceWriter {
    file: File,
    header: Header,
    model: Box<Model>,
    columns: Vec<u8>,
    payload: Vec<u8>,
    deflate: zstd_safe::CCtx<'static>,
}

impl TraceWriter {
    /// Creates the file (or empties it). `version` and `file_end` are filled in here.
    pub fn create(path: impl AsRef<Path>, header: Header) -> io::Result<Self> {
        let file = File::create(path)?;
        let header = Header {
            version: VERSION,
            file_end: HEADER_BYTES as u64,
            ..header
        };
        file.write_all_at(&header.encode(), 0)?;
        Ok(TraceWriter {
            file,
            header,
            model: Model::boxed(),
            columns: Vec::new(),
            payload: Vec::new(),
            deflate: zstd_safe::CCtx::create(),
        })
    }

    /// Appends a chunk; gives its offset.
    pub fn chunk(&mut self, thread: u32, tid: u32, seq: u32, words: &[u64]) -> io::Result<u64> {
        self.columns.resize(columns::bound(words.len()), 0);
        // One way and the other, so that readers of what is written here meet both.
        self.model.lay_out(if seq.is_multiple_of(2) {
            Layout::Together
        } else {
            Layout::ByKindBefore
        });
        let encoded = columns::encode(words, &mut self.model, &mut self.columns)
            .ok_or_else(|| Error::new(ErrorKind::InvalidInput, "the words are malformed"))?;
        let columns = &self.columns[..encoded.bytes];
        self.payload
            .resize(zstd_safe::compress_bound(columns.len()), 0);
        let length = self
            .deflate
            .compress(&mut self.payload[..], columns, LEVEL)
            .map_err(|code| Error::other(zstd_safe::get_error_name(code)))?;
        self.payload.truncate(length);
        let header = ChunkHeader {
            thread,
            tid,
            seq,
            words: words.len() as u32,
            columns: columns::COLUMNS,
            columns_bytes: encoded.bytes as u32,
            compressed_bytes: self.payload.len() as u32,
            counters: encoded.counters,
        };
        let sealed = header.encode(&self.payload);
        let offset = self.reserve(ALIGNMENT, (sealed.len() + self.payload.len()) as u64);
        // The payload first, as the engine does.
        self.file
            .write_all_at(&self.payload, offset + sealed.len() as u64)?;
        self.file.write_all_at(&sealed, offset)?;
        Ok(offset)
    }

    /// Appends a window that holds these words; gives its offset.
    pub fn window(
        &mut self,
        thread: u32,
        tid: u32,
        seq: u32,
        capacity_words: u32,
        words: &[u64],
    ) -> io::Result<u64> {
        if words.len() > capacity_words as usize || capacity_words > window::MAX_CAPACITY_WORDS {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the words do not fit the window",
            ));
        }
        let mut region = vec![0; window::region_bytes(capacity_words) as usize];
        region[..8].copy_from_slice(&window::MAGIC);
        region[window::THREAD..][..4].copy_from_slice(&thread.to_le_bytes());
        region[window::CAPACITY_WORDS..][..4].copy_from_slice(&capacity_words.to_le_bytes());
        let state = (u64::from(seq) << 32) | words.len() as u64;
        region[window::STATE..][..8].copy_from_slice(&state.to_le_bytes());
        region[window::TID..][..4].copy_from_slice(&tid.to_le_bytes());
        for (place, word) in region[window::HEADER_BYTES..]
            .chunks_exact_mut(8)
            .zip(words)
        {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let offset = self.reserve(PAGE, region.len() as u64);
        self.file.write_all_at(&region, offset)?;
        Ok(offset)
    }

    /// Reserves space and leaves it unwritten, as a killed process does.
    pub fn hole(&mut self, bytes: u64) -> u64 {
        self.reserve(ALIGNMENT, bytes)
    }

    /// Appends all events of a thread as chunks of at most `chunk_words` words, each with the time
    /// at its head. Gives how many chunks it made.
    pub fn stream(
        &mut self,
        thread: u32,
        tid: u32,
        words: &[u64],
        chunk_words: usize,
    ) -> io::Result<u32> {
        let mut seq = 0;
        let mut events = Words::new(words, 0);
        let mut piece: Vec<u64> = Vec::new();
        let mut begin = 0;
        while let Some(item) = events.next() {
            let event = &words[begin..events.position()];
            begin = events.position();
            if piece.len() + event.len() > chunk_words && !piece.is_empty() {
                self.chunk(thread, tid, seq, &piece)?;
                seq += 1;
                piece.clear();
            }
            if piece.is_empty() && seq > 0 {
                words::put_stamp(&mut piece, item.tick_before);
            }
            piece.extend_from_slice(event);
        }
        if events.damaged() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the words are malformed",
            ));
        }
        if !piece.is_empty() {
            self.chunk(thread, tid, seq, &piece)?;
            seq += 1;
        }
        Ok(seq)
    }

    /// Completes the header page. The closure sets the fields that are known only now.
    pub fn finish(mut self, fields: impl FnOnce(&mut Header)) -> io::Result<()> {
        fields(&mut self.header);
        self.file.set_len(self.header.file_end)?;
        self.file.write_all_at(&self.header.encode(), 0)
    }

    fn reserve(&mut self, alignment: u64, bytes: u64) -> u64 {
        let offset = self.header.file_end.next_multiple_of(alignment);
        self.header.file_end = (offset + bytes).next_multiple_of(ALIGNMENT);
        offset
    }
}
