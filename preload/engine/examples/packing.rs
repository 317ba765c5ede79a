//! Prints what packing the chunks of a trace takes: encoding into columns, then all with zstd; and the bytes.
//! Each chunk is packed several times and its least time counts, so that a busy machine does not matter.
//! Usage: `cargo run --release -p ldt-engine --example packing TRACE`

use std::time::{Duration, Instant};

use ldt_engine::emit::scratch::Scratch;
use ldt_trace::chunk::{HEADER_BYTES, all_in};
use ldt_trace::columns::{self, Model, Recall};

const ROUNDS: usize = 9;

/// The least time that `work` takes.
fn least(mut work: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(time).min().unwrap_or_default()
}

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        return eprintln!("usage: packing TRACE");
    };
    let file = std::fs::read(path).expect("the trace can be read");
    let (mut model, mut recall) = (Model::boxed(), Recall::boxed());
    let (mut encoding, mut packing) = (Duration::ZERO, Duration::ZERO);
    let (mut bytes, mut allocations) = (0, 0);
    for (chunk, payload) in all_in(&file) {
        let mut plain = vec![0; chunk.columns_bytes as usize];
        zstd_safe::decompress(&mut plain[..], payload).expect("zstd frames");
        let (count, expected) = (chunk.columns, chunk.words as usize);
        let mut words = Vec::new();
        columns::decode(&plain, count, expected, &mut recall, &mut words).expect("sound columns");
        let mut out = vec![0; columns::bound(words.len())];
        encoding += least(|| {
            columns::encode(&words, &mut model, &mut out).expect("sound words");
        });
        let mut scratch = Scratch::take().expect("there is memory");
        packing += least(|| {
            scratch.pack(&words).expect("sound words");
        });
        let (_, _, padded) = scratch.pack(&words).expect("sound words");
        bytes += HEADER_BYTES + padded.len();
        allocations += chunk.counters.allocations;
    }
    let each = |time: Duration| time.as_nanos() as f64 / allocations as f64;
    println!(
        "{:.1} ns to encode, {:.1} ns in all, {:.3} bytes an allocation",
        each(encoding),
        each(packing),
        bytes as f64 / allocations as f64
    );
}
