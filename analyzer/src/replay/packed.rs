//! A live block in a word.

use super::block::Block;

/// A block in a word: from the top bit down, 28 bits of size, 23 of site plus one, 12 of thread,
/// and whether it begins at the second half of its 32 bytes. 0 is no block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Packed(u64);

const SIZE_BITS: u32 = 28;
const SITE_BITS: u32 = 23;
const THREAD_BITS: u32 = 12;

/// There is room for the numbers of all sites and threads below these.
pub(super) const SITES: usize = (1 << SITE_BITS) - 1;
pub(super) const THREADS: usize = 1 << THREAD_BITS;

impl Packed {
    /// `None` when it does not fit.
    #[inline(always)]
    pub(super) fn new(address: u64, block: Block) -> Option<Self> {
        // The site of blocks that do not count, the highest of all, becomes 0: they must fit too.
        let site = u64::from(block.site.wrapping_add(1));
        let beyond = block.size >> SIZE_BITS
            | site >> SITE_BITS
            | u64::from(block.thread >> THREAD_BITS)
            | address & 15;
        let word = block.size << (u64::BITS - SIZE_BITS)
            | site << (THREAD_BITS + 1)
            | u64::from(block.thread) << 1
            | address >> 4 & 1;
        (beyond == 0 && word != 0).then_some(Packed(word))
    }

    /// The same of a block that counts and whose numbers have room, all of them; only the address may be odd.
    #[inline(always)]
    pub(super) fn of_roomy(address: u64, block: Block) -> Option<Self> {
        let word = block.size << (u64::BITS - SIZE_BITS)
            | (u64::from(block.site) + 1) << (THREAD_BITS + 1)
            | u64::from(block.thread) << 1
            | address >> 4 & 1;
        (address & 15 == 0).then_some(Packed(word))
    }

    #[inline(always)]
    pub(super) fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// Whether this is the block that begins at `address`, given that it is in the address's slot.
    #[inline(always)]
    pub(super) fn is_at(self, address: u64) -> bool {
        self.0 != 0 && (self.0 ^ address >> 4) & 1 | address & 15 == 0
    }

    #[inline(always)]
    pub(super) fn block(self) -> Block {
        let site = self.0 >> (THREAD_BITS + 1) & ((1 << SITE_BITS) - 1);
        Block {
            size: self.size(),
            site: (site as u32).wrapping_sub(1),
            thread: (self.0 >> 1) as u32 & ((1 << THREAD_BITS) - 1),
        }
    }

    /// Bytes asked for.
    #[inline]
    pub(super) fn size(self) -> u64 {
        self.0 >> (u64::BITS - SIZE_BITS)
    }

    /// Where in its 32 bytes it begins.
    #[inline]
    pub(super) fn offset(self) -> u64 {
        (self.0 & 1) << 4
    }
}
