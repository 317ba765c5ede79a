//! Sixteen bytes at once: SSE2, which every x86-64 processor has.
//!
//! Loops over the words of a block are left to the compiler elsewhere; those that fill and compare small
//! blocks run a few times only, and what it puts before and behind a loop of vectors took longer than the loop.

use core::arch::x86_64::{
    __m128i, _mm_add_epi64, _mm_and_si128, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_loadu_si128,
    _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi64x, _mm_setzero_si128,
    _mm_storeu_si128, _mm_xor_si128,
};
use core::ops::{BitAnd, BitOr, BitXor};

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Vector(__m128i);

/// Bytes of a vector.
pub const VECTOR_BYTES: u64 = 16;

/// No bytes, then all.
static EDGE: [[u8; 16]; 2] = [[0; 16], [0xff; 16]];

impl Vector {
    /// Zero.
    #[inline(always)]
    #[must_use]
    pub fn zero() -> Vector {
        // SAFETY: SSE2 is part of x86-64.
        Vector(unsafe { _mm_setzero_si128() })
    }

    /// Two words, the first at the lower address.
    #[inline(always)]
    #[must_use]
    pub fn of_words(first: u64, second: u64) -> Vector {
        // SAFETY: SSE2 is part of x86-64.
        Vector(unsafe { _mm_set_epi64x(second as i64, first as i64) })
    }

    /// A word, twice.
    #[inline(always)]
    #[must_use]
    pub fn of_word(word: u64) -> Vector {
        // SAFETY: SSE2 is part of x86-64.
        Vector(unsafe { _mm_set1_epi64x(word as i64) })
    }

    /// A mask of all bytes but the first so many; no more than 16.
    #[inline(always)]
    #[must_use]
    pub fn all_but_first(bytes: u64) -> Vector {
        let edge = (&raw const EDGE).cast::<u8>();
        // SAFETY: 16 bytes of the 32, from between the first and the middle on.
        unsafe { Vector::load(edge.add(16 - bytes.min(16) as usize) as u64) }
    }

    /// The bytes at an address.
    ///
    /// # Safety
    /// They must be readable.
    #[inline(always)]
    #[must_use]
    pub unsafe fn load(address: u64) -> Vector {
        // SAFETY: as the caller vouches; no alignment is needed.
        Vector(unsafe { _mm_loadu_si128(address as *const __m128i) })
    }

    /// Writes the bytes to an address.
    ///
    /// # Safety
    /// It must be writable memory of the caller's.
    #[inline(always)]
    pub unsafe fn store(self, address: u64) {
        // SAFETY: as the caller vouches; no alignment is needed.
        unsafe { _mm_storeu_si128(address as *mut __m128i, self.0) };
    }

    /// Adds word by word, without carrying over.
    #[inline(always)]
    #[must_use]
    pub fn add_words(self, other: Vector) -> Vector {
        // SAFETY: SSE2 is part of x86-64.
        Vector(unsafe { _mm_add_epi64(self.0, other.0) })
    }

    /// The bits that a mask does not have.
    #[inline(always)]
    #[must_use]
    pub fn without(self, mask: Vector) -> Vector {
        // SAFETY: SSE2 is part of x86-64.
        Vector(unsafe { _mm_andnot_si128(mask.0, self.0) })
    }

    /// Whether no bit is set.
    #[inline(always)]
    #[must_use]
    pub fn is_zero(self) -> bool {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(self.0, _mm_setzero_si128())) == 0xffff }
    }
}

impl BitAnd for Vector {
    type Output = Vector;

    #[inline(always)]
    fn bitand(self, other: Vector) -> Vector {
        // SAFETY: SSE2 is part of x86-64.
        Vector(unsafe { _mm_and_si128(self.0, other.0) })
    }
}

impl BitOr for Vector {
    type Output = Vector;

    #[inline(always)]
    fn bitor(self, other: Vector) -> Vector {
        // SAFETY: SSE2 is part of x86-64.
        Vector(unsafe { _mm_or_si128(self.0, other.0) })
    }
}

impl BitXor for Vector {
    type Output = Vector;

    #[inline(always)]
    fn bitxor(self, other: Vector) -> Vector {
        // SAFETY: SSE2 is part of x86-64.
        Vector(unsafe { _mm_xor_si128(self.0, other.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(vector: Vector) -> [u8; 16] {
        let mut room = [0u8; 16];
        // SAFETY: 16 bytes of our own.
        unsafe { vector.store(room.as_mut_ptr() as u64) };
        room
    }

    #[test]
    fn masks_begin_where_they_should() {
        for count in 0..=16 {
            let mask = bytes(Vector::all_but_first(count));
            for (at, &byte) in mask.iter().enumerate() {
                assert_eq!(byte == 0xff, at as u64 >= count, "{at} of {count}");
            }
        }
    }

    #[test]
    fn words_are_those_of_plain_arithmetic() {
        let (a, b) = (0x9e37_79b9_7f4a_7c15u64, u64::MAX - 3);
        let sum = Vector::of_words(a, b).add_words(Vector::of_word(b));
        let mut expected = [0u8; 16];
        expected[..8].copy_from_slice(&a.wrapping_add(b).to_ne_bytes());
        expected[8..].copy_from_slice(&b.wrapping_add(b).to_ne_bytes());
        assert_eq!(bytes(sum), expected);
        assert!((sum ^ sum).is_zero() && !sum.is_zero());
        assert!(sum.without(Vector::of_word(u64::MAX)).is_zero());
    }
}
