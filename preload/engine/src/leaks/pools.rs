//! Blocks of the program's own pools, which it has named with `ldt_malloclike_block` of `ldt.h`.
//!
//! For the leak check they are blocks like those of the heap, and a block of the heap that holds some of
//! them is none (it is the pool's memory), as with valgrind's marks of the same names.

use std::collections::BTreeMap;

use ldt_trace::finding::Use;

use super::seen::Hit;
use crate::sys::lock::Lock;

#[derive(Clone, Copy)]
struct Named {
    size: u64,
    allocated: Use,
    /// A leak check has met it.
    is_met: bool,
}

static NAMED: Lock<BTreeMap<u64, Named>> = Lock::new(BTreeMap::new());

/// A block begins at `address`; another one that was named there is forgotten.
pub fn add(address: u64, size: u64, allocated: Use) {
    let block = Named {
        size,
        allocated,
        is_met: false,
    };
    NAMED.with(|named| named.insert(address, block));
}

/// The block at `address` is gone; gives its size, or `None` when there was none.
pub fn remove(address: u64) -> Option<u64> {
    NAMED.with(|named| named.remove(&address).map(|named| named.size))
}

/// The block at `address` has another size; gives whether there is one.
pub fn resize(address: u64, size: u64) -> bool {
    NAMED.with(|named| match named.get_mut(&address) {
        Some(block) => {
            block.size = size;
            true
        }
        None => false,
    })
}

/// See [`Lock::reopen_after_fork`].
///
/// # Safety
/// As there.
pub unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { NAMED.reopen_after_fork() };
}

/// The blocks as they are at the moment of a check, by address; the next check knows them again.
#[derive(Default)]
pub(super) struct Pools(Vec<(u64, Named)>);

impl Pools {
    pub(super) fn now() -> Pools {
        Pools(NAMED.with(|named| {
            named
                .iter_mut()
                .map(|(&start, named)| {
                    let as_it_was = *named;
                    named.is_met = true;
                    (start, as_it_was)
                })
                .collect()
        }))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn extent(&self, index: usize) -> Option<(u64, u64)> {
        self.0.get(index).map(|(start, named)| (*start, named.size))
    }

    pub(super) fn allocated(&self, index: usize) -> Option<Use> {
        self.0.get(index).map(|(_, named)| named.allocated)
    }

    /// Whether an earlier check has met the block.
    pub(super) fn is_met(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(|(_, named)| named.is_met)
    }

    /// The block that an address points into: index, start, size.
    pub(super) fn find(&self, address: u64) -> Option<(usize, u64, u64)> {
        let after = self.0.partition_point(|(start, _)| *start <= address);
        let (start, named) = self.0.get(after.checked_sub(1)?)?;
        (address - start < named.size.max(1)).then_some((after - 1, *start, named.size))
    }

    /// Whether blocks of pools lie in this block of the heap.
    #[inline]
    pub(super) fn lie_in(&self, block: &Hit) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let first = self.0.partition_point(|(start, _)| *start < block.start);
        self.0
            .get(first)
            .is_some_and(|(start, named)| start + named.size <= block.start + block.size)
    }
}
