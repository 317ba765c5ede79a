//! Which granules are in use: spans are taken from here and given back.
//!
//! Each region has two zones. The open one grows upwards and is readable and writable, made so in
//! steps, so that it stays one mapping however many spans come and go. The closed one grows downwards
//! from the region's end and stays inaccessible: where guard pages are made by protection, spans with
//! guards lie there. Free runs are merged with their neighbours, have no content, and are accessible as
//! their zone is.

use super::region::{self, Region};
use super::span::{Descriptor, Kind, follow, push, unlink};
use super::{altered, limits};
use crate::sys::lock::Lock;
use crate::sys::pages;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Zone {
    /// Readable and writable.
    Open = 0,
    /// Inaccessible.
    Closed = 1,
}

impl Descriptor {
    pub(super) fn zone(&self) -> Zone {
        match self.zone.load(core::sync::atomic::Ordering::Relaxed) {
            0 => Zone::Open,
            _ => Zone::Closed,
        }
    }
}

/// A run of 2^n to 2^(n+1)-1 granules is in bin n.
const BINS: usize = 32;
/// How many runs of one bin are looked at for one that is long enough.
const TRIES: usize = 32;

/// How far a region is used, in granules.
#[derive(Clone, Copy)]
struct Used {
    /// The open zone ends here.
    low: u64,
    /// Accessible up to here.
    committed: u64,
    /// The closed zone begins here.
    high: u64,
}

/// Requests that the kernel had no memory for. To ask takes dozens of system calls, and a program that lives on
/// without memory (perl calls itself when it has none for its message) asks a hundred thousand times: so after the
/// first few ever more requests pass before the kernel is asked again. (Not at once: whoever drops what it can do without,
/// by munmap too, and tries again, is to find it.)
#[derive(Clone, Copy)]
struct Refused {
    /// The smallest of them; a smaller one may have luck.
    granules: u64,
    /// How often the kernel was asked in vain since it last gave some.
    asked: u32,
    /// So many more are refused unasked.
    unasked: u32,
    /// So many were refused unasked the last time.
    before: u32,
}

impl Refused {
    const NONE: Refused = Refused {
        granules: u64::MAX,
        asked: 0,
        unasked: 0,
        before: 0,
    };
    const UNASKED_MAX: u32 = 1024;
    /// So often it is asked each time.
    const PATIENCE: u32 = 256;

    fn refuses(&mut self, granules: u64) -> bool {
        let refuses = granules >= self.granules && self.unasked > 0;
        self.unasked -= u32::from(refuses);
        refuses
    }

    fn count(&mut self, granules: u64) {
        self.granules = self.granules.min(granules);
        self.asked = self.asked.saturating_add(1);
        if self.asked < Self::PATIENCE {
            return;
        }
        self.before = (self.before * 2).clamp(1, Self::UNASKED_MAX);
        self.unasked = self.before;
    }
}

pub(super) struct Runs {
    bins: [[Option<&'static Descriptor>; BINS]; 2],
    used: [Used; region::REGIONS_MAX],
    /// Of each zone.
    refused: [Refused; 2],
}

pub(super) static RUNS: Lock<Runs> = Lock::new(Runs {
    bins: [[None; BINS]; 2],
    used: [Used {
        low: 0,
        committed: 0,
        high: 0,
    }; region::REGIONS_MAX],
    refused: [Refused::NONE; 2],
});

fn bin_of(granules: u64) -> usize {
    (granules.max(1).ilog2() as usize).min(BINS - 1)
}

impl Runs {
    /// A free run that is long enough, taken out of its bin.
    fn find(&mut self, granules: u64, zone: Zone) -> Option<&'static Descriptor> {
        let bins = &mut self.bins[zone as usize];
        for bin in bins.iter_mut().skip(bin_of(granules)) {
            let mut run = *bin;
            for _ in 0..TRIES {
                let Some(candidate) = run else { break };
                if candidate.granules() >= granules {
                    unlink(bin, candidate);
                    return Some(candidate);
                }
                run = follow(&candidate.next);
            }
        }
        None
    }

    /// Makes granules a free run.
    fn put(&mut self, region: &'static Region, first: u64, granules: u64, zone: Zone) {
        let Some(run) = region.descriptor(first) else {
            return;
        };
        run.set_kind(Kind::Free);
        run.set_range(region.address_of(first), granules);
        run.zone
            .store(zone as u8, core::sync::atomic::Ordering::Relaxed);
        // Neighbours look only at the ends; what lies between is found to be free by its descriptor.
        region.set_heads(first..first + 1, first);
        region.set_heads(first + granules - 1..first + granules, first);
        push(&mut self.bins[zone as usize][bin_of(granules)], run);
    }

    /// The free run of the zone that a granule is in, taken out of its bin.
    fn neighbour(
        &mut self,
        region: &'static Region,
        granule: Option<u64>,
        zone: Zone,
    ) -> Option<(u64, u64)> {
        let run = region.span_of(granule?)?;
        if run.kind() != Kind::Free || run.zone() != zone {
            return None;
        }
        unlink(&mut self.bins[zone as usize][bin_of(run.granules())], run);
        run.set_kind(Kind::None);
        Some((region.granule_of(run.start()), run.granules()))
    }

    /// Granules that were never used.
    fn extend(&mut self, granules: u64, zone: Zone) -> Option<(&'static Region, u64)> {
        for (region, used) in region::all().iter().zip(self.used.iter_mut()).rev() {
            if used.high - used.low < granules {
                continue;
            }
            match zone {
                Zone::Closed => {
                    used.high -= granules;
                    region.set_unused(used.low..used.high);
                    return Some((region, used.high));
                }
                Zone::Open => {
                    if commit(region, used, used.low + granules) {
                        used.low += granules;
                        region.set_unused(used.low..used.high);
                        return Some((region, used.low - granules));
                    }
                }
            }
        }
        None
    }

    fn add_region(&mut self, granules: u64) -> bool {
        let number = region::all().len();
        let added = limits::region_sizes(granules).find_map(region::add);
        let Some(added) = added else {
            return false;
        };
        self.used[number] = Used {
            low: 0,
            committed: 0,
            high: added.granules(),
        };
        true
    }
}

/// Makes a region accessible up to a granule.
fn commit(region: &Region, used: &mut Used, end: u64) -> bool {
    if end <= used.committed {
        return true;
    }
    let step = limits::commit_granules();
    let generous = (used.committed + step).max(end).min(used.high);
    for to in [generous, end] {
        let start = region.address_of(used.committed);
        let bytes = region.address_of(to) - start;
        // SAFETY: inside the reservation; pages that were never used.
        if unsafe { pages::open(start, bytes) }.is_ok() {
            // SAFETY: as above.
            unsafe { pages::keep_small(start, bytes) };
            used.committed = to;
            return true;
        }
    }
    false
}

/// Takes a run of granules; its descriptor says where it is, and nothing else yet.
pub(super) fn take(granules: u64, zone: Zone) -> Option<&'static Descriptor> {
    loop {
        let run = take_any(granules, zone)?;
        // What the program has mapped over is lost to the heap.
        if !altered::any() || !altered::touches(&run.range()) {
            return Some(run);
        }
    }
}

fn take_any(granules: u64, zone: Zone) -> Option<&'static Descriptor> {
    RUNS.with(|runs| {
        if let Some(run) = runs.find(granules, zone) {
            let region = region::of(run.start())?;
            let first = region.granule_of(run.start());
            let rest = run.granules() - granules;
            run.set_kind(Kind::None);
            run.set_range(run.start(), granules);
            region.set_heads(first..first + granules, first);
            if rest > 0 {
                runs.put(region, first + granules, rest, zone);
            }
            return Some(run);
        }
        if runs.refused[zone as usize].refuses(granules) {
            return None;
        }
        let found = match runs.extend(granules, zone) {
            None if runs.add_region(granules) => runs.extend(granules, zone),
            found => found,
        };
        let Some((region, first)) = found else {
            runs.refused[zone as usize].count(granules);
            return None;
        };
        runs.refused[zone as usize] = Refused::NONE;
        let run = region.descriptor(first)?;
        run.set_kind(Kind::None);
        run.set_range(region.address_of(first), granules);
        run.zone
            .store(zone as u8, core::sync::atomic::Ordering::Relaxed);
        region.set_heads(first..first + granules, first);
        Some(run)
    })
}

/// Gives a run back: without content, and accessible as its zone is.
pub(super) fn give(run: &'static Descriptor) {
    RUNS.with(|runs| {
        let Some(region) = region::of(run.start()) else {
            return;
        };
        let zone = run.zone();
        let mut first = region.granule_of(run.start());
        let mut granules = run.granules();
        run.set_kind(Kind::None);
        if let Some((_, more)) = runs.neighbour(region, Some(first + granules), zone) {
            granules += more;
        }
        if let Some((before, more)) = runs.neighbour(region, first.checked_sub(1), zone) {
            first = before;
            granules += more;
        }
        runs.put(region, first, granules, zone);
    });
}

/// Gives back the addresses that were reserved and not used: a limit that the process is about to have counts them.
/// What is needed later is reserved in small pieces. Where guards are made by protection and the far end of a region is in
/// use, it stays as it is.
pub(super) fn shrink(limit_bytes: u64) {
    RUNS.with(|runs| {
        limits::expect_limited_addresses(limit_bytes);
        for (region, used) in region::all().iter().zip(runs.used.iter_mut()) {
            if used.high == region.granules() {
                let kept = used.committed.max(used.low).max(1);
                region.shrink(kept);
                used.high = region.granules();
                region.set_unused(used.low..used.high);
            }
        }
    });
}

/// Reserves the first region; gives whether there is one.
pub(super) fn begin() -> bool {
    RUNS.with(|runs| !region::all().is_empty() || runs.add_region(1))
}

/// Bytes of the regions that are, or were, in use. Takes no lock.
pub(super) fn used_bytes() -> u64 {
    region::all().iter().map(Region::used_bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ever_more_requests_are_refused_unasked() {
        let mut refused = Refused::NONE;
        let mut asked = 0;
        for _ in 1..Refused::PATIENCE {
            assert!(!refused.refuses(4), "who tries again may have made room");
            refused.count(4);
        }
        for _ in 0..100_000 {
            if !refused.refuses(4) {
                asked += 1;
                refused.count(4);
            }
        }
        assert!((90..120).contains(&asked), "{asked}");
        assert!(!refused.refuses(3), "a smaller one may have luck");
    }
}
