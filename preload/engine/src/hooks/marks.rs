//! What a program tells LDT through `ldt.h`: names of what it does, blocks of its own pools, memory that
//! nobody may touch.
//!
//! All functions: `# Safety` as the header says, and `sp`, `bp` as [`super`] says.

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

use core::ffi::{CStr, c_char, c_int};

use ldt_trace::Function;
use ldt_trace::blob::BlobKind;
use ldt_trace::finding::Use;
use ldt_trace::header::offset;

use super::Origin;
use crate::demand;
use crate::emit::trace_file;
use crate::leaks::{poison, pools};
use crate::modes;
use crate::reentry::enter;

/// A name longer than this is cut.
const NAME_BYTES: usize = 1024;

/// `ldt_check`.
pub unsafe extern "C" fn check(sp: u64, _bp: u64) -> usize {
    if !modes::is_checking() || !demand::look_at_redzones(sp) {
        return 0;
    }
    trace_file::get64(offset::FINDINGS) as usize
}

/// `ldt_mark`.
pub unsafe extern "C" fn mark(name: *const c_char, sp: u64, _bp: u64) {
    if name.is_null() {
        return;
    }
    // SAFETY: a C string, as the header says.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    if let Some(mut inside) = enter(sp) {
        let name = &name[..name.len().min(NAME_BYTES)];
        inside.recorder().put_blob(BlobKind::Mark, name);
    }
}

/// `ldt_malloclike_block`.
pub unsafe extern "C" fn malloclike_block(
    block: u64,
    size: u64,
    redzone: u64,
    _is_zeroed: c_int,
    sp: u64,
    bp: u64,
) {
    if !modes::is_checking() {
        return;
    }
    let Some(mut inside) = enter(sp) else { return };
    // SAFETY: `sp` and `bp` are the hook's.
    let origin = unsafe { Origin::direct(Function::MalloclikeBlock, sp, bp) };
    let recorder = inside.recorder();
    let allocated = Use {
        thread: recorder.thread(),
        function: origin.function,
        stack: recorder.capture(origin.caller),
    };
    pools::add(block, size, allocated);
    recorder.counts.allocated(origin.function, size);
    poison::remove(block..block.saturating_add(size));
    poison::add(block.saturating_sub(redzone)..block);
    poison::add(block.saturating_add(size)..block.saturating_add(size).saturating_add(redzone));
}

/// `ldt_freelike_block`.
pub unsafe extern "C" fn freelike_block(block: u64, redzone: u64, sp: u64, _bp: u64) {
    if !modes::is_checking() {
        return;
    }
    let Some(mut inside) = enter(sp) else { return };
    let size = pools::remove(block);
    if let Some(size) = size {
        poison::add(block.saturating_sub(redzone)..block.saturating_add(size + redzone));
        inside.recorder().counts.freed(Function::Free, Some(size));
    }
}

/// `ldt_resizeinplace_block`.
pub unsafe extern "C" fn resizeinplace_block(
    block: u64,
    old_size: u64,
    new_size: u64,
    redzone: u64,
    sp: u64,
    _bp: u64,
) {
    if !modes::is_checking() {
        return;
    }
    let Some(mut inside) = enter(sp) else { return };
    if pools::resize(block, new_size) {
        let end = |size: u64| block.saturating_add(size);
        poison::remove(block..end(old_size.max(new_size) + redzone));
        poison::add(end(new_size)..end(new_size + redzone));
        let counts = inside.recorder().counts;
        counts.reallocated(Function::MalloclikeBlock, old_size, new_size);
    }
}

/// `ldt_make_mem_noaccess`.
pub unsafe extern "C" fn make_mem_noaccess(memory: u64, size: u64, sp: u64, _bp: u64) {
    if modes::is_checking() && enter(sp).is_some() {
        poison::add(memory..memory.saturating_add(size));
    }
}

/// `ldt_make_mem_undefined` and `ldt_make_mem_defined`.
pub unsafe extern "C" fn make_mem_accessible(memory: u64, size: u64, sp: u64, _bp: u64) {
    if modes::is_checking() && enter(sp).is_some() {
        poison::remove(memory..memory.saturating_add(size));
    }
}
