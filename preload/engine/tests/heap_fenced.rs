//! Fenced blocks: more call stacks than the credit pays full guards for. Each one's first block lies against a guard
//! page all the same; its page stays open when it is freed, and serves again.

mod heap_common;

use heap_common::{Log, Told, config, free_by, is_accessible, mappings, request, start};
use ldt_engine::blocks::{self, Config, Guarding, Request, ThreadHeap, Zeroed};
use ldt_engine::options::{GuardChoice, GuardMethodChoice, GuardSideChoice};
use ldt_trace::finding::{BlockState, DetectedBy, ErrorKind};
use ldt_trace::{Function, NodeId};

/// What the first credit is spent on after so many stacks.
const STACKS_WITH_CREDIT: u32 = 3_000;

/// A request from a stack that was never met.
fn from_new_stack(size: u64) -> Request {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(10);
    let mut request = request(size, 1);
    request.allocated.stack = NodeId(NEXT.fetch_add(1, Ordering::Relaxed));
    request
}

/// A heap whose first credit is spent, so that blocks of new stacks are fenced.
fn begin(config: &Config) -> (ThreadHeap, Log) {
    start(config);
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    for _ in 0..STACKS_WITH_CREDIT {
        let address = heap.allocate(&from_new_stack(100), &mut log) as u64;
        heap.release(address, &free_by(Function::Free), &mut log);
    }
    assert_eq!(log.told, []);
    (heap, log)
}

/// A fenced block of that size.
fn fenced(heap: &mut ThreadHeap, log: &mut Log, size: u64) -> u64 {
    let address = heap.allocate(&from_new_stack(size), log) as u64;
    let block = blocks::find(address).expect("a block");
    assert_ne!(block.guarding, Guarding::None);
    address
}

fn hold_to_its_fence(side: GuardSideChoice, method: GuardMethodChoice) {
    let (mut heap, mut log) = begin(&Config {
        guard_side: side,
        guard_method: method,
        ..config(GuardChoice::Adaptive)
    });
    for size in [1u64, 20, 100, 4000, 4095, 4096] {
        let address = fenced(&mut heap, &mut log, size);
        let end = (address + size).next_multiple_of(16);
        assert!(is_accessible(address) && is_accessible(address + size - 1));
        if side == GuardSideChoice::Before {
            assert!(!is_accessible(address - 1) && !is_accessible(address - 4096));
        } else {
            assert!(!is_accessible(end) && !is_accessible(end + 4096));
        }
        heap.release(address, &free_by(Function::Free), &mut log);
        assert!(is_accessible(address), "its page stays open");
        let block = blocks::find(address).expect("remembered");
        assert_eq!(block.facts.state, BlockState::Freed);
        assert_eq!(block.facts.address, address);
    }
    assert_eq!(log.told, []);
}

#[test]
fn a_fenced_block_ends_at_a_guard_page() {
    hold_to_its_fence(GuardSideChoice::Alternate, GuardMethodChoice::Auto);
}

#[test]
fn a_fenced_block_begins_at_a_guard_page_where_that_is_asked_for() {
    hold_to_its_fence(GuardSideChoice::Before, GuardMethodChoice::Auto);
}

#[test]
fn fences_are_made_by_protection_too() {
    hold_to_its_fence(GuardSideChoice::After, GuardMethodChoice::Mprotect);
}

#[test]
fn damage_in_and_around_a_fenced_block_is_found() {
    let (mut heap, mut log) = begin(&config(GuardChoice::Adaptive));
    let address = fenced(&mut heap, &mut log, 20);
    for at in [address + 20, address - 1] {
        // SAFETY: an open page of LDT's heap.
        unsafe { (at as *mut u8).write(0) };
    }
    heap.release(address, &free_by(Function::Free), &mut log);
    // What is farther away is seen when the block leaves the quarantine.
    for at in [address + 3, address - 2_000] {
        // SAFETY: as above.
        unsafe { (at as *mut u8).write(0) };
    }
    heap.empty_quarantine(&mut log);
    let told: Vec<_> = log
        .told
        .iter()
        .map(|told| match told {
            Told::Damage(damage) => (damage.kind, damage.by, damage.at, damage.block.facts.size),
            Told::Misuse(misuse) => panic!("no misuse: {misuse:?}"),
        })
        .collect();
    let redzone = DetectedBy::Redzone;
    assert_eq!(
        told,
        [
            (ErrorKind::HeapBufferUnderflow, redzone, address - 1, 20),
            (ErrorKind::HeapBufferOverflow, redzone, address + 20, 20),
            (
                ErrorKind::HeapUseAfterFree,
                DetectedBy::Quarantine,
                address + 3,
                20
            ),
            (ErrorKind::HeapBufferUnderflow, redzone, address - 2_000, 20),
        ]
    );
}

#[test]
fn a_second_free_of_a_fenced_block_is_told() {
    let (mut heap, mut log) = begin(&config(GuardChoice::Adaptive));
    let address = fenced(&mut heap, &mut log, 20);
    let free = free_by(Function::Free);
    heap.release(address, &free, &mut log);
    heap.release(address, &free, &mut log);
    assert!(
        matches!(&log.told[..], [Told::Misuse(misuse)] if misuse.kind == ErrorKind::DoubleFree)
    );
}

#[test]
fn pages_serve_again_and_hold_what_they_should() {
    let (mut heap, mut log) = begin(&config(GuardChoice::Adaptive));
    let free = free_by(Function::Free);
    let before = mappings();
    for round in 0..60_000u64 {
        let size = 1 + round * 37 % 4096;
        let mut request = from_new_stack(size);
        if round % 2 == 0 {
            request.zeroed = Zeroed::Yes;
        }
        let address = heap.allocate(&request, &mut log) as u64;
        assert_ne!(
            blocks::find(address).map(|block| block.guarding),
            Some(Guarding::None)
        );
        // SAFETY: a live block of that size.
        let bytes = unsafe { std::slice::from_raw_parts_mut(address as *mut u8, size as usize) };
        assert!(round % 2 == 1 || bytes.iter().all(|&byte| byte == 0));
        bytes.fill(round as u8);
        heap.release(address, &free, &mut log);
    }
    let figures = blocks::figures();
    assert!(figures.guarded_bytes < 20 << 20, "{figures:?}");
    assert!(
        figures.quarantined_bytes <= config(GuardChoice::Off).quarantine_bytes,
        "{figures:?}"
    );
    assert_eq!(figures.stacks, figures.guarded_stacks);
    if blocks::method() == blocks::Method::Markers {
        assert!(mappings() < before + 10);
    }
    assert_eq!(log.told, []);
}

#[test]
fn fences_take_their_share_of_memory_and_no_more() {
    let (mut heap, mut log) = begin(&config(GuardChoice::Adaptive));
    let mut live = Vec::new();
    for _ in 0..50_000 {
        live.push(heap.allocate(&from_new_stack(50), &mut log) as u64);
    }
    let limit = config(GuardChoice::Off).quarantine_bytes / 2 + 50 * 50_000 / 2;
    let taken = blocks::figures().guarded_bytes;
    assert!(taken <= limit && taken > limit / 2, "{taken} of {limit}");
    for address in live {
        heap.release(address, &free_by(Function::Free), &mut log);
    }
    heap.empty_quarantine(&mut log);
    let kept = blocks::figures().guarded_bytes;
    assert!(kept <= 10 << 20, "pages are given back: {kept}");
    // A few new stacks are let pass once there was no memory.
    let again = (0..100)
        .map(|_| heap.allocate(&from_new_stack(50), &mut log) as u64)
        .find(|&address| {
            blocks::find(address).is_some_and(|block| block.guarding == Guarding::After)
        })
        .expect("memory was given back");
    assert!(is_accessible(again) && is_accessible(again + 49) && !is_accessible(again + 64));
    assert_eq!(log.told, []);
}

#[test]
fn a_lifted_fence_is_there_again_for_the_next_block() {
    let (mut heap, mut log) = begin(&config(GuardChoice::Adaptive));
    let free = free_by(Function::Free);
    let first = fenced(&mut heap, &mut log, 50);
    let lifted = blocks::lift(first + 64).expect("a guard");
    assert!(is_accessible(first + 64) && is_accessible(first + 49));
    heap.release(first, &free, &mut log);
    blocks::close_again(lifted);
    heap.empty_quarantine(&mut log);
    let mut met = false;
    for _ in 0..1_500 {
        let address = fenced(&mut heap, &mut log, 50);
        met |= blocks::find(address).is_some_and(|block| block.slot().contains(&first));
        assert!(is_accessible(address) && !is_accessible(address + 64));
    }
    assert!(met, "the slot was reused");
    let freed = fenced(&mut heap, &mut log, 50);
    heap.release(freed, &free, &mut log);
    let lifted = blocks::lift(freed + 64).expect("a guard");
    blocks::close_again(lifted);
    assert!(!is_accessible(freed + 64), "closed behind the access");
    assert!(
        is_accessible(freed),
        "the page of a freed block is read when it leaves"
    );
    heap.empty_quarantine(&mut log);
    assert_eq!(log.told, []);
}
