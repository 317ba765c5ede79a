//! A fatal signal that is nobody's: what glibc's libSegFault told. The signal, the address and its nearest
//! block, the registers, the stack, the map of memory. And what is looked at in check mode at any end: redzones, leaks.

use core::fmt::Write;

use ldt_trace::NodeId;
use ldt_trace::finding::{Access, BlockFacts, DetectedBy, ErrorKind, Place};

use super::access::{self, candidates, surroundings};
use super::cause::SI_KERNEL;
use super::decode::{self, MAX_INSTRUCTION_BYTES, MemoryAccess};
use super::pointer::{self, Source};
use super::watching::is_exact;
use super::{cause, deliver, program};
use crate::blocks;
use crate::diagnose::{Touch, diagnose};
use crate::findings::{self, NOTE_BYTES, Report};
use crate::leaks::request;
use crate::leaks::standing::Standing;
use crate::message;
use crate::recorder::Recorder;
use crate::stacks::readable_mapping_above;
use crate::sys::file::file_name;
use crate::sys::proc;
use crate::sys::signal::read_memory;
use crate::sys::signal_frame::{Frame, General, Onward};
use crate::sys::thread;
use crate::{process, recording, reentry};

/// Why the signal kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The program has no handler for it, or ignores it.
    NoHandler,
    /// The program blocks it.
    Blocked,
    /// There is no room on the stack for the handler's frame.
    NoRoom,
}

/// A block farther away than this has nothing to do with the crash.
const NEAR_BYTES: u64 = 1 << 20;
/// So far below its end, a stack pointer has run off its stack.
const OVERFLOW_BYTES: u64 = 64 << 20;
/// What code may use below its stack pointer, by the x86-64 ABI.
const RED_ZONE_BYTES: u64 = 128;
/// The first page is never mapped: addresses there are null with an offset.
const NULL_BYTES: u64 = 4096;

/// Reports the crash, where that can be written down; the kernel's default action follows.
pub(super) fn end(number: i32, frame: &mut Frame, reason: Reason) -> Onward {
    // A vfork child has its parent's memory, where the parent goes on.
    if !recording::is_vfork_child() {
        report(number, frame, reason);
    }
    deliver::default_action(number, frame)
}

fn report(number: i32, frame: &Frame, reason: Reason) {
    let registers = frame.registers();
    let outside = reentry::enter(registers.sp);
    let dies_inside = outside.is_none();
    let to_die = || match request::is_running() {
        // Threads that it has stopped may hold locks.
        true => None,
        false => reentry::enter_to_die(number),
    };
    let Some(mut inside) = outside.or_else(to_die) else {
        message::say("a fatal signal came while LDT was at work: no report can be made of it");
        return;
    };
    let recorder = inside.recorder();
    let (found, near) = if is_fault(number, frame) {
        let found = access::of(frame).unwrap_or(MemoryAccess {
            touch: Touch {
                address: frame.address(),
                size: 0,
            },
            access: frame.was_write().map_or(Access::Unknown, decode::said),
        });
        (found, candidates(found.touch.address))
    } else {
        let nothing = MemoryAccess {
            touch: Touch {
                address: 0,
                size: 0,
            },
            access: Access::Unknown,
        };
        (nothing, [None; 3])
    };
    let address = found.touch.address;
    let block = diagnose(found.touch, near.iter().flatten())
        .and_then(|diagnosis| near.iter().flatten().nth(diagnosis.block).copied())
        // In a block, and wrong all the same: its alignment is.
        .or(near[0])
        .filter(|block| is_near(address, block));
    let mut memory = [0; 64];
    let (memory_at, bytes) = surroundings(address, &mut memory);
    // What the program has called is what concerns it.
    let stack =
        recorder.capture_interrupted_without(registers, &mut |path| dies_inside && is_of_ldt(path));
    if is_fault(number, frame) {
        report_source(recorder, address, pointers(frame), stack);
    }
    let note = note(number, frame, reason, address);
    findings::report(
        recorder,
        &Report {
            kind: ErrorKind::Crash,
            detected_by: DetectedBy::Signal,
            access: found.access,
            size: found.touch.size,
            address,
            stack,
            called: b"",
            block,
            memory_at,
            memory: &memory[..bytes],
            expected: b"",
            note: note.as_bytes(),
        },
    );
    if thread::slot().locks.get() != 0 {
        // What the rest would look at is half changed.
        findings::finish(recorder);
        recorder.finish();
        return;
    }
    // What the program wrote beside its blocks may be why it crashed.
    blocks::check_all(&mut findings::Reporter::unplaced(recorder));
    // Nothing else of this process will be written.
    findings::finish(recorder);
    if process::ends_here() {
        let standing = Standing::interrupted(registers.sp, frame.all_general());
        request::at_end(recorder, &standing);
    }
    recorder.finish();
}

/// Reports the misuse of a block that the pointer was read by, if it was.
fn report_source(
    recorder: &mut Recorder,
    address: u64,
    registers: impl Iterator<Item = u64>,
    stack: NodeId,
) {
    let Some(Source { touch, kind, block }) = pointer::source(address, registers) else {
        return;
    };
    let mut memory = [0; 64];
    let (memory_at, bytes) = surroundings(touch.address, &mut memory);
    findings::report(
        recorder,
        &Report {
            kind,
            detected_by: DetectedBy::Crash,
            access: Access::Read,
            size: touch.size,
            address: touch.address,
            stack,
            called: b"",
            block: Some(block),
            memory_at,
            memory: &memory[..bytes],
            expected: b"",
            note: b"",
        },
    );
}

/// Whether the frames of this module are LDT's own.
fn is_of_ldt(path: &[u8]) -> bool {
    file_name(path).starts_with(b"libldt")
}

/// Whether an access to memory is what went wrong.
fn is_fault(number: i32, frame: &Frame) -> bool {
    frame.code() > 0 && program::is_watched(number)
}

fn is_near(address: u64, block: &BlockFacts) -> bool {
    let distance = match Place::of(address, block.address, block.size) {
        Place::Inside(_) => 0,
        Place::Before(bytes) | Place::After(bytes) => bytes,
    };
    blocks::is_ours(address) || distance < NEAR_BYTES
}

/// Everything that has no field of its own.
fn note(number: i32, frame: &Frame, reason: Reason, address: u64) -> String {
    let mut note = String::new();
    // Writing to a string cannot fail.
    let _ = cause::write(&mut note, number, frame);
    let is_known = frame.code() != SI_KERNEL || address != 0;
    if is_fault(number, frame) && is_known {
        let _ = write!(note, " at {address:#x}");
        if address < NULL_BYTES {
            note.push_str(", a null pointer");
        }
        if address == frame.registers().ip {
            note.push_str(", where the program has jumped to");
        }
    }
    if is_unaligned(frame) {
        note.push_str(
            "; the instruction wants its memory at a multiple of 16, and under --exact this block lies \
             elsewhere: run without --exact",
        );
    }
    // A null pointer is what it is in every run.
    if is_exact() && frame.code() > 0 && address >= NULL_BYTES && has_odd_block(frame) {
        note.push_str(
            "; under --exact blocks do not lie at multiples of 16, and code that keeps marks in the low bits of \
             pointers crashes: run without --exact to see whether this is it",
        );
    }
    note.push_str(match reason {
        Reason::NoHandler => "",
        Reason::Blocked => "; the program blocks the signal, so it kills",
        Reason::NoRoom => "; the program's handler cannot run, for want of stack",
    });
    note.push('\n');
    if let Some(below) = ran_off(frame) {
        let _ = writeln!(
            note,
            "stack overflow: {below} bytes below the end of the stack"
        );
    }
    write_registers(&mut note, frame);
    write_map(&mut note);
    note
}

/// Whether `--exact` is to blame: an instruction that insists on alignment and has no twin that does not.
fn is_unaligned(frame: &Frame) -> bool {
    let mut code = [0; MAX_INSTRUCTION_BYTES];
    let ip = frame.registers().ip;
    let bytes = read_memory(ip, &mut code);
    is_exact()
        && frame.code() == SI_KERNEL
        && access::misaligned(frame, ip, &code[..bytes]).is_some()
}

/// Whether a register, the instruction's address aside, points into a live block that lies where malloc's never do. What such
/// code computes from an odd address may be anything, but what it computed from is mostly still there.
fn has_odd_block(frame: &Frame) -> bool {
    pointers(frame).any(|value| {
        blocks::is_ours(value)
            && candidates(value).iter().flatten().any(|block| {
                !block.address.is_multiple_of(MALLOC_BYTES)
                    && matches!(
                        Place::of(value, block.address, block.size),
                        Place::Inside(_)
                    )
            })
    })
}

/// What the registers hold that may be pointers.
fn pointers(frame: &Frame) -> impl Iterator<Item = u64> {
    let registers = REGISTERS[..POINTERS].iter();
    registers.map(|&(_, register)| frame.general(General(register)))
}

/// Blocks of every other malloc lie at multiples of this.
const MALLOC_BYTES: u64 = 16;

/// How far the program has run off the end of its stack, if it has.
fn ran_off(frame: &Frame) -> Option<u64> {
    let sp = frame.registers().sp;
    // A call, a push and the red zone store below the stack pointer, which may still be the end of the stack.
    let lowest = match frame.address() {
        address if (1..=RED_ZONE_BYTES).contains(&sp.wrapping_sub(address)) => address,
        _ => sp,
    };
    let stack = readable_mapping_above(lowest)?;
    let below = stack.start.checked_sub(lowest)?;
    (0 < below && below < OVERFLOW_BYTES).then_some(below)
}

/// Those that the report shows, the ones for any use first.
const REGISTERS: [(&str, i32); 18] = [
    ("rax", libc::REG_RAX),
    ("rbx", libc::REG_RBX),
    ("rcx", libc::REG_RCX),
    ("rdx", libc::REG_RDX),
    ("rsi", libc::REG_RSI),
    ("rdi", libc::REG_RDI),
    ("rbp", libc::REG_RBP),
    ("rsp", libc::REG_RSP),
    ("r8", libc::REG_R8),
    ("r9", libc::REG_R9),
    ("r10", libc::REG_R10),
    ("r11", libc::REG_R11),
    ("r12", libc::REG_R12),
    ("r13", libc::REG_R13),
    ("r14", libc::REG_R14),
    ("r15", libc::REG_R15),
    ("rip", libc::REG_RIP),
    ("eflags", libc::REG_EFL),
];
/// All but the last two: the instruction's address and the flags.
const POINTERS: usize = REGISTERS.len() - 2;

fn write_registers(note: &mut String, frame: &Frame) {
    note.push_str("registers:\n");
    for (index, (name, register)) in REGISTERS.into_iter().enumerate() {
        let value = frame.general(General(register));
        let end = if index % 4 == 3 { '\n' } else { ' ' };
        let _ = write!(note, "{name}={value:016x}{end}");
    }
    note.push('\n');
}

/// What is mapped where: as much of it as the note takes.
fn write_map(note: &mut String) {
    const LAST_LINE: &str = "...\n";
    note.push_str("memory map:\n");
    let maps = proc::read(b"/proc/thread-self/maps\0").unwrap_or_default();
    for line in String::from_utf8_lossy(&maps).lines() {
        let mut fields = line.split_ascii_whitespace();
        let (range, rights) = (fields.next(), fields.next());
        // Offset, device and inode tell nobody anything.
        let file = fields.nth(3).unwrap_or_default();
        let before = note.len();
        let _ = writeln!(
            note,
            "{} {} {file}",
            range.unwrap_or_default(),
            rights.unwrap_or_default()
        );
        if note.len() + LAST_LINE.len() > NOTE_BYTES {
            note.truncate(before);
            note.push_str(LAST_LINE);
            return;
        }
    }
}
