//! What marking sees of a process: its live blocks and the words of its memory, as traits that tests can stand in for.

use core::ops::Range;

/// A live block that an address points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The block's number.
    pub number: u32,
    /// Its first byte.
    pub start: u64,
    /// Bytes asked for.
    pub size: u64,
}

/// The live blocks. Numbers ascend with addresses; there may be gaps.
pub trait Blocks {
    /// One past the highest number.
    fn numbers(&self) -> usize;
    /// The live block that `address` points to or into; one of no bytes counts as one of one byte, and
    /// the end of a block is not a part of it.
    fn find(&self, address: u64) -> Option<Hit>;
    /// The live block with this number.
    fn get(&self, number: u32) -> Option<Hit>;
    /// Every live block, in the order of the numbers.
    fn each(&self, visit: &mut dyn FnMut(Hit));
    /// What sorts the blocks that are lost by age: valgrind goes by address, which there is the order
    /// of allocation.
    fn age(&self, number: u32) -> u32;
    /// The block will be read soon: a hint to the processor.
    fn prefetch(&self, block: &Hit);
}

/// Words of the program's memory.
pub trait Memory {
    /// Copies words from `address` on; gives how many there were before the first that cannot be read.
    fn read(&self, address: u64, into: &mut [u64]) -> usize;

    /// One word.
    fn word(&self, address: u64) -> Option<u64> {
        let mut word = [0];
        (self.read(address, &mut word) == 1).then_some(word[0])
    }

    /// The parts of a block that may hold something: not the pages of a large one that were never touched.
    fn each_part(&self, block: Range<u64>, visit: &mut dyn FnMut(Range<u64>)) {
        visit(block);
    }

    /// Every aligned word that lies whole in a range and can be read, in pieces; a page that cannot be read is
    /// passed over.
    fn scan(&self, start: u64, end: u64, visit: impl FnMut(&[u64]))
    where
        Self: Sized,
    {
        self.scan_from(start.next_multiple_of(8), end, visit);
    }

    /// The same with the words counted from `start`, whatever its alignment.
    fn scan_from(&self, start: u64, end: u64, mut visit: impl FnMut(&[u64]))
    where
        Self: Sized,
    {
        if end.saturating_sub(start) <= SMALL_WORDS as u64 * 8 {
            scan_by(self, start, end, &mut [0; SMALL_WORDS], &mut visit);
        } else {
            scan_by(self, start, end, &mut [0; PIECE_WORDS], &mut visit);
        }
    }
}

fn scan_by(
    memory: &impl Memory,
    start: u64,
    end: u64,
    piece: &mut [u64],
    visit: &mut impl FnMut(&[u64]),
) {
    let mut at = start;
    while at + 8 <= end {
        let words = ((end - at) / 8).min(piece.len() as u64) as usize;
        let read = memory.read(at, &mut piece[..words]);
        visit(&piece[..read]);
        at += read as u64 * 8;
        if read < words {
            at = (at + 1).next_multiple_of(PAGE) + start % 8;
        }
    }
}

/// Words that are copied at once: they stay in the processor's first cache.
const PIECE_WORDS: usize = 256;
/// Most blocks do not need more; zeroing a larger buffer for each would cost more than reading them.
const SMALL_WORDS: usize = 16;
const PAGE: u64 = 4096;
