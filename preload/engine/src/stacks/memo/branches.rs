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
//! eight: 67%, of sqlite3's 95%, of a compiler's 33%. Telling them apart by the second return address as
//! well found no more in the same time.) And some programs never come back the same way (a walk
//! through a tree): they soon pay for one attempt in [`SELDOM`] only.

use core::ptr;

use ldt_trace::NodeId;

use super::{Frames, Proof, State};
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

/// See the module. All zero is an empty place.
#[derive(Clone, Copy)]
struct Branch {
    /// Registers in the innermost frame.
    caller: Registers,
    /// Registers in the frame that the outermost one was called from.
    joint: Registers,
    joint_node: NodeId,
    node: NodeId,
    /// Which age it is of; see [`Branches::forget`].
    age: u32,
    frames: u8,
    /// What becomes of the caller's bp on the way to the joint.
    bp: BpUse,
    proofs: [Proof; FRAMES_MAX],
}

type Set = [Branch; WAYS];

/// Invariant of the raw memory: `sets` points to `SETS` of them in zeroed memory owned by this value. The
/// words that a branch's proofs name lie between its caller's and its joint's sp.
#[derive(Debug)]
pub(super) struct Branches {
    sets: *mut Set,
    age: u32,
    /// Counts branches kept, to replace one after the other.
    kept: usize,
    /// How well it has gone: see [`WORTH`].
    luck: i32,
    /// Captures since the last attempt.
    waited: u32,
}

const BYTES: usize = SETS * size_of::<Set>();

impl Branches {
    pub(super) fn new() -> Option<Branches> {
        Some(Branches {
            sets: mem::allocate(BYTES)?.cast(),
            age: 1,
            kept: 0,
            luck: MEMORY,
            waited: 0,
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

    #[inline(always)]
    fn set(&mut self, caller: &Registers) -> &mut Set {
        let mixed = (caller.ip ^ caller.sp.rotate_left(20)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
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
        let branch = self.set(caller).iter().find(|branch| {
            (branch.caller.ip == caller.ip)
                & (branch.caller.sp == caller.sp)
                & (branch.age == age)
                & (branch.joint.sp <= end)
                && branch.is_there()
        })?;
        while inside > 0 && kept.state(inside - 1).frame.registers.sp < branch.joint.sp {
            inside -= 1;
        }
        if inside == 0 {
            return None;
        }
        let bp = match branch.bp {
            BpUse::Needs if caller.bp != branch.caller.bp => return None,
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
        self.kept = self.kept.wrapping_add(1);
        let way = self.kept % WAYS;
        let branch = &mut self.set(&caller)[way];
        branch.caller = caller;
        branch.joint = joint.frame.registers;
        branch.joint_node = joint.node;
        branch.node = node;
        branch.age = age;
        branch.frames = frames as u8;
        branch.bp = bp;
        // SAFETY: both have at least `frames` proofs and are apart.
        unsafe {
            ptr::copy_nonoverlapping(fresh.proof(0), branch.proofs.as_mut_ptr(), frames);
        }
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
            .all(|proof| unsafe { !super::differs(proof) })
    }
}
