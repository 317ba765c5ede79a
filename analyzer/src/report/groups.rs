//! Totals by module: of the code that called the allocation functions.

use super::site::SiteView;
use crate::replay::Replayed;
use rustc_hash::FxHashMap;

/// What the code of one module allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleTotals {
    /// Index into the trace's modules, none for code that belongs to none.
    pub module: Option<usize>,
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Temporary ones.
    pub temporary: u64,
    /// Bytes held at the peak.
    pub peak_bytes: u64,
    /// Bytes held at the end.
    pub leaked_bytes: u64,
}

/// Totals of all modules that allocated, those with the most bytes first.
#[must_use]
pub fn by_module(replayed: &Replayed, sites: impl Iterator<Item = SiteView>) -> Vec<ModuleTotals> {
    let mut modules = FxHashMap::default();
    let mut totals: FxHashMap<Option<usize>, ModuleTotals> = FxHashMap::default();
    for site in sites {
        let caller = replayed.stacks.frames(site.stack).next();
        let module = caller.and_then(|caller| {
            *modules
                .entry(caller)
                .or_insert_with(|| replayed.facts.module_of(caller.lookup(), caller.epoch))
        });
        let totals = totals.entry(module).or_default();
        totals.module = module;
        totals.allocations += site.allocations;
        totals.bytes = totals.bytes.wrapping_add(site.bytes);
        totals.temporary += site.temporary;
        totals.peak_bytes = totals.peak_bytes.wrapping_add(site.peak.bytes);
        totals.leaked_bytes = totals.leaked_bytes.wrapping_add(site.leaked.bytes);
    }
    let mut totals: Vec<_> = totals.into_values().collect();
    totals.sort_by_key(|totals| (std::cmp::Reverse(totals.bytes), totals.module));
    totals
}
