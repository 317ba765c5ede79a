//! The layout of an unguarded block, and the patterns that stand around and inside blocks.
//!
//! Slots of one size class lie one after the other. The block stands at its slot's start; everything
//! from its end to the slot's end is redzone, and the last bytes of a slot hold the pattern always, so
//! that they are the redzone before the next slot too: 16 bytes a block where two redzones would cost
//! 32. The first slot of a span has a pad in front.
//!
//! ```text
//!  | pad | block 0 ......|redzone| block 1 ..|..redzone..| free ........|redzone|
//!        ^ slot 0                ^ slot 1                ^ slot 2
//! ```
//!
//! A pattern depends on the address, so that a copy of one redzone over another shows. Its bytes are
//! 0x80 to 0xbf around blocks and 0xc0 to 0xdf in freed ones: never 0, never 0xff, never text, since
//! those are what stray writes mostly write.

/// Blocks lie at multiples of this, as glibc's do.
pub const BLOCK_ALIGNMENT: u64 = 16;
/// Larger blocks lie on pages of their own.
pub const SMALL_MAX_BYTES: u64 = 64 << 10;
/// Blocks with a larger alignment lie on pages of their own.
pub const ALIGNMENT_MAX: u64 = 4096;
/// The largest redzone that can be asked for.
pub const REDZONE_MAX_BYTES: u64 = 4096;

/// Classes in steps of 16 bytes end here.
const LINEAR_MAX_BYTES: u64 = 1024;
const LINEAR_CLASSES: usize = (LINEAR_MAX_BYTES / BLOCK_ALIGNMENT) as usize - 1;
const STEPS_A_DOUBLING: u64 = 8;
/// Six doublings to 64 KiB, and one step more, for the redzone of the largest blocks.
const SLOT_MAX_BYTES: u64 = SMALL_MAX_BYTES + (SMALL_MAX_BYTES / STEPS_A_DOUBLING);
/// How many size classes there are.
pub const CLASSES: usize = class_of(SLOT_MAX_BYTES) + 1;
const _: () = assert!(
    SLOT_MAX_BYTES >= SMALL_MAX_BYTES + REDZONE_MAX_BYTES + ALIGNMENT_MAX,
    "the largest small block fits"
);

/// The class whose slots are at least so long; the bytes must not be more than the longest slot has.
#[inline(always)]
#[must_use]
pub const fn class_of(bytes: u64) -> usize {
    if bytes <= LINEAR_MAX_BYTES {
        let steps = bytes.div_ceil(BLOCK_ALIGNMENT);
        return if steps < 2 { 0 } else { steps as usize - 2 };
    }
    let doubling = (bytes - 1).ilog2();
    let step = (bytes - 1 - (1 << doubling)) >> (doubling - 3);
    LINEAR_CLASSES
        + (doubling - LINEAR_MAX_BYTES.ilog2()) as usize * STEPS_A_DOUBLING as usize
        + step as usize
}

/// The length of a class's slots.
#[must_use]
pub const fn slot_bytes(class: usize) -> u64 {
    if class < LINEAR_CLASSES {
        return (class as u64 + 2) * BLOCK_ALIGNMENT;
    }
    let above = (class - LINEAR_CLASSES) as u64;
    let doubling = LINEAR_MAX_BYTES << (above / STEPS_A_DOUBLING);
    doubling + (above % STEPS_A_DOUBLING + 1) * (doubling / STEPS_A_DOUBLING)
}

/// What a block takes up in a slot, the redzone after it included; `None` when it is not a small one.
#[inline(always)]
#[must_use]
pub fn bytes_in_slot(size: u64, alignment: u64, redzone_bytes: u64) -> Option<u64> {
    if size > SMALL_MAX_BYTES || alignment > ALIGNMENT_MAX {
        return None;
    }
    Some(size + redzone_bytes + alignment.saturating_sub(BLOCK_ALIGNMENT))
}

/// Where the block stands in the slot.
#[inline(always)]
#[must_use]
pub fn start_in_slot(slot: u64, alignment: u64) -> u64 {
    if alignment <= BLOCK_ALIGNMENT {
        return slot;
    }
    (slot + (alignment - 1)) & !(alignment - 1)
}

/// Units of memory that spans are made of.
pub const GRANULE_BYTES: u64 = 64 << 10;

/// How many granules a span of this class has: at least 16 slots.
#[must_use]
pub fn span_granules(class: usize) -> u64 {
    (slot_bytes(class) * 16).div_ceil(GRANULE_BYTES)
}

/// Which pattern bytes should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    varying: u64,
    fixed: u64,
}

/// Every byte of a word the same.
const fn every(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

impl Pattern {
    /// Around blocks.
    pub const REDZONE: Pattern = Pattern {
        varying: every(0x3f),
        fixed: every(0x80),
    };
    /// In freed blocks.
    pub const FREED: Pattern = Pattern {
        varying: every(0x1f),
        fixed: every(0xc0),
    };

    /// One byte everywhere.
    #[must_use]
    pub const fn of_byte(byte: u8) -> Pattern {
        Pattern {
            varying: 0,
            fixed: every(byte),
        }
    }

    /// What the words at neighbouring addresses differ by before they are masked.
    pub const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// The word at an address, which is a multiple of 8. Linear in the address before the mask, so
    /// that filling is an addition a word, and vectors do it.
    #[inline(always)]
    #[must_use]
    pub const fn word(self, address: u64) -> u64 {
        Pattern::unmasked(address) & self.varying | self.fixed
    }

    /// The word before it is masked.
    #[inline(always)]
    #[must_use]
    pub const fn unmasked(address: u64) -> u64 {
        (address >> 3).wrapping_mul(Pattern::STEP)
    }

    /// The bits that vary, and those that are set always.
    #[inline(always)]
    #[must_use]
    pub const fn masks(self) -> (u64, u64) {
        (self.varying, self.fixed)
    }

    /// Whether a word has this value at some address, and few others: not where every byte is the same everywhere.
    #[must_use]
    pub const fn could_be(self, value: u64) -> bool {
        self.varying != 0 && value & !self.varying == self.fixed
    }

    /// The byte at an address.
    #[must_use]
    pub const fn byte(self, address: u64) -> u8 {
        self.word(address & !7).to_ne_bytes()[(address & 7) as usize]
    }
}

/// To whom damage between two blocks is put down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The block before ran over its end.
    Overflow,
    /// The block after ran under its start.
    Underflow,
}

/// Damage from `first` to `last` (both damaged) in a gap between the end of one block and the start
/// of another: contiguous to a block, it is that block's; else the nearer one's, and the earlier
/// block's when that is even: running over the end is the commoner error.
#[must_use]
pub fn culprit(gap: core::ops::Range<u64>, first: u64, last: u64) -> Culprit {
    let from_end = first - gap.start;
    let to_start = gap.end - 1 - last;
    if from_end <= to_start {
        Culprit::Overflow
    } else {
        Culprit::Underflow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_tells_its_pattern() {
        for address in (0x7e00_0000_0000..0x7e00_0000_1000).step_by(8) {
            let (redzone, freed) = (Pattern::REDZONE, Pattern::FREED);
            assert!(redzone.could_be(redzone.word(address)));
            assert!(freed.could_be(freed.word(address)));
            assert!(!redzone.could_be(freed.word(address)));
            assert!(!freed.could_be(redzone.word(address)));
            assert!(!redzone.could_be(address));
        }
        let byte = Pattern::of_byte(0xc1);
        assert!(!byte.could_be(byte.word(0)));
    }

    #[test]
    fn each_class_is_the_smallest_that_fits() {
        for class in 0..CLASSES {
            let bytes = slot_bytes(class);
            assert_eq!(class_of(bytes), class, "{bytes}");
            assert_eq!(bytes % BLOCK_ALIGNMENT, 0);
            if class > 0 {
                let below = slot_bytes(class - 1);
                assert!(below < bytes);
                assert_eq!(class_of(below + 1), class, "{below} + 1");
                assert!(bytes - below <= (below / STEPS_A_DOUBLING).max(BLOCK_ALIGNMENT));
            }
            assert!(span_granules(class) * GRANULE_BYTES >= 15 * bytes);
        }
        assert_eq!(class_of(0), 0);
        assert_eq!(class_of(1), 0);
        assert_eq!(slot_bytes(CLASSES - 1), SLOT_MAX_BYTES);
    }

    #[test]
    fn small_blocks_cost_sixteen_bytes_and_what_rounding_takes() {
        for size in 0..=LINEAR_MAX_BYTES - 16 {
            let slot = slot_bytes(class_of(bytes_in_slot(size, 1, 16).expect("small")));
            assert!(slot >= size + 16, "{size} in {slot}");
            assert!(slot < size + 32 || size == 0, "{size} in {slot}");
        }
    }

    #[test]
    fn blocks_and_their_redzones_fit_their_slots() {
        for alignment in (0..=12).map(|shift| 1u64 << shift) {
            for redzone in [16, 48, 1000, REDZONE_MAX_BYTES] {
                for size in (0..200).chain((0..=SMALL_MAX_BYTES).step_by(61)) {
                    let bytes = bytes_in_slot(size, alignment, redzone).expect("small");
                    let class = class_of(bytes);
                    assert!(class < CLASSES);
                    for slot in [0x10010u64, 0x7fff0, 0x21000] {
                        let start = start_in_slot(slot, alignment);
                        assert!(start >= slot && start.is_multiple_of(alignment));
                        assert!(start.is_multiple_of(BLOCK_ALIGNMENT));
                        assert!(start + size + redzone <= slot + slot_bytes(class));
                    }
                }
            }
        }
        assert_eq!(bytes_in_slot(SMALL_MAX_BYTES + 1, 1, 16), None);
        assert_eq!(bytes_in_slot(1, 8192, 16), None);
    }

    #[test]
    fn patterns_are_neither_text_nor_zero_nor_each_other() {
        for address in (0x10_0000_0000u64..0x10_0000_2000).step_by(1) {
            let redzone = Pattern::REDZONE.byte(address);
            let freed = Pattern::FREED.byte(address);
            assert!((0x80..0xc0).contains(&redzone));
            assert!((0xc0..0xe0).contains(&freed));
        }
        let words: std::collections::HashSet<u64> = (0..4096)
            .map(|word| Pattern::REDZONE.word(0x10_0000_0000 + 8 * word))
            .collect();
        assert_eq!(words.len(), 4096);
        assert_eq!(Pattern::of_byte(0xa5).byte(12345), 0xa5);
    }

    #[test]
    fn damage_is_put_down_to_the_block_that_it_touches() {
        let gap = 100..132;
        assert_eq!(culprit(gap.clone(), 100, 100), Culprit::Overflow);
        assert_eq!(culprit(gap.clone(), 131, 131), Culprit::Underflow);
        assert_eq!(culprit(gap.clone(), 124, 131), Culprit::Underflow);
        assert_eq!(culprit(gap.clone(), 104, 107), Culprit::Overflow);
        assert_eq!(culprit(gap, 100, 131), Culprit::Overflow);
    }
}
