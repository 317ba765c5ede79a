//! The story of an event: each hook places the call with the allocator beneath, captures the stack of
//! whoever called, and emits one record. The exported symbols jump here with the caller's registers in
//! extra arguments: `sp` points at the return address, `bp` is the caller's frame pointer.

mod checked;
pub mod cxx;
pub mod exec;
pub mod figures;
pub mod heap;
pub mod limits;
pub mod mappings;
pub mod marks;
pub(crate) mod untraced;

use ldt_trace::Function;

use crate::sys::{Registers, thread};

/// Who called, and through which function.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The function that the program called.
    pub function: Function,
    /// Registers in its caller.
    pub caller: Registers,
    /// What an operator was given as its first argument.
    pub operand: Option<u64>,
    /// What it was given as its second.
    pub second: Option<u64>,
    /// What it was given as its third.
    pub third: Option<u64>,
}

/// An operator new or delete has this much stack of its own at most before it calls malloc or free.
const OPERATOR_STACK_BYTES: u64 = 256;

impl Origin {
    /// A call that came through the exported `function`.
    ///
    /// # Safety
    /// `sp` must be the stack pointer at the entry of an exported function.
    #[inline(always)]
    unsafe fn direct(function: Function, sp: u64, bp: u64) -> Origin {
        // SAFETY: the return address lies at the stack pointer, as the caller vouches.
        let ip = unsafe { *(sp as *const u64) };
        Origin {
            function,
            operand: None,
            second: None,
            third: None,
            caller: Registers { ip, sp: sp + 8, bp },
        }
    }

    /// The same, but when the call was made by an operator of C++ that LDT has seen being called, then
    /// that operator is what the program called. An aligned new that calls malloc has refused its alignment,
    /// and makes the exception to throw.
    ///
    /// # Safety
    /// As for [`Origin::direct`].
    #[inline(always)]
    unsafe fn of(function: Function, sp: u64, bp: u64) -> Origin {
        let slot = thread::slot();
        let pending_sp = slot.pending_sp.get();
        if pending_sp != 0 {
            slot.pending_sp.set(0);
            if pending_sp.wrapping_sub(sp) < OPERATOR_STACK_BYTES
                && let Some(operator) = Function::from_code(slot.pending_function.get() as u8)
                && !(function == Function::Malloc && cxx::is_aligned_new(operator))
            {
                // SAFETY: the stack pointer at the operator's entry.
                let origin = unsafe { Origin::direct(operator, pending_sp, slot.pending_bp.get()) };
                return Origin {
                    operand: Some(slot.pending_size.get()),
                    second: Some(slot.pending_second.get()),
                    third: Some(slot.pending_third.get()),
                    ..origin
                };
            }
        }
        // SAFETY: as the caller vouches.
        unsafe { Origin::direct(function, sp, bp) }
    }
}
