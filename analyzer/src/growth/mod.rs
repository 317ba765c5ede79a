//! Growth: what is still reachable, perhaps, and yet rises all through the run: a cache without a bound, a
//! list that nobody shortens.
//!
//! A call stack grows when what it holds rises in nearly every eighth of the run, to the end. One that fills
//! up and stays has no rise in the later ones; one that goes up and down with the load has falls. The slope is
//! that of the line through the second half.

use crate::replay::sites::Balance;
use crate::report::Report;
use crate::report::site::SiteView;
use crate::report::style::Style;
use crate::report::text::stack;
use crate::units::{bytes, count, percent, time};
use std::io::{self, Write};

/// Parts of the run that are compared.
const PARTS: usize = 8;
/// Of the steps from one part to the next, so many may bring no rise: the first, while a program starts.
const FLAT_STEPS: usize = 1;
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
            judge(site, &samples)
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

/// Bytes a second in the second half of (time in ns, bytes), if they rise steadily to the end.
fn steady_slope(samples: &[(u64, u64)]) -> Option<f64> {
    if samples.len() < 2 * PARTS {
        return None;
    }
    let at = |part: usize| samples[samples.len() * part / PARTS - 1].1;
    let parts: Vec<u64> = (1..=PARTS).map(at).collect();
    let flat = parts.windows(2).filter(|pair| pair[1] <= pair[0]).count();
    let last_rises = parts[PARTS - 1] > parts[PARTS - 2];
    let rise = parts[PARTS - 1].saturating_sub(parts[PARTS / 2 - 1]);
    if flat > FLAT_STEPS || !last_rises || rise < LEAST_BYTES {
        return None;
    }
    let half = &samples[samples.len() / 2..];
    let number = half.len() as f64;
    let mean = |of: &dyn Fn(&(u64, u64)) -> f64| half.iter().map(of).sum::<f64>() / number;
    let seconds = |sample: &(u64, u64)| sample.0 as f64 / 1e9;
    let (mean_time, mean_bytes) = (mean(&seconds), mean(&|sample| sample.1 as f64));
    let moment = |sample: &(u64, u64)| seconds(sample) - mean_time;
    let covariance = mean(&|sample| moment(sample) * (sample.1 as f64 - mean_bytes));
    let variance = mean(&|sample| moment(sample).powi(2));
    (variance > 0.0 && covariance > 0.0).then(|| covariance / variance)
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

#[cfg(test)]
mod tests {
    use super::steady_slope;

    /// Bytes at a hundred moments, a second apart.
    fn samples(bytes: impl Fn(u64) -> u64) -> Vec<(u64, u64)> {
        (0..100).map(|at| (at * 1_000_000_000, bytes(at))).collect()
    }

    #[test]
    fn a_cache_without_bound_grows_with_its_slope() {
        let slope = steady_slope(&samples(|at| 5000 + at * 300)).expect("it grows");
        assert!((slope - 300.0).abs() < 1e-6, "{slope}");
        let rough = steady_slope(&samples(|at| at * 300 + at * 7919 % 1000)).expect("it grows");
        assert!((rough - 300.0).abs() < 15.0, "{rough}");
    }

    #[test]
    fn what_fills_up_and_stays_does_not_grow() {
        assert_eq!(steady_slope(&samples(|at| (at * 3000).min(100_000))), None);
        assert_eq!(steady_slope(&samples(|at| (at * 1500).min(100_000))), None);
    }

    #[test]
    fn what_goes_up_and_down_does_not_grow() {
        assert_eq!(steady_slope(&samples(|at| at % 30 * 1000)), None);
        assert_eq!(steady_slope(&samples(|at| 200_000 - at * 1000)), None);
        assert_eq!(steady_slope(&samples(|_| 70_000)), None);
    }

    #[test]
    fn a_few_bytes_are_not_worth_a_word() {
        assert_eq!(steady_slope(&samples(|at| at)), None);
    }
}
