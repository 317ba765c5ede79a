//! The only place with system calls, raw memory and machine code. Everything above it is written
//! in terms of these few functions.
//!
//! System calls are made directly: the libc wrappers set `errno`, which belongs to the program, and
//! several of them (`mmap`, `_exit`, …) are exported by LDT itself, so that calling them would come
//! back into our own hooks.

pub mod arena;
pub mod childs_scratch;
pub mod code;
pub mod environment;
pub mod file;
mod handler;
pub mod interrupted;
pub mod lock;
pub mod mapping;
pub mod mem;
pub mod others;
pub mod own;
pub mod pagemap;
pub mod pages;
pub mod proc;
mod proc_folder;
pub mod pulse;
pub mod readable;
pub mod roomy;
pub mod root;
mod saved;
pub mod signal;
pub mod signal_frame;
pub mod system;
pub mod thread;
pub mod vector;
pub mod watchpoint;
pub mod wiped;
mod x86_64;

pub use x86_64::{
    ELF_MACHINE, Registers, counter, counter_is_steady, is_under_valgrind, just_written, prefetch,
    registers_here, restorer_registers, saved_registers, syscall,
};
