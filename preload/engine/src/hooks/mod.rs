//! The story of an event: each hook places the call with the allocator beneath, captures the stack of
//! whoever called, and emits one record. The exported symbols jump here with the caller's registers in
//! extra arguments: `sp` points at the return address, `bp` is the caller's frame pointer.

pub(crate) mod checked;
pub mod cxx;
pub mod exec;
pub mod figures;
pub mod forks;
pub mod heap;
mod inside;
pub mod limits;
pub mod mappings;
pub mod marks;
mod pending;
mod replaced;
pub mod root;
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
    /// that operator is what the program called. `argument` is the size that the call asks for, or the block it gives back.
    ///
    /// # Safety
    /// As for [`Origin::direct`].
    #[inline(always)]
    unsafe fn of(function: Function, argument: u64, sp: u64, bp: u64) -> Origin {
        match pending::take(thread::slot(), function, argument, sp) {
            // SAFETY: the operator runs still.
            Some(taken) => unsafe { Origin::by(&taken) },
            // SAFETY: as the caller vouches.
            None => unsafe { Origin::direct(function, sp, bp) },
        }
    }

    /// What an operator does that made a call of malloc or free.
    ///
    /// # Safety
    /// The operator must be running: its return address lies where its stack pointer was.
    #[inline(always)]
    unsafe fn by(taken: &pending::Taken<'_>) -> Origin {
        let call = taken.call;
        // SAFETY: the stack pointer at the operator's entry.
        let direct = unsafe { Origin::direct(taken.function, taken.sp, call.bp.get()) };
        Origin {
            operand: Some(call.first.get()),
            second: Some(call.second.get()),
            third: Some(call.third.get()),
            ..direct
        }
    }
}
