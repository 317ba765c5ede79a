//! Handlers, masks and alternate stacks for signals: see `faults/calls.rs` in the engine. The calls that wait
//! with a mask of their own are jumped to, with the mask replaced.

use core::arch::naked_asm;

use ldt_engine::faults::calls;
use ldt_engine::real::Real;
use ldt_engine::{pop, push};

macro_rules! plain {
    ($($name:ident => $hook:ident;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!("jmp {hook}", hook = sym calls::$hook)
        }
    )*};
}

plain! {
    sigaction => sigaction;
    __sigaction => sigaction;
    signal => signal;
    bsd_signal => signal;
    ssignal => signal;
    sysv_signal => sysv_signal;
    __sysv_signal => sysv_signal;
    sigset => sigset;
    sigignore => sigignore;
    siginterrupt => siginterrupt;
    sigprocmask => sigprocmask;
    pthread_sigmask => pthread_sigmask;
    sigblock => sigblock;
    sigsetmask => sigsetmask;
    sighold => sighold;
    sigrelse => sigrelse;
    sigaltstack => sigaltstack;
    pthread_attr_setsigmask_np => pthread_attr_setsigmask_np;
}

/// Each with the register of its mask.
macro_rules! waiting {
    ($($name:ident($mask:literal) => $real:ident;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                push!("rdi", "rsi", "rdx", "rcx", "r8", "r9", "r9"),
                concat!("mov rdi, ", $mask),
                "mov esi, {real}",
                "call {wait_with}",
                "mov r11, rdx",
                pop!("r9", "r9", "r8", "rcx", "rdx", "rsi", "rdi"),
                concat!("mov ", $mask, ", r11"),
                "jmp rax",
                ".cfi_endproc",
                real = const Real::$real as usize,
                wait_with = sym calls::wait_with,
            )
        }
    )*};
}

waiting! {
    sigsuspend("rdi") => Sigsuspend;
    __sigsuspend("rdi") => Sigsuspend;
    ppoll("rcx") => Ppoll;
    epoll_pwait("r8") => EpollPwait;
    epoll_pwait2("r8") => EpollPwait2;
    pselect("r9") => Pselect;
}
