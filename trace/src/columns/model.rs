//! What encoder and decoder both believe about the next event. Both make the same updates in the same
//! order, so only what the model did not expect has to be written.
//!
//! - Addresses: glibc gives back the block of a size class that was freed last, or else carves the
//!   next one off its top. So the last freed blocks of each class are kept (`freed`), and the end of the
//!   last block that was placed otherwise (`next_address`). Most others were freed a while ago: which one is said by
//!   how many of its class were freed since, or by how many blocks at all. What is left is said by its distance from the
//!   last address so told of its region.
//! - Frees: what holds many blocks frees them in the order in which it allocated them, or backwards. So which block is said
//!   by how many allocations lie between it and the one freed before, if they are few; else by its age, counted in
//!   allocations of this chunk, or, for blocks that other threads allocate and this one frees again and again, by its place
//!   in a table (`block_*`). An address keeps its class there, so that its next reuse is expected. All others by such a
//!   distance.
//! - Stacks: after a stack comes what came after it the last time (`successor`) or the time before (`second`), else a place
//!   in a dictionary, else the number itself, told from the last new stack or stack node.
//! - Sizes and functions: a stack asks for what it asked for the last time (`stacks`).
//! - Stack nodes: a frame calls what was called from the same instruction the last time (`called`).
//!
//! What both keep in the same way is [`Belief`]. Blocks they keep apart: the encoder, here, looks for what it has; the
//! decoder ([`super::recall`]) is told where that is.

use super::belief::{
    BLOCKS, Belief, CLASSES, MAX_ORDINALS, STACKS, Stack, UNKNOWN_CLASS, block_slot, stack_slot,
};
use super::freed::{FREED, Tags};
use super::token::Layout;

/// What the encoder learnt in the chunk so far. All zero is a valid, fresh model.
#[derive(Clone)]
#[repr(C)]
pub struct Model {
    block_address: [u64; BLOCKS],
    /// From the top: whether it is freed, the ordinal of its allocation or of its free (23 bits, 0: not
    /// known), its class (8 bits).
    block_info: [u32; BLOCKS],
    /// What is looked for in `belief.freed`.
    tags: Tags,
    pub(super) belief: Belief,
    allocations: u32,
    frees: u32,
    layout: Layout,
    /// Whether the chunk has a stack node.
    has_new_stacks: bool,
    padding: [u8; 6],
    /// The place of the last stack in the table of stacks; 0 is also that of no stack.
    last_slot: u32,
    /// The number of the allocation whose block was freed last, of those that were named by age.
    last_freed: u32,
}

/// In `block_info`: the block is freed.
const IS_FREED: u32 = 1 << 31;
const ORDINAL_SHIFT: u32 = 8;
const ORDINAL_MASK: u32 = (1 << 23) - 1;

/// Blocks whose allocations are so near to each other are told from each other when they are freed one after the other:
/// containers free what they hold in order.
const NEAR: u32 = 32;

/// What the model knows of a block that is freed.
pub(super) enum Found {
    /// It was allocated last.
    Newest,
    /// So many allocations after the block that was freed before it.
    Near(i32),
    /// Allocated in this chunk, so many allocations ago.
    Aged(u16),
    /// Freed in this chunk before; its place in the table.
    Seen(u16),
    /// Nothing.
    Unseen,
}

impl Model {
    /// A fresh model, for those who can allocate. The engine casts zeroed memory instead.
    #[must_use]
    pub fn boxed() -> Box<Model> {
        Box::new(Model {
            block_address: [0; BLOCKS],
            block_info: [0; BLOCKS],
            tags: Tags::none(),
            belief: Belief::none(),
            allocations: 0,
            frees: 0,
            layout: Layout::Together,
            has_new_stacks: false,
            padding: [0; 6],
            last_slot: 0,
            last_freed: 0,
        })
    }

    /// How the tokens of the chunks from now on are laid out.
    pub fn lay_out(&mut self, layout: Layout) {
        self.layout = layout;
    }

    /// How the tokens are laid out.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Forgets everything, for the next chunk. The tables not before the first one, nor behind one without blocks: in a
    /// process that hardly allocates, touching all of them took a sixth of LDT's time, and a thread under check mode has a
    /// chunk without blocks at its end.
    ///
    /// Rejected: telling what is left of older chunks by a number in each entry. Clearing draws the tables into
    /// the processor's cache in one sweep; without it each entry is missed by itself (tree: 198 ns an
    /// allocation instead of 168).
    pub(super) fn reset(&mut self) {
        self.has_new_stacks = false;
        if self.allocations == 0 && self.frees == 0 {
            self.belief.clear_last();
            return;
        }
        self.block_address.fill(0);
        self.belief.clear();
        self.last_slot = 0;
        self.last_freed = 0;
        self.allocations = 0;
        self.frees = 0;
    }

    /// A block has been allocated. `reused` says that it was [`super::freed::Freed::last`].
    #[inline(always)]
    pub(super) fn allocated(&mut self, address: u64, size: u32, class: usize, reused: bool) {
        if reused {
            self.belief.freed.take_last(class);
        } else {
            self.belief.place(address, size);
        }
        self.allocations += 1;
        if (self.allocations as usize) < MAX_ORDINALS {
            let slot = block_slot(address);
            self.block_address[slot] = address;
            self.block_info[slot] = self.allocations << ORDINAL_SHIFT | class as u32;
        }
    }

    /// What is known of a block that is freed.
    #[inline(always)]
    pub(super) fn find(&mut self, address: u64) -> Found {
        let slot = block_slot(address);
        if self.block_address[slot] != address {
            return Found::Unseen;
        }
        let info = self.block_info[slot];
        if info & IS_FREED != 0 {
            return Found::Seen(slot as u16);
        }
        let number = info >> ORDINAL_SHIFT;
        let Ok(age) = u16::try_from(self.allocations - number) else {
            return Found::Unseen;
        };
        let after = number.cast_signed() - self.last_freed.cast_signed();
        self.last_freed = number;
        match age {
            0 => Found::Newest,
            _ if after.unsigned_abs() <= NEAR => Found::Near(after),
            _ => Found::Aged(age),
        }
    }

    /// How many of its class were freed since the block at this address, if that is kept and worth a search: once this chunk has
    /// had a new stack node. Where stacks all come again, as in a loop, an event is cheap and the search took a twelfth of
    /// it; where they are new it is lost beside finding them.
    #[inline(always)]
    pub(super) fn freed_rank(&self, class: usize, address: u64) -> Option<u16> {
        if !self.has_new_stacks {
            return None;
        }
        self.tags.rank(&self.belief.freed, class, address)
    }

    /// The block of this class since which so many of them have been freed, fewer than [`FREED`], is allocated again.
    #[inline(always)]
    pub(super) fn take_freed(&mut self, class: usize, rank: u16) {
        self.tags.take(&self.belief.freed, class, rank);
        self.belief.freed.take(class, rank);
    }

    /// A stack node has come.
    pub(super) fn node(&mut self) {
        self.has_new_stacks = true;
    }

    /// How many frees ago the block at this address was freed ([`FREED`]: by the last one), if it was.
    #[inline(always)]
    pub(super) fn frees_since(&self, address: u64) -> Option<u16> {
        let slot = block_slot(address);
        let info = self.block_info[slot];
        let ordinal = info >> ORDINAL_SHIFT & ORDINAL_MASK;
        if self.block_address[slot] != address || info & IS_FREED == 0 || ordinal == 0 {
            return None;
        }
        u16::try_from(self.frees - ordinal + FREED as u32).ok()
    }

    /// Counts a free; gives what `block_info` is of a block of this class then.
    #[inline(always)]
    fn info_of_freed(&mut self, class: usize) -> u32 {
        self.frees += 1;
        let ordinal = match self.frees as usize {
            frees if frees < MAX_ORDINALS => self.frees,
            _ => 0,
        };
        IS_FREED | ordinal << ORDINAL_SHIFT | class as u32
    }

    /// A block that the table knows has been freed.
    #[inline(always)]
    pub(super) fn freed(&mut self, address: u64) {
        let class = (self.block_info[block_slot(address)] & 0xff) as usize % CLASSES;
        self.block_info[block_slot(address)] = self.info_of_freed(class);
        self.tags.put(&self.belief.freed, address, class);
        self.belief.freed.put::<FREED>(address, class);
    }

    /// A block has been freed that the table does not know: it will next time.
    #[inline(always)]
    pub(super) fn freed_unseen(&mut self, address: u64, region: usize) {
        self.belief.put_in_region(region, address);
        let slot = block_slot(address);
        self.block_address[slot] = address;
        self.block_info[slot] = self.info_of_freed(UNKNOWN_CLASS);
    }

    /// The last stack: what followed it is known.
    #[inline(always)]
    pub(super) fn last_stack(&self) -> Stack {
        self.belief.stacks[self.last_slot as usize % STACKS]
    }

    /// What is known of a stack, with its place in the table.
    #[inline(always)]
    pub(super) fn known_stack(&self, stack: u32) -> Option<(u16, Stack)> {
        let slot = stack_slot(stack);
        let known = self.belief.stacks[slot];
        (known.number() == stack && stack != 0).then_some((slot as u16, known))
    }

    /// This stack has asked for this.
    #[inline(always)]
    pub(super) fn stack(&mut self, stack: u32, size: u32, function: u8) {
        self.belief.stacks[self.last_slot as usize % STACKS].precede(stack);
        let place = stack_slot(stack);
        self.last_slot = place as u32;
        self.belief.stacks[place].ask(stack, size, function);
        self.belief.put_stack(stack);
    }
}
