//! The heap against a simple model: what is live, and what every block holds.

use std::collections::BTreeMap;

use ldt_engine::blocks::{self, Resized, ThreadHeap, Zeroed};
use ldt_trace::Function;

use super::{Log, Told, free_by, request};

/// Runs so many threads of so many steps; gives what the heap complained of.
pub(crate) fn run_threads(threads: u64, steps: u64) -> Vec<Told> {
    let threads: Vec<_> = (1..=threads)
        .map(|seed| std::thread::spawn(move || run(seed, steps)))
        .collect();
    threads
        .into_iter()
        .flat_map(|thread| thread.join().expect("no panic"))
        .collect()
}

/// A byte that tells blocks apart.
fn mark(address: u64, seed: u64) -> u8 {
    (address >> 4 ^ seed.wrapping_mul(31)) as u8 | 1
}

fn write(address: u64, size: u64, byte: u8) {
    // SAFETY: a live block of this test's, of that size.
    unsafe { std::ptr::write_bytes(address as *mut u8, byte, size as usize) };
}

fn holds(address: u64, size: u64, byte: u8) -> bool {
    // SAFETY: as above.
    let bytes = unsafe { std::slice::from_raw_parts(address as *const u8, size as usize) };
    bytes.iter().all(|&other| other == byte)
}

/// Random requests, releases and resizes of one thread against a model; gives what the heap complained of.
fn run(seed: u64, steps: u64) -> Vec<Told> {
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    let mut live: BTreeMap<u64, (u64, u8)> = BTreeMap::new();
    let mut random = 0x9e37_79b9_7f4a_7c15 ^ seed;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random >> 11
    };
    for step in 0..steps {
        let size = match next() % 20 {
            0 => 0,
            1 => next() % 300_000,
            2..5 => next() % 20_000,
            _ => next() % 300,
        };
        let alignment = if next() % 8 == 0 {
            1 << (next() % 15)
        } else {
            1
        };
        match next() % 5 {
            0 | 1 if live.len() > 500 || step > steps * 3 / 4 => {
                let at = next();
                let Some((&address, &(size, byte))) =
                    live.range(at..).next().or_else(|| live.iter().next())
                else {
                    continue;
                };
                assert!(holds(address, size, byte));
                assert_eq!(blocks::size_of_live(address), Some(size));
                heap.release(address, &free_by(Function::Free), &mut log);
                live.remove(&address);
                assert_eq!(blocks::size_of_live(address), None);
            }
            2 if !live.is_empty() => {
                let (&address, &(old, byte)) = live.iter().next().expect("not empty");
                let mut request = request(size, 1);
                request.allocated.function = Function::Realloc;
                let Resized::Moved(moved) = heap.resize(address, &request, &mut log) else {
                    panic!("a live block can be resized");
                };
                live.remove(&address);
                assert!(holds(moved as u64, old.min(size), byte));
                insert(&mut live, moved as u64, size, seed);
            }
            _ => {
                let mut request = request(size, alignment);
                if next() % 2 == 0 {
                    request.zeroed = Zeroed::Yes;
                }
                let address = heap.allocate(&request, &mut log) as u64;
                assert_ne!(address, 0);
                assert_eq!(address % alignment.max(16), 0);
                if request.zeroed == Zeroed::Yes {
                    assert!(holds(address, size, 0));
                }
                insert(&mut live, address, size, seed);
            }
        }
    }
    for (&address, &(size, byte)) in &live {
        assert!(holds(address, size, byte), "{size} bytes");
        let found = blocks::find(address).expect("a live block");
        assert_eq!((found.facts.address, found.facts.size), (address, size));
        heap.release(address, &free_by(Function::Free), &mut log);
    }
    heap.flush(&mut log);
    log.told
}

fn insert(live: &mut BTreeMap<u64, (u64, u8)>, address: u64, size: u64, seed: u64) {
    if let Some((&before, &(length, _))) = live.range(..=address).next_back() {
        assert!(before + length.max(1) <= address, "overlap");
    }
    if let Some((&after, _)) = live.range(address..).next() {
        assert!(address + size.max(1) <= after, "overlap");
    }
    let byte = mark(address, seed);
    write(address, size, byte);
    live.insert(address, (size, byte));
}
