//! What the heap tells of a block, and of what is wrong with it.

use core::ops::Range;

use ldt_trace::finding::{BlockFacts, DetectedBy, ErrorKind};

/// Where a block has guard pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarding {
    /// Nowhere: redzones only.
    None,
    /// It ends at one.
    After,
    /// It begins at one.
    Before,
    /// On both sides (large blocks); it touches one of them, a redzone parts it from the other.
    Both,
}

/// A block as found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// What the report says of it.
    pub facts: BlockFacts,
    /// Its slot: redzones and guard pages included. Guard pages between two blocks belong to both.
    pub slot: (u64, u64),
    /// Where its guard pages are.
    pub guarding: Guarding,
}

impl Block {
    /// The bytes that the program may touch.
    #[must_use]
    pub fn bytes(&self) -> Range<u64> {
        self.facts.address..self.facts.address + self.facts.size
    }

    /// See the field.
    #[must_use]
    pub fn slot(&self) -> Range<u64> {
        self.slot.0..self.slot.1
    }
}

/// A free or realloc that must not be.
#[derive(Clone, Copy, Debug)]
pub struct Misuse {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The argument of the call.
    pub address: u64,
    /// The block that it names, or points into. `None`: nothing is known there.
    pub block: Option<Block>,
    /// Further words for the report.
    pub note: &'static str,
}

/// Bytes that do not hold what they should.
#[derive(Clone, Copy, Debug)]
pub struct Damage<'a> {
    /// Overflow, underflow or use after free.
    pub kind: ErrorKind,
    /// A redzone or the quarantine.
    pub by: DetectedBy,
    /// The block that the damage is put down to.
    pub block: Block,
    /// The first bad byte.
    pub at: u64,
    /// Bytes from the first bad one to the last one.
    pub length: u64,
    /// What memory holds from there: 64 bytes at most.
    pub found: &'a [u8],
    /// What it should hold.
    pub expected: &'a [u8],
}

/// Everything wrong that the heap comes across goes here. Called without any lock held.
pub trait Found {
    /// A call that must not be.
    fn misuse(&mut self, misuse: &Misuse);
    /// Bytes that do not hold what they should; they are put right afterwards, so that each damage
    /// is told once.
    fn damage(&mut self, damage: &Damage<'_>);
}
