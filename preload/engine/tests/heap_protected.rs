//! Guarded blocks where the kernel has no guard markers: pages are protected, within a budget of
//! mappings, beyond which blocks have redzones only.

mod heap_common;

use heap_common::{Log, config, free_by, is_accessible, mappings, request, start};
use ldt_engine::blocks::{self, Guarding, Method, ThreadHeap};
use ldt_engine::options::{GuardChoice, GuardMethodChoice};
use ldt_trace::Function;

#[test]
fn guards_are_made_by_protection_while_mappings_last() {
    start(&ldt_engine::blocks::Config {
        guard_method: GuardMethodChoice::Mprotect,
        ..config(GuardChoice::All)
    });
    assert_eq!(blocks::method(), Method::Protection);
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    let limit: usize = std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .expect("readable")
        .trim()
        .parse()
        .expect("a number");
    let mut addresses = Vec::new();
    let mut guarded = 0;
    for _ in 0..limit / 4 + 5_000 {
        let address = heap.allocate(&request(100, 1), &mut log) as u64;
        assert_ne!(address, 0);
        let block = blocks::find(address).expect("a block");
        match block.guarding {
            Guarding::After => assert!(!is_accessible(address + 112)),
            Guarding::Before => assert!(!is_accessible(address - 1)),
            Guarding::None => assert!(is_accessible(address + 112)),
            Guarding::Both => panic!("not a large block"),
        }
        guarded += usize::from(block.guarding != Guarding::None);
        addresses.push(address);
    }
    assert!(guarded > limit / 8, "{guarded} guarded");
    assert!(guarded < addresses.len(), "the budget ends");
    assert!(mappings() < limit / 2 + 1_000, "{} mappings", mappings());
    let large = heap.allocate(&request(1 << 20, 1), &mut log) as u64;
    assert_ne!(large, 0, "without guards, but served");
    heap.release(large, &free_by(Function::Free), &mut log);
    for &address in &addresses {
        heap.release(address, &free_by(Function::Free), &mut log);
    }
    let large = heap.allocate(&request(1 << 20, 1), &mut log) as u64;
    assert!(!is_accessible(large + (1 << 20)));
    heap.release(large, &free_by(Function::Free), &mut log);
    assert!(!is_accessible(large));
    heap.empty_quarantine(&mut log);
    assert!(mappings() < 1_000, "{} mappings", mappings());
    let again = heap.allocate(&request(100, 1), &mut log) as u64;
    assert_ne!(
        blocks::find(again).map(|block| block.guarding),
        Some(Guarding::None)
    );
    assert_eq!(log.told, []);
}
