//! An access that a guard of LDT's has stopped: it is reported, and goes on.

use ldt_trace::finding::{Access, BlockFacts, DetectedBy};

use super::access::{self, candidates, surroundings};
use super::decode::{self, MemoryAccess};
use super::step;
use crate::calls::told;
use crate::diagnose::{Touch, diagnose};
use crate::findings::{self, Report, TIMES_A_PLACE};
use crate::recorder::Recorder;
use crate::sys::Registers;
use crate::sys::signal;
use crate::sys::signal_frame::Frame;
use crate::{blocks, reentry};

/// A guard that is lifted and faults all the same is none of ours after so many times in a row.
const MAX_REPEATS: u64 = 1 << 16;

/// Reports the access to a guard page at `fault` and lifts the guard for it; `false` when that does not help.
pub(super) fn open(frame: &mut Frame, fault: u64) -> bool {
    let slot = signal::slot();
    let ip = frame.registers().ip;
    if slot.last_ip.replace(ip) == ip && slot.last_address.replace(!fault) == !fault {
        slot.repeats.set(slot.repeats.get() + 1);
        if slot.repeats.get() > MAX_REPEATS {
            return false;
        }
    } else {
        slot.last_address.set(!fault);
        slot.repeats.set(0);
    }
    // Where LDT itself was interrupted (a handler of the program's runs in the middle of it), nothing can be
    // written down; the run goes on all the same.
    let times = reentry::enter(frame.registers().sp).and_then(|mut inside| {
        let found = access::of(frame).unwrap_or(MemoryAccess {
            touch: Touch {
                address: fault,
                size: 0,
            },
            access: frame.was_write().map_or(Access::Unknown, decode::said),
        });
        let recorder = inside.recorder();
        if told::has_met(recorder, frame.registers()) {
            return Some(0);
        }
        report(recorder, frame.registers(), fault, found)
    });
    let lifted = blocks::lift(fault);
    if let Some((lifted, times)) = lifted.zip(times)
        && times <= TIMES_A_PLACE
    {
        step::begin(frame, lifted);
    }
    true
}

/// Reports an access that was stopped at `fault`, or behind it, by the instruction of these registers. Gives how often
/// this place has been reported; `None` where nothing is wrong with the access.
pub(super) fn report(
    recorder: &mut Recorder,
    at: Registers,
    fault: u64,
    found: MemoryAccess,
) -> Option<u64> {
    let near: [Option<BlockFacts>; 3] = candidates(fault);
    // Nothing wrong: another thread has opened the place meanwhile.
    let diagnosis = diagnose(found.touch, near.iter().flatten())?;
    let mut memory = [0; 64];
    let (memory_at, bytes) = surroundings(found.touch.address, &mut memory);
    let stack = recorder.capture_interrupted(at);
    let times = findings::report(
        recorder,
        &Report {
            kind: diagnosis.kind,
            detected_by: DetectedBy::Guard,
            access: found.access,
            size: found.touch.size,
            address: found.touch.address,
            stack,
            called: b"",
            block: near.iter().flatten().nth(diagnosis.block).copied(),
            memory_at,
            memory: &memory[..bytes],
            expected: b"",
            note: b"",
        },
    );
    Some(times)
}
