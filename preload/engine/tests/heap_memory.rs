//! The heap's memory: what the quarantine holds back and in which order, what goes back to the kernel.

mod heap_common;

use heap_common::{Log, config, free_by, request, resident_bytes, start};
use ldt_engine::blocks::{self, Config, ThreadHeap};
use ldt_engine::modes::quarantine::common_volume_bytes;
use ldt_engine::options::GuardChoice;
use ldt_trace::Function;
use ldt_trace::finding::BlockState;

const VOLUME_BYTES: u64 = 4 << 20;

fn begin() -> ThreadHeap {
    start(&Config {
        quarantine_bytes: VOLUME_BYTES,
        ..config(GuardChoice::Off)
    });
    ThreadHeap::new()
}

/// One test, since the quarantine and the process's memory are everybody's.
#[test]
fn memory_is_held_back_for_a_while_and_then_given_back() {
    first_in_is_first_out();
    a_peak_is_given_back();
    large_blocks_do_not_push_others_out();
}

fn first_in_is_first_out() {
    let mut heap = begin();
    let mut log = Log::default();
    let free = free_by(Function::Free);
    // Slots of 1,024 bytes.
    let addresses: Vec<u64> = (0..10_000)
        .map(|_| heap.allocate(&request(1_000, 1), &mut log) as u64)
        .collect();
    for &address in &addresses {
        heap.release(address, &free, &mut log);
    }
    // Writing into one that is held back is told when it leaves, into one that has left is not.
    let volume = common_volume_bytes(VOLUME_BYTES, 0, u64::MAX);
    let kept = volume as usize / (1_024 + 24);
    let (gone, held) = addresses.split_at(addresses.len() - kept);
    for &address in gone.iter().rev().skip(200).chain(held.iter().skip(200)) {
        // SAFETY: small freed blocks are open memory.
        unsafe { (address as *mut u8).write(1) };
    }
    heap.empty_quarantine(&mut log);
    assert_eq!(log.told.len(), held.len() - 200);
    // The oldest first.
    let told: Vec<u64> = log
        .told
        .iter()
        .map(|told| match told {
            heap_common::Told::Damage(damage) => damage.block.facts.address,
            heap_common::Told::Misuse(misuse) => panic!("{misuse:?}"),
        })
        .collect();
    assert_eq!(told, held[200..]);
    // A block that has left is remembered until its slot is used again.
    let block = blocks::find(held[kept - 1]);
    assert!(block.is_none_or(|block| block.facts.state == BlockState::Freed));
}

fn a_peak_is_given_back() {
    let mut heap = begin();
    let mut log = Log::default();
    let free = free_by(Function::Free);
    let before = resident_bytes();
    let addresses: Vec<u64> = (0..200_000u64)
        .map(|index| {
            let size = 200 + index % 1_000;
            let address = heap.allocate(&request(size, 1), &mut log) as u64;
            // SAFETY: a new block of that size.
            unsafe { std::ptr::write_bytes(address as *mut u8, 1, size as usize) };
            address
        })
        .collect();
    let peak = resident_bytes();
    assert!(
        peak - before > 140 << 20,
        "{} MiB more",
        (peak - before) >> 20
    );
    for &address in &addresses {
        heap.release(address, &free, &mut log);
    }
    let after = resident_bytes();
    let left = after.saturating_sub(before);
    assert!(left < 40 << 20, "{} MiB left of {}", left >> 20, peak >> 20);
    assert_eq!(log.told, []);
}

fn large_blocks_do_not_push_others_out() {
    let mut heap = begin();
    let mut log = Log::default();
    let free = free_by(Function::Free);
    let small = heap.allocate(&request(100, 1), &mut log) as u64;
    heap.release(small, &free, &mut log);
    for _ in 0..20 {
        let large = heap.allocate(&request(32 << 20, 1), &mut log) as u64;
        // SAFETY: a new block of that size.
        unsafe { std::ptr::write_bytes(large as *mut u8, 1, 1 << 20) };
        heap.release(large, &free, &mut log);
    }
    assert_eq!(log.told, []);
    // SAFETY: small freed blocks are open memory.
    unsafe { (small as *mut u8).write(1) };
    heap.empty_quarantine(&mut log);
    assert_eq!(log.told.len(), 1, "it was still held back");
}
