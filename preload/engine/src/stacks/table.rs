//! The stack table: each distinct (parent, frame) pair has one node, for the whole process.
//!
//! Each node has a trie of its callees: a binary tree by the bits of the frame's hash, whose nodes are
//! the entries themselves. Nearly every node has one to four callees, so a look-up is a compare or two;
//! a hub pays the logarithm. Insertion is one compare-exchange of an empty link: no lock, no rehashing,
//! 24 bytes a node. Numbers are given out in the order in which the program first went down, so a node
//! and its callees are neighbours in memory.
//!
//! Tried and slower, on a program that walks 16,000 nodes in turn and on a compiler with half a
//! million (ns an allocation): one hash trie for the whole table, 245 and 950 (a hash scatters what
//! belongs together, and each frame missed the processor's cache several times); the same behind a
//! direct-mapped cache in each thread, 430 and 634; behind two guesses near the parent, 151 and 413;
//! this, 163 and 286. (A flat hash table would have to grow, which cannot be done without stopping the
//! other threads.)
//!
//! Invariant of the raw memory: segment `n` is null or points to `SEGMENT_NODES` zeroed entries (a
//! valid, empty state) and is never unmapped; an entry's key is written, and its record announced,
//! before its number is published with release ordering; the key never changes afterwards.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use ldt_trace::NodeId;
use ldt_trace::words::{MAX_NODE, Node};

use crate::sys::mem;

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
    /// The root of the trie of this node's callees.
    callees: AtomicU32,
    /// Links of the trie that this node is in.
    siblings: [AtomicU32; 2],
}
const _: () = assert!(size_of::<Entry>() == 24);

/// The outermost frames: the callees of the empty stack.
static OUTERMOST: AtomicU32 = AtomicU32::new(0);
static SEGMENT: [AtomicPtr<Entry>; SEGMENTS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS];
/// The next number to give out; 0 is the empty stack.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// The parent of each node, beside the entries: only where stacks are walked inside the process
/// (check mode, differential mode), so that profiling keeps its 24 bytes a node. Segments as of [`SEGMENT`].
static PARENTS: [AtomicPtr<AtomicU32>; SEGMENTS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS];
static KEEPS_PARENTS: AtomicBool = AtomicBool::new(false);

/// From now on parents are kept; to be called before the first node.
pub fn keep_parents() {
    KEEPS_PARENTS.store(true, Ordering::Relaxed);
}

/// What the nodes take, of memory that the program would not have used.
#[must_use]
pub fn bytes() -> u64 {
    let node_bytes = size_of::<Entry>() + size_of::<AtomicU32>();
    u64::from(NEXT.load(Ordering::Relaxed)) * node_bytes as u64
}

/// Nodes below this number are from before a fork: the child's own trace does not have them yet.
static INHERITED: AtomicU32 = AtomicU32::new(0);

/// Keeps the table in a forked child whose blocks name its nodes.
pub fn inherit() {
    INHERITED.store(NEXT.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// See [`INHERITED`].
#[inline(always)]
#[must_use]
pub fn is_inherited(id: NodeId) -> bool {
    id.0 < INHERITED.load(Ordering::Relaxed)
}

/// Where the parent of a node stands.
fn parent_of(id: u32) -> Option<&'static AtomicU32> {
    let segment = PARENTS
        .get((id >> SEGMENT_SHIFT) as usize)?
        .load(Ordering::Acquire);
    // SAFETY: a segment that exists is never unmapped, zero is valid, the index is inside.
    (!segment.is_null()).then(|| unsafe { &*segment.add(id as usize % SEGMENT_NODES) })
}

/// A node by its number, where parents are kept.
#[must_use]
pub fn node(id: NodeId) -> Option<Node> {
    let (frame, parent) = frame(id)?;
    Some(frame.node(id, parent))
}

/// The frame of a node, and its parent, where parents are kept.
#[must_use]
pub fn frame(id: NodeId) -> Option<(FrameKey, NodeId)> {
    if id.0 == 0 || id.0 >= NEXT.load(Ordering::Acquire) {
        return None;
    }
    let parent = NodeId(parent_of(id.0)?.load(Ordering::Relaxed));
    let key = entry(id.0)?.key.load(Ordering::Relaxed);
    Some((FrameKey(key), parent))
}

/// Maps a segment of zeroed elements where there is none.
fn ensure_segment<T>(segment: &AtomicPtr<T>) -> Option<()> {
    if segment.load(Ordering::Acquire).is_null() {
        let bytes = SEGMENT_NODES * size_of::<T>();
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
    Some(())
}

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
    ensure_segment(SEGMENT.get((id >> SEGMENT_SHIFT) as usize)?)?;
    if KEEPS_PARENTS.load(Ordering::Relaxed) {
        ensure_segment(PARENTS.get((id >> SEGMENT_SHIFT) as usize)?)?;
    }
    Some(id)
}

/// A walk down the trie of one node's callees.
struct Walk {
    link: &'static AtomicU32,
    /// What is left of the frame's hash; taken at the first entry that is another frame's.
    bits: Option<u64>,
}

impl Walk {
    #[inline(always)]
    fn new(parent: NodeId) -> Option<Walk> {
        let link = if parent.0 == 0 {
            &OUTERMOST
        } else {
            &entry(parent.0)?.callees
        };
        Some(Walk { link, bits: None })
    }

    /// Steps past an entry that is another frame's.
    #[inline(always)]
    fn pass(&mut self, entry: &'static Entry, frame: FrameKey) {
        let hash = || frame.0.wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_right(32);
        let bits = self.bits.unwrap_or_else(hash);
        self.link = &entry.siblings[(bits & 1) as usize];
        self.bits = Some(bits.rotate_right(1));
    }
}

/// The node of `frame` called from `parent`. A new node is given to `announce` before any other thread
/// can see it, so that its record precedes all uses. When the table is full, the parent stands for its
/// callees.
#[inline(always)]
pub fn intern(parent: NodeId, frame: FrameKey, announce: &mut dyn FnMut(&Node)) -> NodeId {
    let Some(mut walk) = Walk::new(parent) else {
        return parent;
    };
    loop {
        let id = walk.link.load(Ordering::Acquire);
        if id == 0 {
            return insert(walk, parent, frame, announce);
        }
        let Some(entry) = entry(id) else {
            return parent;
        };
        if entry.key.load(Ordering::Relaxed) == frame.0 {
            return NodeId(id);
        }
        walk.pass(entry, frame);
    }
}

/// Makes an entry and hangs it where the walk ended, or further down when another thread was first.
/// (Where that thread entered the same frame, the entry made here stays unused.)
#[cold]
#[inline(never)]
fn insert(
    mut walk: Walk,
    parent: NodeId,
    frame: FrameKey,
    announce: &mut dyn FnMut(&Node),
) -> NodeId {
    let Some((mine, fresh)) = reserve().and_then(|id| Some((id, entry(id)?))) else {
        return parent;
    };
    fresh.key.store(frame.0, Ordering::Relaxed);
    if let Some(place) = parent_of(mine) {
        place.store(parent.0, Ordering::Relaxed);
    }
    announce(&frame.node(NodeId(mine), parent));
    loop {
        match walk
            .link
            .compare_exchange(0, mine, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => return NodeId(mine),
            Err(id) => {
                let Some(entry) = entry(id) else {
                    return parent;
                };
                if entry.key.load(Ordering::Relaxed) == frame.0 {
                    return NodeId(id);
                }
                walk.pass(entry, frame);
            }
        }
    }
}

/// Empties the table in a forked child, whose own trace knows none of its nodes.
///
/// # Safety
/// Only while the process has one thread, which holds no node.
pub unsafe fn clear() {
    OUTERMOST.store(0, Ordering::Relaxed);
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
