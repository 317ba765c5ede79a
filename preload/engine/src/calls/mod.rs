//! What becomes of a call of the C library that reads or writes memory: `libldt_calls.so` works out the
//! range, and here is said how much of it lies in a live block, and reported what does not.
//!
//! An error is told before the call is made. What the C library's function meets then, further on, is [`told`] with it.
//!
//! The [hull](crate::hull) is what spares most calls the way here; [`wrong`] finds the bytes that an error is about.

pub(crate) mod told;
mod wrong;

pub use wrong::Range;

use ldt_trace::finding::{Access, BlockFacts, DetectedBy, ErrorKind};

use crate::blocks::{self, Lifts};
use crate::faults::surroundings;
use crate::findings::{self, Report, TIMES_A_PLACE};
use crate::leaks::poison;
use crate::reentry::enter;
use crate::sys::{Registers, thread};
use wrong::Wrong;

/// A call of the program's, by the name of the function called.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// The function's symbol.
    pub function: &'a [u8],
    /// The stack pointer at its entry: it points at the return address.
    pub sp: u64,
    /// The caller's frame pointer.
    pub bp: u64,
}

impl Called<'_> {
    fn caller(&self) -> Registers {
        // SAFETY: the return address lies at the stack pointer of a function's entry.
        let ip = unsafe { *(self.sp as *const u64) };
        Registers {
            ip,
            sp: self.sp + 8,
            bp: self.bp,
        }
    }
}

/// How many bytes from `address` on the program may touch: the rest of a live block; outside the heap
/// there is no limit but what the program has marked.
#[must_use]
pub fn room(address: u64) -> u64 {
    let room = blocks::room(address);
    if poison::is_empty() {
        return room;
    }
    unmarked(address, room)
}

/// Whether the program may touch all of a range.
#[inline(always)]
#[must_use]
pub fn fits(address: u64, bytes: u64) -> bool {
    poison::is_empty() && blocks::fits(address, bytes) || fits_closely(address, bytes)
}

/// The same of two ranges of one length. Both are looked up before either answer is used, so that the processor
/// waits for the memory of both at once.
#[inline(always)]
#[must_use]
pub fn both_fit(left: u64, right: u64, bytes: u64) -> bool {
    let both = blocks::fits(left, bytes) & blocks::fits(right, bytes);
    both && poison::is_empty() || fits_closely(left, bytes) && fits_closely(right, bytes)
}

#[inline(never)]
fn fits_closely(address: u64, bytes: u64) -> bool {
    room(address) >= bytes
}

/// Of this room the part before the first marked byte. A handler that interrupted LDT must not ask: it
/// may have interrupted the holder of the lock.
#[cold]
#[inline(never)]
fn unmarked(address: u64, room: u64) -> u64 {
    if thread::slot().inside_sp.get() != 0 {
        return room;
    }
    match poison::first_in(address..address.saturating_add(room)) {
        Some(marked) => marked.start.saturating_sub(address),
        None => room,
    }
}

/// What is wrong with a range: the kind, the bytes it is about, and the block, if there is one.
struct Finding {
    kind: ErrorKind,
    bad: Range,
    block: Option<BlockFacts>,
}

fn find(range: Range) -> Option<Finding> {
    let [before, after] = blocks::neighbours(range.address);
    let found = [blocks::find(range.address), before, after];
    let facts: Vec<BlockFacts> = found.iter().flatten().map(|block| block.facts).collect();
    let is_heap = blocks::is_ours(range.address);
    if let Some(Wrong { kind, block, bad }) = wrong::find(range, &facts).filter(|_| is_heap) {
        let block = Some(facts[block]);
        return Some(Finding { kind, bad, block });
    }
    let marked = poison::first_in(range.address..range.end())?;
    let block = blocks::find(marked.start).map(|block| block.facts);
    let (kind, bad) = (ErrorKind::UseAfterPoison, range.within(&marked));
    Some(Finding { kind, bad, block })
}

/// Reports what of a range is not the program's to touch, and makes it accessible, since the call will
/// touch it all the same. Gives whether [`close`] is to be asked for after the call: not where this has been
/// reported too often, since a loop shall not take for ever.
#[cold]
pub fn check(called: &Called<'_>, range: Range, access: Access) -> bool {
    let Some(mut inside) = enter(called.sp) else {
        return false;
    };
    let Some(Finding { kind, bad, block }) = find(range) else {
        return false;
    };
    let note = note(range, access);
    let mut memory = [0; 64];
    let (memory_at, bytes) = surroundings(bad.address, &mut memory);
    let recorder = inside.recorder();
    let stack = recorder.capture(called.caller());
    let times = findings::report(
        recorder,
        &Report {
            kind,
            detected_by: DetectedBy::LibcCall,
            access,
            size: bad.bytes,
            address: bad.address,
            stack,
            called: called.function,
            block,
            memory_at,
            memory: &memory[..bytes],
            expected: &[],
            note: note.as_bytes(),
        },
    );
    told::begin(stack);
    blocks::open(range.opened(), Lifts::Reported);
    times <= TIMES_A_PLACE
}

/// The whole range, since the first line tells of the bad bytes.
fn note(range: Range, access: Access) -> String {
    let verb = if access == Access::Write {
        "writes"
    } else {
        "reads"
    };
    format!(
        "the call {verb} {} bytes at {:#x}",
        range.bytes, range.address
    )
}

/// Reports a copy whose source and destination overlap.
#[cold]
pub fn overlap(called: &Called<'_>, to: u64, from: u64, bytes: u64) {
    let Some(mut inside) = enter(called.sp) else {
        return;
    };
    let block = blocks::find(to).or_else(|| blocks::find(from));
    let recorder = inside.recorder();
    let stack = recorder.capture(called.caller());
    let note = format!("from {from:#x} to {to:#x}");
    findings::report(
        recorder,
        &Report {
            kind: ErrorKind::MemcpyParamOverlap,
            detected_by: DetectedBy::LibcCall,
            access: Access::Write,
            size: bytes,
            address: to,
            stack,
            called: called.function,
            block: block.map(|block| block.facts),
            memory_at: 0,
            memory: &[],
            expected: &[],
            note: note.as_bytes(),
        },
    );
}

/// A call may say that it touches far more than it will: beyond this nothing is opened.
const MOST_OPENED_BYTES: u64 = 64 << 20;

impl Range {
    fn opened(self) -> core::ops::Range<u64> {
        let bytes = self.bytes.min(MOST_OPENED_BYTES);
        self.address..self.address.saturating_add(bytes)
    }
}

/// Opens the guard pages in a range, of each block that it touches, for a call that may touch them.
#[cold]
pub fn open(range: Range) {
    blocks::open(range.opened(), Lifts::InCase);
}

/// Closes the guard pages in a range, of each block that it touches, once the call is done that they were opened
/// for: the program's own access to the same bytes is another error.
#[cold]
pub fn close(range: Range) {
    told::end();
    blocks::close(range.opened());
}
