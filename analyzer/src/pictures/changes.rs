//! What changed from one trace to another, as bars before and after.

use super::flames::title;
use super::labels::{lines, telling_frames};
use super::{Captions, stack_unit};
use crate::diff::{Change, Diff};
use crate::report::site::Cost;
use ldt_viewer::{ChangeRow, ChangesChart};

/// No picture has room for more rows; the others are summed up, and need no name.
const MOST_NAMED: usize = 600;

/// Each call stack before and after, by one cost.
#[must_use]
pub fn changes(diff: &Diff<'_>, cost: Cost) -> ChangesChart {
    let (before, after) = (
        Captions::of(diff.before.replayed),
        Captions::of(diff.after.replayed),
    );
    let mut changed: Vec<&Change> = diff
        .changes
        .iter()
        .filter(|change| change.growth(cost) != 0)
        .collect();
    changed.sort_by_key(|change| {
        let (site, _) = &change.example;
        let size = change.growth(cost).unsigned_abs();
        (std::cmp::Reverse(size), site.stack, site.function)
    });
    let frames = changed.iter().take(MOST_NAMED).map(|change| {
        let (site, is_after) = &change.example;
        let report = if *is_after { &diff.after } else { &diff.before };
        telling_frames(report, site)
    });
    let names = lines(&frames.collect::<Vec<_>>());
    let names = names.into_iter().chain(std::iter::repeat(String::new()));
    let sum = |figure: fn(&Change, Cost) -> u64| {
        let figures = diff.changes.iter().map(|change| figure(change, cost));
        figures.fold(0, u64::saturating_add)
    };
    ChangesChart {
        title: format!(
            "{}, before and after",
            after.title(&format!("{} by", title(cost)))
        ),
        subtitle: before.compared_with(&after),
        unit: stack_unit(cost),
        total: (
            sum(|change, cost| change.before.of(cost)),
            sum(|change, cost| change.after.of(cost)),
        ),
        rows: names
            .zip(changed)
            .map(|(name, change)| ChangeRow {
                name,
                before: change.before.of(cost),
                after: change.after.of(cost),
            })
            .collect(),
    }
}
