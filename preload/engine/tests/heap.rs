//! LDT's heap against a simple model, and against every byte of damage that a program may do.
//!
//! The heap is one for the process and is configured once, so everything here goes by the same
//! configuration; other ones have files of their own.

mod heap_common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use heap_common::{Log, Told, config, free_by, model, request, start};
use ldt_engine::blocks::{self, Guarding, Resized, ThreadHeap};
use ldt_engine::options::GuardChoice;
use ldt_trace::Function;
use ldt_trace::finding::{BlockState, DetectedBy, ErrorKind};

/// Who damages blocks, and who looks for damage in all of them, do it one after the other.
static DAMAGE: Mutex<()> = Mutex::new(());

fn begin() {
    start(&config(GuardChoice::Off));
}

fn poke(address: u64, byte: u8) -> u8 {
    // SAFETY: memory of LDT's heap that is open: redzones and freed small blocks among it.
    unsafe { std::ptr::replace(address as *mut u8, byte) }
}

#[test]
fn blocks_keep_their_contents_and_never_overlap() {
    begin();
    assert_eq!(model::run_threads(4, 20_000), []);
}

#[test]
fn every_address_of_a_block_leads_to_it() {
    begin();
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    for size in [
        0u64, 1, 15, 16, 17, 100, 1000, 5000, 65_536, 65_537, 200_000,
    ] {
        let address = heap.allocate(&request(size, 1), &mut log) as u64;
        let step = (size / 500).max(1) as usize;
        for at in (address..address + size.max(1)).step_by(step) {
            let block = blocks::find(at).expect("inside");
            assert_eq!(block.facts.address, address);
            assert_eq!(block.facts.size, size);
            assert_eq!(block.facts.state, BlockState::Live);
            assert!(block.slot().contains(&at));
            let place = blocks::locate(at).expect("a live block");
            assert_eq!((place.start, place.size), (address, size));
            assert_eq!(blocks::room(at), address + size - at);
        }
        // The redzone is the block's for reports, and nobody's for the leak check.
        for at in address + size.max(1)..address + size + 16 {
            assert_eq!(blocks::find(at).expect("redzone").facts.address, address);
            assert!(blocks::locate(at).is_none());
            assert_eq!(blocks::room(at), 0);
        }
        assert_eq!(
            blocks::find(address - 1).map(|block| block.facts.size),
            Some(size)
        );
        let [before, _] = blocks::neighbours(address + size + 8);
        assert_eq!(before.expect("the block").facts.address, address);
        assert!(blocks::is_ours(address));
        heap.release(address, &free_by(Function::Free), &mut log);
        assert_eq!(blocks::room(address), 0);
        let gone = blocks::find(address).expect("remembered");
        assert_eq!(gone.facts.state, BlockState::Freed);
        assert_eq!(gone.facts.size, size);
        assert_eq!(
            gone.facts.freed.map(|freed| freed.function),
            Some(Function::Free)
        );
    }
    assert!(!blocks::is_ours(std::ptr::from_ref(&heap) as u64));
    assert!(blocks::find(std::ptr::from_ref(&heap) as u64).is_none());
    assert_eq!(blocks::room(std::ptr::from_ref(&heap) as u64), u64::MAX);
    assert_eq!(log.told, []);
}

#[test]
fn each_damaged_byte_is_found_at_the_release() {
    let _alone = DAMAGE.lock();
    begin();
    let mut heap = ThreadHeap::new();
    for size in [0u64, 1, 7, 8, 13, 16, 24, 40, 100, 1000, 70_000] {
        for alignment in [1u64, 64, 512] {
            for offset in (-16i64..0).chain(0..16) {
                let mut log = Log::default();
                let address = heap.allocate(&request(size, alignment), &mut log) as u64;
                let at = if offset < 0 {
                    address.wrapping_add_signed(offset)
                } else {
                    address + size + offset as u64
                };
                let before = poke(at, 0);
                assert_ne!(before, 0, "the pattern has no zero");
                heap.release(address, &free_by(Function::Free), &mut log);
                let [Told::Damage(damage)] = &log.told[..] else {
                    panic!("one damage: {:?} at {offset} of {size}", log.told);
                };
                assert_eq!(damage.at, at);
                assert_eq!(damage.by, DetectedBy::Redzone);
                assert_eq!(damage.found, [0]);
                assert_eq!(damage.expected, [before]);
                if (0..8).contains(&offset) {
                    assert_eq!(damage.kind, ErrorKind::HeapBufferOverflow);
                    assert_eq!(damage.block.facts.address, address);
                }
                if size < 70_000 {
                    assert_eq!(poke(at, before), before, "put right");
                }
            }
        }
    }
}

#[test]
fn damage_is_put_down_to_the_nearer_block() {
    let _alone = DAMAGE.lock();
    begin();
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    // Fresh slots of a class of their own lie side by side.
    let first = heap.allocate(&request(760, 1), &mut log) as u64;
    let second = heap.allocate(&request(760, 1), &mut log) as u64;
    assert_eq!(second - first, 784);
    let before = poke(second - 1, 0);
    blocks::check_all(&mut log);
    let [Told::Damage(damage)] = &log.told[..] else {
        panic!("one damage, told once: {:?}", log.told);
    };
    assert_eq!(damage.kind, ErrorKind::HeapBufferUnderflow);
    assert_eq!(damage.block.facts.address, second);
    assert_eq!(poke(second - 1, before), before);
    log.told.clear();
    poke(first + 760, 0);
    heap.release(second, &free_by(Function::Free), &mut log);
    blocks::check_all(&mut log);
    let [Told::Damage(damage)] = &log.told[..] else {
        panic!("one damage: {:?}", log.told);
    };
    assert_eq!(damage.kind, ErrorKind::HeapBufferOverflow);
    assert_eq!(damage.block.facts.address, first);
}

#[test]
fn writes_to_freed_blocks_are_found() {
    let _alone = DAMAGE.lock();
    begin();
    let mut heap = ThreadHeap::new();
    for size in [1u64, 8, 20, 100, 5000] {
        for offset in [0, size / 2, size - 1] {
            let mut log = Log::default();
            let address = heap.allocate(&request(size, 1), &mut log) as u64;
            heap.release(address, &free_by(Function::Free), &mut log);
            poke(address + offset, 1);
            blocks::check_all(&mut log);
            let [Told::Damage(damage)] = &log.told[..] else {
                panic!("one damage: {:?}", log.told);
            };
            assert_eq!(damage.kind, ErrorKind::HeapUseAfterFree);
            assert_eq!(damage.by, DetectedBy::Quarantine);
            assert_eq!(damage.at, address + offset);
            assert_eq!(damage.block.facts.address, address);
            assert_eq!(damage.block.facts.state, BlockState::Freed);
        }
    }
}

#[test]
fn bad_frees_are_told_with_what_they_name() {
    begin();
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    let free = free_by(Function::Free);
    let address = heap.allocate(&request(100, 1), &mut log) as u64;
    let kinds = |log: &mut Log| {
        log.told
            .drain(..)
            .map(|told| match told {
                Told::Misuse(misuse) => {
                    (misuse.kind, misuse.block.map(|block| block.facts.address))
                }
                Told::Damage(damage) => panic!("{damage:?}"),
            })
            .collect::<Vec<_>>()
    };
    heap.release(address + 16, &free, &mut log);
    assert_eq!(kinds(&mut log), [(ErrorKind::BadFree, Some(address))]);
    heap.release(address, &free_by(Function::Delete), &mut log);
    assert_eq!(
        kinds(&mut log),
        [(ErrorKind::AllocDeallocMismatch, Some(address))]
    );
    heap.release(address, &free, &mut log);
    assert_eq!(kinds(&mut log), [(ErrorKind::DoubleFree, Some(address))]);
    heap.release(address + 1, &free, &mut log);
    assert_eq!(kinds(&mut log), [(ErrorKind::BadFree, Some(address))]);
    let resized = heap.resize(address, &request(10, 1), &mut log);
    assert_eq!(resized, Resized::NotABlock);
    assert_eq!(kinds(&mut log), [(ErrorKind::DoubleFree, Some(address))]);
    heap.release(std::ptr::from_ref(&log) as u64, &free, &mut log);
    assert_eq!(kinds(&mut log), [(ErrorKind::BadFree, None)]);
}

#[test]
fn of_two_frees_at_once_one_is_a_double_free() {
    begin();
    const ROUNDS: usize = 20_000;
    static BLOCK: AtomicUsize = AtomicUsize::new(0);
    static ROUND: AtomicUsize = AtomicUsize::new(0);
    static DONE: AtomicUsize = AtomicUsize::new(0);
    static STOP: AtomicBool = AtomicBool::new(false);
    let other = std::thread::spawn(|| {
        let mut heap = ThreadHeap::new();
        let mut log = Log::default();
        let mut round = 0;
        while !STOP.load(Ordering::SeqCst) {
            if ROUND.load(Ordering::SeqCst) == round {
                std::hint::spin_loop();
                std::thread::yield_now();
                continue;
            }
            round += 1;
            let block = BLOCK.load(Ordering::SeqCst) as u64;
            heap.release(block, &free_by(Function::Free), &mut log);
            DONE.store(round, Ordering::SeqCst);
        }
        log.told.len()
    });
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    for round in 1..=ROUNDS {
        let block = heap.allocate(&request(round as u64 % 200, 1), &mut log) as u64;
        BLOCK.store(block as usize, Ordering::SeqCst);
        ROUND.store(round, Ordering::SeqCst);
        heap.release(block, &free_by(Function::Free), &mut log);
        while DONE.load(Ordering::SeqCst) != round {
            std::thread::yield_now();
        }
    }
    STOP.store(true, Ordering::SeqCst);
    let told = other.join().expect("no panic") + log.told.len();
    assert_eq!(told, ROUNDS);
}

#[test]
fn blocks_have_dense_numbers() {
    begin();
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    let mine: Vec<u64> = (0..1000)
        .map(|size| heap.allocate(&request(size, 1), &mut log) as u64)
        .collect();
    let count = blocks::number_blocks();
    let mut numbers: Vec<u64> = mine
        .iter()
        .map(|&address| blocks::locate(address).expect("live").number())
        .collect();
    assert!(numbers.iter().all(|&number| number < count));
    let mut by_address: Vec<_> = mine.iter().zip(&numbers).collect();
    by_address.sort();
    assert!(by_address.is_sorted_by_key(|(_, number)| **number));
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), mine.len());
    let mut met = 0;
    blocks::each_span(&mut |span| {
        for slot in 0..span.slots() {
            if let Some((start, _)) = span.live(slot)
                && mine.contains(&start)
            {
                met += 1;
            }
        }
    });
    assert_eq!(met, mine.len());
}

#[test]
fn what_cannot_be_served_is_null() {
    begin();
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    for size in [u64::MAX, u64::MAX - 15, 1 << 62, 1 << 47, 1 << 45] {
        assert!(heap.allocate(&request(size, 1), &mut log).is_null());
        assert!(heap.allocate(&request(size, 4096), &mut log).is_null());
    }
    assert!(heap.allocate(&request(1, 1 << 62), &mut log).is_null());
    let block = heap.allocate(&request(1, 1), &mut log) as u64;
    assert_eq!(
        heap.resize(block, &request(1 << 62, 1), &mut log),
        Resized::Failed
    );
    assert_eq!(blocks::size_of_live(block), Some(1));
    assert_eq!(
        blocks::find(block).map(|block| block.guarding),
        Some(Guarding::None)
    );
}
