//! The stack of code that a fault interrupted, anywhere: in a prologue, at the end of its stack, after a
//! jump to nowhere. Nothing is taken from the memo, nothing is left in it: a fault is no hot path.

use ldt_trace::NodeId;

use super::{Announce, MAX_FRAMES, Stacks};
use crate::modules;
use crate::stacks::bounds::Bounds;
use crate::stacks::unwind::{Frame, Step};
use crate::sys::Registers;
use crate::sys::signal::read_memory;

impl Stacks {
    /// The node of the stack of interrupted code: `at.ip` is the instruction itself, not a return address. The innermost
    /// frames are left out as long as their module's path is one of `without`.
    pub fn capture_interrupted(
        &mut self,
        at: Registers,
        without: &mut dyn FnMut(&[u8]) -> bool,
        to: &mut impl Announce,
    ) -> NodeId {
        self.forget();
        let generation = modules::generation();
        if self.generation != generation {
            self.generation = generation;
            self.unwind.forget();
        }
        let floor = self.unwind.bounds.follow_interrupted(at.sp);
        let mut frame = Frame {
            registers: at,
            exact: true,
            epoch: 0,
        };
        let mut fresh = 0;
        if !is_code(at.ip)
            && let Some(caller) = floor.and_then(|_| caller_of_nowhere(at))
        {
            // Address 0 is no frame in a trace.
            if at.ip != 0 {
                self.fresh.state(0).frame = frame;
                fresh = 1;
            }
            frame = caller;
        }
        // With no stack to read, any reading is refused: the frame itself is all there is.
        let is_cut = self.walk_interrupted(frame, floor.unwrap_or(u64::MAX), &mut fresh, to);
        let mut parent = if is_cut { self.cut(to) } else { NodeId(0) };
        let shown = (0..fresh).position(|index| {
            let frame = &self.fresh.state(index).frame;
            let ip = frame.registers.ip.wrapping_sub(u64::from(!frame.exact));
            !modules::known(ip).is_some_and(|module| without(&module.path))
        });
        for index in (shown.unwrap_or(0)..fresh).rev() {
            let frame = self.fresh.state(index).frame;
            parent = self.node(parent, &frame, to);
        }
        self.unwind.bounds = Bounds::default();
        parent
    }

    /// Collects frames from `frame` outwards behind the `fresh` ones that are there; gives whether the
    /// outermost are missing.
    fn walk_interrupted(
        &mut self,
        mut frame: Frame,
        mut floor: u64,
        fresh: &mut usize,
        to: &mut impl Announce,
    ) -> bool {
        while *fresh < MAX_FRAMES {
            let announce = &mut |module: &modules::Module| to.module(module);
            let (step, _, epoch) = self.unwind.step(frame, floor, announce);
            frame.epoch = epoch;
            self.fresh.state(*fresh).frame = frame;
            *fresh += 1;
            match step {
                Step::Caller(caller) => {
                    let sp = caller.registers.sp;
                    if caller.exact && !self.unwind.bounds.range().contains(&sp) {
                        // Out of an alternate signal stack, onto the interrupted one.
                        let Some(lowest) = self.unwind.bounds.follow_interrupted(sp) else {
                            return true;
                        };
                        floor = lowest;
                    }
                    frame = caller;
                }
                Step::End => return false,
                Step::Lost => return true,
            }
        }
        true
    }
}

/// Whether something can be there to be run.
fn is_code(ip: u64) -> bool {
    read_memory(ip, &mut [0]) == 1
}

/// After a call to an address where nothing is, the return address is the newest word of the stack.
fn caller_of_nowhere(at: Registers) -> Option<Frame> {
    let mut word = [0; 8];
    if read_memory(at.sp, &mut word) < word.len() {
        return None;
    }
    let ip = u64::from_le_bytes(word);
    let registers = Registers {
        ip,
        sp: at.sp + 8,
        bp: at.bp,
    };
    is_code(ip).then_some(Frame {
        registers,
        exact: false,
        epoch: 0,
    })
}
