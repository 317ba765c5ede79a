//! Growth: what is still reachable, perhaps, and yet rises all through the run: a cache without a bound, a
//! list that nobody shortens.
//!
//! A call stack grows when what it holds rises in nearly every eighth of the run, to the end; times in which nobody
//! allocates do not count. One that fills
//! up and stays has no rise in the later ones; one that goes up and down with the load has falls. The slope is
//! that of the line through the second half ([`slope`]).
//!
//! A trace without events has leak checks perhaps: [`checks`] compares those.

pub mod checks;
mod slope;

use crate::replay::sites::Balance;
use crate::report::Report;
use crate::report::frame_lines::stack;
use crate::report::site::SiteView;
use crate::report::style::Style;
use crate::units::{bytes, count, percent, time};
use slope::steady_slope;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Less than this is not worth a word.
const LEAST_BYTES: u64 = 1024;

/// A call stack that grows.
#[derive(Clone, Copy, Debug)]
pub struct Growing {
    /// The call stack.
    pub site: SiteView,
    /// How fast, in the second half of the run.
    pub bytes_per_second: f64,
    /// What it held in the middle of the run.
    pub middle: Balance,
    /// What it holds at the end.
    pub end: Balance,
    /// Bytes that it allocated in the second half.
    pub allocated: u64,
}

/// What a call stack held at a moment, and had allocated by then.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    ns: u64,
    live: Balance,
    allocated: u64,
}

/// Every call stack that grows, the fastest first. The replay must have kept the history.
#[must_use]
pub fn growing(report: &Report<'_>) -> Vec<Growing> {
    let replayed = report.replayed;
    let edges: Vec<u64> = replayed
        .heap
        .history
        .edges()
        .skip(1)
        .map(|tick| replayed.clock.ns(tick))
        .collect();
    let mut marks = replayed.heap.history.sites.clone();
    marks.sort_by_key(|mark| (mark.of, mark.span));
    // A program that sleeps, or does not get the processor, does not grow: such spans say nothing.
    let busy: BTreeSet<_> = marks.iter().map(|mark| mark.span).collect();
    let mut found: Vec<Growing> = report
        .sites
        .iter()
        .filter(|site| site.leaked.bytes >= LEAST_BYTES)
        .filter_map(|site| {
            let first = marks.partition_point(|mark| mark.of < site.number);
            let mut own = marks[first..]
                .iter()
                .take_while(|mark| mark.of == site.number)
                .peekable();
            let mut sample = Sample::default();
            let mut samples: Vec<Sample> = (0..)
                .zip(&edges)
                .map(|(span, &ns)| {
                    while let Some(mark) = own.next_if(|mark| mark.span <= span) {
                        sample.live = mark.figures.live;
                        sample.allocated = mark.figures.bytes;
                    }
                    Sample { ns, ..sample }
                })
                .collect();
            // The last mark of a site is that of the span before its last event.
            if let Some(last) = samples.last_mut() {
                (last.live, last.allocated) = (site.leaked, site.bytes);
            }
            let end = samples.len().saturating_sub(1);
            let mut span = 0..;
            samples.retain(|_| {
                span.next()
                    .is_some_and(|at| at as usize == end || busy.contains(&at))
            });
            judge(&site, &samples)
        })
        .collect();
    found.sort_by(|a, b| b.bytes_per_second.total_cmp(&a.bytes_per_second));
    found
}

fn judge(site: &SiteView, samples: &[Sample]) -> Option<Growing> {
    let live: Vec<(u64, u64)> = samples
        .iter()
        .map(|sample| (sample.ns, sample.live.bytes))
        .collect();
    let bytes_per_second = steady_slope(&live)?;
    let (middle, end) = (samples.get(samples.len() / 2)?, samples.last()?);
    Some(Growing {
        site: *site,
        bytes_per_second,
        middle: middle.live,
        end: end.live,
        allocated: end.allocated - middle.allocated,
    })
}

/// Writes the call stacks that grow.
pub fn write(
    report: &Report<'_>,
    most: usize,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let found = growing(report);
    if found.is_empty() {
        return writeln!(
            out,
            "{}: no call stack rises steadily to the end",
            style.heading("GROWTH")
        );
    }
    let replayed = report.replayed;
    let duration = time(replayed.clock.ns(replayed.end_tick));
    let title = style.heading("GROWTH");
    writeln!(
        out,
        "{title}: call stacks whose live bytes rise steadily to the end ({duration})"
    )?;
    for growing in found.iter().take(most) {
        let slope = bytes(growing.bytes_per_second as u64);
        let rise = growing.end.bytes.saturating_sub(growing.middle.bytes);
        writeln!(
            out,
            "\n  {}: {} in {} blocks at the end, {} in the middle of the run",
            style.figure(&format!("{slope}/s")),
            bytes(growing.end.bytes),
            count(growing.end.blocks),
            bytes(growing.middle.bytes),
        )?;
        let kept = percent(rise.min(growing.allocated), growing.allocated);
        let survives = format!("    {kept:.0}% of what it allocated since then is still there");
        writeln!(out, "{}", style.faint(&survives))?;
        stack(report, &growing.site, style, out)?;
    }
    if found.len() > most {
        writeln!(out, "\n  and {} more (--top N)", found.len() - most)?;
    }
    Ok(())
}
