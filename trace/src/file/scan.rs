//! The walk over a file: from header to header, and a search for the next one where there is none.
//!
//! Everything begins at a multiple of 64 bytes, windows at whole pages. Where the walk finds no
//! magic it searches for the next one. Zeros are space that was reserved and never written, or the
//! gap before a window, and are no damage by themselves (a chunk that is missing shows in the
//! sequence numbers); anything else is.

use super::damage::Damage;
use super::source::Source;
use crate::chunk::{self, ChunkHeader};
use crate::header::{self, ALIGNMENT, PAGE, window};
use std::io;

/// The search reads this much at a time.
const SEARCH_BYTES: usize = 64 << 10;
/// No file is searched for more than this in total: a sparse file can be of any size.
const SEARCH_LIMIT_BYTES: u64 = 1 << 30;

/// What the walk found, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) chunks: Vec<FoundChunk>,
    pub(super) windows: Vec<FoundWindow>,
    /// Chunks that are cut, or half written, or whose header cannot be believed.
    pub(super) broken: Vec<FoundChunk>,
    pub(super) damage: Vec<Damage>,
    /// The first place where a running process may still put a chunk.
    pub(super) resume: u64,
}

impl Found {
    /// Whether something is not as it should be, or not yet.
    pub(super) fn is_damaged(&self) -> bool {
        !self.broken.is_empty() || !self.damage.is_empty()
    }

    /// Forgets the damage that a later walk from [`Found::resume`] on has not met again: a chunk was just being written there.
    pub(super) fn retain_what_is_still_so(&mut self, late: &Found) {
        self.damage.retain(|damage| late.damage.contains(damage));
        let is_broken = |chunk: &FoundChunk| late.broken.iter().any(|b| b.offset == chunk.offset);
        self.broken.retain(is_broken);
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct FoundChunk {
    pub(super) offset: u64,
    pub(super) header: ChunkHeader,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct FoundWindow {
    pub(super) offset: u64,
    pub(super) capacity_words: u32,
}

/// One step of the walk.
enum Step {
    Chunk(FoundChunk),
    Window(FoundWindow),
    Nothing,
}

impl Step {
    /// Where the next step begins.
    fn end(&self, offset: u64) -> u64 {
        match self {
            Step::Chunk(chunk) => {
                let bytes = chunk::HEADER_BYTES as u64 + u64::from(chunk.header.compressed_bytes);
                offset + bytes.next_multiple_of(ALIGNMENT)
            }
            Step::Window(window) => offset + window::region_bytes(window.capacity_words),
            Step::Nothing => offset + ALIGNMENT,
        }
    }
}

/// Walks from `from` to the end of the file.
pub(super) fn scan(source: &Source, from: u64) -> io::Result<Found> {
    let length = source.length()?;
    let mut found = Found {
        resume: u64::MAX,
        ..Found::default()
    };
    let mut search = Search {
        budget: SEARCH_LIMIT_BYTES,
        buffer: Vec::new(),
    };
    let mut at = from.next_multiple_of(ALIGNMENT);
    // What the step before has seen ahead.
    let mut ahead = None;
    while at < length {
        let step = match ahead.take() {
            Some(step) => step,
            None => look(source, at, length)?,
        };
        let end = step.end(at);
        let trusted = match step {
            Step::Nothing => false,
            // Whether a header can be believed shows at its end: if nothing known begins there,
            // its checksum decides, lest a damaged length jump over the rest of the file.
            Step::Chunk(chunk) => {
                let next = look(source, end, length)?;
                let is_known = !matches!(next, Step::Nothing);
                ahead = Some(next);
                is_known || search.affords(&chunk, length) && is_whole(source, &chunk)?
            }
            Step::Window(_) => true,
        };
        match step {
            Step::Chunk(chunk) if trusted => found.chunks.push(chunk),
            Step::Chunk(chunk) => found.broken.push(chunk),
            Step::Window(window) => found.windows.push(window),
            Step::Nothing => {}
        }
        if trusted {
            at = end;
            continue;
        }
        ahead = None;
        found.resume = found.resume.min(at);
        let (next, zeros) = search.next(source, at + ALIGNMENT, length)?;
        let zeros = zeros && search.is_zero(source, at)?;
        if matches!(step, Step::Nothing) && !zeros {
            let what = format!("{} unreadable bytes, neither chunk nor window", next - at);
            found.damage.push(Damage::new(at, what));
        }
        if search.budget == 0 {
            found.damage.push(Damage::new(
                next,
                "too much unreadable space: the file is not searched further",
            ));
            break;
        }
        at = next;
    }
    found.resume = found.resume.min(at);
    Ok(found)
}

/// What begins at this offset.
fn look(source: &Source, offset: u64, length: u64) -> io::Result<Step> {
    let mut bytes = [0; chunk::HEADER_BYTES];
    if offset >= length {
        return Ok(Step::Nothing);
    }
    let filled = source.read_up_to(offset, &mut bytes)?;
    if filled == bytes.len()
        && let Some(header) = ChunkHeader::decode(&bytes)
    {
        return Ok(Step::Chunk(FoundChunk { offset, header }));
    }
    let capacity_words = u32::from_le_bytes(header::array(&bytes, window::CAPACITY_WORDS));
    let is_window = offset.is_multiple_of(PAGE)
        && filled >= window::HEADER_BYTES
        && bytes[..8] == window::MAGIC
        && capacity_words <= window::MAX_CAPACITY_WORDS;
    Ok(if is_window {
        Step::Window(FoundWindow {
            offset,
            capacity_words,
        })
    } else {
        Step::Nothing
    })
}

/// The chunk that begins at this offset, if one does.
pub(super) fn header_at(source: &Source, offset: u64) -> io::Result<Option<FoundChunk>> {
    let bytes = source.array(offset)?;
    Ok(bytes
        .and_then(|bytes| ChunkHeader::decode(&bytes))
        .map(|header| FoundChunk { offset, header }))
}

/// Whether the chunk is wholly there and its checksum right.
pub(super) fn is_whole(source: &Source, chunk: &FoundChunk) -> io::Result<bool> {
    let Some(header) = source.array(chunk.offset)? else {
        return Ok(false);
    };
    let mut payload = Vec::new();
    let begin = chunk.offset + chunk::HEADER_BYTES as u64;
    let there = source.read_vec(begin, chunk.header.compressed_bytes as usize, &mut payload)?;
    Ok(there && chunk::verify(&header, &payload))
}

/// The search for the next magic.
struct Search {
    budget: u64,
    buffer: Vec<u8>,
}

impl Search {
    /// The first offset from `from` on where a chunk or window begins, or the end of the file, or
    /// where the budget ran out; and whether all bytes before it are zero.
    fn next(&mut self, source: &Source, from: u64, length: u64) -> io::Result<(u64, bool)> {
        let mut zeros = true;
        let mut at = from;
        while at < length && self.budget > 0 {
            source.read_vec(at, SEARCH_BYTES, &mut self.buffer)?;
            if self.buffer.is_empty() {
                break;
            }
            self.budget = self.budget.saturating_sub(self.buffer.len() as u64);
            for (index, piece) in self.buffer.chunks(ALIGNMENT as usize).enumerate() {
                let offset = at + index as u64 * ALIGNMENT;
                let magic = piece.starts_with(&chunk::MAGIC) || piece.starts_with(&window::MAGIC);
                if magic && !matches!(look(source, offset, length)?, Step::Nothing) {
                    return Ok((offset, zeros));
                }
                zeros &= piece.iter().all(|&byte| byte == 0);
            }
            at += self.buffer.len() as u64;
        }
        Ok((at.min(length), zeros))
    }

    /// Whether a chunk can be whole, and there is budget left to read it: without, a file of headers that each claim megabytes
    /// was read a thousand times over.
    fn affords(&mut self, chunk: &FoundChunk, length: u64) -> bool {
        let bytes = u64::from(chunk.header.compressed_bytes);
        let is_there = chunk.offset + chunk::HEADER_BYTES as u64 + bytes <= length;
        if is_there {
            self.budget = self.budget.saturating_sub(bytes);
        }
        is_there && self.budget > 0
    }

    fn is_zero(&self, source: &Source, at: u64) -> io::Result<bool> {
        let mut bytes = [0; ALIGNMENT as usize];
        let filled = source.read_up_to(at, &mut bytes)?;
        Ok(bytes[..filled].iter().all(|&byte| byte == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claiming(compressed_bytes: u32) -> FoundChunk {
        let header = ChunkHeader {
            compressed_bytes,
            ..ChunkHeader::default()
        };
        FoundChunk { offset: 64, header }
    }

    /// A megabyte of headers that each claim 17 MB took 24 s.
    #[test]
    fn what_headers_claim_is_read_as_far_as_there_is_a_file_and_a_budget() {
        let mut search = Search {
            budget: 2500,
            buffer: Vec::new(),
        };
        assert!(!search.affords(&claiming(1000), 1000));
        assert_eq!(search.budget, 2500);
        let afforded = (0..4).map(|_| search.affords(&claiming(1000), 1 << 20));
        assert_eq!(afforded.collect::<Vec<bool>>(), [true, true, false, false]);
    }
}
