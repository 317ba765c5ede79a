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
//! Most code uses bp as a register like any other. A frame whose unwinding does not depend on it, all
//! the way out, is met with any bp ([`State::bp`]); on a program with shallow stacks this saves a third.
//!
//! The frames inside the meeting point are remembered too, by places that the program comes back to: see
//! [`branches`].
//!
//! Rejected: patching return addresses (disturbs exceptions, coroutines, debuggers, shadow stacks),
//! and trusting equal registers without the words (a caller may have been replaced by another with
//! the same layout).

use core::ops::Range;

use ldt_trace::NodeId;
use ldt_trace::words::Node;

use super::bounds::Bounds;
use super::table::{self, FrameKey};
use super::unwind::{BpUse, Frame, READS, Read, Reads, Step, Unwind};
use crate::modules::{self, Module};
use crate::sys::Registers;

mod branches;
mod differential;
mod frames;
mod interrupted;
mod proof;
mod steps;
#[cfg(test)]
mod tests;

use branches::Branches;
use frames::{Frames, State};
use proof::{always, never};
use steps::Steps;

/// The longest stack that is kept whole; longer ones lose their outermost frames and say so. (Tests of this crate are not
/// optimized: theirs is shorter.)
pub const MAX_FRAMES: usize = if cfg!(test) { 512 } else { 16_384 };
/// So many frames are enough of a stack that was cut for its length. With just the longest, the next frame inwards would
/// cut it anew: the whole walk, at every event of a deep recursion.
const ENOUGH_FRAMES: usize = MAX_FRAMES / 2;
/// So many are kept when it is cut: halfway, since with just enough of them the next frame outwards would do the same.
const CUT_FRAMES: usize = ENOUGH_FRAMES + (MAX_FRAMES - ENOUGH_FRAMES) / 2;
/// Remembered frames inside the current one are kept, in case the program goes there again, but not
/// more than this many: they are passed over at each capture.
const KEPT_INSIDE: usize = 16;

/// What the memo needs from the rest of the engine while it captures.
pub trait Announce {
    /// A new node of the stack table.
    fn node(&mut self, node: &Node);
    /// A module met for the first time.
    fn module(&mut self, module: &Module);
}

/// One thread's view of its own stack.
#[allow(
    missing_debug_implementations,
    reason = "raw memory and framehop's cache"
)]
pub struct Stacks {
    unwind: Unwind,
    /// The remembered stack is `..count` of these, outermost first.
    kept: Frames,
    count: usize,
    /// The remembered stack goes on beyond its outermost frame, and was too long to be walked.
    is_too_long: bool,
    /// Frames of the capture in progress, innermost first.
    fresh: Frames,
    branches: Branches,
    generation: u64,
    /// The largest distance from a stack's top to its end that a capture saw, in bytes.
    deepest_bytes: u64,
    /// Of all captures.
    steps: Steps,
}

/// How a capture's frames connect to the remembered ones.
struct Joint {
    /// This many remembered frames stay, outermost first.
    keep: usize,
    /// The outermost frames are missing.
    cut: bool,
    /// So many of the fresh ones, innermost first, go on them.
    fresh: usize,
}

impl Joint {
    fn on(keep: usize, fresh: usize) -> Self {
        Joint {
            keep,
            cut: false,
            fresh,
        }
    }

    fn cut(fresh: usize) -> Self {
        Joint {
            keep: 0,
            cut: true,
            fresh,
        }
    }
}

impl Stacks {
    /// For one thread; `None` when there is no memory.
    #[must_use]
    pub fn new(unwind: Unwind) -> Option<Self> {
        Some(Stacks {
            unwind,
            kept: Frames::new()?,
            count: 0,
            is_too_long: false,
            fresh: Frames::new()?,
            branches: Branches::new()?,
            generation: 0,
            deepest_bytes: 0,
            steps: Steps::default(),
        })
    }

    /// Gives the memory back.
    pub fn release(mut self) {
        self.unwind.release();
        self.kept.release();
        self.fresh.release();
        self.branches.release();
    }

    /// Forgets the remembered stack.
    pub fn forget(&mut self) {
        self.count = 0;
        self.branches.forget();
    }

    /// Forgets the thread's stacks, when another thread takes over.
    pub fn leave(&mut self) {
        self.forget();
        self.unwind.bounds = Bounds::default();
    }

    /// Goes on in a forked child. In check mode the table of stacks is the parent's, and so what is remembered holds.
    pub fn begin_child(&mut self) {
        if !table::is_inherited(NodeId(0)) {
            self.forget();
        }
        self.branches.begin_child();
        self.deepest_bytes = 0;
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

    /// The node of the stack whose innermost frame has these registers (ip a return address).
    #[inline]
    pub fn capture(&mut self, caller: Registers, to: &mut impl Announce) -> NodeId {
        match self.unwind.bounds.follow(caller.sp) {
            Some(false) => {}
            Some(true) => self.count = 0,
            None => {
                return table::intern(NodeId(0), FrameKey::CUT, &mut |node| to.node(node));
            }
        }
        let generation = modules::generation();
        if self.generation != generation {
            self.generation = generation;
            self.forget();
            self.unwind.forget();
        }
        let mut inside = self.count;
        while inside > 0 && self.kept.state(inside - 1).frame.registers.sp < caller.sp {
            inside -= 1;
        }
        if self.count - inside > KEPT_INSIDE {
            self.count = inside;
        }
        if inside > 0 {
            let innermost = *self.kept.state(inside - 1);
            let frame = Frame {
                registers: caller,
                ..Frame::default()
            };
            if innermost.is(&frame) && self.unproven(inside, 0) == 0 {
                if innermost.frame.registers.bp != caller.bp {
                    // Functions that keep something else in bp come back with another one at each event. What was
                    // remembered further in has handed on the bp of then.
                    self.kept.hand_on(inside, caller.bp);
                    self.count = inside;
                }
                return innermost.node;
            }
        }
        self.capture_changed(caller.ip, caller.sp, caller.bp, inside, to)
    }

    /// [`Stacks::capture`] when the stack is another. The registers one by one, which is in the processor's: a
    /// structure would be handed over through memory, and wait there.
    #[inline(never)]
    fn capture_changed(
        &mut self,
        ip: u64,
        sp: u64,
        bp: u64,
        inside: usize,
        to: &mut impl Announce,
    ) -> NodeId {
        let caller = Registers { ip, sp, bp };
        let stack = self.unwind.bounds.range();
        let attempt = self.branches.attempt();
        if attempt
            && let Some(node) = self
                .branches
                .recall(&caller, &mut self.kept, inside, stack.end)
        {
            return node;
        }
        self.deepest_bytes = self.deepest_bytes.max(stack.end.wrapping_sub(caller.sp));
        let frame = Frame {
            registers: caller,
            exact: false,
            epoch: 0,
        };
        let joint = self.walk(frame, inside, to);
        // A walk that left the stack (by an alternate signal stack's end) cannot be remembered: only
        // words of the stack that the thread is running on may be read again.
        let left = self.unwind.bounds.range() != stack;
        let node = self.join(&joint, to);
        if attempt && joint.keep > 0 && !joint.cut && !left {
            let state = *self.kept.state(joint.keep - 1);
            self.branches
                .keep(&mut self.fresh, joint.fresh, &state, node);
        }
        if left {
            self.count = 0;
            let _ = self.unwind.bounds.follow(caller.sp);
        }
        node
    }

    /// How many of the outermost `inside` frames are not proven. A stack that was too long is, up to its outermost
    /// frame, as long as there are enough of it.
    #[inline(always)]
    fn unproven(&mut self, inside: usize, fresh: usize) -> usize {
        match self.kept.unproven(inside) {
            1 if self.is_too_long && inside + fresh >= ENOUGH_FRAMES => 0,
            unproven => unproven,
        }
    }

    /// Unwinds from `frame` until the remembered stack is met or the stack ends; gives where.
    fn walk(&mut self, mut frame: Frame, mut inside: usize, to: &mut impl Announce) -> Joint {
        let mut floor = frame.registers.sp.saturating_sub(8);
        let mut fresh = 0;
        loop {
            while inside > 0 && self.kept.state(inside - 1).frame.registers.sp < frame.registers.sp
            {
                inside -= 1;
            }
            let met = inside > 0 && self.kept.state(inside - 1).is(&frame);
            let unproven = if met {
                self.unproven(inside, fresh)
            } else {
                inside
            };
            // With another bp only a whole proof counts: frames between would be stepped out of with
            // the bp of then.
            let same_bp =
                met && self.kept.state(inside - 1).frame.registers.bp == frame.registers.bp;
            if met && (same_bp || unproven == 0) {
                if unproven == 0 {
                    if !same_bp {
                        self.kept.hand_on(inside, frame.registers.bp);
                    }
                    if inside + fresh <= MAX_FRAMES {
                        return Joint::on(inside, fresh);
                    }
                    self.copy_kept(inside + fresh - CUT_FRAMES..inside, &mut fresh);
                    return self.too_long();
                }
                if fresh + inside - unproven >= MAX_FRAMES {
                    self.copy_kept(inside + fresh - CUT_FRAMES..inside, &mut fresh);
                    return self.too_long();
                }
                // Frames from `inside` out to the one that differs are right themselves.
                self.copy_kept(unproven - 1..inside, &mut fresh);
                inside = unproven - 1;
                frame = self.fresh.state(fresh - 1).frame;
            } else {
                if fresh >= MAX_FRAMES {
                    return self.too_long();
                }
                fresh += 1;
            }
            self.steps.count();
            let (step, reads, epoch) = self
                .unwind
                .step(frame, floor, &mut |module| to.module(module));
            frame.epoch = epoch;
            *self.fresh.state(fresh - 1) = State {
                frame,
                node: NodeId(0),
                bp: reads.bp,
            };
            *self.fresh.proof(fresh - 1) = match (reads.count, step) {
                (_, Step::Lost) => never(),
                (0, Step::End) => always(),
                (1, _) => [reads.words[0]; READS],
                (2, _) => reads.words,
                _ => never(),
            };
            match step {
                Step::Caller(caller) => {
                    if caller.exact && !self.unwind.bounds.range().contains(&caller.registers.sp) {
                        // Out of an alternate signal stack, onto the interrupted one.
                        inside = 0;
                        if self.unwind.bounds.follow(caller.registers.sp).is_none() {
                            return self.ends_by(Joint::cut(fresh));
                        }
                        floor = caller.registers.sp.saturating_sub(128);
                    }
                    frame = caller;
                }
                Step::End => return self.ends_by(Joint::on(0, fresh)),
                Step::Lost => return self.ends_by(Joint::cut(fresh)),
            }
        }
    }

    /// Takes remembered frames over as fresh ones.
    fn copy_kept(&mut self, kept: Range<usize>, fresh: &mut usize) {
        for index in kept.rev() {
            *self.fresh.state(*fresh) = *self.kept.state(index);
            *self.fresh.proof(*fresh) = *self.kept.proof(index);
            *fresh += 1;
        }
    }

    /// A walk that was not too long.
    fn ends_by(&mut self, joint: Joint) -> Joint {
        self.is_too_long = false;
        joint
    }

    /// A walk that was, with fresh frames enough.
    #[cold]
    fn too_long(&mut self) -> Joint {
        self.is_too_long = true;
        Joint::cut(CUT_FRAMES)
    }

    /// Puts the fresh frames on the remembered ones that stay, giving each its node.
    fn join(&mut self, joint: &Joint, to: &mut impl Announce) -> NodeId {
        let mut parent = match joint.keep {
            0 if joint.cut => self.cut(to),
            0 => NodeId(0),
            keep => self.kept.state(keep - 1).node,
        };
        let mut count = joint.keep;
        // Beyond a cut nothing is known.
        let mut outer = match joint.keep {
            0 => BpUse::Needs,
            keep => self.kept.state(keep - 1).bp,
        };
        for index in (0..joint.fresh).rev() {
            let (frame, bp) = self.fresh.state(index).just_written();
            parent = self.node(parent, &frame, to);
            outer = match bp {
                BpUse::HandsOn if outer == BpUse::Needs => BpUse::Needs,
                own => own,
            };
            if count < MAX_FRAMES {
                *self.kept.state(count) = State {
                    frame,
                    node: parent,
                    bp: outer,
                };
                // What lies outside a cut was not seen: another time it may be there.
                let cut_here = joint.cut && count == 0;
                *self.kept.proof(count) = if cut_here {
                    never()
                } else {
                    self.fresh.proof(index).each_ref().map(Read::just_written)
                };
                count += 1;
            }
        }
        self.count = count;
        parent
    }

    #[inline(always)]
    fn node(&mut self, parent: NodeId, frame: &Frame, to: &mut impl Announce) -> NodeId {
        table::intern(parent, key(frame), &mut |node| to.node(node))
    }

    #[cold]
    fn cut(&mut self, to: &mut impl Announce) -> NodeId {
        table::intern(NodeId(0), FrameKey::CUT, &mut |node| to.node(node))
    }

    /// The first frame outwards from `from` whose module's path is not one of `inside`; the outermost
    /// one that is found, when all are.
    #[must_use]
    pub fn frame_outside(
        &mut self,
        from: Registers,
        inside: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Registers {
        let mut frame = Frame {
            registers: from,
            exact: true,
            epoch: 0,
        };
        if self.unwind.bounds.follow(from.sp) == Some(true) {
            self.count = 0;
        }
        for _ in 0..MAX_FRAMES {
            let ip = frame.registers.ip;
            let module = modules::find(ip.wrapping_sub(u64::from(!frame.exact)), &mut |_| ());
            if !module.is_some_and(|module| inside(&module.path)) {
                break;
            }
            let floor = frame.registers.sp.saturating_sub(128);
            let step = self
                .unwind
                .step_unremembered(&mut frame, floor, &mut Reads::default());
            let Step::Caller(caller) = step else { break };
            frame = caller;
        }
        frame.registers
    }
}

fn key(frame: &Frame) -> FrameKey {
    FrameKey::new(frame.registers.ip, frame.exact, frame.epoch)
}
