//! Slack: what blocks take beyond what was asked for, by call stack, now and at the heap's peak.
//!
//! Traces have the sizes that were asked for; what glibc makes of them is a fixed rule
//! ([`usable_bytes`]), so slack is known of every block without asking the allocator. A site's is
//! kept beside its bytes, see [`super::sites`].

/// glibc's chunks are multiples of this.
const CHUNK_STEP_BYTES: u64 = 16;
/// Of each chunk, what glibc keeps for itself.
const CHUNK_HEADER_BYTES: u64 = 8;
/// The least that a block can hold.
const LEAST_USABLE_BYTES: u64 = 24;
/// From here on glibc maps blocks by themselves, unless it has learnt better: in whole pages, with a
/// header twice as large.
const MAPPED_FROM_BYTES: u64 = 128 << 10;
const PAGE_BYTES: u64 = 4096;

/// What glibc's `malloc_usable_size` says of a block of this size. Blocks from 128 KiB on are taken
/// as mapped; where glibc took them from its heap instead, their slack is up to a page less.
#[inline(always)]
#[must_use]
pub fn usable_bytes(size: u64) -> u64 {
    let with_header = size.saturating_add(CHUNK_HEADER_BYTES);
    if with_header > MAPPED_FROM_BYTES - CHUNK_STEP_BYTES {
        let header = 2 * CHUNK_HEADER_BYTES;
        let pages = size
            .saturating_add(header)
            .checked_next_multiple_of(PAGE_BYTES);
        return pages.map_or(size, |bytes| bytes - header);
    }
    small_usable_bytes(size)
}

/// The same of a block that is not mapped by itself.
#[inline(always)]
fn small_usable_bytes(size: u64) -> u64 {
    // As `next_multiple_of`, which does not see that a power of two needs no division.
    let chunk = (size + CHUNK_HEADER_BYTES + (CHUNK_STEP_BYTES - 1)) & !(CHUNK_STEP_BYTES - 1);
    (chunk - CHUNK_HEADER_BYTES).max(LEAST_USABLE_BYTES)
}

/// What a block below [`super::sizes::LARGE`] takes beyond its size.
#[inline(always)]
pub(super) fn small_slack_bytes(size: u64) -> u64 {
    small_usable_bytes(size) - size
}

/// What a block of this size takes beyond it.
#[inline(always)]
#[must_use]
pub(super) fn slack_bytes(size: u64) -> u64 {
    usable_bytes(size) - size
}

/// What aligned allocations of a site ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aligned {
    /// The largest alignment, 0 where none was asked for.
    pub alignment: u64,
    /// Bytes between such blocks when they stand one behind the other, of all ever allocated.
    pub padding_bytes: u64,
}

/// What aligned allocations asked for, by site.
#[derive(Debug, Default)]
pub struct Slack {
    sites: Vec<Aligned>,
}

impl Slack {
    /// A block was asked for at a multiple of `alignment`.
    #[cold]
    pub(super) fn aligned(&mut self, site: u32, size: u64, alignment: u64) {
        let chunk = usable_bytes(size).saturating_add(CHUNK_HEADER_BYTES);
        let room = chunk.checked_next_multiple_of(alignment.max(1));
        let place = site as usize;
        if place >= self.sites.len() {
            self.sites.resize(place + 1, Aligned::default());
        }
        let of = &mut self.sites[place];
        of.alignment = of.alignment.max(alignment);
        of.padding_bytes = of
            .padding_bytes
            .saturating_add(room.unwrap_or(chunk) - chunk);
    }

    /// What a site's aligned allocations asked for.
    #[must_use]
    pub fn aligned_of(&self, site: usize) -> Aligned {
        self.sites.get(site).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measured with `malloc_usable_size` of glibc 2.36.
    #[test]
    fn usable_sizes_are_those_of_glibc() {
        let measured = [
            (0, 24),
            (1, 24),
            (24, 24),
            (25, 40),
            (40, 40),
            (100, 104),
            (1000, 1000),
            (1001, 1016),
            (131_071, 135_152),
            (131_072, 135_152),
            (200_000, 200_688),
            (1 << 20, 1_052_656),
        ];
        for (size, usable) in measured {
            assert_eq!(usable_bytes(size), usable, "{size}");
        }
        assert_eq!(usable_bytes(u64::MAX), u64::MAX);
    }

    #[test]
    fn aligned_blocks_leave_gaps() {
        let mut slack = Slack::default();
        slack.aligned(2, 100, 4096); // a chunk of 112
        slack.aligned(2, u64::MAX, 64);
        let aligned = slack.aligned_of(2);
        assert_eq!(
            (aligned.alignment, aligned.padding_bytes),
            (4096, 4096 - 112)
        );
    }
}
