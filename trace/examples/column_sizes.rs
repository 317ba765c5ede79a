//! Prints how large each column of a trace's chunks is, before and after zstd: where the bytes go.
//! Usage: `cargo run --release -p ldt-trace --example column_sizes TRACE`

use ldt_trace::chunk::all_in;
use ldt_trace::columns::COLUMNS;

const NAMES: [&str; COLUMNS as usize] = [
    "tokens",
    "functions",
    "size low",
    "size high",
    "stack low",
    "stack high",
    "stack new",
    "addresses",
    "age low",
    "age high",
    "old frees",
    "ticks",
    "node ids",
    "node ips",
    "rest",
    "freed low",
    "freed high",
    "regions",
    "tokens after frees",
    "tokens after others",
    "ticks of frees",
    "addresses middle",
    "addresses high",
    "old frees middle",
    "old frees high",
    "near",
];

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        return eprintln!("usage: column_sizes TRACE");
    };
    let file = std::fs::read(path).expect("the trace can be read");
    let (mut raw, mut packed, mut allocations) = ([0; NAMES.len()], [0; NAMES.len()], 0);
    for (chunk, payload) in all_in(&file) {
        let mut columns = vec![0; chunk.columns_bytes as usize];
        zstd_safe::decompress(&mut columns[..], payload).expect("zstd frames");
        allocations += chunk.counters.allocations;
        let count = chunk.columns as usize;
        let mut from = 4 * count;
        // A trace of an older version has fewer.
        for index in 0..count.min(NAMES.len()) {
            let length = u32::from_le_bytes(
                columns[4 * index..4 * index + 4]
                    .try_into()
                    .expect("length"),
            ) as usize;
            let mut frame = vec![0; zstd_safe::compress_bound(length)];
            let column = &columns[from..from + length];
            packed[index] += zstd_safe::compress(&mut frame[..], column, 1).expect("compresses");
            raw[index] += length;
            from += length;
        }
    }
    for index in 0..NAMES.len() {
        let each = |bytes: usize| bytes as f64 / allocations as f64;
        println!(
            "{:11} {:6.2} {:6.2} bytes an allocation",
            NAMES[index],
            each(raw[index]),
            each(packed[index])
        );
    }
}
