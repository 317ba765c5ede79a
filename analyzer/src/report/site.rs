//! Sites as reports show them, and by which figure they are ranked.

use crate::replay::Replayed;
use crate::replay::heap::Heap;
use crate::replay::sites::{Balance, Site};
use ldt_trace::{Function, NodeId};
use std::cmp::Reverse;

/// What one call stack did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteView {
    /// Its number in [`crate::replay::sites::Sites`].
    pub number: u32,
    /// The function called.
    pub function: Function,
    /// The stack from which it was called.
    pub stack: NodeId,
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Allocations freed by their thread before its next one.
    pub temporary: u64,
    /// What it held when the heap was largest.
    pub peak: Balance,
    /// What it held at the end.
    pub leaked: Balance,
    /// What it held at the moment asked for, if any.
    pub at: Option<Balance>,
}

/// A figure by which sites are ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Cost {
    /// Bytes held when the heap was largest.
    Peak,
    /// Bytes never freed.
    Leaked,
    /// How many allocations were made.
    Allocations,
    /// Allocations freed by their thread before its next one.
    Temporary,
    /// All bytes ever allocated.
    Bytes,
    /// Bytes held at the moment of `--at`.
    #[value(skip)]
    At,
}

impl Cost {
    /// Whether the figure is an amount of memory, not a count.
    #[must_use]
    pub fn is_bytes(self) -> bool {
        match self {
            Cost::Peak | Cost::Leaked | Cost::Bytes | Cost::At => true,
            Cost::Allocations | Cost::Temporary => false,
        }
    }

    /// The site's figure.
    #[must_use]
    pub fn of(self, site: &SiteView) -> u64 {
        match self {
            Cost::Peak => site.peak.bytes,
            Cost::Leaked => site.leaked.bytes,
            Cost::Allocations => site.allocations,
            Cost::Temporary => site.temporary,
            Cost::Bytes => site.bytes,
            Cost::At => site.at.unwrap_or_default().bytes,
        }
    }
}

/// The sites of a replayed trace that a report is about.
///
/// Each is put together when it is looked at: of hundreds of thousands that a trace may have, a report shows a
/// few, and copies of all took longer to write than to look through.
#[derive(Clone, Debug)]
pub struct SiteViews<'r> {
    replayed: &'r Replayed,
    /// The numbers of those that were chosen; all if not given.
    chosen: Option<Vec<u32>>,
}

impl<'r> SiteViews<'r> {
    /// All that there are.
    #[must_use]
    pub fn all(replayed: &'r Replayed) -> Self {
        SiteViews {
            replayed,
            chosen: None,
        }
    }

    /// Those of them that are kept.
    #[must_use]
    pub fn chosen(&self, keeps: impl Fn(&SiteView) -> bool) -> Self {
        let kept = self.iter().filter(keeps).map(|site| site.number);
        SiteViews {
            replayed: self.replayed,
            chosen: Some(kept.collect()),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.chosen {
            Some(chosen) => chosen.len(),
            None => self.replayed.heap.sites.all().len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at this place, which must be below [`SiteViews::len`].
    #[must_use]
    pub fn at(&self, place: usize) -> SiteView {
        let number = match &self.chosen {
            Some(chosen) => chosen[place] as usize,
            None => place,
        };
        let site = &self.replayed.heap.sites.all()[number];
        let at = self.replayed.at.as_ref();
        SiteView {
            number: number as u32,
            function: site.function,
            stack: site.stack,
            allocations: site.allocations,
            bytes: site.bytes,
            temporary: site.temporary,
            peak: self.replayed.heap.peak_of(site),
            leaked: site.live(),
            at: at.map(|at| at.sites.get(number).copied().unwrap_or_default()),
        }
    }

    /// One after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = SiteView> + '_ {
        (0..self.len()).map(|place| self.at(place))
    }
}

/// The sites that lead by one figure.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// The figure.
    pub cost: Cost,
    /// The figure of all sites together.
    pub total: u64,
    /// The places of those with the highest figures, highest first.
    pub places: Vec<u32>,
}

/// Rankings of sites, so many places of each, in one pass: it is memory that this waits for.
#[must_use]
pub fn rank(sites: impl Iterator<Item = SiteView>, costs: &[Cost], count: usize) -> Vec<Ranking> {
    let begun = costs.iter().map(|cost| Ranker::new(*cost, count));
    let mut rankers: Vec<Ranker> = begun.collect();
    for (place, site) in (0..).zip(sites) {
        for ranker in &mut rankers {
            ranker.look_at(place, &site);
        }
    }
    rankers.into_iter().map(Ranker::finish).collect()
}

/// One ranking.
#[must_use]
pub fn rank_by(sites: impl Iterator<Item = SiteView>, cost: Cost, count: usize) -> Ranking {
    let mut ranker = Ranker::new(cost, count);
    for (place, site) in (0..).zip(sites) {
        ranker.look_at(place, &site);
    }
    ranker.finish()
}

/// Where a site stands: its figures, of which the highest comes first, then what tells it from all others.
type Rank = (Reverse<(u64, u64, u64)>, NodeId, Function);

/// A ranking on the way.
struct Ranker {
    cost: Cost,
    total: u64,
    leaders: Leaders<Rank>,
}

impl Ranker {
    fn new(cost: Cost, count: usize) -> Self {
        Ranker {
            cost,
            total: 0,
            leaders: Leaders::new(count),
        }
    }

    #[inline]
    fn look_at(&mut self, place: u32, site: &SiteView) {
        let figure = self.cost.of(site);
        self.total = self.total.wrapping_add(figure);
        // Ties in a fixed order, so that two reports of one trace are the same.
        let figures = Reverse((figure, site.bytes, site.allocations));
        self.leaders
            .offer(place, (figures, site.stack, site.function));
    }

    fn finish(self) -> Ranking {
        Ranking {
            cost: self.cost,
            total: self.total,
            places: self.leaders.into_places(),
        }
    }
}

/// So many sites are looked at for blocks that will never be freed. Of 2,000 some that python3 shows were not among them.
const EARLY: usize = 20_000;

/// The stacks of the sites that will probably lead by this figure, while a trace is still replayed.
pub(super) fn leading(heap: &Heap, cost: Cost, count: usize) -> Vec<NodeId> {
    let sites = heap.sites.all();
    let figure = |site: &Site| match cost {
        Cost::Peak => heap.peak_of(site).bytes,
        Cost::Leaked | Cost::At => site.live().bytes,
        Cost::Allocations => site.allocations,
        Cost::Temporary => site.temporary,
        Cost::Bytes => site.bytes,
    };
    if cost == Cost::Leaked {
        // Nearly all that is live will be freed. What a program and its libraries allocate when they start, and have freed
        // nothing of since, is what they never free.
        let early = sites.iter().take(EARLY);
        let never_freed = early.filter(|site| site.live().blocks == site.allocations);
        return never_freed.map(|site| site.stack).collect();
    }
    let mut leaders = Leaders::new(count);
    for (place, site) in (0..).zip(sites) {
        leaders.offer(place, Reverse(figure(site)));
    }
    let places = leaders.into_places().into_iter();
    places.map(|place| sites[place as usize].stack).collect()
}

/// The places of those with the lowest keys, of all that are offered one by one.
struct Leaders<K> {
    count: usize,
    /// At most twice as many.
    found: Vec<(K, u32)>,
    /// Who is not below this is not among them. Most are far from the first few: one look at each.
    last: Option<K>,
}

impl<K: Ord + Copy> Leaders<K> {
    fn new(count: usize) -> Self {
        Leaders {
            count,
            found: Vec::new(),
            last: None,
        }
    }

    #[inline]
    fn offer(&mut self, place: u32, key: K) {
        if self.last.is_some_and(|last| key >= last) {
            return;
        }
        self.found.push((key, place));
        if self.found.len() > self.count.saturating_mul(2) {
            self.found.select_nth_unstable(self.count);
            self.last = Some(self.found[self.count].0);
            self.found.truncate(self.count);
        }
    }

    /// Lowest key first.
    fn into_places(mut self) -> Vec<u32> {
        self.found.sort_unstable();
        self.found.truncate(self.count);
        self.found.into_iter().map(|(_, place)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(stack: u32, allocations: u64) -> SiteView {
        SiteView {
            number: stack,
            function: Function::Malloc,
            stack: NodeId(stack),
            allocations,
            bytes: 0,
            temporary: 0,
            peak: Balance::default(),
            leaked: Balance::default(),
            at: None,
        }
    }

    #[test]
    fn the_highest_come_first_and_ties_have_an_order() {
        let sites = [site(4, 1), site(3, 7), site(2, 7), site(1, 9), site(5, 0)];
        let order = |count| -> Vec<u32> {
            let rankings = rank(sites.iter().copied(), &[Cost::Allocations], count);
            let places = rankings[0].places.iter();
            places.map(|place| sites[*place as usize].stack.0).collect()
        };
        assert_eq!(order(0), [0; 0]);
        assert_eq!(order(1), [1]);
        assert_eq!(order(2), [1, 2]);
        assert_eq!(order(3), [1, 2, 3]);
        assert_eq!(order(usize::MAX), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_first_few_are_those_of_the_whole_ranking() {
        let sites: Vec<SiteView> = (0..500)
            .map(|stack| site(stack, u64::from(stack) * 7919 % 83))
            .collect();
        let first = |count| {
            let rankings = rank(
                sites.iter().copied(),
                &[Cost::Peak, Cost::Allocations],
                count,
            );
            rankings[1].clone()
        };
        let all = first(usize::MAX);
        assert_eq!(all.places.len(), sites.len());
        for count in [0, 1, 2, 10, 83, 250, 499, 500] {
            assert_eq!(first(count).places, all.places[..count]);
            assert_eq!(first(count).total, all.total);
        }
    }
}
