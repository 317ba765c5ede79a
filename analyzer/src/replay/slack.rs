//! Slack: what blocks take beyond what was asked for, by call stack, now and at the heap's peak.
//!
//! Traces have the sizes that were asked for; what glibc makes of them is a fixed rule
//! ([`usable_bytes`]), so slack is known of every block without asking the allocator. What a site
//! had at the peak is kept as its bytes are, see [`super::sites`].

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
#[inline]
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
    let chunk = with_header.next_multiple_of(CHUNK_STEP_BYTES);
    (chunk - CHUNK_HEADER_BYTES).max(LEAST_USABLE_BYTES)
}

#[inline]
fn slack_bytes(size: u64) -> u64 {
    usable_bytes(size) - size
}

/// The slack of one site's blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct SiteSlack {
    live_bytes: u64,
    at_peak_bytes: u64,
    peak_epoch: u64,
    /// Gaps before aligned blocks, of all ever allocated.
    padding_bytes: u64,
    /// The largest alignment asked for.
    alignment: u64,
}

impl SiteSlack {
    #[inline]
    fn settle(&mut self, epoch: u64) {
        if self.peak_epoch != epoch {
            self.at_peak_bytes = self.live_bytes;
            self.peak_epoch = epoch;
        }
    }
}

/// What aligned allocations of a site ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aligned {
    /// The largest alignment, 0 where none was asked for.
    pub alignment: u64,
    /// Bytes between such blocks when they stand one behind the other, of all ever allocated.
    pub padding_bytes: u64,
}

/// The slack of all live blocks.
#[derive(Debug, Default)]
pub struct Slack {
    sites: Vec<SiteSlack>,
    /// Of all live blocks.
    pub live_bytes: u64,
}

impl Slack {
    /// A block came.
    #[inline]
    pub(super) fn gain(&mut self, site: u32, size: u64, epoch: u64) {
        let slack = slack_bytes(size);
        self.live_bytes = self.live_bytes.wrapping_add(slack);
        let of = self.entry(site);
        of.settle(epoch);
        of.live_bytes = of.live_bytes.wrapping_add(slack);
    }

    /// A block went.
    #[inline]
    pub(super) fn lose(&mut self, site: u32, size: u64, epoch: u64) {
        let slack = slack_bytes(size);
        self.live_bytes = self.live_bytes.wrapping_sub(slack);
        let of = self.entry(site);
        of.settle(epoch);
        of.live_bytes = of.live_bytes.wrapping_sub(slack);
    }

    /// A block was asked for at a multiple of `alignment`.
    #[cold]
    pub(super) fn aligned(&mut self, site: u32, size: u64, alignment: u64) {
        let chunk = usable_bytes(size).saturating_add(CHUNK_HEADER_BYTES);
        let room = chunk.checked_next_multiple_of(alignment.max(1));
        let of = self.entry(site);
        of.alignment = of.alignment.max(alignment);
        of.padding_bytes = of
            .padding_bytes
            .saturating_add(room.unwrap_or(chunk) - chunk);
    }

    #[inline]
    fn entry(&mut self, site: u32) -> &mut SiteSlack {
        let place = site as usize;
        if place >= self.sites.len() {
            self.sites.resize(place + 1, SiteSlack::default());
        }
        &mut self.sites[place]
    }

    /// A site's slack now.
    #[must_use]
    pub fn live_of(&self, site: usize) -> u64 {
        self.sites.get(site).map_or(0, |of| of.live_bytes)
    }

    /// A site's slack at the peak, which ended the epoch before this one.
    #[must_use]
    pub(super) fn at_peak_of(&self, site: usize, epoch: u64) -> u64 {
        let of = self.sites.get(site).copied().unwrap_or_default();
        if of.peak_epoch == epoch {
            of.at_peak_bytes
        } else {
            of.live_bytes
        }
    }

    /// What a site's aligned allocations asked for.
    #[must_use]
    pub fn aligned_of(&self, site: usize) -> Aligned {
        let of = self.sites.get(site).copied().unwrap_or_default();
        Aligned {
            alignment: of.alignment,
            padding_bytes: of.padding_bytes,
        }
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
    fn the_peak_keeps_its_slack() {
        let mut slack = Slack::default();
        slack.gain(0, 25, 0); // 15
        slack.gain(1, 1, 1); // 23
        slack.lose(0, 25, 2);
        slack.gain(1, 24, 2);
        assert_eq!(slack.live_bytes, 23);
        assert_eq!((slack.at_peak_of(0, 2), slack.live_of(0)), (15, 0));
        assert_eq!((slack.at_peak_of(1, 2), slack.live_of(1)), (23, 23));
        assert_eq!(slack.live_of(7), 0);
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
