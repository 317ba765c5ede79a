//! The loader's functions. `dlopen` reads its return address to find the caller's search path, so it
//! is jumped to; what it loads is learned when a stack first passes through it. After `dlclose` and `iconv_close` the
//! engine looks which modules are gone; the frame in between is a few instructions with unwind tables,
//! so destructors that throw pass through it.
//!
//! `RTLD_DEEPBIND` would let a library find libc's malloc before ours: its blocks would be freed
//! unseen and leak unseen. The flag is taken out, as other interposing tools demand of the program.

use core::arch::naked_asm;

use ldt_engine::{pop, push};

use super::{process, real};

unsafe extern "C" fn real_dlopen() -> *const core::ffi::c_void {
    real::Real::Dlopen.address()
}

unsafe extern "C" fn real_dlmopen() -> *const core::ffi::c_void {
    real::Real::Dlmopen.address()
}

/// `dlopen`.
///
/// # Safety
/// As for the C function.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dlopen() {
    naked_asm!(
        ".cfi_startproc",
        push!("rdi", "rsi", "rsi"),
        "call {real}",
        pop!("rsi", "rsi", "rdi"),
        // RTLD_DEEPBIND is 8.
        "and esi, -9",
        "jmp rax",
        ".cfi_endproc",
        real = sym real_dlopen,
    )
}

/// `dlmopen`.
///
/// # Safety
/// As for the C function.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dlmopen() {
    naked_asm!(
        ".cfi_startproc",
        push!("rdi", "rsi", "rdx"),
        "call {real}",
        pop!("rdx", "rsi", "rdi"),
        "and edx, -9",
        "jmp rax",
        ".cfi_endproc",
        real = sym real_dlmopen,
    )
}

/// A function of one argument after which libraries may be gone.
macro_rules! unloads {
    ($(#[$doc:meta])* $name:ident, $real:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            unsafe extern "C" fn real() -> *const core::ffi::c_void {
                real::Real::$real.address()
            }
            unsafe extern "C" fn after(sp: u64) {
                process::modules_may_be_gone(sp);
            }
            naked_asm!(
                ".cfi_startproc",
                push!("rdi"),
                "call {real}",
                "mov rdi, qword ptr [rsp]",
                "call rax",
                "mov qword ptr [rsp], rax",
                "mov rdi, rsp",
                "call {after}",
                pop!("rax"),
                "ret",
                ".cfi_endproc",
                real = sym real,
                after = sym after,
            )
        }
    };
}

unloads!(
    /// `dlclose`.
    dlclose,
    Dlclose
);

unloads!(
    /// `iconv_close`, which unloads the modules of conversions that nobody has used for a while, past `dlclose`.
    iconv_close,
    IconvClose
);
