//! How a call comes in: from an export, with its number, to the story of the function and on.
//!
//! Both entries below give the registers back as they were and jump on, so that the C library's
//! function runs as if LDT were not there: variable arguments, cancellation, its return address. Where
//! the story wants the result they call instead; their unwind tables let a cancelled thread or an
//! exception of a stream's own functions pass through.

use core::arch::naked_asm;
use core::cell::Cell;

use crate::beneath;
use crate::call::{Call, Then};
use crate::frame::{FRAME_BYTES, Frame, Opened};
use crate::heap;
use crate::resolve;
use crate::table::TABLE;

/// Where the second word of the caller's arguments on the stack is, and the first once that one is pushed again.
const SECOND_STACK_WORD: usize = FRAME_BYTES + 16;

/// Where to go on, and whether to come back.
#[repr(C)]
struct Next {
    function: u64,
    watched: u64,
}

unsafe extern "C" fn before(frame: &mut Frame) -> Next {
    if !resolve::is_done() {
        resolve::all();
    }
    let index = frame.index as usize;
    resolve::be_ready(index);
    if resolve::is_foreign(index) {
        return Next {
            function: beneath::address(index),
            watched: 0,
        };
    }
    frame.opened_count = Cell::new(0);
    let mut call = Call::new(frame, &TABLE[index]);
    let then = call.begin();
    let then = call.come_back_to_close(then);
    let (function, watched) = match then {
        Then::Go => (index, 0),
        Then::Watch => (call.watched_as().unwrap_or(index), 1),
    };
    Next {
        function: beneath::address(function),
        watched,
    }
}

unsafe extern "C" fn after(frame: &mut Frame) {
    let (index, result) = (frame.index as usize, frame.kept);
    if frame.is_told_on != 0 {
        Call::new(frame, &TABLE[index]).end(result);
    }
    for Opened { address, bytes } in frame.opened() {
        heap::close(address, bytes);
    }
}

/// The body of a function that is jumped to with a function's number in a register: lays out the [`Frame`], asks [`before`],
/// and goes on with all arguments as they came. `keep` and `restore` are for registers beyond the six of arguments.
macro_rules! ask_before {
    (number: $number:literal, keep: [$($keep:literal,)*], restore: [$($restore:literal,)*]) => {
        naked_asm!(
            ".cfi_startproc",
            "sub rsp, {frame}",
            ".cfi_adjust_cfa_offset {frame}",
            "mov [rsp], rdi",
            "mov [rsp + 208], rdi",
            "mov [rsp + 8], rsi",
            "mov [rsp + 216], rsi",
            "mov [rsp + 16], rdx",
            "mov [rsp + 224], rdx",
            "mov [rsp + 24], rcx",
            "mov [rsp + 232], rcx",
            "mov [rsp + 32], r8",
            "mov [rsp + 240], r8",
            "mov [rsp + 40], r9",
            "mov [rsp + 248], r9",
            $($keep,)*
            concat!("mov [rsp + 176], ", $number),
            "lea rax, [rsp + {frame}]",
            "mov [rsp + 184], rax",
            "mov [rsp + 192], rbp",
            "mov rdi, rsp",
            "call {before}",
            "mov r11, rax",
            "mov r10, rdx",
            "mov rdi, [rsp + 208]",
            "mov rsi, [rsp + 216]",
            "mov rdx, [rsp + 224]",
            "mov rcx, [rsp + 232]",
            "mov r8, [rsp + 240]",
            "mov r9, [rsp + 248]",
            $($restore,)*
            "test r10, r10",
            "jnz {watch}",
            "add rsp, {frame}",
            ".cfi_adjust_cfa_offset -{frame}",
            "jmp r11",
            ".cfi_endproc",
            frame = const FRAME_BYTES,
            before = sym before,
            watch = sym watch,
        )
    };
}

/// A call of the function whose number is in `eax`.
///
/// # Safety
/// Only jumped to from an export.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn fixed_arguments() {
    ask_before!(number: "rax", keep: [], restore: [])
}

/// The same for a function with variable arguments; its number is in `r11d`, since `al` says how many
/// vector registers hold some.
///
/// # Safety
/// Only jumped to from an export.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn variable_arguments() {
    ask_before!(
        number: "r11",
        keep: [
            "movaps [rsp + 48], xmm0",
            "movaps [rsp + 64], xmm1",
            "movaps [rsp + 80], xmm2",
            "movaps [rsp + 96], xmm3",
            "movaps [rsp + 112], xmm4",
            "movaps [rsp + 128], xmm5",
            "movaps [rsp + 144], xmm6",
            "movaps [rsp + 160], xmm7",
            "mov [rsp + 200], rax",
        ],
        restore: [
            "movaps xmm0, [rsp + 48]",
            "movaps xmm1, [rsp + 64]",
            "movaps xmm2, [rsp + 80]",
            "movaps xmm3, [rsp + 96]",
            "movaps xmm4, [rsp + 112]",
            "movaps xmm5, [rsp + 128]",
            "movaps xmm6, [rsp + 144]",
            "movaps xmm7, [rsp + 160]",
            "mov rax, [rsp + 200]",
        ]
    )
}

/// Calls the function in `r11` with the registers as they are, and ends the story with its result, which may be in
/// `xmm0` (strtod; strtold's is where no code of ours comes by).
/// `__recvfrom_chk` has a seventh argument: two words of the caller's stack are handed on.
///
/// # Safety
/// Only jumped to from the two above, with their frame on the stack.
#[unsafe(naked)]
unsafe extern "C" fn watch() {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_adjust_cfa_offset {frame}",
        "push qword ptr [rsp + {second}]",
        ".cfi_adjust_cfa_offset 8",
        "push qword ptr [rsp + {second}]",
        ".cfi_adjust_cfa_offset 8",
        "call r11",
        "add rsp, 16",
        ".cfi_adjust_cfa_offset -16",
        "mov [rsp + 200], rax",
        "mov rdi, rsp",
        "sub rsp, 16",
        ".cfi_adjust_cfa_offset 16",
        "movaps [rsp], xmm0",
        "call {after}",
        "movaps xmm0, [rsp]",
        "add rsp, 16",
        ".cfi_adjust_cfa_offset -16",
        "mov rax, [rsp + 200]",
        "add rsp, {frame}",
        ".cfi_adjust_cfa_offset -{frame}",
        "ret",
        ".cfi_endproc",
        frame = const FRAME_BYTES,
        second = const SECOND_STACK_WORD,
        after = sym after,
    )
}
