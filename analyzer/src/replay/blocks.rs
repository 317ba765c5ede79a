//! The live blocks: address -> what was allocated there.
//!
//! Programs touch neighbouring blocks together, so the map keeps them together: a small hash table
//! finds the *leaf* of a 4 KiB page of the program, the leaf has one `u32` for every 16 bytes of
//! that page, and that number finds the block in a slab which is filled in the order of
//! allocation. A plain hash map of addresses scatters neighbours on purpose; with five million
//! live blocks each of its look-ups is a cache miss.
//!
//! glibc aligns to 16 bytes. Other allocators hand out multiples of 8 for tiny blocks, which get
//! pages of their own; any other address (only a damaged trace has them) goes to a plain hash map.

use std::collections::HashMap;

/// A live block. What is not here (its function, its stack) is known by its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Bytes asked for.
    pub size: u64,
    /// Who allocated it, see [`super::sites::Sites`].
    pub site: u32,
    /// The thread that allocated it.
    pub thread: u32,
    /// Which of its thread's allocations it was, counted from 1 and wrapping.
    pub ordinal: u32,
}

/// Address -> [`Block`], for blocks that are live.
#[derive(Debug, Default)]
pub struct BlockMap {
    /// Addresses that are multiples of 16.
    whole: Pages,
    /// Addresses that are odd multiples of 8.
    halves: Pages,
    odd: HashMap<u64, u32>,
    slab: Slab,
}

impl BlockMap {
    /// Puts a block in; gives the one that was there before, if any.
    #[inline]
    pub fn insert(&mut self, address: u64, block: Block) -> Option<Block> {
        let new = self.slab.take(block);
        let old = match address & 15 {
            0 => std::mem::replace(self.whole.slot(address), new),
            8 => std::mem::replace(self.halves.slot(address), new),
            _ => self.odd.insert(address, new).unwrap_or(NONE),
        };
        (old != NONE).then(|| self.slab.give_back(old))
    }

    /// Takes a block out.
    #[inline]
    pub fn remove(&mut self, address: u64) -> Option<Block> {
        let old = match address & 15 {
            0 => self.whole.existing_slot(address).map(std::mem::take)?,
            8 => self.halves.existing_slot(address).map(std::mem::take)?,
            _ => self.odd.remove(&address)?,
        };
        (old != NONE).then(|| self.slab.give_back(old))
    }

    /// Whether a block begins at this address.
    #[inline]
    pub fn contains(&mut self, address: u64) -> bool {
        let slot = match address & 15 {
            0 => self.whole.existing_slot(address).copied(),
            8 => self.halves.existing_slot(address).copied(),
            _ => self.odd.get(&address).copied(),
        };
        slot.is_some_and(|slot| slot != NONE)
    }

    /// Every live block, in no order that means anything.
    pub fn live(&self) -> impl Iterator<Item = &Block> {
        self.slab.blocks.iter().filter(|block| block.thread != GONE)
    }
}

/// The thread of blocks that are not live.
const GONE: u32 = u32::MAX;

/// No block. Numbers of blocks begin at 1.
const NONE: u32 = 0;

/// Blocks by number; free numbers are chained through `site`, so that they cost nothing.
#[derive(Debug)]
struct Slab {
    blocks: Vec<Block>,
    first_free: u32,
}

impl Default for Slab {
    fn default() -> Self {
        let never_used = Block {
            size: 0,
            site: 0,
            thread: GONE,
            ordinal: 0,
        };
        Slab {
            blocks: vec![never_used],
            first_free: NONE,
        }
    }
}

impl Slab {
    #[inline]
    fn take(&mut self, block: Block) -> u32 {
        let number = self.first_free;
        if number == NONE {
            self.blocks.push(block);
            return (self.blocks.len() - 1) as u32;
        }
        let place = &mut self.blocks[number as usize];
        self.first_free = place.site;
        *place = block;
        number
    }

    #[inline]
    fn give_back(&mut self, number: u32) -> Block {
        let place = &mut self.blocks[number as usize];
        let block = *place;
        place.site = self.first_free;
        place.thread = GONE;
        self.first_free = number;
        block
    }
}

const PAGE_BITS: u32 = 12;
const LEAF_SLOTS: usize = 1 << (PAGE_BITS - 4);
const LEAF_BITS: u32 = 28;
const LEAF_MASK: u64 = (1 << LEAF_BITS) - 1;

type Leaf = [u32; LEAF_SLOTS];

/// An open-addressing hash table of page -> leaf. An entry is the page's number above the leaf's
/// number plus one (36 + 28 bits), so a probe reads one word; 0 is a free place.
#[derive(Debug)]
struct Pages {
    entries: Vec<u64>,
    used: usize,
    leaves: Vec<Leaf>,
    free_leaves: Vec<u32>,
    last_page: u64,
    last_leaf: u32,
}

impl Default for Pages {
    fn default() -> Self {
        Pages {
            entries: vec![0; 64],
            used: 0,
            leaves: Vec::new(),
            free_leaves: Vec::new(),
            last_page: u64::MAX,
            last_leaf: 0,
        }
    }
}

impl Pages {
    /// The place for this address; makes the leaf when there is none.
    #[inline]
    fn slot(&mut self, address: u64) -> &mut u32 {
        let page = address >> PAGE_BITS;
        if page != self.last_page {
            self.last_leaf = match self.find(page) {
                Ok(leaf) => leaf,
                Err(_) => self.add(page),
            };
            self.last_page = page;
        }
        &mut self.leaves[self.last_leaf as usize][slot_in_leaf(address)]
    }

    /// The place for this address, if its page has a leaf.
    #[inline]
    fn existing_slot(&mut self, address: u64) -> Option<&mut u32> {
        let page = address >> PAGE_BITS;
        if page != self.last_page {
            self.last_leaf = self.find(page).ok()?;
            self.last_page = page;
        }
        Some(&mut self.leaves[self.last_leaf as usize][slot_in_leaf(address)])
    }

    /// The page's leaf, or else where in `entries` it would go.
    #[inline]
    fn find(&self, page: u64) -> Result<u32, usize> {
        let mask = self.entries.len() - 1;
        let mut at = scatter(page) & mask;
        loop {
            let entry = self.entries[at];
            if entry == 0 {
                return Err(at);
            }
            if entry >> LEAF_BITS == page {
                return Ok((entry & LEAF_MASK) as u32 - 1);
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn add(&mut self, page: u64) -> u32 {
        if self.used * 2 >= self.entries.len() {
            self.sweep();
        }
        let leaf = self.free_leaves.pop().unwrap_or_else(|| {
            self.leaves.push([NONE; LEAF_SLOTS]);
            (self.leaves.len() - 1) as u32
        });
        self.put(page, leaf);
        leaf
    }

    fn put(&mut self, page: u64, leaf: u32) {
        if let Err(at) = self.find(page) {
            self.entries[at] = page << LEAF_BITS | u64::from(leaf + 1);
            self.used += 1;
        }
    }

    /// The table is full: drops pages in which nothing is live any more, then makes room.
    ///
    /// Leaves are only looked at here, when as many pages are new as were there before: keeping a
    /// count in each leaf would cost every single event.
    fn sweep(&mut self) {
        let is_empty = |leaf: &Leaf| leaf.iter().all(|slot| *slot == NONE);
        let entries = std::mem::take(&mut self.entries);
        let (live, empty): (Vec<u64>, Vec<u64>) = entries
            .into_iter()
            .filter(|entry| *entry != 0)
            .partition(|entry| !is_empty(&self.leaves[(entry & LEAF_MASK) as usize - 1]));
        self.free_leaves
            .extend(empty.iter().map(|entry| (entry & LEAF_MASK) as u32 - 1));
        self.last_page = u64::MAX;
        self.used = 0;
        self.entries = vec![0; (live.len() * 4).next_power_of_two().max(64)];
        for entry in live {
            self.put(entry >> LEAF_BITS, (entry & LEAF_MASK) as u32 - 1);
        }
    }
}

#[inline]
fn slot_in_leaf(address: u64) -> usize {
    (address >> 4) as usize & (LEAF_SLOTS - 1)
}

/// Spreads page numbers: the high bits of a multiplication depend on all bits below.
#[inline]
fn scatter(page: u64) -> usize {
    (page.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(size: u64) -> Block {
        Block {
            size,
            site: 7,
            thread: 1,
            ordinal: 3,
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
            map.insert(page << PAGE_BITS, block(page));
            assert_eq!(map.remove(page << PAGE_BITS), Some(block(page)));
        }
        assert!(map.whole.leaves.len() < 100);
        assert!(map.slab.blocks.len() < 4);
    }

    proptest! {
        /// Few pages with many blocks, every alignment, and far addresses, against `HashMap`.
        #[test]
        fn agrees_with_a_hash_map(steps in prop::collection::vec(
            (any::<bool>(), 0u64..40, 0u64..64, prop::sample::select(vec![0u64, 0, 0, 8, 8, 3])), 1..800)
        ) {
            let mut map = BlockMap::default();
            let mut oracle = HashMap::new();
            for (number, (is_insert, page, place, offset)) in steps.into_iter().enumerate() {
                let address = (page * page * page * 0x1000) + place * 16 + offset;
                let block = block(number as u64);
                if is_insert {
                    prop_assert_eq!(map.insert(address, block), oracle.insert(address, block));
                } else {
                    prop_assert_eq!(map.contains(address), oracle.contains_key(&address));
                    prop_assert_eq!(map.remove(address), oracle.remove(&address));
                }
            }
            prop_assert_eq!(map.live().count(), oracle.len());
            for (address, block) in oracle {
                prop_assert_eq!(map.remove(address), Some(block));
            }
        }
    }
}
