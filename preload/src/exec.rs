//! exec and spawn: see the engine's hooks. None returns to code of ours when it succeeds. The variadic
//! ones store the registers that can hold arguments, and say where the stack's begin.

use core::arch::naked_asm;

use ldt_engine::hooks::exec;

macro_rules! plain {
    ($($name:ident)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!("jmp {hook}", hook = sym exec::$name)
        }
    )*};
}

plain! { execve execvpe execv execvp fexecve posix_spawn posix_spawnp pidfd_spawn pidfd_spawnp }

macro_rules! variadic {
    ($($name:ident)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                "push r9",
                "push r8",
                "push rcx",
                "push rdx",
                "push rsi",
                ".cfi_adjust_cfa_offset 40",
                "mov rsi, rsp",
                "lea rdx, [rsp + 48]",
                "call {hook}",
                "add rsp, 40",
                ".cfi_adjust_cfa_offset -40",
                "ret",
                ".cfi_endproc",
                hook = sym exec::$name,
            )
        }
    )*};
}

variadic! { execl execlp execle }
