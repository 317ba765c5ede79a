//! Changes the golden trace of each version at random and reads what comes of it: the reader must give damage or a
//! clear error each time, and never panic. Usage: `fuzz_reader [SECONDS] [SEED]` (60, 1).
//!
//! Most changes of bytes end at a chunk's checksum, which would leave the decoders in peace; so half
//! of the rounds change a chunk's columns or frame and seal it anew ([`reseal`]).

#[path = "../golden/reading.rs"]
mod reading;

use ldt_trace::chunk::{self, ChunkHeader};
use ldt_trace::header::{ALIGNMENT, VERSION};
use ldt_trace::{PieceKind, Scratch, TraceFile};
use std::path::Path;
use std::time::{Duration, Instant};

/// Marsaglia's xorshift64: repeatable from its seed, good enough to choose places and bytes.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// One to eight changes: bits, bytes, words from elsewhere, a cut, a piece moved.
fn change(trace: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(8) {
        let at = random.below(trace.len());
        match random.below(5) {
            0 => trace[at] ^= 1 << random.below(8),
            1 => trace[at] = random.next() as u8,
            2 => {
                let value = [0, 1, u64::MAX, u64::MAX >> 1, random.next()][random.below(5)];
                for (place, byte) in trace[at..].iter_mut().zip(value.to_le_bytes()) {
                    *place = byte;
                }
            }
            3 => trace.truncate(at.max(1)),
            _ => {
                let from = random.below(trace.len()) & !63;
                let length = random.below(4096).min(trace.len() - from.max(at));
                trace.copy_within(from..from + length, at);
            }
        }
    }
}

/// What changed traces are made of.
struct Golden {
    bytes: Vec<u8>,
    /// Where its chunks begin.
    chunks: Vec<usize>,
}

impl Golden {
    fn of(version: u32) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/v{version}.trace"));
        let trace = TraceFile::open(&path).expect("the golden trace opens");
        let pieces = trace.threads().iter().flat_map(|thread| &thread.pieces);
        let chunks = pieces
            .filter(|piece| piece.kind == PieceKind::Chunk)
            .map(|piece| piece.offset as usize)
            .collect();
        let bytes = std::fs::read(path).expect("the golden trace is beside this example");
        Golden { bytes, chunks }
    }
}

/// Changes what the chunk at this offset holds and seals it anew. `None` when the new frame does not
/// fit the place of the old one.
fn reseal(trace: &mut [u8], at: usize, random: &mut Random) -> Option<()> {
    let begin = at + chunk::HEADER_BYTES;
    let mut header = ChunkHeader::decode(trace[at..begin].try_into().ok()?)?;
    let old = header.compressed_bytes as usize;
    let mut columns = vec![0; header.columns_bytes as usize];
    zstd_safe::decompress(&mut columns[..], &trace[begin..begin + old]).ok()?;
    for _ in 0..=random.below(4) {
        let place = random.below(columns.len());
        match random.below(3) {
            0 => columns[place] ^= 1 << random.below(8),
            1 => columns[place] = random.next() as u8,
            _ => columns.truncate(place.max(1)),
        }
    }
    let mut frame = vec![0; zstd_safe::compress_bound(columns.len())];
    let length = zstd_safe::compress(&mut frame[..], &columns, 1).ok()?;
    frame.truncate(length);
    header.columns_bytes = columns.len() as u32;
    match random.below(8) {
        0 => header.words = random.next() as u32 % (chunk::MAX_WORDS + 2),
        1 => header.columns_bytes = random.next() as u32 % (chunk::MAX_COLUMNS_BYTES + 2),
        2 => {
            let place = random.below(length);
            frame[place] ^= 1 << random.below(8);
        }
        3 => header.seq = random.next() as u32 >> random.below(32),
        4 => header.thread = random.next() as u32 >> random.below(32),
        _ => {}
    }
    header.compressed_bytes = length as u32;
    let room = old.next_multiple_of(ALIGNMENT as usize);
    let place = trace.get_mut(begin..begin + room)?;
    if length > room {
        return None;
    }
    place.fill(0);
    place[..length].copy_from_slice(&frame);
    trace[at..begin].copy_from_slice(&header.encode(&frame));
    Some(())
}

fn main() {
    let argument = |index: usize, default: u64| {
        let text = std::env::args().nth(index);
        text.map_or(default, |text| text.parse().expect("a whole number"))
    };
    let (seconds, seed) = (argument(1, 60), argument(2, 1));
    let golden: Vec<_> = (1..=VERSION).map(Golden::of).collect();
    // In memory where there is such a folder: on a disk most of the time goes into waiting for it.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let path = folder.join(format!("ldt-fuzz-{}.trace", std::process::id()));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(seed.max(1));
    let mut scratch = Scratch::new();
    let (mut traces, mut refused, mut resealed) = (0u64, 0u64, 0u64);
    while Instant::now() < end {
        let golden = &golden[random.below(golden.len())];
        let mut trace = golden.bytes.clone();
        if random.below(2) == 0 {
            change(&mut trace, &mut random);
        } else {
            let chunk = golden.chunks[random.below(golden.chunks.len())];
            resealed += u64::from(reseal(&mut trace, chunk, &mut random).is_some());
        }
        std::fs::write(&path, &trace).expect("the temporary folder can be written");
        refused += u64::from(reading::read(&path, &mut scratch).is_err());
        traces += 1;
    }
    std::fs::remove_file(&path).expect("the temporary trace can be removed");
    reading::assert_modest_memory();
    println!(
        "{traces} changed traces read ({resealed} sealed anew), {refused} of them refused with an error; seed {seed}"
    );
}
