//! The differential mode: what the memo gives, held against plain unwinding.

use ldt_trace::NodeId;

use super::{ENOUGH_FRAMES, Stacks, key};
use crate::stacks::table::{self, FrameKey};
use crate::stacks::unwind::{Frame, Reads, Step};
use crate::sys::Registers;

impl Stacks {
    /// Walks the stack from the same registers with framehop alone, without memo and rules, beside the stack that the
    /// memo gave (its node; the table keeps parents). Gives whether both have the same frames; of a stack that the memo
    /// cut for its length, those that were kept.
    pub fn check(&mut self, caller: Registers, node: NodeId) -> bool {
        let mut frame = Frame {
            registers: caller,
            exact: false,
            epoch: 0,
        };
        let mut floor = caller.sp.saturating_sub(8);
        let mut given = table::frame(node);
        let mut frames = 0;
        let is_same = loop {
            let step = self
                .unwind
                .step_unremembered(&mut frame, floor, &mut Reads::default());
            let Some((of_memo, parent)) = given else {
                break false;
            };
            if of_memo != key(&frame) {
                break of_memo == FrameKey::CUT && frames >= ENOUGH_FRAMES;
            }
            frames += 1;
            given = table::frame(parent);
            let is_cut = given.is_some_and(|(of_memo, _)| of_memo == FrameKey::CUT);
            match step {
                Step::Caller(caller) => {
                    let sp = caller.registers.sp;
                    if caller.exact && !self.unwind.bounds.range().contains(&sp) {
                        if self.unwind.bounds.follow(sp).is_none() {
                            break is_cut;
                        }
                        floor = sp.saturating_sub(128);
                    }
                    frame = caller;
                }
                Step::End => break given.is_none(),
                Step::Lost => break is_cut,
            }
        };
        if self.unwind.bounds.follow(caller.sp) != Some(false) {
            self.count = 0;
        }
        is_same
    }
}
