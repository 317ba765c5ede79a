//! What programs call by way of `ldt.h` (`../include`). Each jumps to its hook with the caller's
//! registers, as the allocation functions do.

use core::arch::naked_asm;

use ldt_engine::hooks::marks;
use ldt_engine::leaks::on_demand;
use ldt_engine::{pop, push};

/// `ldt_leak_check`. What its own frames leave on the stack is no root, so it notes what the caller keeps in registers.
///
/// # Safety
/// As for the C function.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn ldt_leak_check() -> u64 {
    naked_asm!(
        ".cfi_startproc",
        push!("r15", "r14", "r13", "r12", "rbp", "rbx", "rbx"),
        "lea rdi, [rsp + 8]",
        "lea rsi, [rsp + 56]",
        "call {called}",
        pop!("rbx", "rbx", "rbp", "r12", "r13", "r14", "r15"),
        "ret",
        ".cfi_endproc",
        called = sym on_demand::called,
    )
}

export! {
    ldt_check("rdi", "rsi") => marks::check;
    ldt_mark("rsi", "rdx") => marks::mark;
    ldt_malloclike_block("r8", "r9") => marks::malloclike_block;
    ldt_freelike_block("rdx", "rcx") => marks::freelike_block;
    ldt_resizeinplace_block("r8", "r9") => marks::resizeinplace_block;
    ldt_make_mem_noaccess("rdx", "rcx") => marks::make_mem_noaccess;
    ldt_make_mem_undefined("rdx", "rcx") => marks::make_mem_accessible;
    ldt_make_mem_defined("rdx", "rcx") => marks::make_mem_accessible;
}
