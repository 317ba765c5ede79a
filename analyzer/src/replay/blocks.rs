//! The live blocks: address -> what was allocated there.
//!
//! Programs touch neighbouring blocks together, so the map keeps them together: a small table
//! ([`super::leaves`]) finds the *leaf* of a 4 KiB page of the program, and the leaf has one word
//! ([`super::packed`]) for every 32 bytes of that page, in which the whole block fits. A plain hash map of addresses scatters neighbours on
//! purpose; with five million live blocks each of its look-ups is a cache miss. Leaves that only
//! had an index into a table of blocks took four times the memory and two misses more.
//!
//! Blocks of glibc are at least 32 bytes apart and begin at multiples of 16. What does not fit
//! goes to a hash map: a second block within 32 bytes and other alignments (as some allocators have
//! for tiny blocks), and numbers that are too large for their bits.

use super::block::Block;
use super::leaves::{LEAF_SLOTS, Leaves, Present};
use super::packed::Packed;
use rustc_hash::FxHashMap;

/// Address -> [`Block`], for blocks that are live.
#[derive(Debug, Default)]
pub struct BlockMap {
    leaves: Leaves,
    others: FxHashMap<u64, Block>,
}

impl BlockMap {
    /// The blocks by page, if all are kept so.
    #[inline]
    pub(super) fn present(&mut self) -> Option<Present<'_>> {
        self.others.is_empty().then(|| self.leaves.present())
    }

    /// Puts a block in where there is none and nothing is odd, as nearly always. Else it does
    /// nothing, and [`BlockMap::insert`] has to.
    #[inline(always)]
    pub fn insert_plainly(&mut self, address: u64, block: Block) -> bool {
        let Some(word) = Packed::new(address, block) else {
            return false;
        };
        let slot = self.leaves.slot(address);
        let is_plain = slot.is_nothing() && self.others.is_empty();
        if is_plain {
            *slot = word;
        }
        is_plain
    }

    /// Puts a block in; gives the one that was there before, if any.
    #[cold]
    pub fn insert(&mut self, address: u64, block: Block) -> Option<Block> {
        if let Some(word) = Packed::new(address, block) {
            let slot = self.leaves.slot(address);
            if slot.is_nothing() {
                *slot = word;
                if self.others.is_empty() {
                    return None;
                }
                // The block before may have been one that does not fit.
                return self.others.remove(&address);
            }
            if slot.is_at(address) {
                return Some(std::mem::replace(slot, word).block());
            }
        }
        self.insert_other(address, block)
    }

    #[cold]
    fn insert_other(&mut self, address: u64, block: Block) -> Option<Block> {
        let packed = match self.leaves.existing_slot(address) {
            Some(slot) if slot.is_at(address) => Some(std::mem::take(slot).block()),
            _ => None,
        };
        self.others.insert(address, block).or(packed)
    }

    /// Takes a block out.
    #[inline(always)]
    pub fn remove(&mut self, address: u64) -> Option<Block> {
        match self.leaves.existing_slot(address) {
            Some(slot) if slot.is_at(address) => Some(std::mem::take(slot).block()),
            _ => self.remove_other(address),
        }
    }

    #[cold]
    fn remove_other(&mut self, address: u64) -> Option<Block> {
        self.others.remove(&address)
    }

    /// Whether a block begins at this address.
    #[inline]
    pub fn contains(&mut self, address: u64) -> bool {
        let slot = self.leaves.existing_slot(address);
        slot.is_some_and(|slot| slot.is_at(address)) || self.others.contains_key(&address)
    }

    /// Every live block, in no order that means anything.
    pub fn live(&self) -> impl Iterator<Item = Block> {
        let words = self.leaves.words().filter(|word| !word.is_nothing());
        let packed = words.map(Packed::block);
        packed.chain(self.others.values().copied())
    }

    /// The blocks that are kept by the page in which they begin.
    pub(super) fn leaves(&self) -> &Leaves {
        &self.leaves
    }

    /// Every page has been looked at, see [`PageView::is_changed`](super::leaves::PageView).
    pub(super) fn looked(&mut self) {
        self.leaves.looked();
    }

    /// The other blocks, with their addresses.
    pub(super) fn others(&self) -> impl Iterator<Item = (u64, Block)> {
        self.others
            .iter()
            .map(|(address, block)| (*address, *block))
    }

    /// What a look at all blocks costs, in pages.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.leaves.cost() + self.others.len() / LEAF_SLOTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn block(size: u64) -> Block {
        Block {
            size,
            site: 7,
            thread: 1,
        }
    }

    #[test]
    fn an_empty_map_has_nothing() {
        let mut map = BlockMap::default();
        for address in [0, 8, 16, 3, 0xffff_ffff_ffff] {
            assert_eq!(map.remove(address), None);
            assert!(!map.contains(address));
        }
    }

    #[test]
    fn memory_stays_bounded_when_addresses_wander() {
        let mut map = BlockMap::default();
        for page in 0..1_000_000u64 {
            map.insert(page << 12, block(page));
            assert_eq!(map.remove(page << 12), Some(block(page)));
        }
        assert!(map.leaves.all().count() < 100);
        assert!(map.leaves.words().count() < 100 * LEAF_SLOTS);
    }

    proptest! {
        /// Few pages with many blocks, every alignment, and far addresses, against `HashMap`.
        #[test]
        fn agrees_with_a_hash_map(steps in prop::collection::vec(
            (any::<bool>(), 0u64..40, 0u64..256, prop::sample::select(vec![0u64, 0, 0, 0, 8, 3]),
             prop::sample::select(vec![0u64, 1, 100, (1 << 28) - 1, 1 << 28, u64::MAX])), 1..800)
        ) {
            let mut map = BlockMap::default();
            let mut oracle = HashMap::new();
            for (number, (is_insert, page, place, offset, size)) in steps.into_iter().enumerate() {
                let address = (page * page * page * 0x1000) + place * 16 + offset;
                let block = Block {
                    size,
                    site: if number % 9 == 0 { u32::MAX } else { number as u32 },
                    thread: if number % 7 == 0 { 5000 } else { 1 },
                };
                if is_insert {
                    prop_assert_eq!(map.insert(address, block), oracle.insert(address, block));
                } else {
                    prop_assert_eq!(map.contains(address), oracle.contains_key(&address));
                    prop_assert_eq!(map.remove(address), oracle.remove(&address));
                }
            }
            prop_assert_eq!(map.live().count(), oracle.len());
            let pages = map.leaves.all().flat_map(|page| page.blocks().collect::<Vec<_>>());
            let placed = pages.map(|(address, word)| (address, word.block()));
            let placed: HashMap<u64, Block> = placed.chain(map.others()).collect();
            prop_assert_eq!(&placed, &oracle);
            for (address, block) in oracle {
                prop_assert_eq!(map.remove(address), Some(block));
            }
        }
    }
}
