//! What the decoder believes about the next event: the same as the encoder's [`super::model`], kept so that nothing needs to
//! be searched for.
//!
//! A block's class stands beside its address, in one word, and stays there when it is freed: the encoder tells of each free
//! how it found the block, so the decoder need not write down in its table what was freed. What
//! a stack is expected to do is written only when it did something else.

use super::belief::{BLOCKS, Belief, CLASSES, MAX_ORDINALS, STACKS, Stack, block_slot, stack_slot};
use super::freed::FREED;
use crate::words::LOW48;

/// What the decoder learnt in the chunk so far.
#[derive(Clone)]
pub struct Recall {
    /// By place in the encoder's table of addresses.
    blocks: [Block; BLOCKS],
    pub(super) belief: Belief,
    /// The place of the last stack in the table of stacks.
    last_slot: usize,
    /// The number of the allocation whose block was freed last, of those that were named by age.
    last_freed: usize,
    allocations: usize,
    frees: usize,
    /// By number of the allocation: its [`Block`].
    by_allocation: Box<[u64; MAX_ORDINALS]>,
    /// By number of the free: the address.
    by_free: Box<[u64; MAX_ORDINALS]>,
}

/// An address and, from bit 48 on, the class of the block there.
#[derive(Clone, Copy, Default)]
struct Block(u64);

impl Block {
    #[inline(always)]
    fn new(address: u64, class: usize) -> Self {
        Block(address & LOW48 | (class as u64) << 48)
    }

    /// One of no known class.
    #[inline(always)]
    fn unseen(address: u64) -> Self {
        Block(address & LOW48)
    }

    #[inline(always)]
    fn address(self) -> u64 {
        self.0 & LOW48
    }

    #[inline(always)]
    fn class(self) -> usize {
        (self.0 >> 48) as usize % CLASSES
    }
}

/// A table by number, of which no page is touched that is not needed.
fn by_number() -> Box<[u64; MAX_ORDINALS]> {
    let zeros = vec![0; MAX_ORDINALS].into_boxed_slice();
    zeros.try_into().expect("as many as asked for")
}

impl Recall {
    /// Fresh.
    #[must_use]
    pub fn boxed() -> Box<Recall> {
        Box::new(Recall {
            blocks: [Block::default(); BLOCKS],
            belief: Belief::none(),
            last_slot: stack_slot(0),
            last_freed: 0,
            allocations: 0,
            frees: 0,
            by_allocation: by_number(),
            by_free: by_number(),
        })
    }

    /// Forgets everything, for the next chunk; the tables where one before had blocks. What stands by number is not read
    /// before it is written.
    pub(super) fn reset(&mut self) {
        if self.allocations == 0 && self.frees == 0 {
            self.belief.clear_last();
            return;
        }
        self.clear();
    }

    /// Forgets everything, the tables too: behind a chunk that broke off, which may have left its mark in them uncounted.
    pub(super) fn clear(&mut self) {
        self.blocks.fill(Block::default());
        self.belief.clear();
        self.last_slot = stack_slot(0);
        self.last_freed = 0;
        self.allocations = 0;
        self.frees = 0;
    }

    /// A block has been allocated, of which [`Belief`] knows already.
    #[inline(always)]
    pub(super) fn allocated(&mut self, address: u64, class: usize) {
        self.allocations += 1;
        if let Some(place) = self.by_allocation.get_mut(self.allocations) {
            let block = Block::new(address, class);
            *place = block.0;
            self.blocks[block_slot(address)] = block;
        }
    }

    /// The block that was allocated so many allocations ago has been freed.
    #[inline(always)]
    pub(super) fn freed_of_age<const KEPT: usize>(&mut self, age: u16) -> Option<u64> {
        let number = self.allocations.checked_sub(usize::from(age))?;
        self.freed_numbered::<KEPT>(number)
    }

    /// The block that was allocated so many allocations after the one freed before has been freed.
    #[inline(always)]
    pub(super) fn freed_near<const KEPT: usize>(&mut self, after: i8) -> Option<u64> {
        let number = self.last_freed.checked_add_signed(after.into())?;
        let number = Some(number).filter(|number| *number <= self.allocations)?;
        self.freed_numbered::<KEPT>(number)
    }

    /// The block of the allocation with this number, none greater than the last one's.
    #[inline(always)]
    fn freed_numbered<const KEPT: usize>(&mut self, number: usize) -> Option<u64> {
        let block = Block(*self.by_allocation.get(number)?);
        self.last_freed = number;
        self.free::<KEPT>(block);
        (number > 0).then_some(block.address())
    }

    /// The block at this place of the table has been freed.
    #[inline(always)]
    pub(super) fn freed_at<const KEPT: usize>(&mut self, place: u16) -> u64 {
        let block = self.blocks[usize::from(place) % BLOCKS];
        self.free::<KEPT>(block);
        block.address()
    }

    /// A block has been freed that the table does not know: it will next time.
    #[inline(always)]
    pub(super) fn freed_unseen(&mut self, address: u64, region: usize) {
        self.belief.put_in_region(region, address);
        let block = Block::unseen(address);
        self.blocks[block_slot(address)] = block;
        // Of no class: none is kept.
        self.free::<FREED>(block);
    }

    #[inline(always)]
    fn free<const KEPT: usize>(&mut self, block: Block) {
        self.frees += 1;
        self.belief
            .freed
            .put::<KEPT>(block.address(), block.class());
        if block.address() != 0
            && let Some(place) = self.by_free.get_mut(self.frees)
        {
            *place = block.address();
        }
    }

    /// The block that was freed so many frees ago.
    #[inline(always)]
    pub(super) fn freed_ago(&self, frees: u16) -> Option<u64> {
        let number = self.frees.checked_sub(usize::from(frees))?;
        let address = self.by_free.get(number).copied();
        address.filter(|_| number > 0)
    }

    /// The last stack: what followed it is known.
    #[inline(always)]
    pub(super) fn last_stack(&self) -> Stack {
        self.belief.stacks[self.last_slot % STACKS]
    }

    /// The stack at a place of the table.
    #[inline(always)]
    pub(super) fn stack_at(&self, place: u16) -> u32 {
        self.belief.stacks[usize::from(place) % STACKS].number()
    }

    /// The next allocation is from this stack; gives what it did the last time, if that is known.
    #[inline(always)]
    pub(super) fn next_stack(&mut self, stack: u32) -> Option<Stack> {
        let slot = stack_slot(stack);
        self.belief.stacks[self.last_slot % STACKS].precede(stack);
        self.last_slot = slot;
        self.belief.put_stack(stack);
        let known = self.belief.stacks[slot];
        (known.number() == stack && stack != 0).then_some(known)
    }

    /// It has asked for something else than the last time.
    #[inline(always)]
    pub(super) fn learn(&mut self, size: u32, function: u8) {
        let stack = self.belief.last_stack();
        self.belief.stacks[self.last_slot % STACKS].ask(stack, size, function);
    }
}
