//! Operators new and delete. No Rust frame may lie under one that throws, so the exported operators
//! are a few instructions ([`enter_operator`]) that note who called and jump to the operator beneath.

use core::arch::naked_asm;
use core::ffi::c_void;

use ldt_trace::Function;

use super::checked::{self, Told};
use super::{Origin, inside, replaced};
use crate::blocks;
use crate::modes;
use crate::real::cxx;
use crate::reentry::{Inside, enter};
use crate::sys::thread::{self, TRIES_AGAIN};
use crate::{pop, push};

/// Every exported operator jumps here with its number in `eax`, its arguments as they came.
///
/// Notes the operator, the stack pointer and the frame pointer in the thread's slot, unless an operator
/// around this one has done so (`operator new[]` calls `operator new`, with the same first argument); asks [`route`]
/// where to go; goes there with the arguments restored.
///
/// # Safety
/// Only to be jumped to from the entry of an exported operator.
#[unsafe(naked)]
pub unsafe extern "C" fn enter_operator() {
    // Offsets in the slot's pending operator: function 16, sp 24, bp 32, first 40, second 48, third 56.
    naked_asm!(
        ".cfi_startproc",
        "mov r11, qword ptr fs:[0]",
        "add r11, qword ptr [rip + ldt_thread_slot@GOTTPOFF]",
        "mov r10, qword ptr [r11 + 24]",
        "sub r10, rsp",
        "cmp r10, {nested}",
        "jae 3f",
        "cmp rdi, qword ptr [r11 + 40]",
        "je 2f",
        "3:",
        "mov qword ptr [r11 + 16], rax",
        "mov qword ptr [r11 + 24], rsp",
        "mov qword ptr [r11 + 32], rbp",
        "mov qword ptr [r11 + 40], rdi",
        "mov qword ptr [r11 + 48], rsi",
        "mov qword ptr [r11 + 56], rdx",
        "2:",
        push!("rdi", "rsi", "rdx", "rax", "rax"),
        "mov edi, eax",
        "mov rsi, qword ptr [rsp + 40]",
        "call {route}",
        "mov r10, rax",
        pop!("rax", "rax", "rdx", "rsi", "rdi"),
        "jmp r10",
        ".cfi_endproc",
        nested = const super::pending::OPERATOR_STACK_BYTES,
        route = sym route,
    )
}

const _: () = assert!(core::mem::offset_of!(thread::Slot, pending.function) == 16);
const _: () = assert!(core::mem::offset_of!(thread::Slot, pending.sp) == 24);
const _: () = assert!(core::mem::offset_of!(thread::Slot, pending.bp) == 32);
const _: () = assert!(core::mem::offset_of!(thread::Slot, pending.first) == 40);
const _: () = assert!(core::mem::offset_of!(thread::Slot, pending.second) == 48);
const _: () = assert!(core::mem::offset_of!(thread::Slot, pending.third) == 56);

/// In a route: what the operator does is the program's affair ([`replaced`]), and its note is taken back. No
/// address has this bit.
const NOT_NOTED: usize = 1 << 63;

/// Where an operator goes: to a hook of this module when it is the allocator's own, or nobody's; else beneath. `caller` is where
/// it was called, which matters where not all libraries see the same one.
unsafe extern "C" fn route(code: u32, caller: u64) -> *const c_void {
    use core::sync::atomic::{AtomicUsize, Ordering};
    /// Those that all libraries see, and those of a C++ library that was opened privately.
    static ROUTES: [AtomicUsize; 64] = [const { AtomicUsize::new(0) }; 64];
    static PRIVATE: [AtomicUsize; 64] = [const { AtomicUsize::new(0) }; 64];
    /// In the latter, where it is known only that there is none which all see.
    const NONE_FOR_ALL: usize = 1;

    let known = ROUTES[code as usize % 64].load(Ordering::Acquire);
    if known != 0 {
        return settle(known);
    }
    let Some(function) = Function::from_code(code as u8) else {
        return no_operator as *const c_void;
    };
    let private = &PRIVATE[code as usize % 64];
    let known = private.load(Ordering::Acquire);
    let is_seen_by_all = known == 0 && !cxx::for_all(function).is_null();
    if !is_seen_by_all {
        if known == 0 {
            private.store(NONE_FOR_ALL, Ordering::Release);
        }
        let own = cxx::privately(function, caller);
        if !own.is_null() {
            return own;
        }
        if known > NONE_FOR_ALL {
            return settle(known);
        }
    }
    let slot = if is_seen_by_all {
        &ROUTES[code as usize % 64]
    } else {
        private
    };
    let beneath = cxx::address(function);
    let is_new = (16..32).contains(&code);
    let around = if is_new {
        new_around as *const c_void
    } else {
        delete_around as *const c_void
    };
    let target = if beneath.is_null() {
        if is_new {
            new_without_library as *const c_void as usize
        } else {
            around as usize
        }
    } else if is_recorded_around(function) {
        around as usize
    } else if replaced::leads_to_replaced(function) {
        beneath as usize | NOT_NOTED
    } else {
        beneath as usize
    };
    if !beneath.is_null() {
        slot.store(target, Ordering::Release);
    }
    settle(target)
}

/// The address that a route leads to; takes the note back where the route says so.
#[inline(always)]
fn settle(route: usize) -> *const c_void {
    if route & NOT_NOTED != 0 {
        let slot = thread::slot();
        slot.pending.sp.set(slot.idle.get());
    }
    (route & !NOT_NOTED) as *const c_void
}

/// Whether the operator beneath does not come back through malloc or free: the allocator's own, as is the twin that
/// [`new_around`] calls. The C++ library's twin would call the operator by name, and come here for ever.
fn is_recorded_around(function: Function) -> bool {
    let is_of_allocator = |function| {
        let beneath = cxx::address(function) as usize;
        beneath != 0 && !cxx::is_built_on_malloc(beneath) && cxx::is_of_allocator(beneath)
    };
    is_of_allocator(function) && is_of_allocator(nothrow_twin(function))
}

extern "C" fn no_operator() {}

/// The operator that the slot says was called, taken out of it.
fn take_pending() -> Option<Origin> {
    let slot = thread::slot();
    let sp = slot.pending.sp.replace(slot.idle.get());
    let function = Function::from_code(slot.pending.function.get() as u8)?;
    // SAFETY: noted at the operator's entry by `enter_operator`.
    (sp > TRIES_AGAIN).then(|| unsafe { Origin::direct(function, sp, slot.pending.bp.get()) })
}

/// Whether it is an operator new that is given an alignment.
fn is_aligned_new(function: Function) -> bool {
    matches!(
        function,
        Function::NewAligned
            | Function::NewArrayAligned
            | Function::NewAlignedNothrow
            | Function::NewArrayAlignedNothrow
    )
}

/// The nothrow twin of a throwing operator new, by number.
fn nothrow_twin(function: Function) -> Function {
    match function {
        Function::New => Function::NewNothrow,
        Function::NewArray => Function::NewArrayNothrow,
        Function::NewAligned => Function::NewAlignedNothrow,
        Function::NewArrayAligned => Function::NewArrayAlignedNothrow,
        other => other,
    }
}

/// An operator new of an allocator that does not come back through malloc. Asks the nothrow twin, so
/// that nothing is thrown through Rust; when that gives null a throwing operator is jumped to itself,
/// to call the new-handler and throw.
#[unsafe(naked)]
unsafe extern "C" fn new_around() {
    naked_asm!(
        ".cfi_startproc",
        push!("rdi", "rsi", "rdx", "rax", "rax"),
        "mov edx, eax",
        "call {place}",
        "mov r10, rax",
        pop!("rax", "rax", "rdx", "rsi", "rdi"),
        "test r10, 1",
        "jnz 2f",
        "mov rax, r10",
        "ret",
        "2:",
        "dec r10",
        "jmp r10",
        ".cfi_endproc",
        place = sym place_new,
    )
}

/// Gives the block, or null; or the address (plus 1) of the throwing operator to jump to.
unsafe extern "C" fn place_new(size: usize, second: usize, code: u32) -> usize {
    static NOTHROW: u8 = 0;
    let nothrow = &raw const NOTHROW;
    let Some(function) = Function::from_code(code as u8) else {
        return 0;
    };
    let origin = take_pending();
    let twin = nothrow_twin(function);
    let address = cxx::address(twin);
    let aligned = is_aligned_new(twin);
    let place = || -> *mut u8 {
        if address.is_null() {
            return core::ptr::null_mut();
        }
        // SAFETY: the operator of that name: (size, [alignment,] tag).
        unsafe {
            if aligned {
                let operator: unsafe extern "C" fn(usize, usize, *const u8) -> *mut u8 =
                    core::mem::transmute(address);
                operator(size, second, nothrow)
            } else {
                let operator: unsafe extern "C" fn(usize, *const u8) -> *mut u8 =
                    core::mem::transmute(address);
                operator(size, nothrow)
            }
        }
    };
    let Some(origin) = origin else {
        return place() as usize;
    };
    let Some(mut inside) = enter(origin.caller.sp - 8) else {
        return place() as usize;
    };
    let block = place();
    if !block.is_null() {
        let alignment = if aligned { second as u64 } else { 1 };
        inside.recorder().allocated(
            function,
            block as u64,
            size as u64,
            alignment.max(1),
            origin.caller,
        );
        return block as usize;
    }
    inside
        .recorder()
        .failed(function, size as u64, origin.caller);
    if twin == function {
        0
    } else {
        cxx::address(function) as usize + 1
    }
}

/// An operator delete of an allocator that does not come back through free, or of no library at all.
unsafe extern "C" fn delete_around(block: *mut u8, second: usize, third: usize) {
    let slot = thread::slot();
    let code = slot.pending.function.get() as u8;
    let (origin, function) = (take_pending(), Function::from_code(code));
    let mut inside = origin.and_then(|origin| enter(origin.caller.sp - 8));
    if modes::is_checking() && blocks::is_ours(block as u64) {
        return delete_of_ours(inside, origin, block);
    }
    if let (Some(inside), Some(origin)) = (inside.as_mut(), origin) {
        inside.recorder().freeing(origin.function, block as u64);
    }
    let address = function.map_or(core::ptr::null_mut(), cxx::address);
    if address.is_null() {
        // SAFETY: without a library, blocks come from `new_without_library`.
        return unsafe { crate::real::free(block) };
    }
    // SAFETY: the operator of that name; it takes one to three arguments, the rest are ignored.
    let operator: unsafe extern "C" fn(*mut u8, usize, usize) =
        unsafe { core::mem::transmute(address) };
    // SAFETY: as the caller of the operator vouches.
    unsafe { operator(block, second, third) };
}

/// An allocator's operator delete is given a block that malloc gave, and so LDT's own heap: it knows nothing of that. Where the
/// program has an operator new of its own, built on malloc, that is how its blocks come here.
#[cold]
fn delete_of_ours(inside: Option<Inside>, origin: Option<Origin>, block: *mut u8) {
    let (Some(mut inside), Some(mut origin)) = (inside, origin) else {
        return inside::release(block);
    };
    if replaced::leads_to_replaced(origin.function) {
        origin.function = Function::Free;
    }
    checked::release(&mut inside, origin, block, Told::default());
}

/// An operator new when no C++ library can be found: malloc, and null instead of bad_alloc.
unsafe extern "C" fn new_without_library(size: usize, second: usize) -> *mut u8 {
    let origin = take_pending();
    let function = origin.map_or(Function::New, |origin| origin.function);
    let aligned = is_aligned_new(function);
    // SAFETY: plain requests of the allocator beneath.
    let place = || unsafe {
        if aligned {
            crate::real::memalign(second, size.max(1))
        } else {
            crate::real::malloc(size.max(1))
        }
    };
    let mut inside = origin.and_then(|origin| enter(origin.caller.sp - 8));
    let block = place();
    if let (Some(inside), Some(origin), false) = (inside.as_mut(), origin, block.is_null()) {
        let alignment = if aligned { second as u64 } else { 1 };
        inside.recorder().allocated(
            function,
            block as u64,
            size as u64,
            alignment.max(1),
            origin.caller,
        );
    }
    block
}
