//! libc's `syscall`, for the calls that LDT must know of: `rt_sigaction`, by which a program would take the
//! signals away that LDT keeps in check mode, and masks and sandboxes, before which its watchpoints end
//! (`faults/raw_calls.rs` in the engine); `exit_group`, which ends the process as `_exit` does; and `prctl`, which sets
//! sandboxes too. Every other call is jumped on
//! with all registers as they were and no frame in between: clone and vfork return twice, and threads are
//! cancelled in here.
//!
//! The function beneath is found when the library is loaded. Before that, the call is made here, and by plain
//! instructions: the loader may not have relocated this library yet.

use core::arch::naked_asm;
use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use ldt_engine::faults::raw_calls;
use ldt_engine::{pop, push};

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
        ".cfi_startproc",
        "cmp rdi, {rt_sigaction}",
        "je {hook}",
        "cmp rdi, {rt_sigprocmask}",
        "je 3f",
        "cmp rdi, {seccomp}",
        "je 3f",
        "cmp rdi, {prctl}",
        "je 3f",
        "cmp rdi, {exit_group}",
        "je 4f",
        "2:",
        "mov r11, [rip + {beneath}]",
        "test r11, r11",
        "je {at_once}",
        "jmp r11",
        "3:",
        push!("rdi", "rsi", "rdx", "rcx", "r8", "r9", "r9"),
        "call {about_to}",
        pop!("r9", "r9", "r8", "rcx", "rdx", "rsi", "rdi"),
        "jmp 2b",
        "4:",
        "mov edi, esi",
        "jmp {exit}",
        ".cfi_endproc",
        exit_group = const libc::SYS_exit_group,
        exit = sym super::endings::_exit,
        rt_sigaction = const libc::SYS_rt_sigaction,
        rt_sigprocmask = const libc::SYS_rt_sigprocmask,
        seccomp = const libc::SYS_seccomp,
        prctl = const libc::SYS_prctl,
        about_to = sym raw_calls::about_to,
        hook = sym raw_calls::rt_sigaction,
        beneath = sym BENEATH,
        at_once = sym at_once,
    )
}

/// `prctl`: the system call alone, as in libc.
///
/// # Safety
/// As for the C function.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn prctl(
    option: c_int,
    second: usize,
    third: usize,
    fourth: usize,
    fifth: usize,
) -> c_int {
    raw_calls::about_to(libc::SYS_prctl, option.cast_unsigned() as usize, second);
    let args = [
        option.cast_unsigned() as usize,
        second,
        third,
        fourth,
        fifth,
    ];
    // SAFETY: as the caller vouches.
    match unsafe { ldt_engine::sys::syscall(libc::SYS_prctl, &args) } {
        Ok(result) => result as c_int,
        Err(error) => {
            // SAFETY: the calling thread's errno.
            unsafe { *libc::__errno_location() = error };
            -1
        }
    }
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
        push!("rax"),
        "call {errno}",
        pop!("rcx"),
        "mov [rax], ecx",
        "mov rax, -1",
        "ret",
        ".cfi_endproc",
        errno = sym libc::__errno_location,
    )
}
