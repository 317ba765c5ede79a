//! The innermost frames of stacks seen lately: what hangs on the remembered stack when the program comes
//! back to a place that it left.
//!
//! A loop allocates here and frees there, some frames further in, again and again: the remembered stack
//! holds the frames that both share, and the few inside them were unwound anew at each event, though
//! nothing in them had changed. A branch keeps such frames by their innermost one: the words that
//! stepping out of them read, the remembered frame that they led to (the joint), and the node. Equal
//! words mean equal steps, as for the memo itself; an equal joint with an equal node means an equal
//! rest. So a branch is proven, never trusted.
//!
//! Allocators are called through wrappers, so many stacks begin with the same frame at the same place
//! of memory: eight branches are kept for each. (One: 43% of a JSON program's changed captures found theirs;
//! eight: 67%, of sqlite3's 95%, of a compiler's 33%.) They are told apart by where that frame returns to, which
//! stands at one place for all of them and is kept beside them in one cache line. And some programs never come back the same
//! way (a walk through a tree): they soon pay for one attempt in [`SELDOM`] only.

use core::ptr;

use ldt_trace::NodeId;

use super::frames::{Frames, State};
use super::proof::{Proof, differs};
use crate::stacks::unwind::{BpUse, Frame};
use crate::sys::{Registers, mem};

/// A branch has no more frames than this. Longer ones are rare, and cost more memory than they are worth.
const FRAMES_MAX: usize = 8;
/// Branches that begin with the same frame.
const WAYS: usize = 8;
/// Places by ip and sp.
const SETS: usize = 128;
/// While branches are rarely found, so many captures go by between two attempts.
const SELDOM: u32 = 16;
/// What finding one is worth in attempts that find none.
const WORTH: i32 = 4;
/// How long good experience lasts, in attempts.
const MEMORY: i32 = 512;
/// So many branches are not kept first, by a thread and by a forked child. Nearly each one that is kept touches another page, and a
/// process that does not live long touches none. (bash with 300 forks: 112 of a child's 400 page faults, of which 70 are
/// saved.)
const PATIENCE: u32 = 512;

/// See the module.
#[derive(Clone, Copy)]
struct Branch {
    /// The frame pointer in the innermost frame.
    bp_of_caller: u64,
    /// Registers in the frame that the outermost one was called from.
    joint: Registers,
    joint_node: NodeId,
    node: NodeId,
    frames: u8,
    /// What becomes of the caller's bp on the way to the joint.
    bp: BpUse,
    proofs: [Proof; FRAMES_MAX],
}

/// The branches that begin with one frame at one place. All zero is an empty set.
#[repr(C, align(64))]
struct Set {
    /// Registers in the innermost frame.
    ip: u64,
    sp: u64,
    /// Where that frame's return address stands: the first word of each branch's proofs.
    at: u64,
    /// Which age it is of; see [`Branches::forget`].
    age: u32,
    /// The branch to replace next.
    next: u32,
    /// What stands there for each branch, see [`tag`]; 0 where there is none.
    returns: [u32; WAYS],
    branches: [Branch; WAYS],
}

/// Invariant of the raw memory: `sets` points to `SETS` of them in zeroed memory owned by this value. The
/// words that a branch's proofs name lie between its caller's and its joint's sp.
#[derive(Debug)]
pub(super) struct Branches {
    sets: *mut Set,
    age: u32,
    /// How well it has gone: see [`WORTH`].
    luck: i32,
    /// Captures since the last attempt.
    waited: u32,
    /// See [`PATIENCE`].
    patience: u32,
}

const BYTES: usize = SETS * size_of::<Set>();

impl Branches {
    pub(super) fn new() -> Option<Branches> {
        Some(Branches {
            sets: mem::allocate(BYTES)?.cast(),
            age: 1,
            luck: MEMORY,
            waited: 0,
            patience: PATIENCE,
        })
    }

    pub(super) fn release(self) {
        // SAFETY: mapped by `new` with this size; `self` is gone afterwards.
        unsafe { mem::release(self.sets.cast(), BYTES) };
    }

    /// Forgets all branches, without touching their memory.
    pub(super) fn forget(&mut self) {
        self.age = self.age.wrapping_add(1).max(1);
    }

    /// Goes on in a forked child, whose pages are all still its parent's.
    pub(super) fn begin_child(&mut self) {
        self.patience = PATIENCE;
    }

    #[inline(always)]
    fn set(&mut self, ip: u64, sp: u64) -> &mut Set {
        let mixed = (ip ^ sp.rotate_left(20)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let index = (mixed >> 40) as usize % SETS;
        // SAFETY: see the invariant; the index is below `SETS`.
        unsafe { &mut *self.sets.add(index) }
    }

    /// Whether it is worth while to look for a branch at this capture, and to keep one.
    #[inline(always)]
    pub(super) fn attempt(&mut self) -> bool {
        if self.luck > 0 {
            return true;
        }
        self.waited = (self.waited + 1) % SELDOM;
        self.waited == 0
    }

    /// The node of the stack whose innermost frame has these registers, if it is a branch of the
    /// remembered stack, of which the first `inside` frames are not inside the caller's. That stack ends
    /// at `end`.
    #[inline(always)]
    pub(super) fn recall(
        &mut self,
        caller: &Registers,
        kept: &mut Frames,
        inside: usize,
        end: u64,
    ) -> Option<NodeId> {
        let node = self.find(caller, kept, inside, end);
        let change = if node.is_some() { WORTH } else { -1 };
        self.luck = (self.luck + change).clamp(-MEMORY, MEMORY);
        node
    }

    #[inline(always)]
    fn find(
        &mut self,
        caller: &Registers,
        kept: &mut Frames,
        mut inside: usize,
        end: u64,
    ) -> Option<NodeId> {
        let age = self.age;
        let set = self.set(caller.ip, caller.sp);
        let is_set = (set.ip == caller.ip) & (set.sp == caller.sp) & (set.age == age);
        if !is_set || set.at + 8 > end {
            return None;
        }
        // SAFETY: a word of the stack that this thread is running on: not inside the caller's sp, by the invariant, and within
        // the stack's end.
        let returns_to = unsafe { *(set.at as *const u64) };
        let mut ways = set.ways(tag(returns_to));
        let branch = loop {
            let branch = set.branches.get(ways.trailing_zeros() as usize)?;
            if branch.joint.sp <= end && branch.is_there() {
                break branch;
            }
            ways &= ways - 1;
        };
        while inside > 0 && kept.state(inside - 1).frame.registers.sp < branch.joint.sp {
            inside -= 1;
        }
        if inside == 0 {
            return None;
        }
        let bp = match branch.bp {
            BpUse::Needs if caller.bp != branch.bp_of_caller => return None,
            BpUse::HandsOn => caller.bp,
            BpUse::Needs | BpUse::Restores => branch.joint.bp,
        };
        let joint = Frame {
            registers: Registers { bp, ..branch.joint },
            ..Frame::default()
        };
        let state = kept.state(inside - 1);
        if state.node != branch.joint_node || !state.is(&joint) {
            return None;
        }
        (kept.unproven(inside) == 0).then_some(branch.node)
    }

    /// Keeps the fresh frames, innermost first, that were found to hang on the remembered frame `joint`.
    pub(super) fn keep(&mut self, fresh: &mut Frames, frames: usize, joint: &State, node: NodeId) {
        if frames == 0 || frames > FRAMES_MAX {
            return;
        }
        if self.patience > 0 {
            self.patience -= 1;
            // What was not kept could not be found.
            self.luck = MEMORY;
            return;
        }
        let caller = fresh.state(0).frame.registers;
        let mut bp = BpUse::HandsOn;
        for index in 0..frames {
            let state = fresh.state(index);
            let exact = state.frame.exact;
            if bp == BpUse::HandsOn {
                bp = state.bp;
            }
            let within =
                |address: u64| address >= caller.sp && address + 8 <= joint.frame.registers.sp;
            if exact || !fresh.proof(index).iter().all(|read| within(read.address)) {
                return;
            }
        }
        let age = self.age;
        let returns_to = fresh.proof(0)[0];
        let set = self.set(caller.ip, caller.sp);
        let is_set = (set.ip == caller.ip) & (set.sp == caller.sp) & (set.age == age);
        if !is_set || set.at != returns_to.address {
            set.ip = caller.ip;
            set.sp = caller.sp;
            set.age = age;
            set.at = returns_to.address;
            set.returns = [0; WAYS];
        }
        set.next = set.next.wrapping_add(1);
        let way = set.next as usize % WAYS;
        set.returns[way] = tag(returns_to.value);
        let branch = &mut set.branches[way];
        branch.bp_of_caller = caller.bp;
        branch.joint = joint.frame.registers;
        branch.joint_node = joint.node;
        branch.node = node;
        branch.frames = frames as u8;
        branch.bp = bp;
        // SAFETY: both have at least `frames` proofs and are apart.
        unsafe {
            ptr::copy_nonoverlapping(fresh.proof(0), branch.proofs.as_mut_ptr(), frames);
        }
    }
}

/// A return address in few bits, never 0; others may have the same.
#[inline(always)]
fn tag(returns_to: u64) -> u32 {
    returns_to as u32 | 1
}

impl Set {
    /// The branches whose innermost frame returns there, a bit each.
    #[inline(always)]
    fn ways(&self, returns_to: u32) -> u32 {
        let mut ways = 0;
        for (way, kept) in self.returns.iter().enumerate() {
            ways |= u32::from(*kept == returns_to) << way;
        }
        ways
    }
}

impl Branch {
    /// Whether its frames are on the stack now. Only if the stack that this thread is running on goes from
    /// its caller's sp to its joint's at least.
    #[inline(always)]
    fn is_there(&self) -> bool {
        let frames = usize::from(self.frames).min(FRAMES_MAX);
        // SAFETY: the words lie between the caller's sp and the joint's, by the invariant.
        self.proofs[..frames]
            .iter()
            .all(|proof| unsafe { !differs(proof) })
    }
}
