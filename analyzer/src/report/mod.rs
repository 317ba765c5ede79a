//! What a trace says, made ready to be shown: sites chosen, filtered and named.

pub mod bars;
mod checked;
pub mod errors;
pub mod filter;
pub(crate) mod frame_lines;
pub mod frames;
pub mod groups;
pub mod json;
pub mod leaks;
pub(crate) mod lines;
pub mod memcheck;
pub mod process;
pub mod site;
pub mod style;
mod tables;
pub mod text;
pub mod tree;
mod waste;

use crate::findings::ProcessReport;
use crate::replay::stacks::{CodeAddress, Stacks};
use crate::replay::{Early, Replayed};
use crate::symbols::ahead::{Likely, Opened};
use crate::symbols::{self, LookUp, Names};
use crate::waste::Waste;
use filter::Filter;
use frames::Naming;
use groups::ModuleTotals;
use ldt_trace::NodeId;
use rustc_hash::FxHashSet;
use site::{Cost, Ranking, SiteView, SiteViews};
use std::borrow::Cow;
use std::panic::resume_unwind;
use tree::Branch;

/// What is to be shown.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Only sites that pass all of these.
    pub filters: Vec<Filter>,
    /// The rankings to show, in this order.
    pub costs: Vec<Cost>,
    /// How many sites of each ranking; all if not given.
    pub top: Option<usize>,
    /// Show the tree at the peak, down to branches of a hundredth.
    pub tree: bool,
}

/// So many call stacks of a ranking are likely to be shown for each that will be, while it is not known which.
const LIKELY: usize = 2;
/// And so many at most.
const MOST_LIKELY: usize = 100;

/// The addresses that a report will probably show, by what leads early on: so that their names are being looked up
/// while the rest of the trace is replayed.
#[must_use]
pub fn likely_addresses(choice: &Choice, early: Early<'_>) -> Likely {
    let most = choice.top.unwrap_or(MOST_LIKELY).saturating_mul(LIKELY);
    let most = most.min(MOST_LIKELY);
    let costs = choice.costs.iter();
    let stacks = costs.flat_map(|cost| site::leading(early.heap, *cost, most));
    Likely {
        addresses: all_addresses(early.stacks, stacks).into_iter().collect(),
        modules: early.facts.modules.clone(),
    }
}

/// The addresses of these stacks. They share their outer frames; each is walked only as far as it is new.
fn all_addresses(table: &Stacks, stacks: impl Iterator<Item = NodeId>) -> FxHashSet<CodeAddress> {
    let mut seen = FxHashSet::default();
    let mut addresses = FxHashSet::default();
    for mut stack in stacks {
        while seen.insert(stack)
            && let Some((address, outer)) = table.step(stack)
        {
            addresses.insert(address);
            stack = outer;
        }
    }
    addresses
}

/// A replayed trace with what is shown of it.
#[derive(Debug)]
pub struct Report<'r> {
    /// The trace.
    pub replayed: &'r Replayed,
    /// What was asked for.
    pub choice: Choice,
    /// The sites that passed the filters.
    pub sites: SiteViews<'r>,
    /// What check mode found, in a trace of that mode.
    pub found: Option<ProcessReport>,
    /// The tree at the peak, if it was asked for.
    pub tree: Option<Branch>,
    /// Where memory is wasted.
    pub waste: Waste,
    /// What the code of each module allocated.
    pub modules: Vec<ModuleTotals>,
    /// Those shown.
    rankings: Vec<Ranking>,
    names: Names,
    opened: Opened,
}

impl<'r> Report<'r> {
    /// Chooses and names.
    #[must_use]
    pub fn new(replayed: &'r Replayed, choice: Choice) -> Self {
        Report::with(replayed, choice, Opened::default())
    }

    /// Chooses and names, with modules that have been opened before.
    #[must_use]
    pub fn with(replayed: &'r Replayed, choice: Choice, opened: Opened) -> Self {
        let mut report = Report {
            replayed,
            sites: SiteViews::all(replayed),
            found: None,
            tree: None,
            waste: Waste::new(replayed, std::iter::empty()),
            modules: Vec::new(),
            rankings: Vec::new(),
            names: Names::default(),
            opened,
            choice,
        };
        if report.choice.filters.iter().any(Filter::needs_names) {
            let stacks = report.sites.iter().map(|site| site.stack);
            report.name(all_addresses(&replayed.stacks, stacks));
        }
        if !report.choice.filters.is_empty() {
            let naming = report.naming();
            let keeps = |site: &SiteView| {
                report
                    .choice
                    .filters
                    .iter()
                    .all(|filter| filter.keeps(naming, site))
            };
            report.sites = report.sites.chosen(keeps);
        }
        report.sum_up();
        let shown = report.shown().into_iter().map(|site| site.stack);
        let mut addresses = all_addresses(&replayed.stacks, shown);
        if report.choice.tree {
            let threshold = replayed.heap.peak.balance.bytes / 100;
            let sites = report.sites.iter();
            let tree = tree::tree(&replayed.stacks, sites, Cost::Peak, threshold);
            let mut in_tree = Vec::new();
            tree.addresses(&mut in_tree);
            addresses.extend(in_tree);
            report.tree = Some(tree);
        }
        report.name(addresses);
        report
    }

    /// Looks through all sites for what is shown of them as a whole, on two cores: there may be
    /// hundreds of thousands.
    fn sum_up(&mut self) {
        let (replayed, sites) = (self.replayed, &self.sites);
        let most = self.choice.top.unwrap_or(usize::MAX);
        let (rankings, (waste, modules)) = std::thread::scope(|scope| {
            let others = scope.spawn(|| {
                let waste = Waste::new(replayed, sites.iter());
                (waste, groups::by_module(replayed, sites.iter()))
            });
            (
                site::rank(sites.iter(), &self.choice.costs, most),
                others.join().unwrap_or_else(|panic| resume_unwind(panic)),
            )
        });
        self.rankings = rankings;
        self.waste = waste;
        self.modules = modules;
    }

    fn name(&mut self, addresses: FxHashSet<CodeAddress>) {
        let (facts, header) = (&self.replayed.facts, &self.replayed.header);
        self.names = symbols::name(addresses, facts, header, &mut self.opened, LookUp::Lines);
    }

    /// The sites of one ranking, highest first.
    #[must_use]
    pub fn ranked(&self, cost: Cost) -> Vec<SiteView> {
        let ranking = self.ranking(cost);
        let places = ranking.places.iter();
        places.map(|place| self.sites.at(*place as usize)).collect()
    }

    /// One ranking, whether it was asked for or not.
    fn ranking(&self, cost: Cost) -> Cow<'_, Ranking> {
        if let Some(known) = self.rankings.iter().find(|ranking| ranking.cost == cost) {
            return Cow::Borrowed(known);
        }
        let most = self.choice.top.unwrap_or(usize::MAX);
        Cow::Owned(site::rank_by(self.sites.iter(), cost, most))
    }

    /// A figure of all sites together.
    #[must_use]
    pub fn total(&self, cost: Cost) -> u64 {
        self.ranking(cost).total
    }

    /// Every site that is in any ranking shown.
    fn shown(&self) -> Vec<SiteView> {
        let costs = self.choice.costs.iter();
        let wasteful = self.waste.findings.iter().take(waste::SHOWN);
        costs
            .flat_map(|cost| self.ranked(*cost))
            .chain(wasteful.map(|finding| finding.site))
            .collect()
    }

    /// Turns sites into stacks.
    #[must_use]
    pub fn naming(&self) -> Naming<'_> {
        Naming {
            replayed: self.replayed,
            names: &self.names,
        }
    }

    /// Whether something of the run is not in the report.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        use ldt_trace::header::flag;
        self.replayed.header.flags & flag::STOPPED != 0 || !self.replayed.damage.is_empty()
    }

    /// Everything that the reader should know before believing the figures.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        use ldt_trace::header::flag;
        let replayed = self.replayed;
        let mut warnings = Vec::new();
        if replayed.header.flags & flag::STOPPED != 0 {
            let why = "recording stopped before the end (disk full, or --max-trace-size)";
            warnings.push(format!("{why}: what came later is missing"));
        }
        const SHOWN_DAMAGE: usize = 5;
        let damage = &replayed.damage;
        let shown = damage.iter().take(SHOWN_DAMAGE);
        warnings.extend(shown.map(|damage| format!("the trace is damaged {damage}")));
        if damage.len() > SHOWN_DAMAGE {
            let more = damage.len() - SHOWN_DAMAGE;
            warnings.push(format!("the trace is damaged in {more} more places"));
        }
        let ended = flag::EXITED | flag::REAPED | flag::EXECED;
        if replayed.header.flags & ended == 0 {
            let state = "the process still runs, or was killed";
            warnings.push(format!("{state}: this is the state up to its last event"));
        }
        let odd = replayed.heap.mismatches;
        if odd.missed_frees > 0 {
            let missed = odd.missed_frees;
            warnings.push(format!(
                "{missed} blocks were replaced without a free: their frees were not seen"
            ));
        }
        if replayed.lost > 0 {
            let lost = replayed.lost;
            let why = "made while a signal handler interrupted LDT";
            warnings.push(format!("{lost} calls were not recorded ({why})"));
        }
        if replayed.header.stack_differences > 0 {
            let count = replayed.header.stack_differences;
            warnings.push(format!("stack_check found {count} stacks that differ"));
        }
        warnings.extend(self.names.warnings.iter().cloned());
        warnings
    }
}
