//! Growth from several leak checks in one run (`ldt_leak_check()`, a signal, `ldt leaks PID`), where no events
//! were recorded.
//!
//! A call stack grows when what it holds rises from check to check, and when its blocks survive: half or more of
//! those that one check counted are still there at the next. Buffers that come and go with a rising load are not
//! meant.

use super::slope::steady_slope_of_few;
use crate::findings::raw::CheckFound;
use crate::findings::{Found, Frame, Namer};
use crate::report::errors::{Detail, stack};
use crate::report::filter::Filter;
use crate::report::style::Style;
use crate::symbols::LookUp;
use crate::units::{bytes, count, counted, percent, time};
use ldt_trace::{Function, NodeId};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

/// With fewer checks nothing can be said.
pub const LEAST_CHECKS: usize = 3;

/// Who allocated: the function called, and from where.
type Site = (NodeId, u8);

/// What a call stack held at a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    bytes: u64,
    blocks: u64,
    /// Blocks that an earlier check has met.
    survivors: u64,
}

/// A call stack that grows.
#[derive(Clone, Debug)]
pub struct Growing {
    /// Beneath the function called.
    pub stack: Vec<Arc<Frame>>,
    /// How fast.
    pub bytes_per_second: f64,
    /// Bytes at the first check.
    pub first_bytes: u64,
    /// Bytes at the last one.
    pub last_bytes: u64,
    /// Blocks at the last one.
    pub last_blocks: u64,
    /// Blocks at the one before.
    pub earlier_blocks: u64,
    /// How many of those were still there at the last one.
    pub survivors: u64,
}

/// Every call stack that grows and that the filters keep, the fastest first.
#[must_use]
pub fn growing(found: &Found, filters: &[Filter], namer: &mut Namer) -> Vec<Growing> {
    let mut checks: Vec<&CheckFound> = found.checks.iter().collect();
    checks.sort_by_key(|check| check.id);
    if checks.len() < LEAST_CHECKS {
        return Vec::new();
    }
    let mut sites: BTreeMap<Site, Vec<Held>> = BTreeMap::new();
    for (index, check) in checks.iter().enumerate() {
        for record in &check.records {
            let site = (record.allocated.stack, record.allocated.function as u8);
            let history = sites.entry(site);
            let held = &mut history.or_insert_with(|| vec![Held::default(); checks.len()])[index];
            held.bytes += record.bytes;
            held.blocks += record.blocks;
            held.survivors += record.survivors;
        }
    }
    let times: Vec<u64> = checks.iter().map(|check| check.monotonic_ns).collect();
    let mut rising: Vec<(Site, f64, Vec<Held>)> = sites
        .into_iter()
        .filter(|(_, history)| survives(history))
        .filter_map(|(site, history)| {
            let samples: Vec<(u64, u64)> = times
                .iter()
                .zip(&history)
                .map(|(&ns, held)| (ns.saturating_sub(times[0]), held.bytes))
                .collect();
            Some((site, steady_slope_of_few(&samples)?, history))
        })
        .collect();
    rising.sort_by(|a, b| b.1.total_cmp(&a.1));
    let names = namer.name(
        found,
        rising.iter().map(|((stack, _), _, _)| *stack),
        LookUp::Lines,
    );
    rising
        .into_iter()
        .map(|((node, function), bytes_per_second, history)| {
            let called = Function::from_code(function).map(Frame::called);
            let at = |from_the_end: usize| history[history.len() - from_the_end];
            Growing {
                stack: names.stack(called, node),
                bytes_per_second,
                first_bytes: history[0].bytes,
                last_bytes: at(1).bytes,
                last_blocks: at(1).blocks,
                earlier_blocks: at(2).blocks,
                survivors: at(1).survivors,
            }
        })
        .filter(|growing| {
            filters
                .iter()
                .all(|filter| filter.keeps_frames(&growing.stack))
        })
        .collect()
}

/// Whether half or more of the blocks of each check were there at the next.
fn survives(history: &[Held]) -> bool {
    history
        .windows(2)
        .all(|pair| pair[1].survivors * 2 >= pair[0].blocks)
}

/// Writes the call stacks that grow.
pub fn write(
    found: &Found,
    filters: &[Filter],
    most: usize,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let title = style.heading("GROWTH");
    let checks = found.checks.len();
    if checks < LEAST_CHECKS {
        return writeln!(
            out,
            "{title}: this trace has no events (they come with ldt profile, or ldt check --profile) and {}; \
             {LEAST_CHECKS} or more are compared: ldt_leak_check(), leak_signal, ldt leaks PID",
            counted(checks as u64, "leak check")
        );
    }
    let growing = growing(found, filters, &mut Namer::default());
    if growing.is_empty() {
        return writeln!(
            out,
            "{title}: no call stack rises steadily over {checks} leak checks"
        );
    }
    let moment = |of: fn(&mut dyn Iterator<Item = u64>) -> Option<u64>| {
        of(&mut found.checks.iter().map(|check| check.monotonic_ns)).unwrap_or_default()
    };
    let between = time(moment(|times| times.max()) - moment(|times| times.min()));
    writeln!(
        out,
        "{title}: call stacks whose live bytes rise steadily over {checks} leak checks in {between}"
    )?;
    for growing in growing.iter().take(most) {
        writeln!(
            out,
            "\n  {}: {} in {} blocks at the last check, {} at the first",
            style.figure(&format!("{}/s", bytes(growing.bytes_per_second as u64))),
            bytes(growing.last_bytes),
            count(growing.last_blocks),
            bytes(growing.first_bytes),
        )?;
        let kept = percent(growing.survivors, growing.earlier_blocks);
        let survive =
            format!("    {kept:.0}% of the blocks of the check before it are still there");
        writeln!(out, "{}", style.faint(&survive))?;
        let mut lines = Vec::new();
        stack(&growing.stack, Detail::default(), &mut lines);
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    if growing.len() > most {
        writeln!(out, "\n  and {} more (--top N)", growing.len() - most)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(blocks: u64, survivors: u64) -> Held {
        Held {
            bytes: 100 * blocks,
            blocks,
            survivors,
        }
    }

    #[test]
    fn blocks_that_come_and_go_do_not_survive() {
        assert!(survives(&[
            held(0, 0),
            held(10, 0),
            held(20, 10),
            held(30, 20)
        ]));
        assert!(survives(&[held(10, 0), held(20, 5)]));
        assert!(!survives(&[held(10, 0), held(20, 1), held(30, 20)]));
    }
}
