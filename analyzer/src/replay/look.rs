//! One look at where all live blocks lie: the pages that they keep, the heaps that they hold up.
//!
//! What the blocks of a page amount to is remembered from look to look, and only pages in which
//! something came or went since are gone through block by block. Going through all blocks each
//! time took two fifths of a report of five million live ones.

use super::blocks::BlockMap;
use super::leaves::PageView;
use super::slack::usable_bytes;
use rustc_hash::FxHashMap;

pub(super) const PAGE_BYTES: u64 = 4096;
/// Where a chunk of glibc's begins, before its block.
const HEADER_BYTES: u64 = 16;
/// Heaps of glibc's further arenas begin at multiples of this.
const ARENA_BYTES: u64 = 64 << 20;
/// The heap that grows by the break lies below, everything that was mapped above.
const LOWEST_MAPPING: u64 = 0x7000_0000_0000;
/// Smaller blocks are not mapped by themselves.
const LEAST_MAPPED_BYTES: u64 = (128 << 10) - 24;

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// Pages in which live blocks lie.
    pub(super) pinned_bytes: u64,
    /// From the beginning of each heap to the end of its highest live block, and mapped blocks.
    pub(super) held_bytes: u64,
}

/// What blocks take of a page that is not full of one of them.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    bytes: u64,
    blocks: u64,
}

impl Use {
    #[inline]
    fn add(&mut self, more: Use) {
        self.bytes += more.bytes;
        self.blocks += more.blocks;
    }

    /// What is free, shared among the blocks.
    fn free_share(self) -> u64 {
        PAGE_BYTES.saturating_sub(self.bytes) / self.blocks.max(1)
    }
}

/// What a block takes of a page.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    page: u64,
    bytes: u64,
}

/// Where a block lies.
#[derive(Clone, Copy, Debug)]
struct Extent {
    first: Part,
    /// The page in which it ends, if that is another.
    last: Option<Part>,
    /// Pages between the two.
    whole_bytes: u64,
    end: u64,
    /// What it takes if it was mapped by itself, else 0.
    mapped_bytes: u64,
}

impl Extent {
    #[inline]
    fn of(address: u64, size: u64) -> Self {
        let usable = usable_bytes(size);
        let start = address.saturating_sub(HEADER_BYTES);
        let end = address.saturating_add(usable);
        let (first, last) = (start / PAGE_BYTES, end.saturating_sub(1) / PAGE_BYTES);
        let is_mapped = address >= LOWEST_MAPPING
            && usable >= LEAST_MAPPED_BYTES
            && start.is_multiple_of(PAGE_BYTES);
        Extent {
            first: Part {
                page: first,
                bytes: end.min((first + 1) * PAGE_BYTES) - start,
            },
            last: (last > first).then(|| Part {
                page: last,
                bytes: end - last * PAGE_BYTES,
            }),
            whole_bytes: (last - first).saturating_sub(1).saturating_mul(PAGE_BYTES),
            end,
            mapped_bytes: if is_mapped { end - start } else { 0 },
        }
    }

    #[inline]
    fn parts(self) -> impl Iterator<Item = Part> {
        [Some(self.first), self.last].into_iter().flatten()
    }
}

/// What the blocks that begin in one page amount to.
#[derive(Clone, Copy, Debug, Default)]
struct Content {
    /// Of this page.
    own: Use,
    /// A block right at the page's beginning, whose header is in the page before.
    before: Option<Part>,
    /// Of the page in which the last block ends.
    beyond: Option<Part>,
    /// Blocks that lie one over the other, as a damaged trace may say: [`Content::before`] and
    /// [`Content::beyond`] are not all there is.
    is_odd: bool,
    whole_bytes: u64,
    mapped_bytes: u64,
    /// The end of the highest block that was not mapped by itself, 0 if there is none.
    top: u64,
}

impl Content {
    fn of(view: &PageView<'_>) -> Self {
        let mut content = Content::default();
        let begin = view.page * PAGE_BYTES;
        view.each_block(|address, word| {
            let (chunk, end) = (
                address.saturating_sub(HEADER_BYTES),
                address + usable_bytes(word.size()),
            );
            if chunk >= begin && end <= begin + PAGE_BYTES {
                // Nearly all: within the page.
                content.own.bytes += end - chunk;
                content.own.blocks += 1;
                content.top = content.top.max(end);
            } else {
                content.add_over_edge(view.page, Extent::of(address, word.size()));
            }
        });
        content
    }

    /// A block that begins in this page and is not all within it.
    fn add_over_edge(&mut self, page: u64, extent: Extent) {
        self.whole_bytes += extent.whole_bytes;
        if extent.mapped_bytes > 0 {
            self.mapped_bytes += extent.mapped_bytes;
        } else {
            self.top = self.top.max(extent.end);
        }
        for part in extent.parts() {
            if part.page == page {
                self.own.bytes += part.bytes;
                self.own.blocks += 1;
                continue;
            }
            let place = if part.page < page {
                &mut self.before
            } else {
                &mut self.beyond
            };
            self.is_odd |= place.replace(part).is_some();
        }
    }
}

/// What blocks take of a page in which they do not begin, or that has no leaf.
#[derive(Clone, Copy, Debug)]
struct Spill {
    part: Part,
    /// The leaf of that page, if blocks begin there.
    leaf: Option<usize>,
}

/// Looks at the blocks now and then.
#[derive(Debug, Default)]
pub(super) struct Looker {
    /// By leaf.
    contents: Vec<Content>,
    /// Of the last look.
    spills: Vec<Spill>,
    /// Pages in which no block begins that has a leaf, of the last look.
    orphans: FxHashMap<u64, Use>,
}

impl Looker {
    /// Looks at all blocks. `lowest_address` is that of the lowest block that ever was.
    pub(super) fn look(&mut self, blocks: &mut BlockMap, lowest_address: u64) -> Look {
        let mut tops = Tops::default();
        let mut seen = Look::default();
        let mut pages = 0;
        self.spills.clear();
        for view in blocks.leaves().all() {
            if view.is_changed {
                self.keep(&view);
            }
            let content = self.contents[view.leaf];
            tops.rise(view.page * PAGE_BYTES, content.top);
            seen.held_bytes = seen.held_bytes.saturating_add(content.mapped_bytes);
            seen.pinned_bytes = seen.pinned_bytes.saturating_add(content.whole_bytes);
            pages += u64::from(content.own.blocks > 0);
            self.spill(&view, &content);
        }
        blocks.looked();
        for (address, block) in blocks.others() {
            let extent = Extent::of(address, block.size);
            if extent.mapped_bytes == 0 {
                tops.rise(address, extent.end);
            }
            seen.held_bytes = seen.held_bytes.saturating_add(extent.mapped_bytes);
            seen.pinned_bytes = seen.pinned_bytes.saturating_add(extent.whole_bytes);
            for part in extent.parts() {
                self.spills.push(Spill { part, leaf: None });
            }
        }
        self.settle(blocks);
        seen.held_bytes = seen.held_bytes.saturating_add(tops.held(lowest_address));
        seen.pinned_bytes += (pages + self.orphans.len() as u64) * PAGE_BYTES;
        seen
    }

    fn keep(&mut self, view: &PageView<'_>) {
        if view.leaf >= self.contents.len() {
            self.contents.resize(view.leaf + 1, Content::default());
        }
        self.contents[view.leaf] = Content::of(view);
    }

    /// Notes what the blocks of a page take of others. As its leaf, the likely one is given.
    #[inline]
    fn spill(&mut self, view: &PageView<'_>, content: &Content) {
        if content.is_odd {
            let extents = view
                .blocks()
                .map(|(address, word)| Extent::of(address, word.size()));
            let parts = extents
                .flat_map(Extent::parts)
                .filter(|part| part.page != view.page);
            self.spills
                .extend(parts.map(|part| Spill { part, leaf: None }));
            return;
        }
        if let Some(part) = content.before {
            let leaf = view.leaf.checked_sub(1);
            self.spills.push(Spill { part, leaf });
        }
        if let Some(part) = content.beyond {
            let leaf = Some(view.leaf + 1);
            self.spills.push(Spill { part, leaf });
        }
    }

    /// Finds out to which pages the spills belong.
    fn settle(&mut self, blocks: &BlockMap) {
        self.orphans.clear();
        for spill in &mut self.spills {
            let leaf = blocks.leaves().number(spill.part.page, spill.leaf);
            spill.leaf = leaf.filter(|leaf| self.contents[*leaf].own.blocks > 0);
            if spill.leaf.is_none() {
                self.orphans
                    .entry(spill.part.page)
                    .or_default()
                    .add(spill.part.into());
            }
        }
    }

    /// What is free in each page, shared among the blocks that begin there: they keep the page. By
    /// site, as of the last look.
    pub(super) fn shares(&self, blocks: &BlockMap) -> Vec<u64> {
        let mut uses: Vec<Use> = self.contents.iter().map(|content| content.own).collect();
        for spill in &self.spills {
            if let Some(leaf) = spill.leaf {
                uses[leaf].add(spill.part.into());
            }
        }
        let share_of_page = |page: u64, near: Option<usize>| {
            let leaf = blocks.leaves().number(page, near);
            let leaf = leaf.filter(|leaf| self.contents[*leaf].own.blocks > 0);
            let of = leaf.map(|leaf| uses[leaf]);
            of.or_else(|| self.orphans.get(&page).copied())
                .unwrap_or_default()
                .free_share()
        };
        let mut shares = Shares::default();
        for view in blocks.leaves().all() {
            let own = uses[view.leaf].free_share();
            if own == 0 {
                // Nothing to share, as in nearly all pages of a heap that is full; only a block at the very beginning
                // is, with its header, part of the page before.
                if let Some((address, word)) = view.first_block()
                    && first_page(address) != view.page
                {
                    let share = share_of_page(first_page(address), view.leaf.checked_sub(1));
                    shares.add(word.block().site, share);
                }
                continue;
            }
            view.each_block(|address, word| {
                let page = first_page(address);
                let share = if page == view.page {
                    own
                } else {
                    share_of_page(page, view.leaf.checked_sub(1))
                };
                shares.add(word.block().site, share);
            });
        }
        for (address, block) in blocks.others() {
            shares.add(block.site, share_of_page(first_page(address), None));
        }
        shares.by_site
    }
}

impl From<Part> for Use {
    fn from(part: Part) -> Self {
        Use {
            bytes: part.bytes,
            blocks: 1,
        }
    }
}

fn first_page(address: u64) -> u64 {
    address.saturating_sub(HEADER_BYTES) / PAGE_BYTES
}

#[derive(Default)]
struct Shares {
    by_site: Vec<u64>,
}

impl Shares {
    #[inline]
    fn add(&mut self, site: u32, share: u64) {
        // Blocks that do not count have no site.
        if site == u32::MAX {
            return;
        }
        let place = site as usize;
        if place >= self.by_site.len() {
            self.by_site.resize(place + 1, 0);
        }
        self.by_site[place] += share;
    }
}

/// How far each heap reaches.
#[derive(Default)]
struct Tops {
    of_break: u64,
    arenas: FxHashMap<u64, u64>,
    /// The arena of the last page and how far it reaches: pages mostly come arena by arena.
    current: (u64, u64),
}

impl Tops {
    /// Something at `address`, if at all, ends at `end`.
    #[inline]
    fn rise(&mut self, address: u64, end: u64) {
        if end == 0 {
            return;
        }
        if address < LOWEST_MAPPING {
            self.of_break = self.of_break.max(end);
            return;
        }
        let arena = address / ARENA_BYTES;
        if arena != self.current.0 {
            self.turn_to(arena);
        }
        self.current.1 = self.current.1.max(end);
    }

    fn turn_to(&mut self, arena: u64) {
        let (before, top) = std::mem::replace(&mut self.current, (arena, 0));
        if top > 0 {
            let of = self.arenas.entry(before).or_default();
            *of = top.max(*of);
        }
    }

    /// From the beginning of each heap to its top.
    fn held(mut self, lowest_address: u64) -> u64 {
        self.turn_to(u64::MAX);
        let of_break = (self.of_break > 0)
            .then_some((lowest_address / PAGE_BYTES * PAGE_BYTES, self.of_break));
        let arenas = self.arenas.into_iter();
        let arenas = arenas.map(|(arena, top)| (arena * ARENA_BYTES, top));
        of_break
            .into_iter()
            .chain(arenas)
            .map(|(begin, top)| top.next_multiple_of(PAGE_BYTES).saturating_sub(begin))
            .fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::block::Block;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// What looking at every block, each time anew, gives.
    fn plainly(live: &HashMap<u64, Block>, lowest: u64) -> (u64, u64, HashMap<u32, u64>) {
        let mut pages: HashMap<u64, (u64, u64)> = HashMap::new();

        let (mut whole_bytes, mut held) = (0, 0);
        let mut tops: HashMap<u64, u64> = HashMap::new();
        for (address, block) in live {
            let (start, end) = (
                address.saturating_sub(16),
                address + usable_bytes(block.size),
            );
            let is_high = *address >= LOWEST_MAPPING;
            if is_high && usable_bytes(block.size) >= LEAST_MAPPED_BYTES && start % 4096 == 0 {
                held += end - start;
            } else {
                let heap = if is_high { address / ARENA_BYTES } else { 0 };
                let top = tops.entry(heap).or_default();
                *top = end.max(*top);
            }
            let (first, last) = (start / 4096, (end - 1) / 4096);
            for page in first..=last {
                if page > first && page < last {
                    whole_bytes += 4096;

                    continue;
                }
                let of = pages.entry(page).or_default();
                of.0 += end.min((page + 1) * 4096) - start.max(page * 4096);
                of.1 += 1;
            }
        }
        for (heap, top) in tops {
            let begin = if heap == 0 {
                lowest / 4096 * 4096
            } else {
                heap * ARENA_BYTES
            };
            held += top.next_multiple_of(4096).saturating_sub(begin);
        }
        let mut shares: HashMap<u32, u64> = HashMap::new();
        for (address, block) in live.iter().filter(|(_, block)| block.site != u32::MAX) {
            let (bytes, blocks) = pages[&(address.saturating_sub(16) / 4096)];
            *shares.entry(block.site).or_default() += 4096u64.saturating_sub(bytes) / blocks;
        }
        shares.retain(|_, share| *share > 0);
        (pages.len() as u64 * 4096 + whole_bytes, held, shares)
    }

    proptest! {
        /// Blocks in a few pages of three heaps, some over several pages, some over one another,
        /// some that fit no word; looked at again and again as they come and go.
        #[test]
        fn remembering_gives_what_looking_anew_gives(steps in prop::collection::vec(
            (0u64..3, 0u64..5, 0u64..256, prop::sample::select(vec![0u64, 0, 0, 8]),
             prop::sample::select(vec![1u64, 100, 3000, 5000, 20_000, 1 << 18, 1 << 28]),
             prop::sample::select(vec![0u32, 1, 2, u32::MAX]), 0u32..12), 1..200)
        ) {
            let mut map = BlockMap::default();
            let mut live: HashMap<u64, Block> = HashMap::new();
            let mut looker = Looker::default();
            let lowest = 0x1010;
            for (heap, page, place, offset, size, site, action) in steps {
                let begin = [0x1000, LOWEST_MAPPING, LOWEST_MAPPING + ARENA_BYTES][heap as usize];
                let address = begin + page * 4096 + place * 16 + offset;
                if action < 7 {
                    let block = Block { size, site, thread: 0 };
                    map.insert(address, block);
                    live.insert(address, block);
                } else if action < 11 {
                    map.remove(address);
                    live.remove(&address);
                } else {
                    let look = looker.look(&mut map, lowest);
                    let shares = looker.shares(&map);
                    let shares: HashMap<u32, u64> =
                        (0..).zip(shares).filter(|(_, share)| *share > 0).collect();
                    let (pinned, held, by_site) = plainly(&live, lowest);
                    prop_assert_eq!((look.pinned_bytes, look.held_bytes), (pinned, held));
                    prop_assert_eq!(shares, by_site);
                }
            }
        }
    }
}
