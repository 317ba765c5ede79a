//! The remembered and the fresh frames of a thread's stack, in raw memory.

use ldt_trace::NodeId;

use super::MAX_FRAMES;
use super::proof::{Proof, differs};
use crate::stacks::unwind::{BpUse, Frame};
use crate::sys::mem;

/// A frame with its node.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) frame: Frame,
    pub(super) node: NodeId,
    /// What becomes of the frame's bp. Of a remembered frame: `Needs` unless it is certain that no
    /// frame further out uses the bp that this one hands on.
    pub(super) bp: BpUse,
}

impl State {
    /// Its frame and what becomes of bp, when they may have been written a moment ago: see [`Read::just_written`](crate::stacks::unwind::Read::just_written).
    #[inline(always)]
    pub(super) fn just_written(&self) -> (Frame, BpUse) {
        let registers = self.frame.registers.just_written();
        (
            Frame {
                registers,
                ..self.frame
            },
            self.bp,
        )
    }

    /// Whether this remembered frame is the one with these registers.
    #[inline(always)]
    pub(super) fn is(&self, frame: &Frame) -> bool {
        let (mine, other) = (&self.frame.registers, &frame.registers);
        (mine.ip == other.ip)
            & (mine.sp == other.sp)
            & ((mine.bp == other.bp) | (self.bp != BpUse::Needs))
            & (self.frame.exact == frame.exact)
    }
}

/// A stack of states, and beside them their proofs: comparing touches only these.
///
/// Invariant of the raw memory: both point to `MAX_FRAMES + 1` elements in zeroed, lazily touched
/// memory (all zero is valid) owned by this value.
#[derive(Debug)]
pub(super) struct Frames {
    states: *mut State,
    proofs: *mut Proof,
}

const STATES_BYTES: usize = (MAX_FRAMES + 1) * size_of::<State>();
const PROOFS_BYTES: usize = (MAX_FRAMES + 1) * size_of::<Proof>();

impl Frames {
    pub(super) fn new() -> Option<Frames> {
        let states = mem::allocate(STATES_BYTES)?.cast();
        Some(Frames {
            states,
            proofs: mem::allocate(PROOFS_BYTES)?.cast(),
        })
    }

    pub(super) fn release(self) {
        // SAFETY: mapped by `new` with these sizes; `self` is gone afterwards.
        unsafe {
            mem::release(self.states.cast(), STATES_BYTES);
            mem::release(self.proofs.cast(), PROOFS_BYTES);
        }
    }

    #[inline(always)]
    pub(super) fn state(&mut self, index: usize) -> &mut State {
        debug_assert!(index <= MAX_FRAMES);
        // SAFETY: see the invariant.
        unsafe { &mut *self.states.add(index) }
    }

    #[inline(always)]
    pub(super) fn proof(&mut self, index: usize) -> &mut Proof {
        debug_assert!(index <= MAX_FRAMES);
        // SAFETY: see the invariant.
        unsafe { &mut *self.proofs.add(index) }
    }

    /// Compares the words of frames `..count`, innermost first; gives how many frames, counted from
    /// the outermost, are *not* proven: 0 when all are, else one past the innermost that differs.
    #[inline(always)]
    pub(super) fn unproven(&mut self, count: usize) -> usize {
        let mut index = count;
        // Four frames at a time without a branch between them: half the time on deep stacks.
        while index >= 4 {
            let different =
                (index - 4..index).fold(false, |different, index| different | self.differs(index));
            if different {
                break;
            }
            index -= 4;
        }
        while index > 0 {
            if self.differs(index - 1) {
                return index;
            }
            index -= 1;
        }
        0
    }

    /// Gives the innermost of `..count` another bp, and with it the frames that it is handed on to.
    #[inline]
    pub(super) fn hand_on(&mut self, count: usize, bp: u64) {
        for index in (0..count).rev() {
            let state = self.state(index);
            state.frame.registers.bp = bp;
            if state.bp == BpUse::Restores {
                return;
            }
        }
    }

    #[inline(always)]
    fn differs(&mut self, index: usize) -> bool {
        // SAFETY: the words lie in the stack that this thread is running on (they were read from it, in
        // bounds that still hold: `capture` has checked), or in our own constant data.
        unsafe { differs(self.proof(index)) }
    }
}
