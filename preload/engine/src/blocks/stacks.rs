//! How many blocks of each call stack were guarded: a byte a node of the stack table.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, Ordering};

use ldt_trace::NodeId;

use super::pinned;
use crate::options::PinSide;
use crate::sys::mem;

const SEGMENT_NODES: usize = 1 << 16;
const SEGMENTS: usize = (1 << 26) / SEGMENT_NODES;

/// Segment `n` is null or points to zeroed bytes that are never unmapped.
static SEGMENT: [AtomicPtr<AtomicU8>; SEGMENTS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS];
static GUARDED_STACKS: AtomicU32 = AtomicU32::new(0);
static MET_STACKS: AtomicU32 = AtomicU32::new(0);

/// Set with the first block of a stack, whether it was guarded or not.
const MET: u8 = 0x40;
/// The side on which all blocks of the stack are guarded, if they are: see [`pinned`].
const PINNED: u8 = 0x30;
const PINNED_SHIFT: u32 = 4;
/// The number of blocks, which stops here; even, so that sides go on alternating.
const COUNT: u8 = 0x0f;
const COUNT_MAX: u8 = 0x0e;

/// The byte of a stack. `None` where there is no memory for it.
#[inline(always)]
fn byte(stack: NodeId) -> Option<&'static AtomicU8> {
    let segment = SEGMENT.get(stack.0 as usize / SEGMENT_NODES)?;
    let bytes = segment.load(Ordering::Acquire);
    if bytes.is_null() {
        return make(segment).map(|bytes| inside(bytes, stack));
    }
    Some(inside(bytes, stack))
}

#[inline(always)]
fn inside(segment: *mut AtomicU8, stack: NodeId) -> &'static AtomicU8 {
    // SAFETY: a segment has so many bytes, is never unmapped, and any value is valid.
    unsafe { &*segment.add(stack.0 as usize % SEGMENT_NODES) }
}

#[cold]
fn make(segment: &AtomicPtr<AtomicU8>) -> Option<*mut AtomicU8> {
    let fresh = mem::allocate(SEGMENT_NODES)?.cast::<AtomicU8>();
    let made =
        segment.compare_exchange(ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire);
    match made {
        Ok(_) => Some(fresh),
        Err(other) => {
            // SAFETY: ours, and nobody has seen it.
            unsafe { mem::release(fresh.cast(), SEGMENT_NODES) };
            Some(other)
        }
    }
}

/// How many blocks of a stack were guarded.
#[inline(always)]
pub(super) fn tried(stack: NodeId) -> u8 {
    let Some(byte) = byte(stack) else { return 0 };
    let value = byte.load(Ordering::Relaxed);
    if value & MET == 0 {
        meet(byte, stack);
    }
    value & COUNT
}

#[cold]
fn meet(byte: &AtomicU8, stack: NodeId) {
    let side = match pinned::side_of(stack) {
        None => 0,
        Some(PinSide::After) => 1,
        Some(PinSide::Before) => 2,
        Some(PinSide::Both) => 3,
    };
    if byte.fetch_or(MET | side << PINNED_SHIFT, Ordering::Relaxed) & MET == 0 {
        MET_STACKS.fetch_add(1, Ordering::Relaxed);
    }
}

/// The side on which all blocks of a stack that has been met are guarded.
pub(super) fn pinned_side(stack: NodeId) -> Option<PinSide> {
    match (byte(stack)?.load(Ordering::Relaxed) & PINNED) >> PINNED_SHIFT {
        1 => Some(PinSide::After),
        2 => Some(PinSide::Before),
        3 => Some(PinSide::Both),
        _ => None,
    }
}

/// Another block of the stack was guarded.
pub(super) fn guarded(stack: NodeId) {
    let Some(byte) = byte(stack) else { return };
    let before = byte.load(Ordering::Relaxed);
    let count = match before & COUNT {
        // Two steps back, for the side.
        COUNT_MAX => COUNT_MAX - 1,
        count => count + 1,
    };
    byte.store(before & !COUNT | count, Ordering::Relaxed);
    if before & COUNT == 0 {
        GUARDED_STACKS.fetch_add(1, Ordering::Relaxed);
    }
}

/// How many call stacks have allocated, and of how many blocks were guarded.
pub(super) fn counts() -> (u64, u64) {
    (
        u64::from(MET_STACKS.load(Ordering::Relaxed)),
        u64::from(GUARDED_STACKS.load(Ordering::Relaxed)),
    )
}

/// Forgets all stacks, in a forked child: its report is its own.
pub(super) fn forget() {
    for segment in &SEGMENT {
        let bytes = segment.load(Ordering::Relaxed);
        if !bytes.is_null() {
            // SAFETY: a mapping of ours of that length; zero is valid.
            unsafe { mem::clear(bytes.cast(), SEGMENT_NODES) };
        }
    }
    GUARDED_STACKS.store(0, Ordering::Relaxed);
    MET_STACKS.store(0, Ordering::Relaxed);
}
