//! Guarded blocks: what may be touched and what may not, for every block, and after its release.

mod heap_common;

use heap_common::{Log, Told, config, free_by, is_accessible, model, request, start};
use ldt_engine::blocks::{self, Guarding, Method, ThreadHeap};
use ldt_engine::options::GuardChoice;
use ldt_trace::Function;
use ldt_trace::finding::{BlockState, DetectedBy, ErrorKind};

fn begin() -> ThreadHeap {
    start(&config(GuardChoice::All));
    ThreadHeap::new()
}

const PAGE: u64 = 4096;

#[test]
fn a_guarded_block_has_a_guard_page_at_its_side() {
    let mut heap = begin();
    let mut log = Log::default();
    let (mut after, mut before) = (0, 0);
    for size in [1u64, 16, 20, 4000, 4096, 4097, 20_000, 65_536] {
        for alignment in [1u64, 64, 4096] {
            let address = heap.allocate(&request(size, alignment), &mut log) as u64;
            assert_eq!(address % alignment.max(16), 0);
            let block = blocks::find(address).expect("a block");
            assert!(is_accessible(address) && is_accessible(address + size - 1));
            match block.guarding {
                Guarding::After => {
                    after += 1;
                    let end = (address + size).next_multiple_of(alignment.max(16));
                    assert_eq!(end % PAGE, 0);
                    for past in [0, 1, PAGE, 2 * PAGE, 3 * PAGE - 1] {
                        assert!(!is_accessible(end + past), "{past} past {size}");
                        let found = blocks::find(end + past).expect("the guard is its");
                        assert_eq!(found.facts.address, address);
                    }
                }
                Guarding::Before => {
                    before += 1;
                    assert_eq!(address % PAGE, 0);
                    for under in [1, PAGE, 3 * PAGE] {
                        assert!(!is_accessible(address - under));
                    }
                    assert_eq!(
                        blocks::find(address - 1).map(|block| block.facts.address),
                        Some(address)
                    );
                }
                other => panic!("guarded on one side: {other:?}"),
            }
            heap.release(address, &free_by(Function::Free), &mut log);
            assert!(!is_accessible(address) && !is_accessible(address + size - 1));
            let gone = blocks::find(address + size / 2).expect("remembered");
            assert_eq!(gone.facts.address, address);
            assert_eq!(gone.facts.state, BlockState::Freed);
        }
    }
    assert!(after > 8 && before > 8, "sides alternate: {after} {before}");
    assert_eq!(log.told, []);
}

#[test]
fn a_large_block_has_guards_on_both_sides() {
    let mut heap = begin();
    let mut log = Log::default();
    for size in [65_537u64, 100_000, 1 << 20, 9 << 20] {
        for alignment in [1u64, 4096, 1 << 20] {
            let address = heap.allocate(&request(size, alignment), &mut log) as u64;
            assert_eq!(address % alignment.max(16), 0);
            assert!(is_accessible(address) && is_accessible(address + size - 1));
            let end = (address + size).next_multiple_of(PAGE);
            let start = address & !(PAGE - 1);
            for past in [0, PAGE, 2 * PAGE] {
                assert!(!is_accessible(end + past));
                assert!(!is_accessible(start - 1 - past));
            }
            assert_eq!(
                blocks::find(end).map(|block| block.guarding),
                Some(Guarding::Both)
            );
            heap.release(address, &free_by(Function::Free), &mut log);
            assert!(!is_accessible(address) && !is_accessible(address + size - 1));
            assert_eq!(
                blocks::find(address).map(|block| block.facts.state),
                Some(BlockState::Freed)
            );
        }
    }
    heap.empty_quarantine(&mut log);
    // Their memory serves again, and is as new.
    let mut zeroed = request(9 << 20, 1);
    zeroed.zeroed = blocks::Zeroed::Yes;
    let address = heap.allocate(&zeroed, &mut log) as u64;
    // SAFETY: a live block of that size.
    let bytes = unsafe { std::slice::from_raw_parts(address as *const u8, 9 << 20) };
    assert!(bytes.iter().all(|&byte| byte == 0));
    assert_eq!(log.told, []);
}

#[test]
fn an_empty_block_has_no_byte() {
    let mut heap = begin();
    let mut log = Log::default();
    let first = heap.allocate(&request(0, 1), &mut log) as u64;
    let second = heap.allocate(&request(0, 1), &mut log) as u64;
    assert_ne!(first, second);
    assert!(!is_accessible(first) && !is_accessible(first - 1));
    assert_eq!(blocks::size_of_live(first), Some(0));
    heap.release(first, &free_by(Function::Free), &mut log);
    heap.release(second, &free_by(Function::Free), &mut log);
    assert_eq!(log.told, []);
    heap.release(first, &free_by(Function::Free), &mut log);
    assert!(
        matches!(&log.told[..], [Told::Misuse(misuse)] if misuse.kind == ErrorKind::DoubleFree)
    );
}

#[test]
fn the_bytes_between_a_block_and_its_guard_are_checked() {
    let mut heap = begin();
    for offset in 0..12u64 {
        let mut log = Log::default();
        let (address, size) = loop {
            let address = heap.allocate(&request(20, 1), &mut log) as u64;
            let block = blocks::find(address).expect("a block");
            if block.guarding == Guarding::After {
                break (address, 20);
            }
        };
        let at = (address + size + offset) as *mut u8;
        // SAFETY: open memory of LDT's heap.
        unsafe { at.write(0) };
        heap.release(address, &free_by(Function::Free), &mut log);
        let [Told::Damage(damage)] = &log.told[..] else {
            panic!("one damage: {:?}", log.told);
        };
        assert_eq!(damage.kind, ErrorKind::HeapBufferOverflow);
        assert_eq!(damage.by, DetectedBy::Redzone);
        assert_eq!(damage.at, at as u64);
    }
}

#[test]
fn a_lifted_guard_is_there_again_when_the_slot_is_reused() {
    let mut heap = begin();
    let mut log = Log::default();
    // Sixteen pages: a class that no other test fills.
    let size = 60_000;
    let address = heap.allocate(&request(size, 1), &mut log) as u64;
    heap.release(address, &free_by(Function::Free), &mut log);
    assert!(!is_accessible(address));
    let _ = blocks::lift(address);
    assert!(is_accessible(address) && is_accessible(address + size + PAGE));
    heap.empty_quarantine(&mut log);
    let mut met = false;
    for _ in 0..400 {
        let again = heap.allocate(&request(size, 1), &mut log) as u64;
        let block = blocks::find(again).expect("a block");
        met |= block.slot().contains(&address);
        let (start, end) = (again & !(PAGE - 1), (again + size).next_multiple_of(PAGE));
        assert!(!is_accessible(start - 1) && !is_accessible(end));
    }
    assert!(met, "the slot was reused");
    assert_eq!(log.told, []);
}

#[test]
fn a_large_block_can_be_lifted() {
    let mut heap = begin();
    let mut log = Log::default();
    for size in [100_000u64, 8 << 20] {
        let address = heap.allocate(&request(size, 1), &mut log) as u64;
        heap.release(address, &free_by(Function::Free), &mut log);
        assert!(!is_accessible(address + 50_000));
        let _ = blocks::lift(address + 50_000);
        assert!(is_accessible(address + 50_000));
        assert!(is_accessible(address + size));
    }
}

#[test]
fn contents_survive_under_guards() {
    let mut heap = begin();
    let mut log = Log::default();
    let blocks: Vec<(u64, u64)> = (0..2_000u64)
        .map(|index| {
            let size = index * 37 % 9_000;
            let address = heap.allocate(&request(size, 1), &mut log) as u64;
            // SAFETY: a new block of that size.
            unsafe { std::ptr::write_bytes(address as *mut u8, index as u8, size as usize) };
            (address, size)
        })
        .collect();
    for (index, &(address, size)) in blocks.iter().enumerate() {
        // SAFETY: as above.
        let bytes = unsafe { std::slice::from_raw_parts(address as *const u8, size as usize) };
        assert!(bytes.iter().all(|&byte| byte == index as u8));
        heap.release(address, &free_by(Function::Free), &mut log);
    }
    assert_eq!(log.told, []);
    assert!(blocks::figures().guarded_blocks >= 2_000);
    assert!(matches!(
        blocks::method(),
        Method::Markers | Method::Protection
    ));
}

#[test]
fn threads_do_not_get_into_each_others_way() {
    drop(begin());
    assert_eq!(model::run_threads(3, 6_000), []);
}
