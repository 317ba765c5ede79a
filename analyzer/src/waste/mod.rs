//! Where memory is wasted: what a program could save without allocating less.
//!
//! | kind | what it is | whence it is known |
//! |---|---|---|
//! | slack | what blocks hold beyond what was asked for | glibc's rule for sizes ([`crate::replay::slack`]) |
//! | alignment | gaps between blocks that begin at multiples of more than 16 | the alignments asked for |
//! | fragmentation | what the allocator must hold though no block lives there | the addresses of live blocks ([`crate::replay::footprint`]) |
//!
//! Each call stack that wastes is a [`Finding`] with a sentence, sorted by what mending it would
//! save. Everything here is plain figures, for texts, pages and charts alike.

mod finding;

pub use finding::{Finding, Kind};

use crate::replay::Replayed;
use crate::replay::footprint;
use crate::report::site::SiteView;

/// Less is not worth anybody's time.
const LEAST_SAVED_BYTES: u64 = 1024;
/// Nor is a smaller part (an inverse share) of the heap's peak.
const LEAST_SAVED_SHARE: u64 = 1000;

/// Whose rules hold for the blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allocator {
    /// glibc's malloc.
    Glibc,
    /// Another; its name. Its rules for sizes and for giving memory back are not known here: there
    /// is no slack, and it holds the pages in which blocks lie.
    Other(String),
}

impl Allocator {
    /// The allocator of a process, by the libraries that were seen in it.
    fn of(replayed: &Replayed) -> Self {
        const OTHERS: [&str; 4] = ["jemalloc", "tcmalloc", "mimalloc", "hardened_malloc"];
        let modules = replayed.facts.modules.iter();
        let names = modules.filter_map(|module| module.path.file_name()?.to_str());
        for name in names {
            if let Some(other) = OTHERS.iter().find(|other| name.contains(*other)) {
                return Allocator::Other((*other).to_owned());
            }
        }
        if replayed.header.checked.is_some() {
            return Allocator::Other("check mode's own heap".to_owned());
        }
        Allocator::Glibc
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Allocator::Glibc => "glibc",
            Allocator::Other(name) => name,
        }
    }
}

/// The heap at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Since the start.
    pub time_ns: u64,
    /// Asked for, and live.
    pub live_bytes: u64,
    /// What live blocks hold beyond.
    pub slack_bytes: u64,
    /// Pages in which live blocks lie.
    pub pinned_bytes: u64,
    /// What the allocator holds at least.
    pub held_bytes: u64,
    /// Of that, what no live block uses.
    pub free_bytes: u64,
}

impl Moment {
    fn new(replayed: &Replayed, allocator: &Allocator, moment: &footprint::Moment) -> Self {
        let (slack_bytes, held_bytes) = match allocator {
            Allocator::Glibc => (moment.slack_bytes, moment.held_bytes),
            Allocator::Other(_) => (0, moment.pinned_bytes),
        };
        let used = moment.live.bytes.saturating_add(slack_bytes);
        let headers = moment.live.blocks * footprint::CHUNK_HEADER_BYTES;
        Moment {
            time_ns: replayed.clock.ns(moment.tick),
            live_bytes: moment.live.bytes,
            slack_bytes,
            pinned_bytes: moment.pinned_bytes,
            held_bytes,
            free_bytes: held_bytes.saturating_sub(used).saturating_sub(headers),
        }
    }
}

/// All that is wasted in a trace.
#[derive(Clone, Debug)]
pub struct Waste {
    /// Whose rules hold.
    pub allocator: Allocator,
    /// Slack of the blocks that were live at the heap's peak.
    pub peak_slack_bytes: u64,
    /// Gaps between aligned blocks that were live at the heap's peak, at most.
    pub peak_padding_bytes: u64,
    /// The heap now and then, in the order of time; the last one is the end.
    pub moments: Vec<Moment>,
    /// The moment at which most was held for nothing.
    pub worst: Moment,
    /// What could be saved, most first.
    pub findings: Vec<Finding>,
    /// Less is no finding.
    least_bytes: u64,
}

impl Waste {
    /// Looks through the sites of a trace.
    #[must_use]
    pub fn new(replayed: &Replayed, sites: impl Iterator<Item = SiteView>) -> Self {
        let allocator = Allocator::of(replayed);
        let footprint = &replayed.heap.footprint;
        let moment = |moment| Moment::new(replayed, &allocator, moment);
        let worst = moment(&footprint.worst);
        let mut waste = Waste {
            peak_slack_bytes: 0,
            peak_padding_bytes: 0,
            moments: footprint.moments.iter().map(moment).collect(),
            worst,
            findings: Vec::new(),
            least_bytes: LEAST_SAVED_BYTES
                .max(replayed.heap.peak.balance.bytes / LEAST_SAVED_SHARE),
            allocator,
        };
        for site in sites {
            waste.slack(replayed, &site);
            waste.padding(replayed, &site);
            waste.fragmentation(replayed, &site);
        }
        let key = |finding: &Finding| {
            let saves = std::cmp::Reverse(finding.saves_bytes);
            (saves, finding.kind, finding.site.number)
        };
        waste.findings.sort_by_key(key);
        waste
    }

    /// Notes what is worth it; of the many call stacks of a large program few are.
    fn find(&mut self, saves_bytes: u64, finding: impl FnOnce() -> Finding) {
        if saves_bytes >= self.least_bytes {
            self.findings.push(finding());
        }
    }

    fn slack(&mut self, replayed: &Replayed, site: &SiteView) {
        if self.allocator != Allocator::Glibc {
            return;
        }
        let saves_bytes = replayed.heap.slack_at_peak(site.number as usize);
        self.peak_slack_bytes = self.peak_slack_bytes.saturating_add(saves_bytes);
        self.find(saves_bytes, || Finding {
            kind: Kind::Slack,
            site: *site,
            saves_bytes,
            alignment: 0,
            time_ns: replayed.clock.ns(replayed.heap.peak.tick),
        });
    }

    fn padding(&mut self, replayed: &Replayed, site: &SiteView) {
        let aligned = replayed.heap.slack.aligned_of(site.number as usize);
        if aligned.alignment == 0 {
            return;
        }
        // What one of its blocks loses on average, for those that were live at the peak.
        let all = u128::from(aligned.padding_bytes) * u128::from(site.peak.blocks);
        let saves_bytes = (all / u128::from(site.allocations.max(1))) as u64;
        self.peak_padding_bytes = self.peak_padding_bytes.saturating_add(saves_bytes);
        self.find(saves_bytes, || Finding {
            kind: Kind::Alignment,
            site: *site,
            saves_bytes,
            alignment: aligned.alignment,
            time_ns: replayed.clock.ns(replayed.heap.peak.tick),
        });
    }

    fn fragmentation(&mut self, replayed: &Replayed, site: &SiteView) {
        let sites = &replayed.heap.footprint.worst_sites;
        let saves_bytes = sites.get(site.number as usize).copied().unwrap_or(0);
        self.find(saves_bytes, || Finding {
            kind: Kind::Fragmentation,
            site: *site,
            saves_bytes,
            alignment: 0,
            time_ns: replayed.clock.ns(replayed.heap.footprint.sites_at.tick),
        });
    }
}
