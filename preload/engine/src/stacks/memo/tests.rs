//! What captures cost, counted in steps.

use std::hint::black_box;

use super::*;
use crate::sys::registers_here;

struct Nobody;

impl Announce for Nobody {
    fn node(&mut self, _: &Node) {}
    fn module(&mut self, _: &Module) {}
}

#[inline(never)]
fn capture_in_each(depth: usize, stacks: &mut Stacks) {
    stacks.capture(registers_here(), &mut Nobody);
    if depth > 0 {
        capture_in_each(depth - 1, stacks);
    }
    stacks.capture(registers_here(), &mut Nobody);
    black_box(depth);
}

/// Beyond the longest stack that is kept each capture on the way out was a walk of half of that: 80,000 frames took 15
/// seconds.
#[test]
fn a_recursion_beyond_the_longest_stack_costs_steps_in_its_proportion() {
    const DEPTH: usize = 8 * MAX_FRAMES;
    let recursion = || {
        let unwind = Unwind::new(0).expect("there is memory");
        let mut stacks = Stacks::new(unwind).expect("there is memory");
        capture_in_each(DEPTH, &mut stacks);
        stacks.steps.0
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    let steps = thread.spawn(recursion).expect("it starts").join();
    let steps = steps.expect("it ends");
    assert!(steps < 10 * DEPTH, "{steps} steps for {DEPTH} frames");
}
