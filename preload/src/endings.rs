//! The ways for a process to end that no exit handler sees. Each notes the exit code and jumps on:
//! the code that runs afterwards (handlers of `at_quick_exit`) has no frame of ours under it.

use core::arch::naked_asm;

use super::{process, real};

macro_rules! endings {
    ($($name:ident => $real:ident, $ending:ident;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        #[allow(non_snake_case, reason = "the C function's name")]
        pub(crate) unsafe extern "C" fn $name() {
            unsafe extern "C" fn note(code: i32) -> *const core::ffi::c_void {
                process::$ending(code);
                real::Real::$real.address()
            }
            naked_asm!(
                ".cfi_startproc",
                "push rdi",
                ".cfi_adjust_cfa_offset 8",
                "call {note}",
                "pop rdi",
                ".cfi_adjust_cfa_offset -8",
                "jmp rax",
                ".cfi_endproc",
                note = sym note,
            )
        }
    )*};
}

endings! {
    _exit => Exit, ending;
    _Exit => Exit, ending;
    quick_exit => QuickExit, ending_quickly;
}
