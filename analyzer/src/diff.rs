//! What changed from one trace to another, by call stack.
//!
//! Addresses differ from run to run, and offsets from build to build, so stacks are matched by
//! what they show: function and module of each frame, or where there is no name, the offset in the
//! module. Lines are left out, so that an edit elsewhere in a file changes nothing.

pub(crate) mod json;

use crate::replay::Replayed;
use crate::report::frames::ShownFrame;
use crate::report::site::{Cost, SiteView};
use crate::report::{Choice, Report};
use std::collections::HashMap;

/// What the sites with one stack did in one trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Bytes held at the peak.
    pub peak_bytes: u64,
    /// Bytes never freed.
    pub leaked_bytes: u64,
    /// Temporary allocations.
    pub temporary: u64,
}

impl Figures {
    /// One of them.
    #[must_use]
    pub fn of(&self, cost: Cost) -> u64 {
        match cost {
            Cost::Peak | Cost::At => self.peak_bytes,
            Cost::Leaked => self.leaked_bytes,
            Cost::Allocations => self.allocations,
            Cost::Temporary => self.temporary,
            Cost::Bytes => self.bytes,
        }
    }

    fn add(&mut self, site: &SiteView) {
        self.allocations += site.allocations;
        self.bytes = self.bytes.wrapping_add(site.bytes);
        self.peak_bytes = self.peak_bytes.wrapping_add(site.peak.bytes);
        self.leaked_bytes = self.leaked_bytes.wrapping_add(site.leaked.bytes);
        self.temporary += site.temporary;
    }
}

/// A stack that is in either trace.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// What it did before.
    pub before: Figures,
    /// What it did after.
    pub after: Figures,
    /// A site that has this stack, and whether it is of the trace after.
    pub example: (SiteView, bool),
}

impl Change {
    /// By how much a figure grew, or shrank.
    #[must_use]
    pub fn growth(&self, cost: Cost) -> i128 {
        i128::from(self.after.of(cost)) - i128::from(self.before.of(cost))
    }
}

/// The difference of two traces.
#[derive(Debug)]
pub struct Diff<'r> {
    /// The first trace.
    pub before: Report<'r>,
    /// The second trace.
    pub after: Report<'r>,
    /// Every stack of either.
    pub changes: Vec<Change>,
}

impl<'r> Diff<'r> {
    /// Matches the stacks of two traces.
    #[must_use]
    pub fn new(before: &'r Replayed, after: &'r Replayed) -> Self {
        let everything = Choice {
            filters: Vec::new(),
            costs: vec![Cost::Bytes],
            top: None,
            tree: false,
        };
        let before = Report::new(before, everything.clone());
        let after = Report::new(after, everything);
        let mut places = Places::default();
        let mut changes: HashMap<Vec<u32>, Change> = HashMap::new();
        for (report, is_after) in [(&before, false), (&after, true)] {
            for site in report.sites.iter() {
                let frames = report.naming().stack(&site);
                let stack = frames.map(|frame| places.number(&frame)).collect();
                let change = changes.entry(stack).or_insert(Change {
                    before: Figures::default(),
                    after: Figures::default(),
                    example: (site, is_after),
                });
                if is_after {
                    change.after.add(&site);
                    change.example = (site, true);
                } else {
                    change.before.add(&site);
                }
            }
        }
        let changes = changes.into_values().collect();
        Diff {
            before,
            after,
            changes,
        }
    }

    /// The stacks whose figure changed most, in one direction, most first.
    #[must_use]
    pub fn most(&self, cost: Cost, is_growth: bool, count: usize) -> Vec<&Change> {
        let sign = if is_growth { 1 } else { -1 };
        let size = |change: &Change| change.growth(cost) * sign;
        let mut changed: Vec<&Change> = self
            .changes
            .iter()
            .filter(|change| size(change) > 0)
            .collect();
        let stack = |change: &Change| (change.example.0.stack, change.example.0.function);
        changed.sort_by_key(|change| (std::cmp::Reverse(size(change)), stack(change)));
        changed.truncate(count);
        changed
    }
}

/// Numbers for what frames show.
#[derive(Default)]
struct Places {
    numbers: HashMap<(String, String), u32>,
}

impl Places {
    fn number(&mut self, frame: &ShownFrame<'_>) -> u32 {
        let module = frame
            .module
            .and_then(|path| path.file_name())
            .unwrap_or_default();
        let place = match (frame.function, frame.offset, frame.address) {
            (Some(function), _, _) => function.to_owned(),
            (None, Some(offset), _) => format!("+{offset:#x}"),
            (None, None, address) => format!("{:#x}", address.unwrap_or(0)),
        };
        let next = self.numbers.len() as u32;
        let key = (module.to_string_lossy().into_owned(), place);
        *self.numbers.entry(key).or_insert(next)
    }
}
