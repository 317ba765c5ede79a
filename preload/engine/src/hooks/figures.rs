//! The functions that ask an allocator about itself, in check mode: LDT's heap answers. `false` or
//! `None`: it is not in use, the allocator beneath is to be asked.

use core::ffi::c_int;

use libc::{FILE, mallinfo2};

use crate::blocks;
use crate::message;
use crate::modes;

/// `mallinfo2`: what is live counts as in use, what is held back and what spans have left as free.
#[must_use]
pub fn info() -> Option<mallinfo2> {
    if !modes::is_checking() {
        return None;
    }
    let figures = blocks::figures();
    // SAFETY: plain numbers, for which zero is valid.
    let mut info: mallinfo2 = unsafe { core::mem::zeroed() };
    info.arena = figures.heap_bytes as usize;
    info.ordblks = 1;
    info.uordblks = figures.live_bytes as usize;
    info.fordblks = figures.heap_bytes.saturating_sub(figures.live_bytes) as usize;
    Some(info)
}

/// `malloc_info`: a document of the format's version 1 with the totals of the one heap.
///
/// # Safety
/// `stream` must be a stream open for writing.
#[must_use]
pub unsafe fn write_info(options: c_int, stream: *mut FILE) -> Option<c_int> {
    if !modes::is_checking() {
        return None;
    }
    if options != 0 {
        return Some(libc::EINVAL);
    }
    let figures = blocks::figures();
    let text = format!(
        "<malloc version=\"1\">\n<heap nr=\"0\">\n<system type=\"current\" size=\"{0}\"/>\n\
         </heap>\n<total type=\"rest\" count=\"1\" size=\"{1}\"/>\n\
         <system type=\"current\" size=\"{0}\"/>\n</malloc>\n\0",
        figures.heap_bytes,
        figures.heap_bytes.saturating_sub(figures.live_bytes)
    );
    // SAFETY: a stream as the caller vouches, a text with its final NUL.
    unsafe { libc::fputs(text.as_ptr().cast(), stream) };
    Some(0)
}

/// `malloc_stats`: on standard error.
#[must_use]
pub fn print_stats() -> bool {
    if modes::is_checking() {
        let figures = blocks::figures();
        message::say(&format!(
            "heap: {} bytes of address space, {} bytes in {} blocks live, {} bytes held back",
            figures.heap_bytes, figures.live_bytes, figures.live_blocks, figures.quarantined_bytes
        ));
    }
    modes::is_checking()
}

/// `malloc_trim`.
#[must_use]
pub fn trim() -> Option<c_int> {
    modes::is_checking().then(|| c_int::from(blocks::trim()))
}

/// `mallopt`: LDT's heap has none of glibc's parameters; it takes them all and heeds none.
#[must_use]
pub fn set_parameter() -> Option<c_int> {
    modes::is_checking().then_some(1)
}
