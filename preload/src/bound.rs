//! The functions of the C library that LDT's own code calls and `libldt_calls.so` interposes, bound
//! inside this library: the linker finds these hidden definitions first, for Rust's code and zstd's
//! alike, so that nothing that LDT copies or reads comes by its own checks.
//!
//! Each jumps through a pointer to the C library's function, which costs what the jump through the
//! procedure linkage table did. The pointers are filled when the library is loaded. Before that, for
//! the first mallocs of the libraries that start earlier, memory is copied by plain string instructions,
//! and the others look the functions up at once. In Rust none of this could be written: a loop that
//! copies is compiled to a call of memcpy.

use core::arch::global_asm;
use core::ffi::{CStr, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};

/// Looks every function up. Called again it finds the same.
pub(crate) extern "C" fn bind() {
    each(|pointer, name| {
        // SAFETY: a NUL-terminated name.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
        if !found.is_null() {
            pointer.store(found, Ordering::Release);
        }
    });
}

macro_rules! bound {
    ($($name:ident $pointer:literal $early:literal;)*) => {
        $(global_asm!(
            ".pushsection .data.rel, \"aw\", @progbits",
            ".balign 8",
            concat!(".globl ", $pointer),
            concat!(".hidden ", $pointer),
            concat!($pointer, ": .quad ", $early),
            ".popsection",
            concat!(".pushsection .text.", stringify!($name), ", \"ax\", @progbits"),
            ".balign 16",
            concat!(".globl ", stringify!($name)),
            concat!(".hidden ", stringify!($name)),
            concat!(".type ", stringify!($name), ", @function"),
            concat!(stringify!($name), ":"),
            concat!("jmp qword ptr [rip + ", $pointer, "]"),
            concat!(".size ", stringify!($name), ", . - ", stringify!($name)),
            ".popsection",
        );)*

        unsafe extern "C" {
            $(#[link_name = $pointer] static $name: AtomicPtr<c_void>;)*
        }

        /// Visits every pointer with the name of its function.
        fn each(mut visit: impl FnMut(&AtomicPtr<c_void>, &CStr)) {
            $({
                const NAME: &[u8] = concat!(stringify!($name), "\0").as_bytes();
                if let Ok(name) = CStr::from_bytes_with_nul(NAME) {
                    // SAFETY: the word that the assembly above reserves.
                    visit(unsafe { &$name }, name);
                }
            })*
        }
    };
}

bound! {
    memcpy "ldt_bound_memcpy" "ldt_early_memcpy";
    memmove "ldt_bound_memmove" "ldt_early_memmove";
    memset "ldt_bound_memset" "ldt_early_memset";
    memcmp "ldt_bound_memcmp" "ldt_early_memcmp";
    bcmp "ldt_bound_bcmp" "ldt_early_memcmp";
    strlen "ldt_bound_strlen" "ldt_early_strlen";
    read "ldt_bound_read" "ldt_early_read";
    write "ldt_bound_write" "ldt_early_write";
    writev "ldt_bound_writev" "ldt_early_writev";
    readlink "ldt_bound_readlink" "ldt_early_readlink";
    getcwd "ldt_bound_getcwd" "ldt_early_getcwd";
    recv "ldt_bound_recv" "ldt_early_recv";
    recvmsg "ldt_bound_recvmsg" "ldt_early_recvmsg";
    sendmsg "ldt_bound_sendmsg" "ldt_early_sendmsg";
    fputs "ldt_bound_fputs" "ldt_early_fputs";
    chdir "ldt_bound_chdir" "ldt_early_chdir";
    getenv "ldt_bound_getenv" "ldt_early_getenv";
    stat64 "ldt_bound_stat64" "ldt_early_stat64";
    open64 "ldt_bound_open64" "ldt_early_open64";
    fstat64 "ldt_bound_fstat64" "ldt_early_fstat64";
    waitpid "ldt_bound_waitpid" "ldt_early_waitpid";
    pipe2 "ldt_bound_pipe2" "ldt_early_pipe2";
    socketpair "ldt_bound_socketpair" "ldt_early_socketpair";
    ioctl "ldt_bound_ioctl" "ldt_early_ioctl";
    statx "ldt_bound_statx" "ldt_early_statx";
    clock_gettime "ldt_bound_clock_gettime" "ldt_early_clock_gettime";
    __xpg_strerror_r "ldt_bound_xpg_strerror_r" "ldt_early_xpg_strerror_r";
    waitid "ldt_bound_waitid" "ldt_early_waitid";
    realpath "ldt_bound_realpath" "ldt_early_realpath";
    fcntl "ldt_bound_fcntl" "ldt_early_fcntl";
    setgroups "ldt_bound_setgroups" "ldt_early_setgroups";
}

global_asm!(
    ".pushsection .text.ldt_early, \"ax\", @progbits",
    "ldt_early_memmove:",
    "mov rax, rdi",
    "sub rax, rsi",
    "cmp rax, rdx",
    "jae ldt_early_memcpy",
    // The destination begins inside the source: backwards.
    "mov rax, rdi",
    "mov rcx, rdx",
    "lea rdi, [rdi + rdx - 1]",
    "lea rsi, [rsi + rdx - 1]",
    "std",
    "rep movsb",
    "cld",
    "ret",
    "ldt_early_memcpy:",
    "mov rax, rdi",
    "mov rcx, rdx",
    "rep movsb",
    "ret",
    "ldt_early_memset:",
    "mov r8, rdi",
    "mov eax, esi",
    "mov rcx, rdx",
    "rep stosb",
    "mov rax, r8",
    "ret",
    "ldt_early_memcmp:",
    "xor ecx, ecx",
    "2:",
    "xor eax, eax",
    "cmp rcx, rdx",
    "jae 3f",
    "movzx eax, byte ptr [rdi + rcx]",
    "movzx r8d, byte ptr [rsi + rcx]",
    "inc rcx",
    "sub eax, r8d",
    "jz 2b",
    "3:",
    "ret",
    "ldt_early_strlen:",
    "xor eax, eax",
    "2:",
    "cmp byte ptr [rdi + rax], 0",
    "je 3f",
    "inc rax",
    "jmp 2b",
    "3:",
    "ret",
    ".popsection",
);

/// Functions that cannot be done in a few instructions: bound at once, and called.
macro_rules! bound_at_once {
    ($($early:literal $pointer:literal;)*) => {$(
        global_asm!(
            ".pushsection .text.ldt_early, \"ax\", @progbits",
            concat!($early, ":"),
            "push rdi",
            "push rsi",
            "push rdx",
            "push rcx",
            "push r8",
            "call {bind}",
            "pop r8",
            "pop rcx",
            "pop rdx",
            "pop rsi",
            "pop rdi",
            concat!("jmp qword ptr [rip + ", $pointer, "]"),
            ".popsection",
            bind = sym bind,
        );
    )*};
}

bound_at_once! {
    "ldt_early_read" "ldt_bound_read";
    "ldt_early_write" "ldt_bound_write";
    "ldt_early_writev" "ldt_bound_writev";
    "ldt_early_readlink" "ldt_bound_readlink";
    "ldt_early_getcwd" "ldt_bound_getcwd";
    "ldt_early_recv" "ldt_bound_recv";
    "ldt_early_recvmsg" "ldt_bound_recvmsg";
    "ldt_early_sendmsg" "ldt_bound_sendmsg";
    "ldt_early_fputs" "ldt_bound_fputs";
    "ldt_early_chdir" "ldt_bound_chdir";
    "ldt_early_getenv" "ldt_bound_getenv";
    "ldt_early_stat64" "ldt_bound_stat64";
    "ldt_early_open64" "ldt_bound_open64";
    "ldt_early_fstat64" "ldt_bound_fstat64";
    "ldt_early_waitpid" "ldt_bound_waitpid";
    "ldt_early_pipe2" "ldt_bound_pipe2";
    "ldt_early_socketpair" "ldt_bound_socketpair";
    "ldt_early_ioctl" "ldt_bound_ioctl";
    "ldt_early_statx" "ldt_bound_statx";
    "ldt_early_clock_gettime" "ldt_bound_clock_gettime";
    "ldt_early_xpg_strerror_r" "ldt_bound_xpg_strerror_r";
    "ldt_early_waitid" "ldt_bound_waitid";
    "ldt_early_realpath" "ldt_bound_realpath";
    "ldt_early_fcntl" "ldt_bound_fcntl";
    "ldt_early_setgroups" "ldt_bound_setgroups";
}
