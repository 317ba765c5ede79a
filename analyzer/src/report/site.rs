//! Sites as reports show them, and by which figure they are ranked.

use crate::replay::Replayed;
use crate::replay::heap::Heap;
use crate::replay::sites::{Balance, Site};
use ldt_trace::{Function, NodeId};

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

/// The sites of a replayed trace.
#[must_use]
pub fn sites(replayed: &Replayed) -> Vec<SiteView> {
    let at = replayed.at.as_ref();
    let numbered = replayed.heap.sites.all().iter().enumerate();
    numbered
        .map(|(number, site)| SiteView {
            number: number as u32,
            function: site.function,
            stack: site.stack,
            allocations: site.allocations,
            bytes: site.bytes,
            temporary: site.temporary,
            peak: replayed.heap.peak_of(site),
            leaked: site.live(),
            at: at.map(|at| at.sites.get(number).copied().unwrap_or_default()),
        })
        .collect()
}

/// The sites with the highest figures, highest first.
#[must_use]
pub fn rank(sites: &[SiteView], cost: Cost, count: usize) -> Vec<&SiteView> {
    let places = ranked_places(sites, cost, count).into_iter();
    places.map(|place| &sites[place as usize]).collect()
}

/// The same, as places in `sites`.
#[must_use]
pub fn ranked_places(sites: &[SiteView], cost: Cost, count: usize) -> Vec<u32> {
    // Ties in a fixed order, so that two reports of one trace are the same.
    first_places(sites, count, |site| {
        let figures = (cost.of(site), site.bytes, site.allocations);
        (std::cmp::Reverse(figures), site.stack, site.function)
    })
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
    let places = first_places(sites, count, |site| std::cmp::Reverse(figure(site)));
    let stacks = places.iter().map(|place| sites[*place as usize].stack);
    stacks.collect()
}

/// The places of those with the lowest keys, lowest first.
fn first_places<T, K: Ord>(all: &[T], count: usize, key_of: impl Fn(&T) -> K) -> Vec<u32> {
    let key = |place: &u32| key_of(&all[*place as usize]);
    if count >= all.len() {
        let mut ranked: Vec<u32> = (0..all.len() as u32).collect();
        ranked.sort_unstable_by_key(key);
        return ranked;
    }
    // Most are far from the first few: one look at each, without moving it.
    let mut ranked: Vec<u32> = Vec::new();
    let mut last = None;
    for (place, one) in (0..).zip(all) {
        if last.as_ref().is_some_and(|last| key_of(one) >= *last) {
            continue;
        }
        ranked.push(place);
        if ranked.len() > 2 * count {
            ranked.select_nth_unstable_by_key(count, key);
            last = Some(key(&ranked[count]));
            ranked.truncate(count);
        }
    }
    ranked.sort_unstable_by_key(key);
    ranked.truncate(count);
    ranked
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
            let ranked = rank(&sites, Cost::Allocations, count);
            ranked.iter().map(|site| site.stack.0).collect()
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
        let all = rank(&sites, Cost::Allocations, usize::MAX);
        for count in [1, 2, 10, 83, 250, 499, 500] {
            assert_eq!(rank(&sites, Cost::Allocations, count), all[..count]);
        }
    }
}
