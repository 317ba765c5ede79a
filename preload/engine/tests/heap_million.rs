//! A million guarded blocks at once, in a handful of mappings.

mod heap_common;

use heap_common::{Log, config, is_accessible, mappings, request, start};
use ldt_engine::blocks::{self, Guarding, Method, ThreadHeap};
use ldt_engine::options::GuardChoice;

#[test]
fn a_million_guarded_blocks_take_few_mappings() {
    start(&config(GuardChoice::All));
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    if blocks::method() != Method::Markers {
        println!("this kernel has no guard markers: nothing to show");
        return;
    }
    let before = mappings();
    // A whole page each: nothing of it is redzone, so it takes no memory before it is used.
    let mut last = 0;
    for _ in 0..1_000_000 {
        last = heap.allocate(&request(4096, 1), &mut log) as u64;
        assert_ne!(last, 0);
    }
    let block = blocks::find(last).expect("a block");
    assert_ne!(block.guarding, Guarding::None);
    assert!(is_accessible(last) && !is_accessible(last - 1) && !is_accessible(last + 4096));
    assert_eq!(blocks::figures().guarded_blocks, 1_000_000);
    let mappings = mappings();
    assert!(mappings < 200, "{mappings} mappings, {before} before");
    assert_eq!(log.told, []);
}
