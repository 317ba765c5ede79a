//! The page table of the live blocks: where in memory the words of a page's blocks are.
//!
//! The words of a page of the program stand together in a *leaf*. The leaves of 256 neighbouring
//! pages, a *region*, are found through one small table, and the regions through a hash table that
//! has so few entries that a look-up is one probe. Hashing each page by itself took a mispredicted
//! branch for every third look-up in a program that touches many pages in turn; a table for more
//! pages would let far apart blocks cost more than their own leaves.

use super::packed::Packed;

pub(super) const PAGE_BITS: u32 = 12;
pub(super) const SLOT_BITS: u32 = 5;
pub(super) const LEAF_SLOTS: usize = 1 << (PAGE_BITS - SLOT_BITS);
const REGION_BITS: u32 = 20;
const REGION_PAGES: usize = 1 << (REGION_BITS - PAGE_BITS);

/// The blocks that begin in one page.
type Leaf = [Packed; LEAF_SLOTS];

/// So many neighbouring words are looked at together: a bit for each.
const GROUP: usize = u64::BITS as usize;

/// No leaf has this number.
const NO_LEAF: u32 = u32::MAX;
/// What a leaf without a page has in place of its number.
const NO_PAGE: u64 = u64::MAX;

/// A region that has leaves.
#[derive(Clone, Copy, Debug)]
struct Region {
    /// Its number plus one; 0 is a free place.
    key: u64,
    /// Where in `tables` its pages begin.
    pages: usize,
}

/// Page -> number of its leaf.
#[derive(Debug)]
struct PageIndex {
    /// An open-addressing hash table, at most a quarter full.
    regions: Vec<Region>,
    regions_used: usize,
    /// For each region, the numbers of its pages' leaves.
    tables: Vec<u32>,
    /// Pages that were looked up lately, by [`near_place`]: with these a look-up is one compare.
    near: Box<[Near; NEAR]>,
}

/// Page -> leaf.
#[derive(Debug)]
pub(super) struct Leaves {
    index: PageIndex,
    leaves: Vec<Leaf>,
    /// By leaf: the number of its page.
    pages: Vec<u64>,
    /// By leaf: whether its words may have changed since [`Leaves::looked`].
    changed: Vec<bool>,
    free_leaves: Vec<u32>,
    /// Pages that have a leaf.
    used: usize,
    /// Twice so many pages as may have one before the empty ones are dropped.
    room: usize,
}

/// The leaves that there are, for those who add none.
pub(super) struct Present<'l> {
    index: &'l mut PageIndex,
    leaves: &'l mut [Leaf],
    /// As many.
    changed: &'l mut [bool],
}

impl<'l> Present<'l> {
    /// The place for this address, if its page has a leaf.
    #[inline(always)]
    pub(super) fn slot(&mut self, address: u64) -> Option<&mut Packed> {
        let again = Present {
            index: self.index,
            leaves: self.leaves,
            changed: self.changed,
        };
        again.into_slot(address)
    }

    /// The same, for one look.
    #[inline(always)]
    fn into_slot(mut self, address: u64) -> Option<&'l mut Packed> {
        let leaf = self.leaf_of(address);
        let words = self.leaves.get_mut(leaf)?;
        self.changed[leaf] = true;
        Some(&mut words[slot_in_leaf(address)])
    }

    #[inline(always)]
    fn leaf_of(&mut self, address: u64) -> usize {
        let page = address >> PAGE_BITS;
        let near = self.index.near[near_place(page)];
        if near.page == page {
            near.leaf as usize
        } else {
            self.index.draw_near(page) as usize
        }
    }
}

/// A page and its leaf.
#[derive(Clone, Copy, Debug)]
struct Near {
    page: u64,
    leaf: u32,
}

/// How many pages are kept near: eight mebibytes of the program.
const NEAR: usize = 2048;
const NOT_NEAR: Near = Near {
    page: NO_PAGE,
    leaf: NO_LEAF,
};

impl Default for Leaves {
    fn default() -> Self {
        Leaves {
            index: PageIndex {
                regions: vec![FREE; LEAST_REGIONS],
                regions_used: 0,
                tables: Vec::new(),
                near: Box::new([NOT_NEAR; NEAR]),
            },
            leaves: Vec::new(),
            pages: Vec::new(),
            changed: Vec::new(),
            free_leaves: Vec::new(),
            used: 0,
            room: LEAST_ROOM,
        }
    }
}

const FREE: Region = Region { key: 0, pages: 0 };
const LEAST_REGIONS: usize = 64;
const LEAST_ROOM: usize = 64;

impl PageIndex {
    /// The same as [`PageIndex::leaf_of`]; keeps it near.
    #[inline(never)]
    fn draw_near(&mut self, page: u64) -> u32 {
        let leaf = self.leaf_of(page);
        if leaf != NO_LEAF {
            self.near[near_place(page)] = Near { page, leaf };
        }
        leaf
    }

    /// The number of the page's leaf, or [`NO_LEAF`].
    #[inline]
    fn leaf_of(&self, page: u64) -> u32 {
        match self.find(page >> (REGION_BITS - PAGE_BITS)) {
            Ok(region) => self.tables[region.pages + page as usize % REGION_PAGES],
            Err(_) => NO_LEAF,
        }
    }

    /// A region, or else where it would go.
    #[inline]
    fn find(&self, number: u64) -> Result<Region, usize> {
        let mask = self.regions.len() - 1;
        let mut at = scatter(number) & mask;
        loop {
            let region = self.regions[at];
            if region.key == number + 1 {
                return Ok(region);
            }
            if region.key == 0 {
                return Err(at);
            }
            at = (at + 1) & mask;
        }
    }

    fn put(&mut self, page: u64, leaf: u32) {
        let number = page >> (REGION_BITS - PAGE_BITS);
        let region = self.find(number).unwrap_or_else(|_| {
            let pages = self.tables.len();
            self.tables.resize(pages + REGION_PAGES, NO_LEAF);
            let region = Region {
                key: number + 1,
                pages,
            };
            self.put_region(region);
            region
        });
        self.tables[region.pages + page as usize % REGION_PAGES] = leaf;
    }

    fn put_region(&mut self, region: Region) {
        if self.regions_used * 4 >= self.regions.len() {
            let larger = vec![FREE; self.regions.len() * 2];
            let before = std::mem::replace(&mut self.regions, larger);
            self.regions_used = 0;
            for region in before.into_iter().filter(|region| region.key != 0) {
                self.put_region(region);
            }
        }
        if let Err(at) = self.find(region.key - 1) {
            self.regions[at] = region;
            self.regions_used += 1;
        }
    }

    fn clear(&mut self) {
        self.regions = vec![FREE; LEAST_REGIONS];
        self.regions_used = 0;
        self.tables.clear();
        self.near.fill(NOT_NEAR);
    }
}

impl Leaves {
    /// The place for this address; makes the leaf when there is none.
    #[inline(always)]
    pub(super) fn slot(&mut self, address: u64) -> &mut Packed {
        let page = address >> PAGE_BITS;
        let near = self.index.near[near_place(page)];
        let leaf = if near.page == page {
            near.leaf
        } else {
            self.draw_near_or_add(page)
        };
        self.changed[leaf as usize] = true;
        &mut self.leaves[leaf as usize][slot_in_leaf(address)]
    }

    /// The place for this address, if its page has a leaf.
    #[inline(always)]
    pub(super) fn existing_slot(&mut self, address: u64) -> Option<&mut Packed> {
        self.present().into_slot(address)
    }

    /// All that there are.
    #[inline]
    pub(super) fn present(&mut self) -> Present<'_> {
        let count = self.leaves.len();
        Present {
            index: &mut self.index,
            leaves: &mut self.leaves,
            changed: &mut self.changed[..count],
        }
    }

    #[inline(never)]
    fn draw_near_or_add(&mut self, page: u64) -> u32 {
        match self.index.draw_near(page) {
            NO_LEAF => self.add(page),
            leaf => leaf,
        }
    }

    #[cold]
    fn add(&mut self, page: u64) -> u32 {
        if self.used * 2 >= self.room {
            self.sweep();
        }
        let leaf = self.free_leaves.pop().unwrap_or_else(|| {
            self.leaves.push([Packed::default(); LEAF_SLOTS]);
            self.pages.push(NO_PAGE);
            self.changed.push(true);
            (self.leaves.len() - 1) as u32
        });
        self.pages[leaf as usize] = page;
        self.put(page, leaf);
        leaf
    }

    fn put(&mut self, page: u64, leaf: u32) {
        self.used += 1;
        self.index.put(page, leaf);
    }

    /// The room is used up: drops pages in which nothing is live any more, then makes room.
    ///
    /// Leaves are only looked at here, when as many pages are new as were there before: keeping a
    /// count in each leaf would cost every single event.
    fn sweep(&mut self) {
        for (number, page) in (0..).zip(&mut self.pages) {
            let is_empty = || {
                self.leaves[number as usize]
                    .iter()
                    .all(|word| word.is_nothing())
            };
            if *page != NO_PAGE && is_empty() {
                *page = NO_PAGE;
                self.free_leaves.push(number);
            }
        }
        let live: Vec<(u64, u32)> = self
            .pages
            .iter()
            .copied()
            .zip(0..)
            .filter(|(page, _)| *page != NO_PAGE)
            .collect();
        self.index.clear();
        self.used = 0;
        self.room = (live.len() * 4).next_power_of_two().max(LEAST_ROOM);
        for (page, leaf) in live {
            self.put(page, leaf);
        }
    }

    /// What it costs to look at all of them, in leaves.
    #[inline]
    pub(super) fn cost(&self) -> usize {
        self.room / 4 + self.used
    }

    /// All words.
    pub(super) fn words(&self) -> impl Iterator<Item = Packed> {
        self.leaves.iter().flatten().copied()
    }

    /// Every page that has a leaf.
    pub(super) fn all(&self) -> impl Iterator<Item = PageView<'_>> {
        let leaves = self.leaves.iter().zip(&self.pages).zip(&self.changed);
        (0..)
            .zip(leaves)
            .filter(|(_, ((_, page), _))| **page != NO_PAGE)
            .map(|(leaf, ((words, page), is_changed))| PageView {
                leaf,
                page: *page,
                is_changed: *is_changed,
                words,
            })
    }

    /// The number of a page's leaf. Cheap when it is the `likely` one: neighbouring pages of a heap
    /// that grows have neighbouring leaves.
    #[inline]
    pub(super) fn number(&self, page: u64, likely: Option<usize>) -> Option<usize> {
        if let Some(likely) = likely
            && self.pages.get(likely) == Some(&page)
        {
            return Some(likely);
        }
        let leaf = self.index.leaf_of(page);
        (leaf != NO_LEAF).then_some(leaf as usize)
    }

    /// All leaves have been looked at.
    pub(super) fn looked(&mut self) {
        self.changed.fill(false);
    }
}

/// A page and the blocks that begin in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageView<'a> {
    /// The number of its leaf, for as long as something is live in it.
    pub(super) leaf: usize,
    /// The number of the page.
    pub(super) page: u64,
    /// Whether blocks may have come or gone since the last [`Leaves::looked`].
    pub(super) is_changed: bool,
    words: &'a Leaf,
}

impl PageView<'_> {
    /// The blocks with their addresses.
    #[inline]
    pub(super) fn blocks(&self) -> impl Iterator<Item = (u64, Packed)> {
        let begin = self.page << PAGE_BITS;
        let slots = (begin..).step_by(1 << SLOT_BITS).zip(self.words);
        slots
            .filter(|(_, word)| !word.is_nothing())
            .map(|(slot, word)| (slot + word.offset(), *word))
    }

    /// The block that begins in the first word's bytes.
    #[inline]
    pub(super) fn first_block(&self) -> Option<(u64, Packed)> {
        let word = self.words[0];
        let begin = self.page << PAGE_BITS;
        (!word.is_nothing()).then_some((begin + word.offset(), word))
    }

    /// The blocks with their addresses, for those who look at all pages: which words are blocks is found out without a branch
    /// for each, which no processor can foresee.
    #[inline(always)]
    pub(super) fn each_block(&self, mut each: impl FnMut(u64, Packed)) {
        let mut begin = self.page << PAGE_BITS;
        for words in self.words.as_chunks::<GROUP>().0 {
            let mut blocks = 0u64;
            for (place, word) in words.iter().enumerate() {
                blocks |= u64::from(!word.is_nothing()) << place;
            }
            while blocks != 0 {
                let place = blocks.trailing_zeros() as usize % GROUP;
                blocks &= blocks - 1;
                let word = words[place];
                each(begin + ((place as u64) << SLOT_BITS) + word.offset(), word);
            }
            begin += (GROUP as u64) << SLOT_BITS;
        }
    }
}

#[inline]
fn slot_in_leaf(address: u64) -> usize {
    (address >> SLOT_BITS) as usize % LEAF_SLOTS
}

/// The place of a page among those near. Neighbours do not meet, nor do the beginnings of glibc's
/// arenas, which are 64 MiB apart.
#[inline(always)]
fn near_place(page: u64) -> usize {
    (page ^ page >> 14) as usize % NEAR
}

/// Spreads numbers of regions: the high bits of a multiplication depend on all bits below.
#[inline]
fn scatter(region: u64) -> usize {
    (region.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}
