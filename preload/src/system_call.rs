//! libc's `syscall`, for the one call that LDT must know of: `rt_sigaction`, by which a program would take the
//! signals away that LDT keeps in check mode (`faults/raw_calls.rs` in the engine). Every other call is jumped on
//! with all registers as they were and no frame in between: clone and vfork return twice, and threads are
//! cancelled in here.
//!
//! The function beneath is found when the library is loaded. Before that, the call is made here, and by plain
//! instructions: the loader may not have relocated this library yet.

use core::arch::naked_asm;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use ldt_engine::faults::raw_calls;

/// libc's function, or that of a library between. Null until it is known: no relocation is needed to find that out.
static BENEATH: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Looks it up.
pub(crate) fn bind() {
    // SAFETY: a NUL-terminated name.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, c"syscall".as_ptr()) };
    BENEATH.store(found, Ordering::Release);
}

/// `syscall`.
///
/// # Safety
/// As for the C function.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn syscall() {
    naked_asm!(
        "cmp rdi, {rt_sigaction}",
        "je {hook}",
        "mov r11, [rip + {beneath}]",
        "test r11, r11",
        "je {at_once}",
        "jmp r11",
        rt_sigaction = const libc::SYS_rt_sigaction,
        hook = sym raw_calls::rt_sigaction,
        beneath = sym BENEATH,
        at_once = sym at_once,
    )
}

/// The call itself: number and arguments each move on by one register, the sixth argument comes from the stack.
///
/// # Safety
/// Only jumped to from `syscall`.
#[unsafe(naked)]
unsafe extern "C" fn at_once() {
    naked_asm!(
        ".cfi_startproc",
        "mov r10, r8",
        "mov r8, r9",
        "mov r9, [rsp + 8]",
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rdx, rcx",
        "syscall",
        "cmp rax, -4095",
        "jae 2f",
        "ret",
        "2:",
        "neg eax",
        "push rax",
        ".cfi_adjust_cfa_offset 8",
        "call {errno}",
        "pop rcx",
        ".cfi_adjust_cfa_offset -8",
        "mov [rax], ecx",
        "mov rax, -1",
        "ret",
        ".cfi_endproc",
        errno = sym libc::__errno_location,
    )
}
