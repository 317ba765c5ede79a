//! A chunk: a header of fixed size, then zstd frames with the columns of a window's words.
//!
//! | offset | type | meaning |
//! |---|---|---|
//! | 0 | `[u8; 8]` | magic `LDTCHNK\n` |
//! | 8 | `u64` | checksum: xxh3-64 of the payload, seeded with the xxh3-64 of bytes 16..128 |
//! | 16 | `u32` | thread, LDT's own number |
//! | 20 | `u32` | kernel's thread id |
//! | 24 | `u32` | sequence number among the thread's chunks, from 0 |
//! | 28 | `u32` | how many words the columns decode to |
//! | 32 | `u32` | bytes of columns |
//! | 36 | `u32` | bytes of the payload, which follows the header |
//! | 40 | `u64` | first stamp |
//! | 48 | `u64` | last stamp |
//! | 56 | `u64` | events |
//! | 64 | `u64` | successful allocations |
//! | 72 | `u64` | frees of blocks |
//! | 80 | `u64` | bytes asked for |
//! | 88 | `u64` | failed allocations |
//! | 96 | `u32` | how many columns; 0 in version 1, which had 15 |
//! | 100 | `[u8; 28]` | zero, for later versions |

use crate::columns::{COLUMNS_OF_VERSION_1, Counters};
use crate::header;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The first bytes of a chunk.
pub const MAGIC: [u8; 8] = *b"LDTCHNK\n";
/// Bytes of a chunk's header; the payload follows.
pub const HEADER_BYTES: usize = 128;
/// No chunk holds more words than this.
pub const MAX_WORDS: u32 = 1 << 20;
/// No chunk has more bytes of columns than this.
pub const MAX_COLUMNS_BYTES: u32 = 16 << 20;
/// No chunk has a longer payload than this.
pub const MAX_PAYLOAD_BYTES: u32 = 17 << 20;

/// Where the header says how many columns there are.
const COLUMNS_AT: usize = 96;

/// A chunk's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkHeader {
    /// LDT's number of the thread whose events these are.
    pub thread: u32,
    /// The kernel's id of the thread.
    pub tid: u32,
    /// Place among the thread's chunks, from 0.
    pub seq: u32,
    /// How many words the columns decode to.
    pub words: u32,
    /// Bytes of columns.
    pub columns_bytes: u32,
    /// Bytes of the zstd frames that follow the header.
    pub compressed_bytes: u32,
    /// How many columns there are.
    pub columns: u32,
    /// Totals of the events.
    pub counters: Counters,
}

impl ChunkHeader {
    /// The header's bytes, sealed together with the payload that will follow them.
    #[must_use]
    pub fn encode(&self, payload: &[u8]) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        let shorts = [
            self.thread,
            self.tid,
            self.seq,
            self.words,
            self.columns_bytes,
            self.compressed_bytes,
        ];
        for (place, value) in bytes[16..].chunks_exact_mut(4).zip(shorts) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        let counters = &self.counters;
        let longs = [
            counters.first_tick,
            counters.last_tick,
            counters.events,
            counters.allocations,
            counters.frees,
            counters.bytes,
            counters.failed,
        ];
        for (place, value) in bytes[40..].chunks_exact_mut(8).zip(longs) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        bytes[COLUMNS_AT..COLUMNS_AT + 4].copy_from_slice(&self.columns.to_le_bytes());
        let sum = seal(&bytes, payload);
        bytes[8..16].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads a header; `None` when the bytes are none or break the caps. Says nothing about the
    /// checksum: see [`verify`].
    #[must_use]
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let short = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let long = |at: usize| u64::from(short(at)) | u64::from(short(at + 4)) << 32;
        let header = ChunkHeader {
            thread: short(16),
            tid: short(20),
            seq: short(24),
            words: short(28),
            columns_bytes: short(32),
            compressed_bytes: short(36),
            columns: match short(COLUMNS_AT) {
                0 => COLUMNS_OF_VERSION_1,
                columns => columns,
            },
            counters: Counters {
                first_tick: long(40),
                last_tick: long(48),
                events: long(56),
                allocations: long(64),
                frees: long(72),
                bytes: long(80),
                failed: long(88),
            },
        };
        let sane = bytes[..8] == MAGIC
            && header.words <= MAX_WORDS
            && header.columns_bytes <= MAX_COLUMNS_BYTES
            && header.compressed_bytes <= MAX_PAYLOAD_BYTES;
        sane.then_some(header)
    }
}

/// Whether header and payload are what [`ChunkHeader::encode`] sealed.
#[must_use]
pub fn verify(header: &[u8; HEADER_BYTES], payload: &[u8]) -> bool {
    header[8..16] == seal(header, payload).to_le_bytes()
}

/// The sound chunks of a whole trace file in their order, each with its payload: for tools that look at packing. What
/// lies between them is passed over.
pub fn all_in(file: &[u8]) -> impl Iterator<Item = (ChunkHeader, &[u8])> {
    let step = header::ALIGNMENT as usize;
    let mut at = header::HEADER_BYTES;
    core::iter::from_fn(move || {
        loop {
            let bytes = file.get(at..)?.first_chunk::<HEADER_BYTES>()?;
            let payload = at + HEADER_BYTES;
            let found = ChunkHeader::decode(bytes).and_then(|chunk| {
                let end = payload + chunk.compressed_bytes as usize;
                Some((chunk, file.get(payload..end)?))
            });
            match found.filter(|(_, payload)| verify(bytes, payload)) {
                Some(found) => {
                    at = (payload + found.1.len()).next_multiple_of(step);
                    return Some(found);
                }
                None => at += step,
            }
        }
    })
}

fn seal(header: &[u8; HEADER_BYTES], payload: &[u8]) -> u64 {
    xxh3_64_with_seed(payload, xxh3_64(&header[16..]))
}
