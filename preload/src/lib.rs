//! `libldt.so`: the exported symbols, and nothing else. Each hands the caller's registers to the
//! engine and jumps there: no frame of LDT's own has to be unwound or trimmed, and none lies under
//! the program's code.
//!
//! The list of exports is `../exports.txt`; a test holds the built library to it.

use core::arch::naked_asm;

use ldt_engine::hooks::{forks, heap, mappings};
use ldt_engine::{process, real, sys};

/// Exports functions that jump to a hook of the engine with the stack pointer and the frame pointer
/// in the two argument registers after their own arguments.
macro_rules! export {
    ($($name:ident($sp:literal, $bp:literal) => $hook:path;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`, see the engine's hook.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            core::arch::naked_asm!(
                concat!("mov ", $sp, ", rsp"),
                concat!("mov ", $bp, ", rbp"),
                "jmp {hook}",
                hook = sym $hook,
            )
        }
    )*};
}

mod bound;
mod endings;
mod exec;
mod figures;
mod limits;
mod loader;
mod looked_up;
mod marks;
mod operators;
mod ranges;
mod root;
mod signals;
mod system_call;

#[global_allocator]
static ALLOCATOR: sys::arena::Arena = sys::arena::Arena;

export! {
    malloc("rsi", "rdx") => heap::malloc;
    calloc("rdx", "rcx") => heap::calloc;
    realloc("rdx", "rcx") => heap::realloc;
    reallocarray("rcx", "r8") => heap::reallocarray;
    free("rsi", "rdx") => heap::free;
    cfree("rsi", "rdx") => heap::cfree;
    posix_memalign("rcx", "r8") => heap::posix_memalign;
    aligned_alloc("rdx", "rcx") => heap::aligned_alloc;
    memalign("rdx", "rcx") => heap::memalign;
    valloc("rsi", "rdx") => heap::valloc;
    pvalloc("rsi", "rdx") => heap::pvalloc;
    malloc_usable_size("rsi", "rdx") => heap::malloc_usable_size;
    free_sized("rdx", "rcx") => heap::free_sized;
    free_aligned_sized("rcx", "r8") => heap::free_aligned_sized;
    munmap("rdx", "rcx") => mappings::munmap;
    mprotect("rcx", "r8") => mappings::mprotect;
    pkey_mprotect("r8", "r9") => mappings::pkey_mprotect;
    madvise("rcx", "r8") => mappings::madvise;
    mremap("r9", "rax") => mremap_with_frame;
    __register_atfork("r8", "r9") => forks::register_atfork;
    sbrk("rsi", "rdx") => mappings::sbrk;
    brk("rsi", "rdx") => mappings::brk;
}

/// `mmap` has six arguments of its own: the two registers go on the stack.
///
/// # Safety
/// As for the C function.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn mmap() {
    naked_asm!(
        ".cfi_startproc",
        "mov rax, rsp",
        "sub rsp, 8",
        ".cfi_adjust_cfa_offset 8",
        "push rbp",
        ".cfi_adjust_cfa_offset 8",
        "push rax",
        ".cfi_adjust_cfa_offset 8",
        "call {hook}",
        "add rsp, 24",
        ".cfi_adjust_cfa_offset -24",
        "ret",
        ".cfi_endproc",
        hook = sym mappings::mmap,
    )
}

/// `mmap64` is the same function.
///
/// # Safety
/// As for the C function.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn mmap64() {
    naked_asm!("jmp {mmap}", mmap = sym mmap)
}

/// `mremap` has five arguments: the frame pointer (in `rax`) goes on the stack.
///
/// # Safety
/// Only jumped to from `mremap`.
#[unsafe(naked)]
unsafe extern "C" fn mremap_with_frame() {
    naked_asm!(
        ".cfi_startproc",
        "sub rsp, 16",
        ".cfi_adjust_cfa_offset 16",
        "push rax",
        ".cfi_adjust_cfa_offset 8",
        "call {hook}",
        "add rsp, 24",
        ".cfi_adjust_cfa_offset -24",
        "ret",
        ".cfi_endproc",
        hook = sym mappings::mremap,
    )
}

/// Runs when the process ends, among the destructors of all modules.
#[used]
#[unsafe(link_section = ".fini_array")]
static DESTRUCTOR: extern "C" fn() = {
    extern "C" fn destructor() {
        process::destructed();
    }
    destructor
};

/// Runs when the library is loaded.
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = {
    extern "C" fn constructor() {
        bound::bind();
        system_call::bind();
        process::constructed();
    }
    constructor
};
