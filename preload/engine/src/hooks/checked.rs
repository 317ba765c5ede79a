//! The allocation functions in check mode: the block comes from LDT's own heap, which has the stack
//! first and says at once what is wrong with a call.
//! Calls that come while the thread is inside LDT are served in [`super::inside`].

use core::sync::atomic::{AtomicBool, Ordering};

use ldt_trace::finding::{Access, BlockState, DetectedBy, ErrorKind, Use};
use ldt_trace::{Function, NodeId};

use super::Origin;
use super::inside::release_elsewhere;
use crate::blocks::{self, Free, Request, Resized, Zeroed};
use crate::findings::{self, Report, Reporter};
use crate::leaks::poison;
use crate::message::say;
use crate::modes::{self, elsewhere};
use crate::recorder::Recorder;
use crate::reentry::Inside;
use crate::stacks::table;
use crate::sys::{Registers, system};
use crate::waiting::release_what_waits;
use crate::{early, faults, modules, real};

/// What is asked of an allocation function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) size: u64,
    /// 1 for functions that take none.
    pub(super) alignment: u64,
    pub(super) zeroed: Zeroed,
}

fn set_errno(error: i32) {
    // SAFETY: the calling thread's errno.
    unsafe { *libc::__errno_location() = error };
}

/// The caller's stack. The registers are handed over one by one: copied as a whole, sixteen bytes are loaded
/// where eight and eight have just been stored, for which the processor waits until both have arrived.
#[inline(always)]
fn capture(recorder: &mut Recorder, origin: &Origin) -> NodeId {
    let Registers { ip, sp, bp } = origin.caller;
    recorder.capture(Registers { ip, sp, bp })
}

/// The alignment of the block: no less than the caller takes for granted, where blocks end at the byte.
#[inline(always)]
fn alignment(origin: &Origin, wanted: &Wanted, stack: NodeId) -> u64 {
    if wanted.alignment != 1 || !faults::is_exact() {
        return wanted.alignment;
    }
    trusted_alignment(origin.caller.ip, stack)
}

/// What the code that allocates takes for granted; where that is the C library (strdup), what its caller does.
#[cold]
fn trusted_alignment(caller: u64, stack: NodeId) -> u64 {
    let mut module = modules::known(caller);
    if module.is_some_and(|module| module.is_c_library) {
        let outer = table::node(stack).and_then(|node| table::node(node.parent));
        module = outer.and_then(|outer| modules::known(outer.ip));
    }
    module.map_or(1, |module| module.trusted_alignment)
}

/// What the heap is asked for.
#[inline(always)]
fn request(recorder: &Recorder, origin: &Origin, wanted: Wanted, stack: NodeId) -> Request {
    Request {
        size: wanted.size,
        alignment: alignment(origin, &wanted, stack),
        zeroed: wanted.zeroed,
        allocated: Use {
            thread: recorder.thread(),
            function: origin.function,
            stack,
        },
    }
}

/// A block for `origin`, null when the heap has none: [`without_block`] says what then.
#[inline(always)]
pub(super) fn allocate(inside: &mut Inside, origin: Origin, wanted: Wanted) -> *mut u8 {
    let recorder = inside.recorder();
    let stack = capture(recorder, &origin);
    let size = origin.operand.unwrap_or(wanted.size);
    let request = request(recorder, &origin, Wanted { size, ..wanted }, stack);
    let Some(mut heap) = recorder.heap.take() else {
        return core::ptr::null_mut();
    };
    let block = heap.allocate(
        &request,
        &mut Reporter::new(recorder, origin.function, stack),
    );
    recorder.heap = Some(heap);
    if !block.is_null() {
        poison::remove(block as u64..block as u64 + request.size);
        recorder.counts.allocated(origin.function, request.size);
        if modes::profiles() {
            recorder.allocated_at(
                origin.function,
                block as u64,
                request.size,
                request.alignment,
                stack,
            );
        }
    }
    block
}

/// What a function that frees was told of its block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    size: Option<u64>,
    alignment: Option<u64>,
}

impl Told {
    pub(super) fn size(bytes: usize) -> Told {
        Told {
            size: Some(bytes as u64),
            alignment: None,
        }
    }

    pub(super) fn both(bytes: usize, alignment: usize) -> Told {
        Told {
            size: Some(bytes as u64),
            alignment: Some(alignment as u64),
        }
    }

    /// What the operator delete that led here was given, where there was one.
    pub(super) fn or_operator(self, origin: &Origin) -> Told {
        match origin.function {
            Function::DeleteSized | Function::DeleteArraySized => Told {
                size: origin.second,
                alignment: None,
            },
            Function::DeleteAligned
            | Function::DeleteArrayAligned
            | Function::DeleteAlignedNothrow
            | Function::DeleteArrayAlignedNothrow => Told {
                size: None,
                alignment: origin.second,
            },
            Function::DeleteSizedAligned | Function::DeleteArraySizedAligned => Told {
                size: origin.second,
                alignment: origin.third,
            },
            _ => self,
        }
    }
}

/// Gives a block back.
#[inline(always)]
pub(super) fn release(inside: &mut Inside, origin: Origin, block: *mut u8, told: Told) {
    let recorder = inside.recorder();
    if block.is_null() {
        recorder.counts.freed(origin.function, None);
        if modes::profiles() {
            recorder.freeing(origin.function, 0);
        }
        return;
    }
    if !blocks::is_ours(block as u64) && release_elsewhere(block) {
        return;
    }
    release_what_waits(recorder);
    blocks::ask_for(block as u64);
    faults::memory_goes(block as u64, || {
        blocks::size_of_live(block as u64).unwrap_or(0)
    });
    let stack = capture(recorder, &origin);
    let Some(mut heap) = recorder.heap.take() else {
        return;
    };
    if modes::profiles() && blocks::is_ours(block as u64) {
        recorder.freeing(origin.function, block as u64);
    }
    let free = Free {
        freed: Use {
            thread: recorder.thread(),
            function: origin.function,
            stack,
        },
        size: told.size,
        alignment: told.alignment,
    };
    let bytes = heap.release(
        block as u64,
        &free,
        &mut Reporter::new(recorder, origin.function, stack),
    );
    recorder.heap = Some(heap);
    recorder.counts.freed(origin.function, bytes);
}

/// Gives a larger or smaller block with the same content; `size` is above 0.
pub(super) fn resize(inside: &mut Inside, origin: Origin, old: *mut u8, wanted: Wanted) -> *mut u8 {
    let recorder = inside.recorder();
    if !blocks::is_ours(old as u64)
        && (early::owns(old) || elsewhere::has(old as u64) || real::is_replaced())
    {
        return adopt(inside, origin, old, wanted);
    }
    let before = recorder.tick();
    let stack = capture(recorder, &origin);
    let request = request(recorder, &origin, wanted, stack);
    let Some(mut heap) = recorder.heap.take() else {
        return core::ptr::null_mut();
    };
    let old_bytes = blocks::size_of_live(old as u64).unwrap_or(0);
    let resized = heap.resize(
        old as u64,
        &request,
        &mut Reporter::new(recorder, origin.function, stack),
    );
    recorder.heap = Some(heap);
    match resized {
        Resized::Moved(block) => {
            poison::remove(block as u64..block as u64 + wanted.size);
            recorder
                .counts
                .reallocated(origin.function, old_bytes, wanted.size);
            if modes::profiles() {
                recorder.reallocated_at(
                    origin.function,
                    old as u64,
                    block as u64,
                    wanted.size,
                    before,
                    stack,
                );
            }
            block
        }
        Resized::Failed | Resized::NotABlock => core::ptr::null_mut(),
    }
}

/// A block of the allocator beneath becomes one of LDT's heap.
#[cold]
fn adopt(inside: &mut Inside, origin: Origin, old: *mut u8, wanted: Wanted) -> *mut u8 {
    // SAFETY: a block of the allocator beneath.
    let old_bytes = unsafe { real::usable_size(old) };
    let block = allocate(inside, origin, wanted);
    if !block.is_null() {
        let bytes = old_bytes.min(wanted.size as usize);
        // SAFETY: both have at least these bytes and are different blocks.
        unsafe { core::ptr::copy_nonoverlapping(old, block, bytes) };
        release_elsewhere(old);
    }
    block
}

/// What a call comes to that LDT's heap had no block for. A size that no block can have is an error: glibc refuses it
/// too, but the program hardly means it. For others the allocator beneath is asked: it takes memory in smaller pieces, and by
/// `brk` where a seccomp filter knows of nothing else. Its blocks are not checked, but the program is not to fail where it
/// would not without LDT; that is said once.
#[cold]
pub(super) fn without_block(
    inside: &mut Inside,
    origin: Origin,
    size: u64,
    serve: impl FnOnce() -> *mut u8,
) -> *mut u8 {
    static SAID: AtomicBool = AtomicBool::new(false);
    let size = origin.operand.unwrap_or(size);
    if size <= isize::MAX as u64 {
        let block = serve();
        if !block.is_null() {
            if !SAID.swap(true, Ordering::Relaxed) {
                say(
                    "the heap of check mode gets no more memory (a limit, or a seccomp filter); \
                     what it cannot serve comes from the C library, and is not checked",
                );
            }
            return block;
        }
    } else if !is_told_by_calloc(origin.function, size) {
        let kind = ErrorKind::AllocationSizeTooBig;
        report_origin(inside.recorder(), kind, origin, size, "");
    }
    let recorder = inside.recorder();
    recorder.counts.failed();
    if modes::profiles() {
        recorder.failed(origin.function, size, origin.caller);
    }
    set_errno(libc::ENOMEM);
    core::ptr::null_mut()
}

/// Whether a size is the product of calloc's arguments that overflowed, or the largest that does not: then both are
/// named, which says more than the size.
pub(super) fn is_told_by_calloc(function: Function, bytes: u64) -> bool {
    matches!(function, Function::Calloc) && bytes == u64::MAX
}

/// The product of calloc's or reallocarray's arguments overflows: an error in check mode.
///
/// # Safety
/// `sp` and `bp` must be the hook's.
#[cold]
pub(super) unsafe fn overflows(function: Function, count: usize, size: usize, sp: u64, bp: u64) {
    let note = format!("{count} times {size} bytes are more than an address space holds");
    // SAFETY: as the caller vouches.
    unsafe { report_arguments(ErrorKind::CallocOverflow, function, 0, &note, sp, bp) };
}

/// An alignment that the function does not take: an error in check mode. Says whether the call is to
/// fail with EINVAL, as it would in this glibc: before 2.38 `aligned_alloc` and `memalign` round up to
/// a power of two.
///
/// # Safety
/// `sp` and `bp` must be the hook's.
#[cold]
pub(super) unsafe fn odd_alignment(
    function: Function,
    alignment: usize,
    size: usize,
    sp: u64,
    bp: u64,
) -> bool {
    let wants = if function == Function::PosixMemalign {
        "a power of two that is a multiple of 8"
    } else {
        "a power of two"
    };
    let note = format!("alignment {alignment} is not {wants}");
    // SAFETY: as the caller vouches.
    let checking = unsafe {
        report_arguments(
            ErrorKind::InvalidAlignment,
            function,
            size as u64,
            &note,
            sp,
            bp,
        )
    };
    if !checking {
        return false;
    }
    let refused = match function {
        Function::PosixMemalign => return true,
        Function::AlignedAlloc if system::glibc_minor() >= 38 => true,
        _ => alignment > usize::MAX / 2 + 1,
    };
    if refused {
        set_errno(libc::EINVAL);
    }
    refused
}

/// A call of `malloc_usable_size` with what is no live block, though it lies in the heap: an error in check mode. Of a freed block it
/// is a use, of a pointer into one it is what a free of it would be.
///
/// # Safety
/// `sp` and `bp` must be the hook's.
#[cold]
pub(super) unsafe fn asks_size_of_no_block(address: u64, sp: u64, bp: u64) {
    let Some(mut inside) = crate::reentry::enter(sp) else {
        return;
    };
    let block = blocks::find(address).map(|block| block.facts);
    let is_freed = block.is_some_and(|block| block.state == BlockState::Freed);
    let (kind, access) = match is_freed {
        true => (ErrorKind::HeapUseAfterFree, Access::Read),
        false => (ErrorKind::BadFree, Access::Unknown),
    };
    // SAFETY: as the caller vouches. The function is not among those that are recorded: only the caller is taken.
    let origin = unsafe { Origin::direct(Function::Malloc, sp, bp) };
    let recorder = inside.recorder();
    let stack = capture(recorder, &origin);
    findings::report(
        recorder,
        &Report {
            kind,
            detected_by: DetectedBy::LibcCall,
            access,
            size: 0,
            address,
            stack,
            called: b"malloc_usable_size",
            block,
            memory_at: 0,
            memory: &[],
            expected: &[],
            note: b"",
        },
    );
}

/// Reports what a call's own arguments make an error; says whether this is check mode.
unsafe fn report_arguments(
    kind: ErrorKind,
    function: Function,
    size: u64,
    note: &str,
    sp: u64,
    bp: u64,
) -> bool {
    let entered = crate::reentry::enter(sp);
    if !modes::is_checking() {
        return false;
    }
    let Some(mut inside) = entered else {
        return true;
    };
    // SAFETY: as the caller vouches. The operator that may be pending is the call's, not this report's.
    let origin = unsafe { Origin::direct(function, sp, bp) };
    report_origin(inside.recorder(), kind, origin, size, note);
    true
}

fn report_origin(recorder: &mut Recorder, kind: ErrorKind, origin: Origin, size: u64, note: &str) {
    let stack = capture(recorder, &origin);
    findings::report(
        recorder,
        &Report {
            kind,
            detected_by: DetectedBy::Free,
            access: Access::Unknown,
            size,
            address: 0,
            stack,
            called: origin.function.symbol().as_bytes(),
            block: None,
            memory_at: 0,
            memory: &[],
            expected: &[],
            note: note.as_bytes(),
        },
    );
}
