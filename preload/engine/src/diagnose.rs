//! What an access did wrong: a pure function of the access and of the blocks near it.
//!
//! Whoever stops an access (a guard page, a checked call of the C library, a damaged redzone) looks up
//! the candidates in [`crate::blocks`] and asks here which error that is, and of which block. The words
//! for it are [`ldt_trace::finding::FirstLine`]'s.

use ldt_trace::finding::{BlockFacts, BlockState, ErrorKind, Place};

/// The bytes that an access touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Its first byte.
    pub address: u64,
    /// How many; 0 when nobody knows, which counts as 1 here.
    pub size: u64,
}

impl Touch {
    /// One past the last byte.
    #[must_use]
    pub fn end(self) -> u64 {
        self.address.saturating_add(self.size.max(1))
    }
}

/// An error, and of which candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What it is.
    pub kind: ErrorKind,
    /// The number of the block among the candidates.
    pub block: usize,
}

/// What is wrong with an access, given the blocks that lie at it and nearest on both sides, in any order.
/// `None`: it lies in a live block whole, or there is no block.
///
/// - An access that begins in a freed block uses it after free, wherever it ends.
/// - One that begins in a live block and runs out is an overflow of that block.
/// - Any other begins outside of all blocks: it belongs to the nearest, counted from its first byte to a
///   block's end, or to a block's start from there. As far from both: to the live one of them, else
///   it is an overflow, the likelier mistake.
/// - One that begins before a block and runs into it still begins outside.
#[must_use]
pub fn diagnose<'a>(
    touch: Touch,
    candidates: impl IntoIterator<Item = &'a BlockFacts>,
) -> Option<Diagnosis> {
    let mut nearest: Option<(Nearness, Diagnosis)> = None;
    for (block, facts) in candidates.into_iter().enumerate() {
        let is_freed = facts.state == BlockState::Freed;
        let (distance, kind) = match Place::of(touch.address, facts.address, facts.size) {
            Place::Inside(_) if is_freed => (0, ErrorKind::HeapUseAfterFree),
            Place::Inside(_) if touch.end() > facts.address.saturating_add(facts.size) => {
                (0, ErrorKind::HeapBufferOverflow)
            }
            Place::Inside(_) => return None,
            // 1 more, so that nothing is nearer than a block that the access begins in.
            Place::After(bytes) => (bytes.saturating_add(1), ErrorKind::HeapBufferOverflow),
            Place::Before(bytes) => (bytes, ErrorKind::HeapBufferUnderflow),
        };
        let nearness = Nearness {
            distance,
            is_freed,
            is_underflow: kind == ErrorKind::HeapBufferUnderflow,
        };
        if nearest.is_none_or(|(best, _)| nearness < best) {
            nearest = Some((nearness, Diagnosis { kind, block }));
        }
    }
    nearest.map(|(_, diagnosis)| diagnosis)
}

/// How near a block is; the order of the fields is the order in which they count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Nearness {
    distance: u64,
    is_freed: bool,
    is_underflow: bool,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ldt_trace::finding::Use;
    use ldt_trace::{Function, NodeId};
    use proptest::prelude::*;

    pub(crate) fn block(address: u64, size: u64, state: BlockState) -> BlockFacts {
        let used = Use {
            thread: 0,
            function: Function::Malloc,
            stack: NodeId(1),
        };
        BlockFacts {
            address,
            size,
            alignment: 1,
            state,
            allocated: used,
            freed: (state == BlockState::Freed).then_some(used),
        }
    }

    fn live(address: u64, size: u64) -> BlockFacts {
        block(address, size, BlockState::Live)
    }

    fn freed(address: u64, size: u64) -> BlockFacts {
        block(address, size, BlockState::Freed)
    }

    fn told(address: u64, size: u64, blocks: &[BlockFacts]) -> Option<(ErrorKind, usize)> {
        let found = diagnose(Touch { address, size }, blocks);
        found.map(|diagnosis| (diagnosis.kind, diagnosis.block))
    }

    use ErrorKind::{HeapBufferOverflow, HeapBufferUnderflow, HeapUseAfterFree};

    #[test]
    fn the_first_byte_behind_a_block_overflows_it() {
        let blocks = [live(0x1000, 20)];
        assert_eq!(told(0x1014, 4, &blocks), Some((HeapBufferOverflow, 0)));
        assert_eq!(told(0x1013, 1, &blocks), None);
        assert_eq!(told(0xfff, 1, &blocks), Some((HeapBufferUnderflow, 0)));
    }

    #[test]
    fn what_begins_inside_and_runs_out_is_an_overflow() {
        let blocks = [live(0x1000, 20), live(0x1020, 8)];
        assert_eq!(told(0x1010, 64, &blocks), Some((HeapBufferOverflow, 0)));
    }

    #[test]
    fn what_begins_before_and_runs_in_is_an_underflow() {
        let blocks = [live(0x1000, 20)];
        assert_eq!(told(0xffc, 8, &blocks), Some((HeapBufferUnderflow, 0)));
    }

    #[test]
    fn a_freed_block_is_used_after_free_even_by_what_runs_out() {
        let blocks = [freed(0x1000, 24)];
        assert_eq!(told(0x1003, 8, &blocks), Some((HeapUseAfterFree, 0)));
        assert_eq!(told(0x1014, 8, &blocks), Some((HeapUseAfterFree, 0)));
        assert_eq!(told(0x1018, 8, &blocks), Some((HeapBufferOverflow, 0)));
    }

    #[test]
    fn far_accesses_belong_to_the_nearest_block() {
        let blocks = [live(0x1000, 0x10), live(0x3000, 0x10)];
        assert_eq!(told(0x1100, 4, &blocks), Some((HeapBufferOverflow, 0)));
        assert_eq!(told(0x2f00, 4, &blocks), Some((HeapBufferUnderflow, 1)));
    }

    #[test]
    fn between_two_as_far_the_live_one_is_meant() {
        // 0x1018 is 9 bytes behind the last byte of the first, and 9 before the second.
        let blocks = [freed(0x1000, 0x10), live(0x1021, 0x10)];
        assert_eq!(told(0x1018, 1, &blocks), Some((HeapBufferUnderflow, 1)));
        let blocks = [live(0x1000, 0x10), live(0x1021, 0x10)];
        assert_eq!(told(0x1018, 1, &blocks), Some((HeapBufferOverflow, 0)));
    }

    #[test]
    fn a_block_of_size_0_has_no_byte() {
        let blocks = [live(0x1000, 0)];
        assert_eq!(told(0x1000, 1, &blocks), Some((HeapBufferOverflow, 0)));
        assert_eq!(told(0xfff, 1, &blocks), Some((HeapBufferUnderflow, 0)));
    }

    #[test]
    fn without_a_block_there_is_nothing_to_say() {
        assert_eq!(told(0x1000, 1, &[]), None);
    }

    prop_compose! {
        /// Blocks that do not overlap, in order.
        fn heaps()(parts in prop::collection::vec((0u64..64, 0u64..64, any::<bool>()), 1..8)) -> Vec<BlockFacts> {
            let mut at = 0x1000;
            parts.into_iter().map(|(gap, size, is_live)| {
                let address = at + gap;
                at = address + size;
                if is_live { live(address, size) } else { freed(address, size) }
            }).collect()
        }
    }

    proptest! {
        /// Every byte of the access is looked at, one by one: an access is in order just when each of them
        /// lies in one and the same live block.
        #[test]
        fn only_accesses_within_one_live_block_are_in_order(
            heap in heaps(), address in 0xfe0u64..0x1200, size in 1u64..80,
        ) {
            let within = heap.iter().any(|block| block.state == BlockState::Live
                && (address..address + size).all(|byte| (block.address..block.address + block.size).contains(&byte)));
            prop_assert_eq!(told(address, size, &heap).is_none(), within);
        }

        /// The order of the candidates does not matter, but for blocks that are equally near.
        #[test]
        fn the_order_of_candidates_does_not_matter(
            mut heap in heaps(), address in 0xfe0u64..0x1200, size in 1u64..80,
        ) {
            let there = told(address, size, &heap).map(|(kind, block)| (kind, heap[block]));
            heap.reverse();
            let back = told(address, size, &heap).map(|(kind, block)| (kind, heap[block]));
            let alike = |one: Option<(ErrorKind, BlockFacts)>| one.map(|(kind, block)| (kind, block.state));
            prop_assert_eq!(alike(there), alike(back));
        }

        /// What is outside of all blocks is blamed on none that is farther than another.
        #[test]
        fn nothing_is_nearer_than_the_block_named(heap in heaps(), address in 0xfe0u64..0x1200) {
            let distance = |block: &BlockFacts| (block.address..=(block.address + block.size).saturating_sub(1).max(block.address))
                .map(|byte| byte.abs_diff(address)).min().unwrap_or(0);
            if let Some((kind, block)) = told(address, 1, &heap)
                && kind != HeapUseAfterFree
                && heap.iter().all(|block| block.size > 0)
            {
                let named = distance(&heap[block]);
                prop_assert!(heap.iter().all(|other| distance(other) >= named));
            }
        }
    }
}
