//! What a fatal signal and its code mean, in words.

use core::fmt::{self, Write};

use crate::sys::signal_frame::Frame;

/// The code of a signal that the kernel gives no closer reason for.
pub(super) const SI_KERNEL: i32 = 0x80;

/// Writes `SIGSEGV (signal 11): nothing is mapped` and the like; the address of a faulting access is to follow.
pub(super) fn write(out: &mut impl Write, number: i32, frame: &Frame) -> fmt::Result {
    let name = name(number);
    let code = frame.code();
    write!(out, "{name} (signal {number})")?;
    if code <= 0 {
        return out.write_str(", sent by a process");
    }
    match number {
        libc::SIGSYS => write!(
            out,
            ": a filter of system calls does not let number {} pass",
            frame.refused_call()
        ),
        libc::SIGILL | libc::SIGFPE if code != SI_KERNEL => {
            write!(out, ": {} at {:#x}", meaning(number, code), frame.address())
        }
        _ => write!(out, ": {}", meaning(number, code)),
    }
}

fn name(number: i32) -> &'static str {
    match number {
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGBUS => "SIGBUS",
        libc::SIGILL => "SIGILL",
        libc::SIGFPE => "SIGFPE",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGSYS => "SIGSYS",
        _ => "a signal",
    }
}

fn meaning(number: i32, code: i32) -> &'static str {
    const BUS_ADRALN: i32 = 1;
    const BUS_ADRERR: i32 = 2;
    const SEGV_MAPERR: i32 = 1;
    const SEGV_ACCERR: i32 = 2;
    const SEGV_PKUERR: i32 = 4;
    const FPE_INTDIV: i32 = 1;
    const FPE_INTOVF: i32 = 2;
    match (number, code) {
        (libc::SIGSEGV, SEGV_MAPERR) => "nothing is mapped",
        (libc::SIGSEGV, SEGV_ACCERR) => "the mapping does not allow the access",
        (libc::SIGSEGV, SEGV_PKUERR) => "a protection key does not allow the access",
        (libc::SIGSEGV, _) => "a general protection fault",
        (libc::SIGBUS, BUS_ADRALN) => "a misaligned access",
        (libc::SIGBUS, BUS_ADRERR) => "the mapped file ends before, or its disk is full,",
        (libc::SIGBUS, _) => "memory failed",
        (libc::SIGILL, _) => "no instruction, or one that the processor refuses,",
        // The processor does not tell one from the other.
        (libc::SIGFPE, FPE_INTDIV) => {
            "an integer is divided by zero, or the quotient is too large,"
        }
        (libc::SIGFPE, FPE_INTOVF) => "an integer is too large",
        (libc::SIGFPE, _) => "a floating point operation has failed, and is set to raise a signal,",
        (libc::SIGTRAP, SI_KERNEL) => "a breakpoint instruction",
        _ => "a trap",
    }
}
