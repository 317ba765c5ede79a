//! From an operator of C++ to the malloc or free that it calls: which call of these is the operator's, so that the
//! program is told what it called itself.
//!
//! An operator notes itself (`cxx.rs: enter_operator`), and the next call of malloc or free takes the note, where that
//! call lies little deeper in the stack and has the arguments that the operator gives it. Three cases have rules of
//! their own. A signal handler that comes between has calls far deeper: the note stays. A program's own operators may
//! be reached from the library's, and ask for what they like: `replaced.rs` knows them beforehand. And an operator new whose
//! malloc fails calls the new-handler, which frees something, and asks again: [`failed`].

use ldt_trace::Function;

use super::Origin;
use crate::sys::thread::{Operator, Slot, TRIES_AGAIN, slot};

/// An operator new or delete has this much stack of its own at most before it calls malloc or free.
pub(super) const OPERATOR_STACK_BYTES: u64 = 256;

/// Whether an operator that was given this calls `function` with `argument`: a size, or a block.
#[inline(always)]
fn leads_to(operator: Function, given: &Operator, function: Function, argument: u64) -> bool {
    let (first, code) = (given.first.get(), operator as u8);
    match function {
        Function::Free => code >= Function::Delete as u8 && argument == first,
        // An aligned new that calls malloc has refused its alignment, and makes the exception to throw.
        Function::Malloc => {
            code < Function::NewAligned as u8 && (argument == first || argument == 1 && first == 0)
        }
        // Where the C library wants a multiple of the alignment, the operator rounds up.
        Function::AlignedAlloc | Function::PosixMemalign | Function::Memalign => {
            (Function::NewAligned as u8..Function::Delete as u8).contains(&code)
                && argument.wrapping_sub(first) <= given.second.get().max(8)
        }
        _ => false,
    }
}

/// A call of an operator that is known to have made a call of malloc or free.
pub(super) struct Taken<'slot> {
    pub(super) function: Function,
    /// The stack pointer at its entry.
    pub(super) sp: u64,
    /// The rest of what was noted.
    pub(super) call: &'slot Operator,
}

/// The operator that made this call of `function`, whose stack pointer at its entry was `sp`, if one is pending and did.
#[inline(always)]
pub(super) fn take(slot: &Slot, function: Function, argument: u64, sp: u64) -> Option<Taken<'_>> {
    let noted = slot.pending.sp.get();
    if noted == 0 {
        return None;
    }
    if noted.wrapping_sub(sp) >= OPERATOR_STACK_BYTES {
        return take_far(slot, function, argument, sp);
    }
    slot.pending.sp.set(slot.idle.get());
    let operator = Function::from_code(slot.pending.function.get() as u8)?;
    let call = &slot.pending;
    leads_to(operator, call, function, argument).then_some(Taken {
        function: operator,
        sp: noted,
        call,
    })
}

/// [`take`] for a call that is not just beneath the noted operator.
#[cold]
#[inline(never)]
fn take_far(slot: &Slot, function: Function, argument: u64, sp: u64) -> Option<Taken<'_>> {
    let noted = slot.pending.sp.get();
    if noted != TRIES_AGAIN {
        // A call from further out in the stack: the operator has returned. One from further in is a signal handler's.
        if sp > noted {
            slot.pending.sp.set(slot.idle.get());
        }
        return None;
    }
    let failed = &slot.failed;
    // SAFETY: the return address lies at the stack pointer of the entry.
    let ip = unsafe { *(sp as *const u64) };
    let is_same_call = sp == slot.failed_sp.get() && ip == slot.failed_ip.get();
    if is_same_call || sp > failed.sp.get() {
        slot.idle.set(0);
        slot.pending.sp.set(0);
    }
    let operator = Function::from_code(failed.function.get() as u8)?;
    (is_same_call && leads_to(operator, failed, function, argument)).then_some(Taken {
        function: operator,
        sp: failed.sp.get(),
        call: failed,
    })
}

/// The call of malloc with this origin, whose stack pointer at its entry was `sp`, got nothing: where an operator new made
/// it, the same may come once more, from the same place.
#[cold]
pub(super) fn failed(origin: &Origin, sp: u64) {
    note_failure(slot(), origin, sp);
}

fn note_failure(slot: &Slot, origin: &Origin, sp: u64) {
    let (Some(first), Some(second), Some(third)) = (origin.operand, origin.second, origin.third)
    else {
        return;
    };
    // SAFETY: the return address lies at the stack pointer of the entry.
    slot.failed_ip.set(unsafe { *(sp as *const u64) });
    slot.failed_sp.set(sp);
    slot.failed.function.set(origin.function as u64);
    slot.failed.sp.set(origin.caller.sp - 8);
    slot.failed.bp.set(origin.caller.bp);
    slot.failed.first.set(first);
    slot.failed.second.set(second);
    slot.failed.third.set(third);
    slot.idle.set(TRIES_AGAIN);
    slot.pending.sp.set(TRIES_AGAIN);
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;

    /// A piece of stack; calls are made from its upper end downwards.
    struct Stack([u64; 128]);

    impl Stack {
        /// The stack pointer at the entry of a call with this much below the first.
        fn at(&self, bytes: u64) -> u64 {
            self.0.as_ptr() as u64 + 120 * 8 - bytes
        }
    }

    fn noted(function: Function, sp: u64, first: u64) -> Slot {
        let none = || Operator {
            function: Cell::new(0),
            sp: Cell::new(0),
            bp: Cell::new(0),
            first: Cell::new(0),
            second: Cell::new(0),
            third: Cell::new(0),
        };
        let slot = Slot {
            thread: Cell::new(core::ptr::null_mut()),
            inside_sp: Cell::new(0),
            pending: none(),
            idle: Cell::new(0),
            failed: none(),
            failed_sp: Cell::new(0),
            failed_ip: Cell::new(0),
            childs_scratch: [const { Cell::new(0) }; 2],
            locks: Cell::new(0),
            dying_by: Cell::new(0),
            told_call: Cell::new(0),
            open_for_call: [const { Cell::new(0) }; 2],
        };
        slot.pending.function.set(function as u64);
        slot.pending.sp.set(sp);
        slot.pending.first.set(first);
        slot
    }

    fn taken(slot: &Slot, function: Function, argument: u64, sp: u64) -> Option<Function> {
        take(slot, function, argument, sp).map(|taken| taken.function)
    }

    #[test]
    fn the_operators_own_call_is_known_by_its_argument() {
        let stack = Stack([0; 128]);
        let sp = stack.at(0);
        for (operator, first, function, argument, is_its_own) in [
            (Function::New, 40, Function::Malloc, 40, true),
            (Function::New, 0, Function::Malloc, 1, true),
            (Function::NewArray, 40, Function::Malloc, 56, false),
            (Function::New, 40, Function::Free, 40, false),
            (Function::NewAligned, 40, Function::AlignedAlloc, 48, true),
            (Function::NewAligned, 40, Function::Malloc, 40, false),
            (Function::DeleteArray, 4096, Function::Free, 4096, true),
            (Function::DeleteArray, 4096, Function::Free, 4080, false),
        ] {
            let slot = noted(operator, sp, first);
            let expected = is_its_own.then_some(operator);
            assert_eq!(
                taken(&slot, function, argument, stack.at(32)),
                expected,
                "{operator:?}"
            );
            assert_eq!(slot.pending.sp.get(), 0, "{operator:?} is asked for once");
        }
    }

    #[test]
    fn calls_of_a_signal_handler_leave_the_note() {
        let stack = Stack([0; 128]);
        let slot = noted(Function::New, stack.at(0), 40);
        assert_eq!(taken(&slot, Function::Malloc, 40, stack.at(800)), None);
        assert_eq!(taken(&slot, Function::Free, 4096, stack.at(800)), None);
        let its_own = taken(&slot, Function::Malloc, 40, stack.at(16));
        assert_eq!(its_own, Some(Function::New));
    }

    #[test]
    fn a_call_from_further_out_ends_the_note() {
        let stack = Stack([0; 128]);
        let slot = noted(Function::New, stack.at(64), 40);
        assert_eq!(taken(&slot, Function::Malloc, 40, stack.at(0)), None);
        assert_eq!(taken(&slot, Function::Malloc, 40, stack.at(80)), None);
    }

    #[test]
    fn an_operator_whose_malloc_failed_asks_again_from_the_same_place() {
        let mut stack = Stack([0; 128]);
        let (operator_sp, malloc_sp) = (stack.at(0), stack.at(16));
        stack.0[120 - 2] = 0x1234;
        let slot = noted(Function::NewArray, operator_sp, 40);
        let its_own = take(&slot, Function::Malloc, 40, malloc_sp).expect("the operator's own");
        // SAFETY: the registers are the stack's above.
        note_failure(&slot, &unsafe { Origin::by(&its_own) }, malloc_sp);
        // The new-handler: a delete of its own, and a malloc of the same size from another place.
        slot.pending.function.set(Function::Delete as u64);
        slot.pending.sp.set(stack.at(48));
        slot.pending.first.set(4096);
        let handlers = taken(&slot, Function::Free, 4096, stack.at(48));
        assert_eq!(handlers, Some(Function::Delete));
        assert_eq!(taken(&slot, Function::Malloc, 40, stack.at(48)), None);
        assert_eq!(
            taken(&slot, Function::Malloc, 40, malloc_sp),
            Some(Function::NewArray)
        );
        assert_eq!(taken(&slot, Function::Malloc, 40, malloc_sp), None);
    }
}
