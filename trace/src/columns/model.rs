//! What encoder and decoder both believe about the next event. Both make the same updates in the same
//! order, so only what the model did not expect has to be written.
//!
//! - Addresses: glibc gives back the block of a size class that was freed last, or else carves the
//!   next one off its top. So the last freed blocks of each class are kept (`freed`), and the end of the
//!   last block (`next_address`). Most others were freed a while ago: which one is said by how many frees.
//! - Frees: which block is said by its age, counted in allocations of this chunk, or, for blocks that
//!   other threads allocate and this one frees again and again, by its place in a table (`block_*`).
//!   An address keeps its class there, so that its next reuse is expected.
//! - Stacks: after a stack comes what came after it the last time (`successor`), else a place in a
//!   dictionary, else the number itself.
//! - Sizes and functions: a stack asks for what it asked for the last time (`stack_*`).
//!
//! The two keep it apart: the encoder looks for what it has, the decoder is told where that is.

pub(super) const BLOCKS: usize = 1 << 14;
pub(super) const STACKS: usize = 1 << 14;
pub(super) const CLASSES: usize = 128;
/// Freed blocks remembered in each class: glibc's thread cache holds seven.
const FREED: usize = 8;
/// Regions told apart among frees of blocks from elsewhere.
pub(super) const REGIONS: usize = 16;
/// Allocations that a chunk can have.
pub(super) const MAX_ORDINALS: usize = 1 << 16;

/// What the encoder learnt in the chunk so far; [`super::recall`] is what the decoder did. All zero is a valid, fresh
/// model.
#[derive(Clone)]
#[repr(C)]
pub struct Model {
    block_address: [u64; BLOCKS],
    /// From the top: whether it is freed, the ordinal of its allocation or of its free (23 bits, 0: not
    /// known), its class (8 bits).
    block_info: [u32; BLOCKS],
    freed: Freed,
    stacks: [Stack; STACKS],
    next_address: u64,
    last_address: u64,
    /// By place of the region.
    last_old_free: [u64; REGIONS],
    last_tick: u64,
    last_stack: u32,
    allocations: u32,
    frees: u32,
    last_node: u32,
    free_function: u8,
    /// Whether a chunk has been here before.
    used: bool,
    padding: [u8; 6],
}

/// In `block_info`: the block is freed.
const IS_FREED: u32 = 1 << 31;
const ORDINAL_SHIFT: u32 = 8;
const ORDINAL_MASK: u32 = (1 << 23) - 1;

/// No request falls in this class: the smallest footprint is two units.
pub(super) const UNKNOWN_CLASS: usize = 0;

/// What the model knows of a block that is freed.
pub(super) enum Found {
    /// Allocated in this chunk, so many allocations ago (0: the last one).
    Aged(u16),
    /// Freed in this chunk before; its place in the table.
    Seen(u16),
    /// Nothing.
    Unseen,
}

/// A stack and what it did the last time.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Stack {
    pub(super) number: u32,
    /// The stack of the allocation after.
    pub(super) successor: u32,
    /// What it asked for.
    pub(super) size: u32,
    /// Of which function.
    pub(super) function: u32,
}

/// The blocks of each class that were freed last.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Freed {
    lists: [[u64; FREED]; CLASSES],
    counts: [u32; CLASSES],
}

impl Freed {
    pub(super) fn none() -> Self {
        Freed {
            lists: [[0; FREED]; CLASSES],
            counts: [0; CLASSES],
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// The one that was freed last, 0 if none is known.
    #[inline(always)]
    pub(super) fn last(&self, class: usize) -> u64 {
        match self.counts[class] {
            0 => 0,
            count => self.lists[class][(count as usize - 1) % FREED],
        }
    }

    /// That one has been allocated again.
    #[inline(always)]
    pub(super) fn take_last(&mut self, class: usize) {
        self.counts[class] = self.counts[class].saturating_sub(1);
    }

    /// A block has been freed.
    #[inline(always)]
    pub(super) fn put(&mut self, address: u64, class: usize) {
        if class == UNKNOWN_CLASS {
            return;
        }
        let count = self.counts[class];
        self.lists[class][count as usize % FREED] = address;
        // Older ones are overwritten; the count stays within two rounds of the ring.
        self.counts[class] = if count as usize == 2 * FREED {
            count - FREED as u32 + 1
        } else {
            count + 1
        };
    }
}

#[inline(always)]
fn hash(value: u64, bits: u32) -> usize {
    (value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits)) as usize
}

#[inline(always)]
pub(super) fn block_slot(address: u64) -> usize {
    hash(address >> 4, BLOCKS.ilog2())
}

/// The place of the region that an address is in: glibc's arenas begin at multiples of 64 MiB.
#[inline(always)]
pub(super) fn region(address: u64) -> usize {
    hash(address >> 26, REGIONS.ilog2())
}

#[inline(always)]
pub(super) fn stack_slot(stack: u32) -> usize {
    hash(u64::from(stack), STACKS.ilog2())
}

/// The bytes that glibc takes for a request: 8 of its own, in steps of 16, at least 32.
#[inline(always)]
pub(super) fn footprint(size: u32) -> u64 {
    ((u64::from(size) + 8 + 15) & !15).max(32)
}

/// glibc's thread cache has a class for each 16 bytes up to 1 KiB; above, classes grow by powers of two
/// in eight steps.
#[inline(always)]
pub(super) fn class(size: u32) -> usize {
    let units = footprint(size) >> 4;
    if units < 66 {
        return units as usize;
    }
    let log = units.ilog2();
    let step = (units >> (log - 2)) & 3;
    (66 + ((log - 6) << 2) as usize + step as usize).min(CLASSES - 1)
}

impl Model {
    /// A fresh model, for those who can allocate. The engine casts zeroed memory instead.
    #[must_use]
    pub fn boxed() -> Box<Model> {
        Box::new(Model {
            block_address: [0; BLOCKS],
            block_info: [0; BLOCKS],
            freed: Freed::none(),
            stacks: [Stack::default(); STACKS],
            next_address: 0,
            last_address: 0,
            last_old_free: [0; REGIONS],
            last_tick: 0,
            last_stack: 0,
            allocations: 0,
            frees: 0,
            last_node: 0,
            free_function: 0,
            used: false,
            padding: [0; 6],
        })
    }

    /// Forgets everything, for the next chunk. Not before the first one: in a process that hardly allocates,
    /// touching all of it took a sixth of LDT's time.
    ///
    /// Rejected: telling what is left of older chunks by a number in each entry. Clearing draws the tables into
    /// the processor's cache in one sweep; without it each entry is missed by itself (tree: 198 ns an
    /// allocation instead of 168).
    pub(super) fn reset(&mut self) {
        if !core::mem::replace(&mut self.used, true) {
            return;
        }
        self.block_address.fill(0);
        self.freed.clear();
        self.stacks.fill(Stack::default());
        self.next_address = 0;
        self.last_address = 0;
        self.last_old_free.fill(0);
        self.last_tick = 0;
        self.last_stack = 0;
        self.allocations = 0;
        self.frees = 0;
        self.last_node = 0;
        self.free_function = 0;
    }

    /// The block of this class that was freed last, 0 if none is known.
    #[inline(always)]
    pub(super) fn last_freed(&self, class: usize) -> u64 {
        self.freed.last(class)
    }

    /// Where the next block begins if it is carved behind the last one.
    #[inline(always)]
    pub(super) fn next_address(&self) -> u64 {
        self.next_address
    }

    /// The address of the last allocation.
    #[inline(always)]
    pub(super) fn last_address(&self) -> u64 {
        self.last_address
    }

    /// A block has been allocated. `reused` says that it was [`Model::last_freed`].
    #[inline(always)]
    pub(super) fn allocated(&mut self, address: u64, size: u32, class: usize, reused: bool) {
        if reused {
            self.freed.take_last(class);
        }
        self.last_address = address;
        self.next_address = address.wrapping_add(footprint(size));
        self.allocations += 1;
        if (self.allocations as usize) < MAX_ORDINALS {
            let slot = block_slot(address);
            self.block_address[slot] = address;
            self.block_info[slot] = self.allocations << ORDINAL_SHIFT | class as u32;
        }
    }

    /// What is known of a block that is freed.
    #[inline(always)]
    pub(super) fn find(&self, address: u64) -> Found {
        let slot = block_slot(address);
        if self.block_address[slot] != address {
            return Found::Unseen;
        }
        let info = self.block_info[slot];
        if info & IS_FREED != 0 {
            return Found::Seen(slot as u16);
        }
        let age = self.allocations - (info >> ORDINAL_SHIFT);
        u16::try_from(age).map_or(Found::Unseen, Found::Aged)
    }

    /// How many frees ago the block at this address was freed (0: by the last one), if it was.
    #[inline(always)]
    pub(super) fn frees_since(&self, address: u64) -> Option<u16> {
        let slot = block_slot(address);
        let info = self.block_info[slot];
        let ordinal = info >> ORDINAL_SHIFT & ORDINAL_MASK;
        if self.block_address[slot] != address || info & IS_FREED == 0 || ordinal == 0 {
            return None;
        }
        u16::try_from(self.frees - ordinal).ok()
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
        self.freed_of_class(address, class);
    }

    #[inline(always)]
    fn freed_of_class(&mut self, address: u64, class: usize) {
        self.block_info[block_slot(address)] = self.info_of_freed(class);
        self.freed.put(address, class);
    }

    /// A block has been freed that the table does not know: it will next time.
    #[inline(always)]
    pub(super) fn freed_unseen(&mut self, address: u64, region: usize) {
        self.last_old_free[region % REGIONS] = address;
        let slot = block_slot(address);
        self.block_address[slot] = address;
        self.block_info[slot] = self.info_of_freed(UNKNOWN_CLASS);
    }

    /// The last block freed in a region that the table did not know.
    #[inline(always)]
    pub(super) fn last_old_free(&self, region: usize) -> u64 {
        self.last_old_free[region % REGIONS]
    }

    /// The stack of the last allocation.
    #[inline(always)]
    pub(super) fn last_stack(&self) -> u32 {
        self.last_stack
    }

    /// The last stamp; stores this one.
    #[inline(always)]
    pub(super) fn tick(&mut self, tick: u64) -> u64 {
        core::mem::replace(&mut self.last_tick, tick)
    }

    /// The function of the last free; stores this one.
    #[inline(always)]
    pub(super) fn free_function(&mut self, function: u8) -> u8 {
        core::mem::replace(&mut self.free_function, function)
    }

    /// The function of the last free.
    #[inline(always)]
    pub(super) fn last_free_function(&self) -> u8 {
        self.free_function
    }

    /// The number of the last stack node; stores this one.
    #[inline(always)]
    pub(super) fn node(&mut self, id: u32) -> u32 {
        core::mem::replace(&mut self.last_node, id)
    }

    /// The stack that followed the last one the last time.
    #[inline(always)]
    pub(super) fn expected_stack(&self) -> u32 {
        self.stacks[stack_slot(self.last_stack)].successor
    }

    /// What is known of a stack, with its place in the table.
    #[inline(always)]
    pub(super) fn known_stack(&self, stack: u32) -> Option<(u16, Stack)> {
        let slot = stack_slot(stack);
        let known = self.stacks[slot];
        (known.number == stack && stack != 0).then_some((slot as u16, known))
    }

    /// This stack has asked for this.
    #[inline(always)]
    pub(super) fn stack(&mut self, stack: u32, size: u32, function: u8) {
        self.stacks[stack_slot(self.last_stack)].successor = stack;
        let slot = &mut self.stacks[stack_slot(stack)];
        if slot.number != stack {
            slot.successor = 0;
        }
        slot.number = stack;
        slot.size = size;
        slot.function = u32::from(function);
        self.last_stack = stack;
    }
}
