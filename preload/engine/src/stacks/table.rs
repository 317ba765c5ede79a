//! The stack table: each distinct (parent, frame) pair has one node, for the whole process.
//!
//! A hash trie: 262,144 roots by the low bits of the hash of (parent, frame), below each a binary tree
//! by the next bits, whose nodes are the entries themselves. In front of it each thread has a [`Cache`]
//! of its own: on a compiler's half a million nodes the trie alone missed the processor's cache several
//! times a frame (half of all that LDT cost there). Insertion is one compare-exchange of an
//! empty child, so there is no lock and no rehashing, and the table costs 24 bytes a node. (A flat
//! hash table with open addressing needs the same memory and one access less, but has to grow, which
//! cannot be done without stopping the other threads.)
//!
//! Invariant of the raw memory: segment `n` is null or points to `SEGMENT_NODES` zeroed entries; an
//! entry's `key` and `parent` are written before its number is published with release ordering, and
//! never change afterwards.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use ldt_trace::NodeId;
use ldt_trace::words::{MAX_NODE, Node};

use crate::sys::mem;

const ROOT_BITS: u32 = 18;
const ROOTS: usize = 1 << ROOT_BITS;
const SEGMENT_SHIFT: u32 = 16;
const SEGMENT_NODES: usize = 1 << SEGMENT_SHIFT;
const SEGMENTS: usize = (MAX_NODE as usize + 1) >> SEGMENT_SHIFT;

/// A frame as the table compares it: ip in the low 48 bits, the epoch of its module in the next 12,
/// then two flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameKey(u64);

impl FrameKey {
    /// The marker of a stack that was cut.
    pub const CUT: FrameKey = FrameKey(1 << 63);

    /// A frame.
    #[must_use]
    pub fn new(ip: u64, exact: bool, epoch: u16) -> Self {
        FrameKey(ip & 0xffff_ffff_ffff | u64::from(epoch & 0xfff) << 48 | u64::from(exact) << 62)
    }

    fn node(self, id: NodeId, parent: NodeId) -> Node {
        Node {
            id,
            parent,
            ip: self.0 & 0xffff_ffff_ffff,
            exact: self.0 >> 62 & 1 != 0,
            cut: self.0 >> 63 != 0,
            epoch: (self.0 >> 48 & 0xfff) as u16,
        }
    }
}

#[repr(C)]
struct Entry {
    key: u64,
    parent: u32,
    child: [AtomicU32; 2],
}
const _: () = assert!(size_of::<Entry>() == 24);

static ROOT: [AtomicU32; ROOTS] = [const { AtomicU32::new(0) }; ROOTS];
static SEGMENT: [AtomicPtr<Entry>; SEGMENTS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS];
/// The next number to give out; 0 is the empty stack.
static NEXT: AtomicU32 = AtomicU32::new(1);

fn entry(id: u32) -> *mut Entry {
    let segment = SEGMENT[(id >> SEGMENT_SHIFT) as usize].load(Ordering::Acquire);
    // SAFETY: published numbers lie in segments that exist; the index is inside the segment.
    unsafe { segment.add(id as usize % SEGMENT_NODES) }
}

/// A fresh number with memory behind it; `None` when numbers or memory are exhausted.
#[cold]
fn reserve() -> Option<u32> {
    if NEXT.load(Ordering::Relaxed) >= MAX_NODE {
        return None;
    }
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let segment = SEGMENT.get((id >> SEGMENT_SHIFT) as usize)?;
    if segment.load(Ordering::Acquire).is_null() {
        let bytes = SEGMENT_NODES * size_of::<Entry>();
        let fresh = mem::allocate(bytes)?;
        let won = segment.compare_exchange(
            ptr::null_mut(),
            fresh.cast(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        if won.is_err() {
            // SAFETY: just mapped, and nobody else has seen it.
            unsafe { mem::release(fresh, bytes) };
        }
    }
    Some(id)
}

#[inline(always)]
fn hash(parent: u32, key: u64) -> u64 {
    let mixed = (key ^ u64::from(parent).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ mixed >> 32
}

/// See [`Cache::intern`].
#[inline(never)]
fn intern_hashed(
    hash: u64,
    parent: NodeId,
    frame: FrameKey,
    announce: &mut dyn FnMut(&Node),
) -> NodeId {
    let mut link = &ROOT[hash as usize % ROOTS];
    let mut bits = hash >> ROOT_BITS;
    let mut fresh = None;
    loop {
        let id = link.load(Ordering::Acquire);
        if id == 0 {
            let Some(mine) = fresh.or_else(reserve) else {
                return parent;
            };
            if fresh.is_none() {
                let entry = entry(mine);
                // SAFETY: the number is not published yet, so the entry is this thread's alone.
                unsafe {
                    (*entry).key = frame.0;
                    (*entry).parent = parent.0;
                }
                announce(&frame.node(NodeId(mine), parent));
                fresh = Some(mine);
            }
            if link
                .compare_exchange(0, mine, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                return NodeId(mine);
            }
            continue;
        }
        let entry = entry(id);
        // SAFETY: published entries do not change, but for their atomic children.
        let entry = unsafe { &*entry };
        if entry.key == frame.0 && entry.parent == parent.0 {
            return NodeId(id);
        }
        link = &entry.child[(bits & 1) as usize];
        bits = bits.rotate_right(1);
    }
}

const CACHE_SLOTS: usize = 1 << 13;

/// A thread's memory of the nodes that it met last: direct-mapped, exact, 128 KiB.
///
/// Invariant of the raw memory: `slots` points to `CACHE_SLOTS` slots in zeroed memory owned by this
/// value; an empty slot has node 0, which no frame has.
#[derive(Debug)]
pub struct Cache {
    slots: *mut Slot,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Slot {
    key: u64,
    parent: u32,
    id: u32,
}

impl Cache {
    /// An empty one; `None` when there is no memory.
    #[must_use]
    pub fn new() -> Option<Cache> {
        Some(Cache {
            slots: mem::allocate(CACHE_SLOTS * size_of::<Slot>())?.cast(),
        })
    }

    /// Gives the memory back.
    pub fn release(self) {
        // SAFETY: mapped by `new` with this size; `self` is gone afterwards.
        unsafe { mem::release(self.slots.cast(), CACHE_SLOTS * size_of::<Slot>()) };
    }

    /// The node of `frame` called from `parent`. A new node is given to `announce` before any other
    /// thread can see it, so that its record precedes all uses. When the table is full, the parent
    /// stands for its callees.
    #[inline(always)]
    pub fn intern(
        &mut self,
        parent: NodeId,
        frame: FrameKey,
        announce: &mut dyn FnMut(&Node),
    ) -> NodeId {
        let hash = hash(parent.0, frame.0);
        // SAFETY: see the invariant of `Cache`; the index is below `CACHE_SLOTS`.
        let slot = unsafe { &mut *self.slots.add((hash >> 40) as usize % CACHE_SLOTS) };
        if slot.key == frame.0 && slot.parent == parent.0 && slot.id != 0 {
            return NodeId(slot.id);
        }
        let node = intern_hashed(hash, parent, frame, announce);
        if node != parent {
            *slot = Slot {
                key: frame.0,
                parent: parent.0,
                id: node.0,
            };
        }
        node
    }
}

/// How many numbers have been given out.
#[must_use]
pub fn nodes() -> u32 {
    NEXT.load(Ordering::Relaxed) - 1
}

/// Empties the table in a forked child, whose own trace knows none of its nodes.
///
/// # Safety
/// Only while the process has one thread, which holds no node.
pub unsafe fn clear() {
    for root in &ROOT {
        if root.load(Ordering::Relaxed) != 0 {
            root.store(0, Ordering::Relaxed);
        }
    }
    for segment in &SEGMENT {
        let start = segment.load(Ordering::Relaxed);
        if start.is_null() {
            break;
        }
        // SAFETY: a segment of this size, whose entries nobody refers to any more.
        unsafe { mem::clear(start.cast(), SEGMENT_NODES * size_of::<Entry>()) };
    }
    NEXT.store(1, Ordering::Relaxed);
}
