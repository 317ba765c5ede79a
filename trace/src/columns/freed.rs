//! The blocks of each class that were freed last: what encoder and decoder both keep of them, and what the encoder finds
//! one by. The decoder is told where one stands.

use super::belief::{CLASSES, UNKNOWN_CLASS};

/// Freed blocks remembered in each class: glibc's thread cache holds seven, and its fast bins come back through it.
pub(super) const FREED: usize = 32;
/// The same before version 4.
pub(super) const FREED_BEFORE_4: usize = 8;

/// The blocks of each class that were freed last.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Freed {
    lists: [[u64; FREED]; CLASSES],
    counts: [u32; CLASSES],
}

impl Freed {
    pub(super) fn none() -> Self {
        Freed {
            lists: [[0; FREED]; CLASSES],
            counts: [0; CLASSES],
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// The one that was freed last, 0 if none is known. So many are kept: [`FREED`], or
    /// [`FREED_BEFORE_4`].
    #[inline(always)]
    pub(super) fn last<const KEPT: usize>(&self, class: usize) -> u64 {
        match self.counts[class] {
            0 => 0,
            count => self.lists[class][(count as usize - 1) % KEPT],
        }
    }

    /// Takes out the one since which so many were freed, fewer than [`FREED`].
    #[inline(always)]
    pub(super) fn take(&mut self, class: usize, rank: u16) -> u64 {
        let (list, count) = (&mut self.lists[class], self.counts[class] as usize);
        let Some(first) = count.checked_sub(1 + usize::from(rank)) else {
            return 0;
        };
        let address = list[first % FREED];
        list[first % FREED] = list[(count - 1) % FREED];
        self.counts[class] -= 1;
        address
    }

    /// The one that was freed last has been allocated again.
    #[inline(always)]
    pub(super) fn take_last(&mut self, class: usize) {
        self.counts[class] = self.counts[class].saturating_sub(1);
    }

    /// A block has been freed.
    #[inline(always)]
    pub(super) fn put<const KEPT: usize>(&mut self, address: u64, class: usize) {
        if class == UNKNOWN_CLASS {
            return;
        }
        let count = self.counts[class];
        self.lists[class][count as usize % KEPT] = address;
        // Older ones are overwritten; the count stays within two rounds of the ring.
        self.counts[class] = if count as usize == 2 * KEPT {
            count - KEPT as u32 + 1
        } else {
            count + 1
        };
    }
}

/// A byte of each address in [`Freed`], in the same places: what the encoder looks through is an eighth of the lists.
#[derive(Clone)]
#[repr(C)]
pub(super) struct Tags([[u8; FREED]; CLASSES]);

/// What few addresses of a class have in common.
#[inline(always)]
fn tag(address: u64) -> u8 {
    (address >> 4 ^ address >> 12) as u8
}

/// The places at which a byte stands, a bit each: eight at a time, without a branch between them, which no processor
/// could foresee.
#[inline(always)]
fn places_of(byte: u8, bytes: &[u8; FREED]) -> u32 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const LOW: u64 = 0x7f * ONES;
    let wanted = u64::from(byte) * ONES;
    let eights = bytes.as_chunks::<8>().0.iter().rev();
    eights.fold(0, |places, eight| {
        let differ = u64::from_le_bytes(*eight) ^ wanted;
        // The top bit of each byte, and so no carry to the next: whether any bit differs.
        let any = ((differ & LOW) + LOW) | differ;
        let equal = (!any >> 7) & ONES;
        // The product's top byte gathers them.
        places << 8 | (equal.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    })
}

impl Tags {
    pub(super) fn none() -> Self {
        Tags([[0; FREED]; CLASSES])
    }

    /// How many were freed since the one at this address, if that is kept; not of the last itself.
    #[inline(always)]
    pub(super) fn rank(&self, freed: &Freed, class: usize, address: u64) -> Option<u16> {
        let count = freed.counts[class];
        let alike = places_of(tag(address), &self.0[class]);
        // The last one at the top, below it what was freed before.
        const TOP: u32 = 1 << 31;
        let mut alike = alike.rotate_right(count % FREED as u32) & !TOP;
        loop {
            let rank = alike.leading_zeros();
            if rank >= count.min(FREED as u32) {
                return None;
            }
            if freed.lists[class][(count - 1 - rank) as usize % FREED] == address {
                return Some(rank as u16);
            }
            alike &= !(TOP >> rank);
        }
    }

    /// As [`Freed::take`] will: to be told before it.
    #[inline(always)]
    pub(super) fn take(&mut self, freed: &Freed, class: usize, rank: u16) {
        let last = (freed.counts[class] as usize).wrapping_sub(1);
        let first = last.wrapping_sub(usize::from(rank));
        let tags = &mut self.0[class];
        tags[first % FREED] = tags[last % FREED];
    }

    /// As [`Freed::put`] will: to be told before it.
    #[inline(always)]
    pub(super) fn put(&mut self, freed: &Freed, address: u64, class: usize) {
        self.0[class][freed.counts[class] as usize % FREED] = tag(address);
    }
}
