//! What a signal that LDT keeps comes to, SIGSEGV and SIGBUS first of all.

use ldt_trace::finding::{Access, BlockFacts, DetectedBy};

use super::cause::SI_KERNEL;
use super::crash::{self, Reason};
use super::decode::{self, MAX_INSTRUCTION_BYTES, Machine, MemoryAccess};
use super::watching::is_exact;
use super::{deliver, fatal, program, step, trap, unaligned};
use crate::blocks;
use crate::calls;
use crate::diagnose::{Touch, diagnose};
use crate::findings::{self, Report, TIMES_A_PLACE};
use crate::recorder::Recorder;
use crate::reentry;
use crate::sys::Registers;
use crate::sys::file::{self, Fd};
use crate::sys::signal::{self, How, Set, read_memory};
use crate::sys::signal_frame::{Frame, GENERAL, General, Onward, xsave_bytes};

/// `si_code` of a fault that the processor gives no address for.
const IN_HANDLER: &[u8] =
    b"ldt: a fault in LDT's own fault handler ends the process; please report this\n";
/// A guard that is lifted and faults all the same is none of ours after so many times in a row.
const MAX_REPEATS: u64 = 1 << 16;

/// The kernel's entry, on LDT's own stack.
pub(super) fn decide(number: i32, frame: &mut Frame) -> Onward {
    let slot = signal::slot();
    if slot.busy.get() != 0 && trap::hit(frame).is_some() {
        // LDT itself has looked at what is watched.
        return Onward::RESUME;
    }
    if slot.busy.replace(1) != 0 {
        // Nothing that takes a lock: the first fault may have come while it was taken.
        file::write_stream(Fd(2), IN_HANDLER);
        return default_action(number, frame);
    }
    let onward = match number {
        libc::SIGTRAP => trap::came(frame),
        _ if program::is_watched(number) => judge(number, frame),
        _ => fatal::came(number, frame),
    };
    slot.busy.set(0);
    onward
}

fn judge(number: i32, frame: &mut Frame) -> Onward {
    let was_sent = frame.code() <= 0;
    if !was_sent && number == libc::SIGSEGV && mend(frame) {
        return Onward::RESUME;
    }
    step::give_up(frame);
    let action = program::action(number);
    let is_blocked = program::blocks(frame.mask(), number);
    if was_sent && is_blocked {
        program::leave_pending(number, frame);
        return Onward::RESUME;
    }
    let reason = match action.handler {
        libc::SIG_IGN if was_sent => return Onward::RESUME,
        libc::SIG_DFL | libc::SIG_IGN => Reason::NoHandler,
        // What cannot wait kills, where it is blocked.
        _ if is_blocked => Reason::Blocked,
        _ => match deliver::deliver(number, frame, &action) {
            Some(onward) => return onward,
            None => Reason::NoRoom,
        },
    };
    crash::end(number, frame, reason)
}

/// Raised by an instruction that has not ended, and comes again. A breakpoint's has, and a system call.
const COMES_AGAIN: Set = Set::of(libc::SIGSEGV)
    .with(Set::of(libc::SIGBUS))
    .with(Set::of(libc::SIGILL))
    .with(Set::of(libc::SIGFPE));

/// The kernel's default action, with the interrupted code as it stands: the instruction faults again, or
/// the signal is sent again, and this time kills.
pub(super) fn default_action(number: i32, frame: &mut Frame) -> Onward {
    // The number is valid.
    let _ = signal::set_action(number, &signal::Action::DEFAULT);
    if frame.code() <= 0 || !COMES_AGAIN.meets(Set::of(number)) {
        signal::change_mask(How::Block, Set::of(number));
        signal::send_again(number, &frame.info());
    }
    frame.set_mask(frame.mask().without(Set::of(number)));
    Onward::RESUME
}

/// Deals with an access that a guard of LDT's stopped: gives whether it was one, and the instruction can
/// run again. What the program has protected itself in its blocks is its own handler's business.
fn mend(frame: &mut Frame) -> bool {
    if frame.code() == SI_KERNEL {
        return is_exact() && unaligned::mend(frame);
    }
    let fault = frame.address();
    blocks::is_ours(fault) && !blocks::is_altered(fault) && open(frame, fault)
}

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
        let found = access(frame).unwrap_or(MemoryAccess {
            touch: Touch {
                address: fault,
                size: 0,
            },
            access: frame.was_write().map_or(Access::Unknown, decode::said),
        });
        let recorder = inside.recorder();
        if calls::told::has_met(recorder, frame.registers()) {
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

/// The block at an address and the nearest on both sides.
pub(super) fn candidates(address: u64) -> [Option<BlockFacts>; 3] {
    let [before, after] = blocks::neighbours(address);
    [blocks::find(address), before, after].map(|block| block.map(|block| block.facts))
}

/// What lies around an address, as far as it can be read: where it begins and how many bytes.
pub(crate) fn surroundings(address: u64, into: &mut [u8; 64]) -> (u64, usize) {
    let start = (address & !15).saturating_sub(32);
    match read_memory(start, into) {
        0 => {
            let start = address & !15;
            (start, read_memory(start, &mut into[..32]))
        }
        bytes => (start, bytes),
    }
}

/// The access that could not be made.
pub(super) fn access(frame: &Frame) -> Option<MemoryAccess> {
    let ip = frame.registers().ip;
    let mut code = [0; MAX_INSTRUCTION_BYTES];
    let bytes = read_memory(ip, &mut code);
    let code = &code[..bytes];
    if frame.code() == SI_KERNEL {
        // Not canonical: the upper 17 bits differ.
        let cannot_exist = |touch: Touch| !matches!(touch.address as i64 >> 47, 0 | -1);
        return decode::access_where(ip, code, frame, cannot_exist)
            .or_else(|| unaligned::misaligned(frame, ip, code));
    }
    decode::access_at(frame.address(), frame.was_write(), ip, code, frame)
}

impl Machine for Frame {
    fn general(&self, number: usize) -> u64 {
        GENERAL
            .get(number)
            .map_or(0, |&register| Frame::general(self, General(register)))
    }

    fn flags(&self) -> u64 {
        Frame::general(self, General(libc::REG_EFL))
    }

    fn vector_lane(&self, number: usize, lane: usize, bytes: usize) -> Option<u64> {
        Frame::vector_lane(self, number, lane, bytes)
    }

    fn xsave_bytes(&self) -> u64 {
        xsave_bytes()
    }
}
