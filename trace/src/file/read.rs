//! From a piece of the file to its words.

use super::damage::Damage;
use super::index::{Index, Piece, PieceKind};
use super::scan;
use super::source::Source;
use super::window::{Window, window};
use crate::chunk::{self, ChunkHeader};
use crate::columns::{self, Recall};
use std::io;

/// Memory that reading needs, to be reused from piece to piece; one for each thread that reads.
pub struct Scratch {
    payload: Vec<u8>,
    columns: Vec<u8>,
    recall: Box<Recall>,
    inflate: zstd_safe::DCtx<'static>,
}

impl Scratch {
    /// Empty; it grows to the largest piece read with it.
    #[must_use]
    pub fn new() -> Self {
        Scratch {
            payload: Vec::new(),
            columns: Vec::new(),
            recall: Recall::boxed(),
            inflate: zstd_safe::DCtx::create(),
        }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch::new()
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Scratch").finish_non_exhaustive()
    }
}

/// Reads a piece's words into `words`, in place of what they held.
pub(super) fn piece(
    source: &Source,
    index: &Index,
    piece: &Piece,
    scratch: &mut Scratch,
    words: &mut Vec<u64>,
) -> Result<(), Damage> {
    let damage = |what: &str| {
        Damage::new(
            piece.offset,
            format!("{what} (piece {} of thread {})", piece.seq, piece.thread),
        )
    };
    let failed = |error: io::Error| damage(&format!("reading fails: {error}"));
    match piece.kind {
        PieceKind::Chunk => chunk_at(source, piece.offset, scratch, words)
            .map_err(failed)?
            .map_err(damage),
        PieceKind::Window => {
            let now = window(source, piece.offset, words).map_err(failed)?;
            let same = |now: &Window| (now.thread, now.seq) == (piece.thread, piece.seq);
            if !now.as_ref().is_some_and(same) {
                // The process runs on and has made a chunk of what was in the window.
                let chunk = successor(source, index, piece).map_err(failed)?;
                let offset = chunk.ok_or_else(|| {
                    damage("a window was reused and its chunk is not in the file")
                })?;
                chunk_at(source, offset, scratch, words)
                    .map_err(failed)?
                    .map_err(damage)?;
            }
            if words.len() < piece.words as usize {
                return Err(damage("the file changed since it was opened"));
            }
            // Only what was there when the file was opened: then all threads end at one time.
            words.truncate(piece.words as usize);
            Ok(())
        }
    }
}

/// The chunk that the window of this piece became after the file was opened.
fn successor(source: &Source, index: &Index, piece: &Piece) -> io::Result<Option<u64>> {
    let found = scan::scan(source, index.resume)?;
    let same = |chunk: &&scan::FoundChunk| {
        (chunk.header.thread, chunk.header.seq) == (piece.thread, piece.seq)
    };
    Ok(found.chunks.iter().find(same).map(|chunk| chunk.offset))
}

/// Reads and decodes the chunk at this offset.
fn chunk_at(
    source: &Source,
    offset: u64,
    scratch: &mut Scratch,
    words: &mut Vec<u64>,
) -> io::Result<Result<(), &'static str>> {
    let Some(bytes) = source.array(offset)? else {
        return Ok(Err("the chunk is cut"));
    };
    let Some(header) = ChunkHeader::decode(&bytes) else {
        return Ok(Err("the chunk's header is damaged"));
    };
    let begin = offset + chunk::HEADER_BYTES as u64;
    if !source.read_vec(
        begin,
        header.compressed_bytes as usize,
        &mut scratch.payload,
    )? {
        return Ok(Err("the chunk is cut"));
    }
    if !chunk::verify(&bytes, &scratch.payload) {
        return Ok(Err("the chunk's checksum is wrong"));
    }
    scratch.columns.resize(header.columns_bytes as usize, 0);
    match scratch
        .inflate
        .decompress(&mut scratch.columns[..], &scratch.payload)
    {
        Ok(length) if length == scratch.columns.len() => {}
        _ => return Ok(Err("the chunk does not decompress")),
    }
    let decoded = columns::decode(
        &scratch.columns,
        header.columns,
        header.words as usize,
        &mut scratch.recall,
        words,
    );
    Ok(match decoded {
        Ok(()) if words.len() == header.words as usize => Ok(()),
        Ok(()) => Err("the chunk holds another number of words than it says"),
        Err(malformed) => Err(malformed.0),
    })
}
