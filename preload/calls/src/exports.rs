//! The exported symbols: one for each row of [`crate::table`].
//!
//! Most calls concern no block: the export compares the pointers with the bounds of the heap and jumps
//! to the C library, in a dozen instructions and without touching the stack. A function that has not
//! been looked up yet goes the long way too. Only scratch registers are used: r10 and r11, and rax
//! where no number of vector registers is handed over in it.
//!
//! The commonest functions, which have four arguments at most, ask a question of [`crate::quick`] before they go
//! the long way.

use core::arch::naked_asm;

use crate::beneath::FUNCTIONS;
use crate::enter::{fixed_arguments, variable_arguments};
use crate::heap::BOUNDS;
use crate::index::Index;
use crate::table::texts::with_every_function;

macro_rules! export {
    ($($name:ident $entered:tt $unit:ident ($($role:expr),*) $story:ident $(via $via:ident)?;)*) => {
        $(one! { $name $entered })*
    };
}

macro_rules! one {
    ($name:ident [$($pointer:ident)*]) => {
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!(
                "mov r11, qword ptr [rip + {functions} + {offset}]",
                "test r11, r11",
                "jz 2f",
                "mov r10, qword ptr [rip + {bounds}]",
                $(
                    concat!("cmp ", stringify!($pointer), ", [r10]"),
                    "jb 3f",
                    concat!("cmp ", stringify!($pointer), ", [r10 + 8]"),
                    "jb 2f",
                    "3:",
                )*
                "jmp r11",
                "2:",
                "mov eax, {index}",
                "jmp {slowly}",
                functions = sym FUNCTIONS,
                offset = const 8 * Index::$name as usize,
                bounds = sym BOUNDS,
                index = const Index::$name as usize,
                slowly = sym fixed_arguments,
            )
        }
    };
    ($name:ident [$($pointer:ident)*; $question:ident]) => {
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!(
                ".cfi_startproc",
                "mov r11, qword ptr [rip + {functions} + {offset}]",
                "test r11, r11",
                "jz 2f",
                "mov r10, qword ptr [rip + {bounds}]",
                $(
                    concat!("cmp ", stringify!($pointer), ", [r10]"),
                    "jb 3f",
                    concat!("cmp ", stringify!($pointer), ", [r10 + 8]"),
                    "jb 4f",
                    "3:",
                )*
                "jmp r11",
                "4:",
                "sub rsp, 40",
                ".cfi_adjust_cfa_offset 40",
                "mov [rsp], rdi",
                "mov [rsp + 8], rsi",
                "mov [rsp + 16], rdx",
                "mov [rsp + 24], rcx",
                "call {question}",
                "mov rdi, [rsp]",
                "mov rsi, [rsp + 8]",
                "mov rdx, [rsp + 16]",
                "mov rcx, [rsp + 24]",
                "add rsp, 40",
                ".cfi_adjust_cfa_offset -40",
                "test al, al",
                "jz 2f",
                "jmp qword ptr [rip + {functions} + {offset}]",
                "2:",
                "mov eax, {index}",
                "jmp {slowly}",
                ".cfi_endproc",
                functions = sym FUNCTIONS,
                offset = const 8 * Index::$name as usize,
                bounds = sym BOUNDS,
                question = sym crate::quick::$question,
                index = const Index::$name as usize,
                slowly = sym fixed_arguments,
            )
        }
    };
    ($name:ident variable) => {
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!(
                "mov r11d, {index}",
                "jmp {slowly}",
                index = const Index::$name as usize,
                slowly = sym variable_arguments,
            )
        }
    };
    ($name:ident $always:ident) => {
        #[doc = concat!("`", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for the C function.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!(
                "mov eax, {index}",
                "jmp {slowly}",
                index = const Index::$name as usize,
                slowly = sym fixed_arguments,
            )
        }
    };
}

with_every_function!(export);
