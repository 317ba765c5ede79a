//! Which blocks can be reached, and how: the four kinds with valgrind's meaning.
//!
//! Marking knows memory and blocks only by two traits ([`super::seen`]), so that it is held to a naive model in
//! its tests. Pending blocks wait on a stack of numbers that has room for every block from the start;
//! nothing here recurses, and nothing is allocated for a block.
//!
//! A pointer to a block's start makes it reachable, one into its inside only possibly, unless the inside
//! looks like one of the places that programs point to on purpose ([`super::likely`]). What a possible
//! block points to is possible as well. A block that turns from possible to reachable is read again.
//! What is left after that is lost: [`super::cliques`] parts it into definite and indirect.

use ldt_trace::finding::LeakKind;

use super::likely::{self, Code};
use super::seen::{Blocks, Hit, Memory};

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
        memory.each_part(block.start..end, &mut |part| {
            memory.scan(part.start, part.end, &mut look);
            // With `--exact` a block of odd size lies anywhere. Its members lie where its start puts them; what the
            // program has aligned itself in it was looked at above. The last of them may end in the next page.
            if !block.start.is_multiple_of(8) {
                let first = part.start - (part.start - block.start) % 8;
                memory.scan_from(first, (part.end + 7).min(end), &mut look);
            }
        });
    }
}

/// How the holder of a pointer was reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prior {
    Reachable,
    Possible,
}
