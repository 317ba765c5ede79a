//! The contents of blocks and redzones: filling, comparing, copying.
//!
//! All functions take addresses. `# Safety` for each: the range lies in open pages of LDT's heap that
//! nobody but the caller lays claim to. (The program may write there all the same: finding that out
//! is what this is for. Bytes are read and written through raw pointers, never through references.)

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

use core::ops::Range;

use crate::modes::redzone::Pattern;

/// The bytes of a word at `address` (a multiple of 8) that lie in the range, as a mask.
#[inline(always)]
fn mask(address: u64, range: &Range<u64>) -> u64 {
    let mut mask = u64::MAX;
    if address < range.start {
        mask &= u64::MAX << (8 * (range.start - address));
    }
    if address + 8 > range.end {
        mask &= u64::MAX >> (8 * (address + 8 - range.end));
    }
    mask
}

#[inline(always)]
unsafe fn load(address: u64) -> u64 {
    // SAFETY: as the caller vouches; the address is a multiple of 8.
    unsafe { (address as *const u64).read() }
}

#[inline(always)]
unsafe fn store(address: u64, word: u64) {
    // SAFETY: as the caller vouches; the address is a multiple of 8.
    unsafe { (address as *mut u64).write(word) };
}

/// Fills a range with a pattern.
#[inline(always)]
pub(super) unsafe fn fill(range: Range<u64>, pattern: Pattern) {
    if range.is_empty() {
        return;
    }
    let mut at = range.start & !7;
    if at != range.start || at + 8 > range.end {
        // SAFETY: the word lies in the page of the range's first byte.
        unsafe { fill_part(at, &range, pattern) };
        at += 8;
    }
    let whole = range.end & !7;
    while at < whole {
        // SAFETY: inside the range.
        unsafe { store(at, pattern.word(at)) };
        at += 8;
    }
    if at < range.end {
        // SAFETY: the word lies in the page of the range's last byte.
        unsafe { fill_part(at, &range, pattern) };
    }
}

#[inline(always)]
unsafe fn fill_part(at: u64, range: &Range<u64>, pattern: Pattern) {
    let mask = mask(at, range);
    // SAFETY: as the caller vouches.
    unsafe { store(at, load(at) & !mask | pattern.word(at) & mask) };
}

/// The first and the last byte of the range that do not hold the pattern.
#[inline(always)]
pub(super) unsafe fn damage(range: Range<u64>, pattern: Pattern) -> Option<(u64, u64)> {
    let mut at = range.start & !7;
    // Whole groups without a branch a word, so that the compiler can use vectors.
    while at < range.end {
        if at >= range.start && at + 64 <= range.end {
            let mut differing = 0;
            for word in 0..8 {
                let address = at + 8 * word;
                // SAFETY: inside the range.
                differing |= unsafe { load(address) } ^ pattern.word(address);
            }
            if differing == 0 {
                at += 64;
                continue;
            }
        }
        // SAFETY: the word lies in the page of a byte of the range.
        let differing = (unsafe { load(at) } ^ pattern.word(at)) & mask(at, &range);
        if differing != 0 {
            let first = at + u64::from(differing.trailing_zeros() / 8);
            // SAFETY: as the caller vouches.
            return Some((first, unsafe { last_damaged(first..range.end, pattern) }));
        }
        at += 8;
    }
    None
}

#[cold]
unsafe fn last_damaged(range: Range<u64>, pattern: Pattern) -> u64 {
    let differs = |&at: &u64| {
        // SAFETY: inside the range.
        unsafe { (at as *const u8).read_volatile() != pattern.byte(at) }
    };
    range.clone().rev().find(differs).unwrap_or(range.start)
}

/// Zeroes a range.
#[inline(always)]
pub(super) unsafe fn zero(range: Range<u64>) {
    // SAFETY: as the caller vouches.
    unsafe {
        core::ptr::write_bytes(
            range.start as *mut u8,
            0,
            (range.end - range.start) as usize,
        )
    };
}

/// Copies a block's contents into another block.
pub(super) unsafe fn copy(from: u64, to: u64, bytes: u64) {
    // SAFETY: as the caller vouches, for both; two blocks never overlap.
    unsafe { core::ptr::copy_nonoverlapping(from as *const u8, to as *mut u8, bytes as usize) };
}

/// Copies bytes out, for a report.
pub(super) unsafe fn sample(from: u64, into: &mut [u8]) -> &[u8] {
    for (at, byte) in into.iter_mut().enumerate() {
        // SAFETY: as the caller vouches.
        *byte = unsafe { (from as *const u8).add(at).read_volatile() };
    }
    into
}
