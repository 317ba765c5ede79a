//! The ways for a process to end. Each notes the exit code, and where the program called, for the leak
//! check: libc's frames between here and the end hold what the program has left on the stack. Then it
//! jumps on: the code that runs afterwards (exit handlers) has no frame of ours under it. libc's own calls of
//! abort do not come by here, but those of assert and of C++'s terminate do.

use core::arch::naked_asm;

use ldt_engine::leaks::standing::Standing;
use ldt_engine::{pop, push};

use super::{process, real};

macro_rules! endings {
    ($($name:ident => $real:ident, $ending:path;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        #[allow(non_snake_case, reason = "the C function's name")]
        pub(crate) unsafe extern "C" fn $name() {
            unsafe extern "C" fn note(
                code: i32,
                saved: &[u64; 6],
                sp: u64,
            ) -> *const core::ffi::c_void {
                $ending(code, Standing::new(sp, saved));
                real::Real::$real.address()
            }
            naked_asm!(
                ".cfi_startproc",
                push!("rdi", "rsi", "rdx", "rcx", "rcx"),
                push!("r15", "r14", "r13", "r12", "rbp", "rbx"),
                "mov rsi, rsp",
                "lea rdx, [rsp + 88]",
                "call {note}",
                "add rsp, 48",
                ".cfi_adjust_cfa_offset -48",
                pop!("rcx", "rcx", "rdx", "rsi", "rdi"),
                "jmp rax",
                ".cfi_endproc",
                note = sym note,
            )
        }
    )*};
}

endings! {
    _exit => Exit, process::ending_now;
    _Exit => Exit, process::ending_now;
    quick_exit => QuickExit, process::ending_quickly;
    exit => OrderlyExit, process::ending_in_order;
    abort => Abort, process::aborting;
    __assert_fail => AssertFail, process::aborting;
}
