//! Adaptive guarding: every call stack is tried, the first time after its block's end, the second time
//! before its start; fills are as the options say.

mod heap_common;

use heap_common::{Log, config, free_by, request, start};
use ldt_engine::blocks::{self, Config, Guarding, ThreadHeap, Zeroed};
use ldt_engine::options::GuardChoice;
use ldt_trace::{Function, NodeId};

#[test]
fn every_call_stack_is_tried_on_both_sides() {
    start(&Config {
        malloc_fill: Some(0xab),
        free_fill: Some(0xcd),
        ..config(GuardChoice::Adaptive)
    });
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    let free = free_by(Function::Free);
    const STACKS: u32 = 300;
    let mut seen = vec![Vec::new(); STACKS as usize];
    let mut guarded = 0;
    for round in 0..1_000 {
        for stack in 0..STACKS {
            let mut request = request(50, 1);
            request.allocated.stack = NodeId(1 + 70_000 * stack);
            if round % 2 == 1 {
                request.zeroed = Zeroed::Yes;
            }
            let address = heap.allocate(&request, &mut log) as u64;
            // SAFETY: a live block of that size.
            let bytes = unsafe { std::slice::from_raw_parts(address as *const u8, 50) };
            let fill = if round % 2 == 1 { 0 } else { 0xab };
            assert!(bytes.iter().all(|&byte| byte == fill));
            let block = blocks::find(address).expect("a block");
            assert_eq!(block.facts.allocated.stack, request.allocated.stack);
            if block.guarding != Guarding::None {
                seen[stack as usize].push(block.guarding);
                guarded += 1;
            }
            heap.release(address, &free, &mut log);
            if block.guarding == Guarding::None {
                // SAFETY: small freed blocks are open memory.
                let bytes = unsafe { std::slice::from_raw_parts(address as *const u8, 50) };
                assert!(bytes.iter().all(|&byte| byte == 0xcd));
            }
        }
    }
    for sides in &seen {
        assert_eq!(sides[..2], [Guarding::After, Guarding::Before]);
    }
    assert!(guarded < 5_000, "a budget is kept: {guarded}");
    let figures = blocks::figures();
    assert_eq!(figures.stacks, u64::from(STACKS));
    assert_eq!(figures.guarded_stacks, u64::from(STACKS));
    assert_eq!(figures.guarded_blocks, guarded);
    assert_eq!(figures.live_blocks, 0);
    assert_eq!(log.told, []);
}
