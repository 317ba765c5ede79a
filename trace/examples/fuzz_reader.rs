//! Changes the golden trace at random and reads what comes of it: the reader must give damage or a
//! clear error each time, and never panic. Usage: `fuzz_reader [SECONDS] [SEED]` (60, 1).

#[path = "../golden/reading.rs"]
mod reading;

use ldt_trace::Scratch;
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

fn main() {
    let argument = |index: usize, default: u64| {
        let text = std::env::args().nth(index);
        text.map_or(default, |text| text.parse().expect("a whole number"))
    };
    let (seconds, seed) = (argument(1, 60), argument(2, 1));
    let golden = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/golden/v1.trace"))
        .expect("the golden trace is beside this example");
    let path = std::env::temp_dir().join(format!("ldt-fuzz-{}.trace", std::process::id()));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(seed.max(1));
    let mut scratch = Scratch::new();
    let (mut traces, mut refused) = (0u64, 0u64);
    while Instant::now() < end {
        let mut trace = golden.clone();
        change(&mut trace, &mut random);
        std::fs::write(&path, &trace).expect("the temporary folder can be written");
        refused += u64::from(reading::read(&path, &mut scratch).is_err());
        traces += 1;
    }
    std::fs::remove_file(&path).expect("the temporary trace can be removed");
    reading::assert_modest_memory();
    println!("{traces} changed traces read, {refused} of them refused with an error; seed {seed}");
}
