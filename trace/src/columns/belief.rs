//! What encoder and decoder both believe about the next event, as far as they keep it in the same way. What differs is
//! how they know blocks: the encoder looks for what it has ([`super::model`]), the decoder is told where that is
//! ([`super::recall`]).

use super::freed::Freed;
use crate::function::Function;
use crate::words::MAX_NODE;

pub(super) const BLOCKS: usize = 1 << 14;
pub(super) const STACKS: usize = 1 << 14;
pub(super) const CLASSES: usize = 128;
/// Instruction pointers whose successor is remembered.
const IPS: usize = 1 << 12;
/// Regions told apart among addresses that are written.
pub(super) const REGIONS: usize = 16;
/// Allocations that a chunk can have.
pub(super) const MAX_ORDINALS: usize = 1 << 16;
/// No request falls in this class: the smallest footprint is two units.
pub(super) const UNKNOWN_CLASS: usize = 0;

/// What was learnt in the chunk so far. All zero is valid and fresh.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Belief {
    pub(super) freed: Freed,
    pub(super) stacks: [Stack; STACKS],
    next_address: u64,
    last_address: u64,
    /// By place of the region.
    last_of_region: [u64; REGIONS],
    /// By place of an instruction pointer: that of the frame that was called from there the last time.
    called: [u64; IPS],
    last_tick: u64,
    last_ip: u64,
    last_stack: u32,
    last_node: u32,
    /// What a new stack's number is near to.
    new_stack: u32,
    free_function: u32,
}

impl Belief {
    /// Nothing.
    pub(super) fn none() -> Self {
        Belief {
            freed: Freed::none(),
            stacks: [Stack::default(); STACKS],
            next_address: 0,
            last_address: 0,
            last_of_region: [0; REGIONS],
            called: [0; IPS],
            last_tick: 0,
            last_ip: 0,
            last_stack: 0,
            last_node: 0,
            new_stack: 0,
            free_function: 0,
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.freed.clear();
        self.stacks.fill(Stack::default());
        self.clear_last();
    }

    /// Forgets what was last, which is all there is to forget where nothing was allocated or freed.
    pub(super) fn clear_last(&mut self) {
        self.next_address = 0;
        self.last_address = 0;
        self.last_of_region.fill(0);
        self.called.fill(0);
        self.last_tick = 0;
        self.last_ip = 0;
        self.last_stack = 0;
        self.last_node = 0;
        self.new_stack = 0;
        self.free_function = 0;
    }

    /// Where the next block begins if it is carved behind the last one.
    #[inline(always)]
    pub(super) fn next_address(&self) -> u64 {
        self.next_address
    }

    /// Where the last block was placed; not those that were [`Freed::last`], since version 3.
    #[inline(always)]
    pub(super) fn last_address(&self) -> u64 {
        self.last_address
    }

    /// A block has been placed here.
    #[inline(always)]
    pub(super) fn place(&mut self, address: u64, size: u32) {
        self.last_address = address;
        self.next_address = address.wrapping_add(footprint(size));
    }

    /// The address in a region from which distances are counted there.
    #[inline(always)]
    pub(super) fn last_of_region(&self, region: usize) -> u64 {
        self.last_of_region[region % REGIONS]
    }

    /// From now on distances are counted from here.
    #[inline(always)]
    pub(super) fn put_in_region(&mut self, region: usize, address: u64) {
        self.last_of_region[region % REGIONS] = address;
    }

    /// The stack of the last allocation.
    #[inline(always)]
    pub(super) fn last_stack(&self) -> u32 {
        self.last_stack
    }

    /// The next allocation is from this one.
    #[inline(always)]
    pub(super) fn put_stack(&mut self, stack: u32) {
        self.last_stack = stack;
    }

    /// The last stamp.
    #[inline(always)]
    pub(super) fn last_tick(&self) -> u64 {
        self.last_tick
    }

    /// The next stamp.
    #[inline(always)]
    pub(super) fn put_tick(&mut self, tick: u64) {
        self.last_tick = tick;
    }

    /// The function of the last free.
    #[inline(always)]
    pub(super) fn free_function(&self) -> u8 {
        self.free_function as u8
    }

    /// The function of the next free.
    #[inline(always)]
    pub(super) fn put_free_function(&mut self, function: u8) {
        self.free_function = u32::from(function);
    }

    /// The number of the last stack node.
    #[inline(always)]
    pub(super) fn last_node(&self) -> u32 {
        self.last_node
    }

    /// The number of the next one.
    #[inline(always)]
    pub(super) fn put_node(&mut self, id: u32) {
        self.last_node = id;
        self.new_stack = id;
    }

    /// The instruction pointer that came after the last stack node's the last time, 0 if none is known.
    #[inline(always)]
    pub(super) fn expected_ip(&self) -> u64 {
        self.called[ip_slot(self.last_ip)]
    }

    /// That of the next stack node; whether its parent is the last one.
    #[inline(always)]
    pub(super) fn put_ip(&mut self, ip: u64, is_chained: bool) {
        if is_chained {
            self.called[ip_slot(self.last_ip)] = ip;
        }
        self.last_ip = ip;
    }

    /// What a stack's number that the table does not have is told from: the last stack node, or the last such stack.
    #[inline(always)]
    pub(super) fn near_new_stack(&self) -> u32 {
        self.new_stack
    }

    /// The last such stack.
    #[inline(always)]
    pub(super) fn put_new_stack(&mut self, stack: u32) {
        self.new_stack = stack;
    }
}

/// A stack and what it did the last time.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Stack {
    /// Its number, and of which function it asked, from bit [`FUNCTION_SHIFT`] on.
    named: u32,
    /// The stack of the allocation after.
    pub(super) successor: u32,
    /// The one that was that before.
    pub(super) second: u32,
    /// What it asked for.
    pub(super) size: u32,
}

/// A stack's number is below this bit, and a function's fits above it.
const FUNCTION_SHIFT: u32 = 26;
const _: () = assert!(MAX_NODE < 1 << FUNCTION_SHIFT);
const _: () = {
    let mut place = 0;
    while place < Function::ALL.len() {
        assert!((Function::ALL[place] as u32) < 1 << (u32::BITS - FUNCTION_SHIFT));
        place += 1;
    }
};

impl Stack {
    #[inline(always)]
    pub(super) fn number(self) -> u32 {
        self.named & ((1 << FUNCTION_SHIFT) - 1)
    }

    #[inline(always)]
    pub(super) fn function(self) -> u8 {
        (self.named >> FUNCTION_SHIFT) as u8
    }

    /// This stack has asked for this.
    #[inline(always)]
    pub(super) fn ask(&mut self, stack: u32, size: u32, function: u8) {
        if self.number() != stack {
            self.successor = 0;
            self.second = 0;
        }
        self.named = stack | u32::from(function) << FUNCTION_SHIFT;
        self.size = size;
    }

    /// The allocation after it was from this stack.
    #[inline(always)]
    pub(super) fn precede(&mut self, stack: u32) {
        if self.successor != stack {
            self.second = self.successor;
            self.successor = stack;
        }
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
fn ip_slot(ip: u64) -> usize {
    hash(ip, IPS.ilog2())
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
