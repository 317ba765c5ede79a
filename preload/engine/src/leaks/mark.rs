//! Which blocks can be reached, and how: the four kinds with valgrind's meaning.
//!
//! Marking knows memory and blocks only by the two traits below, so that it is held to a naive model in
//! its tests. Pending blocks wait on a stack of numbers that has room for every block from the start;
//! nothing here recurses, and nothing is allocated for a block.
//!
//! A pointer to a block's start makes it reachable, one into its inside only possibly, unless the inside
//! looks like one of the places that programs point to on purpose ([`super::likely`]). What a possible
//! block points to is possible as well. A block that turns from possible to reachable is read again.
//! What is left after that is lost: [`super::cliques`] parts it into definite and indirect.

use ldt_trace::finding::LeakKind;

use super::likely::{self, Code};

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

/// What is known of a block. Zero is a block that nothing has led to yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark(u8);

impl Mark {
    const KIND: u8 = 7;
    const PENDING: u8 = 8;

    /// The kind; `None` for a block that nothing has led to.
    pub(super) fn kind(self) -> Option<LeakKind> {
        LeakKind::from_code(self.0 & Self::KIND)
    }

    pub(super) fn set_kind(&mut self, kind: LeakKind) {
        self.0 = self.0 & !Self::KIND | kind as u8;
    }

    fn is_pending(self) -> bool {
        self.0 & Self::PENDING != 0
    }
}

/// Marking under way.
pub struct Marking<'a, B, M> {
    pub(super) blocks: &'a B,
    pub(super) memory: &'a M,
    code: &'a dyn Code,
    pub(super) marks: Vec<Mark>,
    pending: Vec<u32>,
    /// The next blocks to read, which are on their way from memory: a ring, oldest first.
    coming: [Option<Hit>; COMING],
    next: usize,
    words_scanned: u64,
}

/// Memory answers about so many requests at once.
const COMING: usize = 8;

impl<'a, B: Blocks, M: Memory> Marking<'a, B, M> {
    /// With nothing marked, and room for every block to wait (pages of it that are never used cost
    /// nothing).
    pub fn new(blocks: &'a B, memory: &'a M, code: &'a dyn Code) -> Self {
        Marking {
            blocks,
            memory,
            code,
            marks: vec![Mark::default(); blocks.numbers()],
            pending: Vec::with_capacity(blocks.numbers()),
            coming: [None; COMING],
            next: 0,
            words_scanned: 0,
        }
    }

    /// Words of roots and blocks looked at so far.
    #[must_use]
    pub fn words_scanned(&self) -> u64 {
        self.words_scanned
    }

    /// A range of memory whose words are roots.
    pub fn root(&mut self, start: u64, end: u64) {
        let memory = self.memory;
        memory.scan(start, end, |words| self.roots(words));
    }

    /// Words that are roots.
    pub fn roots(&mut self, words: &[u64]) {
        self.words_scanned += words.len() as u64;
        for &word in words {
            self.reach(word, Prior::Reachable);
        }
    }

    /// Follows what the roots led to, to the end.
    pub fn follow(&mut self) {
        while let Some(block) = self.pop() {
            let prior = match self.marks[block.number as usize].kind() {
                Some(LeakKind::Possible) => Prior::Possible,
                _ => Prior::Reachable,
            };
            self.scan_block(&block, |marking, word| marking.reach(word, prior));
        }
    }

    /// A word that may point to a block.
    #[inline]
    fn reach(&mut self, word: u64, prior: Prior) {
        let Some(hit) = self.blocks.find(word) else {
            return;
        };
        let mark = self.marks[hit.number as usize];
        if mark.kind() == Some(LeakKind::Reachable) {
            return;
        }
        let as_start = word == hit.start || likely::is_meant(word, &hit, self.memory, self.code);
        if as_start && prior == Prior::Reachable {
            self.mark(hit.number, LeakKind::Reachable);
        } else if mark.kind().is_none() {
            self.mark(hit.number, LeakKind::Possible);
        }
    }

    fn mark(&mut self, number: u32, kind: LeakKind) {
        self.marks[number as usize].set_kind(kind);
        self.push(number);
    }

    /// Lets a block wait to be read, once.
    pub(super) fn push(&mut self, number: u32) {
        let mark = &mut self.marks[number as usize];
        if !mark.is_pending() {
            mark.0 |= Mark::PENDING;
            self.pending.push(number);
        }
    }

    /// A block to read. What waited shortest comes first, but for a few that memory is asked for
    /// meanwhile: without them the walk would wait for memory at every block.
    pub(super) fn pop(&mut self) -> Option<Hit> {
        for _ in 0..=COMING {
            let coming = self
                .pending
                .pop()
                .and_then(|number| self.blocks.get(number));
            if let Some(block) = &coming {
                self.blocks.prefetch(block);
            }
            let ready = core::mem::replace(&mut self.coming[self.next], coming);
            self.next = (self.next + 1) % COMING;
            if let Some(block) = ready {
                self.marks[block.number as usize].0 &= !Mark::PENDING;
                return Some(block);
            }
        }
        None
    }

    /// Hands every word of a block to `visit`.
    pub(super) fn scan_block(&mut self, block: &Hit, mut visit: impl FnMut(&mut Self, u64)) {
        let memory = self.memory;
        let end = block.start + block.size;
        let mut look = |words: &[u64]| {
            self.words_scanned += words.len() as u64;
            for &word in words {
                visit(self, word);
            }
        };
        memory.scan(block.start, end, &mut look);
        // With `--exact` a block of odd size lies anywhere. Its members lie where its start puts them; what the
        // program has aligned itself in it was looked at above.
        if !block.start.is_multiple_of(8) {
            memory.scan_from(block.start, end, &mut look);
        }
    }
}

/// How the holder of a pointer was reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prior {
    Reachable,
    Possible,
}
