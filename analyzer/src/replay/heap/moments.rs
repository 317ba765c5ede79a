//! What a heap was at one moment, and what of its story does not fit together.

use super::Heap;
use crate::replay::sites::{Balance, Site};
use ldt_trace::Tick;

/// The largest heap that there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// Bytes and blocks.
    pub balance: Balance,
    /// When it was reached.
    pub tick: Tick,
}

/// Frees and allocations that do not match what is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mismatches {
    /// Frees of addresses that were not known to be live: allocated before recording began.
    pub unknown_frees: u64,
    /// Allocations at addresses that were live: their free was not seen. The block that was there
    /// counts as freed.
    pub missed_frees: u64,
}

/// A moment's balances.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The moment.
    pub tick: Tick,
    /// The whole heap.
    pub heap: Balance,
    /// By site number; sites that came later are missing.
    pub sites: Vec<Balance>,
}

impl Heap {
    /// The balances at this moment.
    #[must_use]
    pub fn snapshot(&self, tick: Tick) -> Snapshot {
        Snapshot {
            tick,
            heap: self.live(),
            sites: self.sites.all().iter().map(Site::live).collect(),
        }
    }

    /// The balances at the heap's peak.
    #[must_use]
    pub fn at_peak(&self) -> Snapshot {
        let sites = self.sites.all().iter();
        Snapshot {
            tick: self.peak.tick,
            heap: self.peak.balance,
            sites: sites.map(|site| self.peak_of(site)).collect(),
        }
    }

    /// What a site held at the heap's peak.
    #[must_use]
    pub fn peak_of(&self, site: &Site) -> Balance {
        site.at_peak(self.epoch)
    }

    /// A site's slack at the heap's peak.
    #[must_use]
    pub fn slack_at_peak(&self, site: usize) -> u64 {
        let site = self.sites.all().get(site);
        site.map_or(0, |site| site.slack_at_peak(self.epoch))
    }
}
