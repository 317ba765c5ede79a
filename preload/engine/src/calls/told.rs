//! Calls that an error was told of, and that are being made all the same: a text that does not end in its freed block goes
//! on to wherever a NUL comes, through guard pages too, and that is the same error.

use ldt_trace::NodeId;

use crate::modules;
use crate::recorder::Recorder;
use crate::stacks::table;
use crate::sys::Registers;
use crate::sys::file::file_name;
use crate::sys::thread::slot;

/// Functions of the C library's that may lie between the one that was called and the one that meets a guard.
const MOST_WITHIN: usize = 64;

/// An error is told of the call with this stack.
pub(super) fn begin(stack: NodeId) {
    slot().told_call.set(u64::from(stack.0));
}

/// That call is over. Not all are come back from, so [`has_met`] looks at the whole stack.
pub(super) fn end() {
    slot().told_call.set(0);
}

/// Whether it is the C library, inside the call that was told of, that has come to these registers.
pub(crate) fn has_met(recorder: &mut Recorder, at: Registers) -> bool {
    let call = slot().told_call.get();
    if call == 0 {
        return false;
    }
    let mut at = recorder.capture_interrupted(at);
    for _ in 0..MOST_WITHIN {
        let Some(frame) = table::node(at).filter(|frame| is_within(frame.ip)) else {
            return false;
        };
        at = frame.parent;
        if u64::from(at.0) == call {
            return true;
        }
    }
    false
}

/// Whether this is code of the C library's, or of what calls it for the program.
fn is_within(ip: u64) -> bool {
    modules::known(ip)
        .is_some_and(|module| module.is_c_library || file_name(&module.path) == b"libldt_calls.so")
}
