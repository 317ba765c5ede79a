//! The verified stack memo: most of a stack is the same as at the thread's last event, and that can
//! be proven without unwinding it again.
//!
//! Unwinding a frame is a pure function of (ip, sp, bp) and of the stack words that the step reads
//! (and of the modules' tables: see `generation`). So each thread keeps the frames of its last stack,
//! outermost first, each with the words that its step read. A new capture unwinds from the top until
//! it meets a remembered frame with equal registers, then compares the words of that frame and of all
//! frames outside it: where they are equal, the rest of the stack is provably the same. At the first
//! difference unwinding goes on from that frame.
//!
//! Rejected: patching return addresses (disturbs exceptions, coroutines, debuggers, shadow stacks),
//! and trusting equal registers without the words (a caller may have been replaced by another with
//! the same layout).

use ldt_trace::NodeId;
use ldt_trace::words::Node;

use super::table::{self, FrameKey};
use super::unwind::{Frame, READS, Read, Reads, Step, Unwind};
use crate::modules::{self, Module};
use crate::sys::{Registers, mem};

/// The longest stack that is kept whole; longer ones lose their outermost frames and say so.
pub const MAX_FRAMES: usize = 16_384;
/// Remembered frames inside the current one are kept, in case the program goes there again, but not
/// more than this many: they are passed over at each capture.
const KEPT_INSIDE: usize = 16;

/// A frame with its node and what its step read.
#[derive(Clone, Copy)]
struct State {
    frame: Frame,
    node: NodeId,
    /// Words that the step outwards read, the last one repeated; all at addresses of the stack.
    words: [Read; READS],
    /// The words do not tell all: the step must be made again each time.
    unverifiable: bool,
}

/// What the memo needs from the rest of the engine while it captures.
pub trait Announce {
    /// A new node of the stack table.
    fn node(&mut self, node: &Node);
    /// A module met for the first time.
    fn module(&mut self, module: &Module);
}

/// One thread's view of its own stack.
///
/// Invariant of the raw memory: `kept` and `fresh` each point to `MAX_FRAMES + 1` states in zeroed,
/// lazily touched memory (all zero is a valid `State`), owned by this value.
#[allow(
    missing_debug_implementations,
    reason = "raw memory and framehop's cache"
)]
pub struct Stacks {
    unwind: Unwind,
    kept: *mut State,
    /// The remembered stack: `kept[..count]`, outermost first.
    count: usize,
    /// Frames of the capture in progress, innermost first.
    fresh: *mut State,
    generation: u64,
    /// The largest distance from a stack's top to its end that a capture saw, in bytes.
    deepest_bytes: u64,
}

/// How a capture's frames connect to the remembered ones.
struct Joint {
    /// This many remembered frames stay, outermost first.
    keep: usize,
    /// The outermost frames are missing.
    cut: bool,
}

const REGION_BYTES: usize = (MAX_FRAMES + 1) * size_of::<State>();

impl Stacks {
    /// For one thread; `None` when there is no memory.
    #[must_use]
    pub fn new(unwind: Unwind) -> Option<Self> {
        let kept = mem::allocate(REGION_BYTES)?.cast();
        let fresh = mem::allocate(REGION_BYTES)?.cast();
        Some(Stacks {
            unwind,
            kept,
            count: 0,
            fresh,
            generation: 0,
            deepest_bytes: 0,
        })
    }

    /// Gives the memory back.
    pub fn release(self) {
        // SAFETY: mapped by `new` with this size; `self` is gone afterwards.
        unsafe {
            mem::release(self.kept.cast(), REGION_BYTES);
            mem::release(self.fresh.cast(), REGION_BYTES);
        }
    }

    /// Forgets the remembered stack.
    pub fn forget(&mut self) {
        self.count = 0;
    }

    /// The deepest stack seen, in bytes.
    #[must_use]
    pub fn deepest_bytes(&self) -> u64 {
        self.deepest_bytes
    }

    /// Whether `sp` is further out than `inside` on the current stack.
    #[must_use]
    pub fn is_outside(&self, inside: u64, sp: u64) -> bool {
        let stack = self.unwind.bounds.range();
        stack.contains(&inside) && stack.contains(&sp) && sp > inside
    }

    #[inline(always)]
    fn kept(&mut self, index: usize) -> &mut State {
        debug_assert!(index <= MAX_FRAMES);
        // SAFETY: see the invariant of `Stacks`.
        unsafe { &mut *self.kept.add(index) }
    }

    #[inline(always)]
    fn fresh(&mut self, index: usize) -> &mut State {
        debug_assert!(index <= MAX_FRAMES);
        // SAFETY: see the invariant of `Stacks`.
        unsafe { &mut *self.fresh.add(index) }
    }

    /// The node of the stack whose innermost frame has these registers (ip a return address).
    #[inline]
    pub fn capture(&mut self, caller: Registers, to: &mut impl Announce) -> NodeId {
        match self.unwind.bounds.follow(caller.sp) {
            Some(false) => {}
            Some(true) => self.count = 0,
            None => return table::intern(NodeId(0), FrameKey::CUT, &mut |node| to.node(node)),
        }
        let generation = modules::generation();
        if self.generation != generation {
            self.generation = generation;
            self.count = 0;
        }
        let mut inside = self.count;
        while inside > 0 && self.kept(inside - 1).frame.registers.sp < caller.sp {
            inside -= 1;
        }
        if self.count - inside > KEPT_INSIDE {
            self.count = inside;
        }
        if inside > 0
            && self.kept(inside - 1).frame.registers == caller
            && self.verified(inside) == 0
        {
            return self.kept(inside - 1).node;
        }
        self.capture_changed(caller, inside, to)
    }

    /// Compares the words of `kept[..count]`, innermost first; gives how many frames, counted from
    /// the outermost, are *not* proven: 0 when all are, else one past the first that differs.
    #[inline(always)]
    fn verified(&mut self, count: usize) -> usize {
        for index in (0..count).rev() {
            let state = self.kept(index);
            let [first, second] = state.words;
            // SAFETY: the words lie in the stack that this thread is running on: they were read from
            // it, in bounds that still hold (`capture` has checked).
            let same = unsafe {
                *(first.address as *const u64) == first.value
                    && *(second.address as *const u64) == second.value
            };
            if !same || state.unverifiable {
                return index + 1;
            }
        }
        0
    }

    #[inline(never)]
    fn capture_changed(
        &mut self,
        caller: Registers,
        inside: usize,
        to: &mut impl Announce,
    ) -> NodeId {
        let stack = self.unwind.bounds.range();
        self.deepest_bytes = self.deepest_bytes.max(stack.end.wrapping_sub(caller.sp));
        let frame = Frame {
            registers: caller,
            exact: false,
            epoch: 0,
        };
        let (joint, fresh) = self.walk(frame, inside, to);
        // A walk that left the stack (by an alternate signal stack's end) cannot be remembered: only
        // words of the stack that the thread is running on may be read again.
        let left = self.unwind.bounds.range() != stack;
        let node = self.join(&joint, fresh, to);
        if left {
            self.count = 0;
            let _ = self.unwind.bounds.follow(caller.sp);
        }
        node
    }

    /// Unwinds from `frame` until the remembered stack is met or the stack ends; gives where, and how
    /// many fresh frames there are.
    fn walk(
        &mut self,
        mut frame: Frame,
        mut inside: usize,
        to: &mut impl Announce,
    ) -> (Joint, usize) {
        let mut floor = frame.registers.sp.saturating_sub(8);
        let mut fresh = 0;
        loop {
            while inside > 0 && self.kept(inside - 1).frame.registers.sp < frame.registers.sp {
                inside -= 1;
            }
            let met = inside > 0 && {
                let known = self.kept(inside - 1).frame;
                known.registers == frame.registers && known.exact == frame.exact
            };
            if met {
                let unproven = self.verified(inside);
                if unproven == 0 {
                    return (
                        Joint {
                            keep: inside,
                            cut: false,
                        },
                        fresh,
                    );
                }
                // Frames from `inside` out to the one that differs are right themselves.
                for index in (unproven - 1..inside).rev() {
                    if fresh >= MAX_FRAMES {
                        return (Joint { keep: 0, cut: true }, fresh);
                    }
                    *self.fresh(fresh) = *self.kept(index);
                    fresh += 1;
                }
                inside = unproven - 1;
                frame = self.fresh(fresh - 1).frame;
            } else {
                if fresh >= MAX_FRAMES {
                    return (Joint { keep: 0, cut: true }, fresh);
                }
                *self.fresh(fresh) = State {
                    frame,
                    node: NodeId(0),
                    words: [Read::default(); READS],
                    unverifiable: false,
                };
                fresh += 1;
            }
            let mut reads = Reads::default();
            let module = self.unwind.module(&frame, &mut |module| to.module(module));
            let step = self.unwind.step(&frame, module, floor, &mut reads);
            let own_stack = self.unwind.bounds.range();
            let state = self.fresh(fresh - 1);
            state.frame.epoch = module.map_or(0, |module| module.epoch);
            state.unverifiable = reads.count > READS || reads.count == 0;
            state.words = match reads.count {
                0 => {
                    [Read {
                        address: frame.registers.sp & !7,
                        value: 0,
                    }; READS]
                }
                1 => [reads.words[0]; READS],
                _ => reads.words,
            };
            if reads.count == 0 && step == Step::End {
                state.unverifiable = false;
                state.words = always_true();
            }
            match step {
                Step::Caller(caller) => {
                    if caller.exact && !own_stack.contains(&caller.registers.sp) {
                        // Out of an alternate signal stack, onto the interrupted one.
                        inside = 0;
                        if self.unwind.bounds.follow(caller.registers.sp).is_none() {
                            return (Joint { keep: 0, cut: true }, fresh);
                        }
                        floor = caller.registers.sp.saturating_sub(128);
                    }
                    frame = caller;
                }
                Step::End => {
                    return (
                        Joint {
                            keep: 0,
                            cut: false,
                        },
                        fresh,
                    );
                }
                Step::Lost => {
                    self.fresh(fresh - 1).unverifiable = true;
                    return (Joint { keep: 0, cut: true }, fresh);
                }
            }
        }
    }

    /// Puts the fresh frames on the remembered ones that stay, giving each its node.
    fn join(&mut self, joint: &Joint, fresh: usize, to: &mut impl Announce) -> NodeId {
        let mut parent = match joint.keep {
            0 if joint.cut => table::intern(NodeId(0), FrameKey::CUT, &mut |node| to.node(node)),
            0 => NodeId(0),
            keep => self.kept(keep - 1).node,
        };
        let mut count = joint.keep;
        for index in (0..fresh).rev() {
            let mut state = *self.fresh(index);
            let key = FrameKey::new(
                state.frame.registers.ip,
                state.frame.exact,
                state.frame.epoch,
            );
            parent = table::intern(parent, key, &mut |node| to.node(node));
            if count < MAX_FRAMES {
                state.node = parent;
                if joint.cut && count == 0 {
                    // What lies outside was not seen: another stack may end here for good.
                    state.unverifiable = true;
                }
                *self.kept(count) = state;
                count += 1;
            }
        }
        self.count = count;
        parent
    }

    /// The differential mode: unwinds plainly from the same registers and compares frame by frame.
    /// Gives whether the stack that the memo gave (its node) is what plain unwinding finds.
    pub fn check(&mut self, caller: Registers, node: NodeId, to: &mut impl Announce) -> bool {
        let count = core::mem::take(&mut self.count);
        let frame = Frame {
            registers: caller,
            exact: false,
            epoch: 0,
        };
        let stack = self.unwind.bounds.range();
        let (joint, fresh) = self.walk(frame, 0, to);
        let mut parent = match joint.cut {
            true => table::intern(NodeId(0), FrameKey::CUT, &mut |node| to.node(node)),
            false => NodeId(0),
        };
        for index in (0..fresh).rev() {
            let state = *self.fresh(index);
            let key = FrameKey::new(
                state.frame.registers.ip,
                state.frame.exact,
                state.frame.epoch,
            );
            parent = table::intern(parent, key, &mut |node| to.node(node));
        }
        if self.unwind.bounds.range() != stack {
            let _ = self.unwind.bounds.follow(caller.sp);
        } else {
            self.count = count;
        }
        parent == node
    }
}

/// Words that always compare equal: one word of our own constant data.
fn always_true() -> [Read; READS] {
    static ZERO: u64 = 0;
    [Read {
        address: &raw const ZERO as u64,
        value: 0,
    }; READS]
}
