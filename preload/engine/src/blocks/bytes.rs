//! The contents of blocks and redzones: filling, comparing, copying.
//!
//! All functions take addresses. `# Safety` for each: the range lies in open pages of LDT's heap that
//! nobody but the caller lays claim to. (The program may write there all the same: finding that out
//! is what this is for. Bytes are read and written through raw pointers, never through references.)

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

use core::ops::Range;

use crate::modes::redzone::Pattern;
use crate::sys::vector::{VECTOR_BYTES, Vector};

/// The bytes of a word at `address` (a multiple of 8) that lie in the range, as a mask.
#[inline(always)]
fn mask(address: u64, range: &Range<u64>) -> u64 {
    from(address, range.start) & !from(address, range.end)
}

/// The bytes of a word that lie at or after `start`, as a mask. Without a branch.
#[inline(always)]
fn from(address: u64, start: u64) -> u64 {
    let before = start.saturating_sub(address).min(8) as u32;
    u64::MAX.checked_shl(8 * before).unwrap_or(0)
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

/// Fills the bytes of a word that the mask has.
#[inline(always)]
unsafe fn merge(at: u64, mask: u64, pattern: Pattern) {
    // SAFETY: as the caller vouches.
    unsafe { store(at, load(at) & !mask | pattern.word(at) & mask) };
}

/// The bits of a word, of those that the mask has, which are not as they should be.
#[inline(always)]
unsafe fn differing(at: u64, mask: u64, pattern: Pattern) -> u64 {
    // SAFETY: as the caller vouches.
    (unsafe { load(at) } ^ pattern.word(at)) & mask
}

/// Fills a range with a pattern.
pub(super) unsafe fn fill(range: Range<u64>, pattern: Pattern) {
    let whole = whole_words(&range);
    let mut at = range.start & !7;
    while at < range.end {
        if at == whole.start && at < whole.end {
            // Without a question in between, so that vectors do it.
            while at < whole.end {
                // SAFETY: inside the range.
                unsafe { store(at, pattern.word(at)) };
                at += 8;
            }
            continue;
        }
        // SAFETY: the word lies in the page of a byte of the range.
        unsafe { merge(at, mask(at, &range), pattern) };
        at += 8;
    }
}

/// Puts a pattern back where a live block may lie beside it. Byte by byte: of a word at either end a part may be
/// such a block's, which another thread writes to.
#[cold]
pub(super) unsafe fn restore(range: Range<u64>, pattern: Pattern) {
    for at in range {
        // SAFETY: inside the range.
        unsafe { (at as *mut u8).write_volatile(pattern.byte(at)) };
    }
}

/// The words that lie in a range whole.
#[inline(always)]
fn whole_words(range: &Range<u64>) -> Range<u64> {
    range.start.next_multiple_of(8)..range.end & !7
}

/// What is compared at a time.
const PIECE_BYTES: u64 = 256;

/// The first and the last byte of the range that do not hold the pattern.
pub(super) unsafe fn damage(range: Range<u64>, pattern: Pattern) -> Option<(u64, u64)> {
    let mut at = range.start & !7;
    while at < range.end {
        // Most is as it should be: a piece at a time, by vectors.
        let piece = at..at + PIECE_BYTES;
        let is_inside = at >= range.start && piece.end <= range.end;
        // SAFETY: inside the range.
        if is_inside && !unsafe { are_words_damaged(piece.clone(), pattern) } {
            at = piece.end;
            continue;
        }
        // SAFETY: the word lies in the page of a byte of the range.
        let differing = unsafe { differing(at, mask(at, &range), pattern) };
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

/// A pattern, sixteen bytes after sixteen bytes.
#[derive(Clone, Copy)]
struct Run {
    unmasked: Vector,
    varying: Vector,
    fixed: Vector,
}

impl Run {
    /// From an address on, a multiple of 8.
    #[inline(always)]
    fn new(address: u64, pattern: Pattern) -> Run {
        let first = Pattern::unmasked(address);
        let (varying, fixed) = pattern.masks();
        Run {
            unmasked: Vector::of_words(first, first.wrapping_add(Pattern::STEP)),
            varying: Vector::of_word(varying),
            fixed: Vector::of_word(fixed),
        }
    }

    /// What should stand here; and on to the next.
    #[inline(always)]
    fn next(&mut self) -> Vector {
        let here = self.unmasked & self.varying | self.fixed;
        let step = Vector::of_word(Pattern::STEP.wrapping_mul(2));
        self.unmasked = self.unmasked.add_words(step);
        here
    }

    /// Of what stands here the bits that are not as they should be; and on to the next.
    #[inline(always)]
    unsafe fn differing(&mut self, at: u64) -> Vector {
        // SAFETY: as the caller vouches.
        unsafe { Vector::load(at) ^ self.next() }
    }
}

/// Most redzones are no longer than this: they are dealt with without a branch.
const SHORT_BYTES: u64 = 2 * VECTOR_BYTES;

/// Fills the redzone from a block's end to its slot's; the slot has 32 bytes at least.
#[inline(always)]
pub(super) unsafe fn fill_redzone(range: Range<u64>) {
    if range.end - range.start > SHORT_BYTES {
        // SAFETY: as the caller vouches.
        return unsafe { fill(range, Pattern::REDZONE) };
    }
    let at = range.end - SHORT_BYTES;
    let mut run = Run::new(at, Pattern::REDZONE);
    let mask = Vector::all_but_first(range.start - at);
    // SAFETY: inside the slot; of the first vector only what is in the range is changed, and the range
    // is 16 bytes long at least.
    unsafe {
        (Vector::load(at).without(mask) | run.next() & mask).store(at);
        run.next().store(at + VECTOR_BYTES);
    }
}

/// Whether that redzone is damaged.
#[inline(always)]
pub(super) unsafe fn is_redzone_damaged(range: Range<u64>) -> bool {
    if range.end - range.start > SHORT_BYTES {
        // SAFETY: as the caller vouches.
        return unsafe { damage(range, Pattern::REDZONE) }.is_some();
    }
    let at = range.end - SHORT_BYTES;
    let mut run = Run::new(at, Pattern::REDZONE);
    let mask = Vector::all_but_first(range.start - at);
    // SAFETY: inside the slot.
    let bits = unsafe { run.differing(at) & mask | run.differing(at + VECTOR_BYTES) };
    !bits.is_zero()
}

/// Whether whole words (both ends are multiples of 16) do not hold the pattern.
#[inline(always)]
pub(super) unsafe fn are_words_damaged(range: Range<u64>, pattern: Pattern) -> bool {
    let mut run = Run::new(range.start, pattern);
    let mut bits = Vector::zero();
    let mut at = range.start;
    while at < range.end {
        // SAFETY: inside the range.
        bits = bits | unsafe { run.differing(at) };
        at += VECTOR_BYTES;
    }
    !bits.is_zero()
}

/// Fills a small block, which begins at a multiple of 16 and has a redzone of 16 bytes at least.
#[inline(always)]
pub(super) unsafe fn fill_block(block: Range<u64>, pattern: Pattern) {
    let mut run = Run::new(block.start, pattern);
    let mut at = block.start;
    while at + VECTOR_BYTES <= block.end {
        // SAFETY: inside the block.
        unsafe { run.next().store(at) };
        at += VECTOR_BYTES;
    }
    let mask = Vector::all_but_first(block.end - at);
    // SAFETY: inside the block and its redzone, of which nothing is changed.
    unsafe { (Vector::load(at) & mask | run.next().without(mask)).store(at) };
}

/// Whether such a block does not hold the pattern.
#[inline(always)]
pub(super) unsafe fn is_block_damaged(block: Range<u64>, pattern: Pattern) -> bool {
    let mut run = Run::new(block.start, pattern);
    let mut bits = Vector::zero();
    let mut at = block.start;
    while at + VECTOR_BYTES <= block.end {
        // SAFETY: inside the block.
        bits = bits | unsafe { run.differing(at) };
        at += VECTOR_BYTES;
    }
    let mask = Vector::all_but_first(block.end - at);
    // SAFETY: inside the block and its redzone.
    bits = bits | unsafe { run.differing(at) }.without(mask);
    !bits.is_zero()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Room at a multiple of 16.
    #[repr(align(16))]
    struct Room([u8; 512]);

    #[test]
    fn what_is_restored_leaves_the_bytes_beside_it_to_their_owner() {
        use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};
        let mut room = Room([7; 512]);
        let base = room.0.as_mut_ptr() as u64;
        // SAFETY: a byte of `room`, which lives as long as the threads.
        let owned = unsafe { AtomicU8::from_ptr((base + 20) as *mut u8) };
        let is_done = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    // SAFETY: inside `room`, and not the owned byte.
                    unsafe { restore(base + 21..base + 23, Pattern::REDZONE) };
                }
            });
            for number in 0..1_000_000u32 {
                owned.store(number as u8, Ordering::Relaxed);
                let kept = owned.load(Ordering::Relaxed) == number as u8;
                if !kept {
                    is_done.store(true, Ordering::Relaxed);
                    panic!("write {number} is lost");
                }
            }
            is_done.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn exactly_the_range_is_filled_and_compared() {
        for start in 0..40u64 {
            for end in start..start + 90 {
                let mut room = Room([7; 512]);
                let base = room.0.as_mut_ptr() as u64;
                let range = base + 16 + start..base + 16 + end;
                // SAFETY: inside `room`.
                unsafe {
                    fill(range.clone(), Pattern::REDZONE);
                    assert_eq!(damage(range.clone(), Pattern::REDZONE), None);
                }
                for at in 0..512 {
                    let address = base + at;
                    let expected = if range.contains(&address) {
                        Pattern::REDZONE.byte(address)
                    } else {
                        7
                    };
                    assert_eq!(room.0[at as usize], expected, "{at} of {start}..{end}");
                }
            }
        }
    }

    #[test]
    fn the_first_and_the_last_damaged_byte_are_found() {
        let mut room = Room([0; 512]);
        let base = room.0.as_mut_ptr() as u64;
        let range = base + 3..base + 301;
        for first in 3..301usize {
            // SAFETY: inside `room`.
            unsafe { fill(range.clone(), Pattern::FREED) };
            let last = (first + 13).min(300);
            room.0[first] = 0;
            room.0[last] = 0;
            // SAFETY: inside `room`.
            let damaged = unsafe { damage(range.clone(), Pattern::FREED) };
            assert_eq!(damaged, Some((base + first as u64, base + last as u64)));
        }
    }

    #[test]
    fn short_cuts_do_what_the_long_way_does() {
        for size in 0..200u64 {
            for slack in 16..70u64 {
                let mut room = Room([7; 512]);
                let start = room.0.as_mut_ptr() as u64 + 32;
                let block = start..start + size;
                let redzone = block.end..(block.end + slack).next_multiple_of(16);
                // SAFETY: inside `room`.
                unsafe {
                    fill_redzone(redzone.clone());
                    fill_block(block.clone(), Pattern::FREED);
                    assert_eq!(damage(redzone.clone(), Pattern::REDZONE), None);
                    assert_eq!(damage(block.clone(), Pattern::FREED), None);
                    assert!(!is_redzone_damaged(redzone.clone()));
                    assert!(!is_block_damaged(block.clone(), Pattern::FREED));
                }
                assert!(room.0[..32].iter().all(|&byte| byte == 7));
                let end = (redzone.end - start) as usize + 32;
                assert!(room.0[end..].iter().all(|&byte| byte == 7));
                if slack == 17 {
                    for at in block.start..redzone.end {
                        let index = (at - start) as usize + 32;
                        let before = core::mem::replace(&mut room.0[index], 0);
                        let inside = at < block.end;
                        // SAFETY: inside `room`.
                        unsafe {
                            assert_eq!(is_redzone_damaged(redzone.clone()), !inside);
                            assert_eq!(is_block_damaged(block.clone(), Pattern::FREED), inside);
                        }
                        room.0[index] = before;
                    }
                }
            }
        }
    }
}
