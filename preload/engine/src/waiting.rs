//! Frees of the heap's blocks that came while their thread was inside LDT: made as soon as it can.

use ldt_trace::finding::Use;
use ldt_trace::{Function, NodeId};

use crate::blocks::Free;
use crate::findings::Reporter;
use crate::modes::deferred;
use crate::recorder::Recorder;

/// Frees what waits; the caller is inside the guard.
#[inline(always)]
pub(crate) fn release_what_waits(recorder: &mut Recorder) {
    if deferred::is_waiting() {
        release_deferred(recorder);
    }
}

#[cold]
#[inline(never)]
fn release_deferred(recorder: &mut Recorder) {
    let Some(mut heap) = recorder.heap.take() else {
        return;
    };
    deferred::take_all(|address| {
        let freed = Use {
            thread: recorder.thread(),
            function: Function::Free,
            stack: NodeId(0),
        };
        let free = Free {
            freed,
            size: None,
            alignment: None,
        };
        let bytes = heap.release(address, &free, &mut Reporter::unplaced(recorder));
        recorder.counts.freed(Function::Free, bytes);
    });
    recorder.heap = Some(heap);
}
