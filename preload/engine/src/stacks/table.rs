//! The stack table: each distinct (parent, frame) pair has one node, for the whole process.
//!
//! A hash trie: 262,144 roots by the low bits of the hash of (parent, frame), below each a binary tree
//! by the next bits, whose nodes are the entries themselves. Insertion is one compare-exchange of an
//! empty child, so there is no lock and no rehashing, and the table costs 24 bytes a node. (A flat
//! hash table with open addressing needs the same memory and one access less, but has to grow, which
//! cannot be done without stopping the other threads.)
//!
//! A hash scatters what belongs together: on a compiler's half a million nodes the trie missed the
//! processor's cache several times a frame. Numbers are given out in the order in which the program
//! first went down, so two guesses come first, both near the parent in memory: the number after the
//! parent's, and the child that was found there last (`recent`). (A direct-mapped cache in each thread
//! was tried: 128 KiB a thread, and slower than no cache where a program walks 16,000 nodes in turn.)
//!
//! Invariant of the raw memory: segment `n` is null or points to `SEGMENT_NODES` zeroed entries; an
//! entry's `parent` is written, then its record is announced, then `key` (with release ordering), then
//! its number is published; neither changes afterwards. Whoever sees the key sees the rest.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

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
    key: AtomicU64,
    parent: AtomicU32,
    child: [AtomicU32; 2],
    recent: AtomicU32,
}
const _: () = assert!(size_of::<Entry>() == 24);

impl Entry {
    #[inline(always)]
    fn is(&self, parent: NodeId, frame: FrameKey) -> bool {
        self.key.load(Ordering::Acquire) == frame.0
            && self.parent.load(Ordering::Relaxed) == parent.0
    }
}

static ROOT: [AtomicU32; ROOTS] = [const { AtomicU32::new(0) }; ROOTS];
static SEGMENT: [AtomicPtr<Entry>; SEGMENTS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS];
/// The next number to give out; 0 is the empty stack.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The entry of a number; `None` when no number near it has been given out yet.
#[inline(always)]
fn entry(id: u32) -> Option<&'static Entry> {
    let segment = SEGMENT
        .get((id >> SEGMENT_SHIFT) as usize)?
        .load(Ordering::Acquire);
    // SAFETY: a segment that exists is never unmapped; zeroed memory is a valid entry, whose fields
    // are atomic; the index is inside the segment.
    (!segment.is_null()).then(|| unsafe { &*segment.add(id as usize % SEGMENT_NODES) })
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

/// The node of `frame` called from `parent`. A new node is given to `announce` before any other thread
/// can see it, so that its record precedes all uses. When the table is full, the parent stands for its
/// callees.
#[inline(always)]
pub fn intern(parent: NodeId, frame: FrameKey, announce: &mut dyn FnMut(&Node)) -> NodeId {
    let guess = |id: u32| entry(id).is_some_and(|entry| entry.is(parent, frame));
    if guess(parent.0 + 1) {
        return NodeId(parent.0 + 1);
    }
    let recent = entry(parent.0).map_or(0, |entry| entry.recent.load(Ordering::Relaxed));
    if recent != 0 && guess(recent) {
        return NodeId(recent);
    }
    let node = look_up(parent, frame, announce);
    if let Some(entry) = entry(parent.0) {
        entry.recent.store(node.0, Ordering::Relaxed);
    }
    node
}

#[inline(never)]
fn look_up(parent: NodeId, frame: FrameKey, announce: &mut dyn FnMut(&Node)) -> NodeId {
    let hash = hash(parent.0, frame.0);
    let mut link = &ROOT[hash as usize % ROOTS];
    let mut bits = hash >> ROOT_BITS;
    let mut fresh = None;
    loop {
        let id = link.load(Ordering::Acquire);
        if id == 0 {
            let Some(mine) = fresh.or_else(|| enter(parent, frame, announce)) else {
                return parent;
            };
            fresh = Some(mine);
            if link
                .compare_exchange(0, mine, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                return NodeId(mine);
            }
            continue;
        }
        let Some(entry) = entry(id) else {
            return parent;
        };
        if entry.is(parent, frame) {
            return NodeId(id);
        }
        link = &entry.child[(bits & 1) as usize];
        bits = bits.rotate_right(1);
    }
}

/// Makes an entry, in the order that the invariant asks for. (When another thread publishes the same
/// node first this one stays unused.)
#[cold]
fn enter(parent: NodeId, frame: FrameKey, announce: &mut dyn FnMut(&Node)) -> Option<u32> {
    let id = reserve()?;
    let entry = entry(id)?;
    entry.parent.store(parent.0, Ordering::Relaxed);
    announce(&frame.node(NodeId(id), parent));
    entry.key.store(frame.0, Ordering::Release);
    Some(id)
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
