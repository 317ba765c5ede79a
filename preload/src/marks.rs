//! What programs call by way of `ldt.h` (`../include`). Each jumps to its hook with the caller's
//! registers, as the allocation functions do.

use ldt_engine::hooks::marks;
use ldt_engine::leaks::on_demand;

export! {
    ldt_leak_check("rdi", "rsi") => on_demand::called;
    ldt_check("rdi", "rsi") => marks::check;
    ldt_mark("rsi", "rdx") => marks::mark;
    ldt_malloclike_block("r8", "r9") => marks::malloclike_block;
    ldt_freelike_block("rdx", "rcx") => marks::freelike_block;
    ldt_resizeinplace_block("r8", "r9") => marks::resizeinplace_block;
    ldt_make_mem_noaccess("rdx", "rcx") => marks::make_mem_noaccess;
    ldt_make_mem_undefined("rdx", "rcx") => marks::make_mem_accessible;
    ldt_make_mem_defined("rdx", "rcx") => marks::make_mem_accessible;
}
