//! What the heap comes across while it serves a call becomes a finding at that call.

use ldt_trace::finding::{Access, BlockState, DetectedBy, ErrorKind};
use ldt_trace::{Function, NodeId};

use super::{Report, excused, report};
use crate::blocks::{Damage, Found, Misuse};
use crate::recorder::Recorder;

/// Reports with the stack of one call.
#[allow(missing_debug_implementations, reason = "the recorder has none")]
pub struct Reporter<'a> {
    recorder: &'a mut Recorder,
    stack: NodeId,
    /// The function called, `None` where the check was nobody's call.
    function: Option<Function>,
}

impl<'a> Reporter<'a> {
    /// For what a call of `function` from `stack` brings to light.
    pub fn new(recorder: &'a mut Recorder, function: Function, stack: NodeId) -> Self {
        Reporter {
            recorder,
            stack,
            function: Some(function),
        }
    }

    /// For what comes to light at the end of the process, or on demand.
    pub fn unplaced(recorder: &'a mut Recorder) -> Self {
        Reporter {
            recorder,
            stack: NodeId(0),
            function: None,
        }
    }

    fn called(&self) -> &'static [u8] {
        self.function
            .map_or(b"", |function| function.symbol().as_bytes())
    }
}

impl Found for Reporter<'_> {
    #[cold]
    fn misuse(&mut self, misuse: &Misuse) {
        let called = self.called();
        report(
            self.recorder,
            &Report {
                kind: misuse.kind,
                detected_by: DetectedBy::Free,
                access: Access::Unknown,
                size: 0,
                address: misuse.address,
                stack: self.stack,
                called,
                block: misuse.block.map(|block| block.facts),
                memory_at: 0,
                memory: &[],
                expected: &[],
                note: misuse.note.as_bytes(),
            },
        );
    }

    #[cold]
    fn damage(&mut self, damage: &Damage<'_>) {
        if excused::take(Access::Write, damage.at, damage.length) {
            return;
        }
        // A call's own stack says where damage of its own block came to light. What the quarantine
        // finds has nothing to do with the call that made room in it.
        let its_own = damage.by == DetectedBy::Redzone;
        let note = match damage.kind {
            ErrorKind::HeapUseAfterFree => {
                "written after it was freed and before it left the quarantine"
            }
            _ if self.function.is_some() && its_own => {
                "written between its allocation and this call"
            }
            _ => "written since its allocation",
        };
        let (stack, called) = if its_own {
            (self.stack, self.called())
        } else {
            (NodeId(0), &b""[..])
        };
        let mut block = damage.block.facts;
        if its_own {
            // The free that brought it to light found the block in use.
            block.state = BlockState::Live;
            block.freed = None;
        }
        report(
            self.recorder,
            &Report {
                kind: damage.kind,
                detected_by: damage.by,
                access: Access::Write,
                size: damage.length,
                address: damage.at,
                stack,
                called,
                block: Some(block),
                memory_at: damage.at,
                memory: damage.found,
                expected: damage.expected,
                note: note.as_bytes(),
            },
        );
    }
}
