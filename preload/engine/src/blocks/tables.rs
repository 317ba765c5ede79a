//! Memory for what is known of blocks: an array of metadata and one of bits for each span.
//!
//! Cut from pieces that are never unmapped; spans of one class have arrays of one length, so a class
//! keeps the arrays of spans that are gone for the next ones ([`super::shelves`]).

use core::sync::atomic::AtomicU64;

use super::meta::Meta;
use crate::sys::lock::Lock;
use crate::sys::mem;

/// The first piece; each further one is twice as long, up to the largest.
const PIECE_MIN_BYTES: usize = 256 << 10;
const PIECE_MAX_BYTES: usize = 16 << 20;
/// Unused at the end of each piece: who reads the metadata of a span that changes hands may read past
/// its array, by no more than the longest array.
const TAIL_BYTES: usize = 64 << 10;

pub(super) struct Piece {
    next: usize,
    end: usize,
    bytes: usize,
}

pub(super) static PIECE: Lock<Piece> = Lock::new(Piece {
    next: 0,
    end: 0,
    bytes: PIECE_MIN_BYTES,
});

/// The bytes of a span's arrays.
fn arrays_bytes(slots: u64) -> usize {
    let bits = slots.div_ceil(64) as usize * size_of::<AtomicU64>();
    (slots as usize * size_of::<Meta>() + bits).next_multiple_of(size_of::<Meta>())
}

/// Zeroed arrays for a span of so many slots.
pub(super) fn take(slots: u64) -> Option<*mut Meta> {
    let bytes = arrays_bytes(slots);
    PIECE.with(|piece| {
        if piece.end < piece.next + bytes {
            // A piece that is too much may still be had in a smaller size.
            let sizes = [piece.bytes, PIECE_MIN_BYTES];
            let (start, length) = sizes
                .into_iter()
                .find_map(|length| Some((mem::allocate(length)? as usize, length)))?;
            piece.next = start;
            piece.end = start + length - TAIL_BYTES;
            piece.bytes = (2 * length).min(PIECE_MAX_BYTES);
        }
        let start = piece.next;
        piece.next += bytes;
        Some(start as *mut Meta)
    })
}

/// Where the bits stand behind the metadata of so many slots.
pub(super) fn bits_of(metas: *mut Meta, slots: u64) -> *mut AtomicU64 {
    metas.wrapping_add(slots as usize).cast()
}

/// Makes arrays as new.
///
/// # Safety
/// The arrays are of so many slots, from [`take`], and no span has them.
pub(super) unsafe fn clear(metas: *mut Meta, slots: u64) {
    // SAFETY: as the caller vouches; all zero is valid. Late readers may see zeroes come.
    unsafe { core::ptr::write_bytes(metas.cast::<u8>(), 0, arrays_bytes(slots)) };
}
