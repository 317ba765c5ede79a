//! A watchpoint was hit: the instruction before the one that comes next has touched bytes beside a block
//! (`blocks/watch.rs`). Whether that is an error:
//!
//! - Code of LDT's and of the C library is let pass. The library's string functions read whole vectors and use what
//!   lies in the string; what they are asked to read is checked where they are called (`calls/`).
//! - So are naturally aligned loads of 4 bytes or more that begin in the block or end in it: word-wise code knows
//!   that they cannot fault. memcheck lets them pass as well (`--partial-loads-ok=yes`).
//! - Code whose instructions are not known for certain (just-in-time code, a table amid code) is let pass.

use core::sync::atomic::{AtomicU64, Ordering};

use ldt_trace::finding::Access;

use super::behind::{self, Done};
use super::decode::{MAX_INSTRUCTION_BYTES, MemoryAccess};
use super::stopped;
use crate::blocks::{self, Watched};
use crate::findings::TIMES_A_PLACE;
use crate::modules::{Image, start_of};
use crate::reentry;
use crate::sys::Registers;
use crate::sys::file::file_name;
use crate::sys::signal::{Info, read_memory};
use crate::sys::signal_frame::Frame;
use crate::sys::{thread, watchpoint};

/// A function that is longer than this up to the access is not read.
const CODE_MAX_BYTES: u64 = 256 << 10;

/// What the kernel says of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    number: usize,
    /// Where the bytes begin that were watched when it came.
    start: u64,
    /// The signal was blocked when it came, so that the thread stands elsewhere now.
    is_late: bool,
}

/// `si_code` of a watchpoint's hit.
const TRAP_PERF: i32 = 6;

impl Hit {
    /// What a SIGTRAP says, if it is one of a watchpoint of LDT's.
    pub(super) fn in_frame(frame: &Frame) -> Option<Hit> {
        (frame.code() == TRAP_PERF).then(|| Hit::of(&frame.info()))?
    }

    /// Reads `si_perf_data` and `si_perf_flags`.
    fn of(info: &Info) -> Option<Hit> {
        const ADDRESS: usize = 2;
        const DATA: usize = 3;
        const TYPE_AND_FLAGS: usize = 4;
        const ASYNC: u64 = 1 << 32;
        Some(Hit {
            number: watchpoint::number_in(info[DATA])?,
            start: info[ADDRESS],
            is_late: info[TYPE_AND_FLAGS] & ASYNC != 0,
        })
    }
}

/// Reports the access if it is an error.
pub(super) fn judge(hit: &Hit, frame: &Frame) {
    if hit.is_late || thread::slot().inside_sp.get() != 0 {
        return;
    }
    let watched = blocks::watched(hit.number);
    let Some(watched) = watched.filter(|watched| watched.range.start == hit.start) else {
        return;
    };
    let times = access(&watched, frame).and_then(|(ip, access)| {
        let mut inside = reentry::enter(frame.registers().sp)?;
        let at = Registers {
            ip,
            ..frame.registers()
        };
        stopped::report(inside.recorder(), at, access.touch.address, access)
    });
    match times {
        None => blocks::pass(hit.number),
        Some(times) if times > TIMES_A_PLACE => blocks::abandon(hit.number),
        Some(_) => {}
    }
}

/// The access that hit, and where its instruction lies; `None` when it may be in order.
fn access(watched: &Watched, frame: &Frame) -> Option<(u64, MemoryAccess)> {
    let next = frame.registers().ip;
    if is_where_vectors_are_read(next) {
        return None;
    }
    let image = Image::containing(next.checked_sub(1)?)?;
    if reads_whole_vectors(&image.path) {
        LAST_START.store(image.start, Ordering::Relaxed);
        LAST_END.store(image.end, Ordering::Relaxed);
        return None;
    }
    let section = image.bytes(&image.eh_frame_hdr)?;
    let function = start_of(section, &image.eh_frame_hdr, next - 1 - image.bias)? + image.bias;
    let length = next
        .checked_sub(function)
        .filter(|&bytes| bytes <= CODE_MAX_BYTES)?;
    let mut code = vec![0; length as usize];
    if read_memory(function, &mut code) < code.len() {
        return None;
    }
    let mut following = [0; MAX_INSTRUCTION_BYTES];
    let following_bytes = read_memory(next, &mut following);
    let block = blocks::find(watched.block).filter(|block| block.facts.address == watched.block)?;
    let lies = watched.block..watched.block + block.facts.size;
    let byte_at = |address: u64| {
        let mut byte = [0];
        (read_memory(address, &mut byte) == 1).then_some(byte[0])
    };
    let done = Done {
        function,
        code: &code,
        next: &following[..following_bytes],
        watched: &watched.range,
        block: &lies,
    };
    let (ip, access) = behind::access(&done, frame, &byte_at)?;
    let touch = access.touch;
    let overlaps = touch.address < lies.end && lies.start < touch.end();
    let is_aligned = touch.size.is_power_of_two() && touch.address.is_multiple_of(touch.size);
    let may_be_meant = access.access == Access::Read && touch.size >= 4 && is_aligned && overlaps;
    (!may_be_meant).then_some((ip, access))
}

/// The file that was let pass last, in memory: the C library nearly always. It is never unloaded; another one's place
/// taken by other code would mean a hit that is not told.
static LAST_START: AtomicU64 = AtomicU64::new(0);
static LAST_END: AtomicU64 = AtomicU64::new(0);

fn is_where_vectors_are_read(ip: u64) -> bool {
    (LAST_START.load(Ordering::Relaxed)..LAST_END.load(Ordering::Relaxed)).contains(&ip)
}

/// Whether code of this file reads beyond the ends of blocks on purpose.
fn reads_whole_vectors(path: &[u8]) -> bool {
    let name = file_name(path);
    [&b"libc.so"[..], b"libc-", b"ld-linux", b"libldt"]
        .iter()
        .any(|start| name.starts_with(start))
}
