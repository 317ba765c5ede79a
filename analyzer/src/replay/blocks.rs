//! The live blocks: address -> what was allocated there.
//!
//! Programs touch neighbouring blocks together, so the map keeps them together: a small hash table
//! finds the *leaf* of a 4 KiB page of the program, and the leaf has one word for every 32 bytes of
//! that page, in which the whole block fits. A plain hash map of addresses scatters neighbours on
//! purpose; with five million live blocks each of its look-ups is a cache miss. Leaves that only
//! had an index into a table of blocks took four times the memory and two misses more.
//!
//! Blocks of glibc are at least 32 bytes apart and begin at multiples of 16. What does not fit
//! goes to a hash map: a second block within 32 bytes and other alignments (as some allocators have
//! for tiny blocks), and numbers that are too large for their bits.

use rustc_hash::FxHashMap;

/// A live block. What is not here (its function, its stack) is known by its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Bytes asked for.
    pub size: u64,
    /// Who allocated it, see [`super::sites::Sites`].
    pub site: u32,
    /// The thread that allocated it.
    pub thread: u32,
}

/// Address -> [`Block`], for blocks that are live.
#[derive(Debug, Default)]
pub struct BlockMap {
    pages: Pages,
    others: FxHashMap<u64, Block>,
}

impl BlockMap {
    /// Puts a block in; gives the one that was there before, if any.
    #[inline]
    pub fn insert(&mut self, address: u64, block: Block) -> Option<Block> {
        if let Some(word) = Packed::new(address, block) {
            let slot = self.pages.slot(address);
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
        let packed = match self.pages.existing_slot(address) {
            Some(slot) if slot.is_at(address) => Some(std::mem::take(slot).block()),
            _ => None,
        };
        self.others.insert(address, block).or(packed)
    }

    /// Takes a block out.
    #[inline]
    pub fn remove(&mut self, address: u64) -> Option<Block> {
        match self.pages.existing_slot(address) {
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
        let slot = self.pages.existing_slot(address);
        slot.is_some_and(|slot| slot.is_at(address)) || self.others.contains_key(&address)
    }

    /// Every live block, in no order that means anything.
    pub fn live(&self) -> impl Iterator<Item = Block> {
        let words = self.pages.leaves.iter().flatten();
        let packed = words
            .filter(|word| !word.is_nothing())
            .map(|word| word.block());
        packed.chain(self.others.values().copied())
    }
}

impl BlockMap {
    /// Every live block with its address; those that begin in one page come one after the other.
    pub fn placed(&self) -> impl Iterator<Item = (u64, Block)> + '_ {
        let pages = self.pages.entries.iter().filter(|entry| **entry != 0);
        let packed = pages.flat_map(|entry| {
            let leaf = &self.pages.leaves[(entry & LEAF_MASK) as usize - 1];
            let page = entry >> LEAF_BITS << PAGE_BITS;
            let slots = (0u64..).step_by(1 << SLOT_BITS).zip(leaf);
            slots
                .filter(|(_, word)| !word.is_nothing())
                .map(move |(at, word)| (page + at + (word.0 & 1) * 16, word.block()))
        });
        packed.chain(
            self.others
                .iter()
                .map(|(address, block)| (*address, *block)),
        )
    }

    /// How many pages [`BlockMap::placed`] has to look through.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages.entries.len() / 4 + self.pages.used + self.others.len() / LEAF_SLOTS
    }
}

/// A block in a word: from the top bit down, 28 bits of size, 23 of site plus one, 12 of thread,
/// and whether it begins at the second half of its 32 bytes. 0 is no block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Packed(u64);

const SIZE_BITS: u32 = 28;
const SITE_BITS: u32 = 23;
const THREAD_BITS: u32 = 12;

impl Packed {
    /// `None` when it does not fit.
    #[inline]
    fn new(address: u64, block: Block) -> Option<Self> {
        // The site of blocks that do not count, the highest of all, becomes 0: they must fit too.
        let site = u64::from(block.site.wrapping_add(1));
        let fits = block.size >> SIZE_BITS == 0
            && site >> SITE_BITS == 0
            && block.thread >> THREAD_BITS == 0
            && address & 15 == 0;
        let word = block.size << (u64::BITS - SIZE_BITS)
            | site << (THREAD_BITS + 1)
            | u64::from(block.thread) << 1
            | address >> 4 & 1;
        (fits && word != 0).then_some(Packed(word))
    }

    #[inline]
    fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// Whether this is the block that begins at `address`, given that it is in the address's slot.
    #[inline]
    fn is_at(self, address: u64) -> bool {
        self.0 != 0 && self.0 & 1 == address >> 4 & 1 && address & 15 == 0
    }

    #[inline]
    fn block(self) -> Block {
        let site = self.0 >> (THREAD_BITS + 1) & ((1 << SITE_BITS) - 1);
        Block {
            size: self.0 >> (u64::BITS - SIZE_BITS),
            site: (site as u32).wrapping_sub(1),
            thread: (self.0 >> 1) as u32 & ((1 << THREAD_BITS) - 1),
        }
    }
}

const PAGE_BITS: u32 = 12;
const SLOT_BITS: u32 = 5;
const LEAF_SLOTS: usize = 1 << (PAGE_BITS - SLOT_BITS);
const LEAF_BITS: u32 = 28;
const LEAF_MASK: u64 = (1 << LEAF_BITS) - 1;

type Leaf = [Packed; LEAF_SLOTS];

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
    fn slot(&mut self, address: u64) -> &mut Packed {
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
    fn existing_slot(&mut self, address: u64) -> Option<&mut Packed> {
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
            self.leaves.push([Packed::default(); LEAF_SLOTS]);
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
        let is_empty = |leaf: &Leaf| leaf.iter().all(|slot| slot.is_nothing());
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
    (address >> SLOT_BITS) as usize & (LEAF_SLOTS - 1)
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
            map.insert(page << PAGE_BITS, block(page));
            assert_eq!(map.remove(page << PAGE_BITS), Some(block(page)));
        }
        assert!(map.pages.leaves.len() < 100);
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
            let placed: HashMap<u64, Block> = map.placed().collect();
            prop_assert_eq!(&placed, &oracle);
            for (address, block) in oracle {
                prop_assert_eq!(map.remove(address), Some(block));
            }
        }
    }
}
