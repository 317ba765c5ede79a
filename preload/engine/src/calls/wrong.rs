//! Which bytes of a range an error is about: a pure function of the range and of the blocks near it.
//!
//! The report names the first byte that is not the program's and how many follow, as a single bad
//! instruction's would: of 24 bytes copied into a block of 20, "4 bytes, 0 bytes after a block of 20".
//! Naming the whole range would put the error inside the block.

use ldt_trace::finding::{BlockFacts, ErrorKind};

use crate::diagnose::{Diagnosis, Touch, diagnose};

/// Bytes that a call touches; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub address: u64,
    /// How many.
    pub bytes: u64,
}

impl Range {
    pub(super) fn end(self) -> u64 {
        self.address.saturating_add(self.bytes)
    }

    /// The part of it that lies in `other`, which it touches.
    pub(super) fn within(self, other: &core::ops::Range<u64>) -> Range {
        Range::between(self.address.max(other.start), self.end().min(other.end))
    }

    fn between(start: u64, end: u64) -> Range {
        Range {
            address: start,
            bytes: end - start,
        }
    }
}

/// An error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) kind: ErrorKind,
    /// Its number among the candidates.
    pub(super) block: usize,
    /// The bytes of the range that it is about.
    pub(super) bad: Range,
}

/// What is wrong with a range; `None` when it lies in one live block.
pub(super) fn find(range: Range, candidates: &[BlockFacts]) -> Option<Wrong> {
    let touch = Touch {
        address: range.address,
        size: range.bytes,
    };
    let Diagnosis { kind, block } = diagnose(touch, candidates)?;
    let facts = &candidates[block];
    let (start, end) = (facts.address, facts.address.saturating_add(facts.size));
    let bad = match kind {
        ErrorKind::HeapUseAfterFree => Range::between(range.address, range.end().min(end)),
        ErrorKind::HeapBufferUnderflow => Range::between(range.address, range.end().min(start)),
        _ => Range::between(range.address.max(end), range.end()),
    };
    Some(Wrong { kind, block, bad })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::tests::block;
    use ldt_trace::finding::BlockState;
    use proptest::prelude::*;

    fn told(address: u64, bytes: u64, blocks: &[BlockFacts]) -> Option<(ErrorKind, u64, u64)> {
        find(Range { address, bytes }, blocks)
            .map(|wrong| (wrong.kind, wrong.bad.address, wrong.bad.bytes))
    }

    use ErrorKind::{HeapBufferOverflow, HeapBufferUnderflow, HeapUseAfterFree};

    #[test]
    fn the_bytes_behind_the_block_are_the_bad_ones() {
        let blocks = [block(0x1000, 20, BlockState::Live)];
        assert_eq!(told(0x1000, 20, &blocks), None);
        assert_eq!(
            told(0x1000, 24, &blocks),
            Some((HeapBufferOverflow, 0x1014, 4))
        );
        assert_eq!(
            told(0x1018, 8, &blocks),
            Some((HeapBufferOverflow, 0x1018, 8))
        );
    }

    #[test]
    fn the_bytes_before_the_block_are_the_bad_ones() {
        let blocks = [block(0x1000, 20, BlockState::Live)];
        assert_eq!(
            told(0xffc, 8, &blocks),
            Some((HeapBufferUnderflow, 0xffc, 4))
        );
        assert_eq!(
            told(0xff0, 8, &blocks),
            Some((HeapBufferUnderflow, 0xff0, 8))
        );
    }

    #[test]
    fn all_bytes_of_a_freed_block_are_bad() {
        let blocks = [block(0x1000, 20, BlockState::Freed)];
        assert_eq!(
            told(0x1004, 4, &blocks),
            Some((HeapUseAfterFree, 0x1004, 4))
        );
        assert_eq!(
            told(0x1004, 64, &blocks),
            Some((HeapUseAfterFree, 0x1004, 16))
        );
    }

    proptest! {
        /// Whatever is told lies in the range, is not empty, and touches no byte of the live block.
        #[test]
        fn bad_bytes_are_of_the_range_and_not_of_the_block(
            start in 0x1000u64..0x1100, size in 0u64..64, address in 0xf80u64..0x1200, bytes in 1u64..128,
        ) {
            let blocks = [block(start, size, BlockState::Live)];
            if let Some(wrong) = find(Range { address, bytes }, &blocks) {
                prop_assert!(wrong.bad.bytes > 0);
                prop_assert!(wrong.bad.address >= address && wrong.bad.end() <= address + bytes);
                for byte in wrong.bad.address..wrong.bad.end() {
                    prop_assert!(!(start..start + size).contains(&byte));
                }
            } else {
                prop_assert!(address >= start && address + bytes <= start + size);
            }
        }
    }
}
