//! Where memory is wasted, as text and as JSON.

use super::Report;
use super::bars::bar;
use super::frame_lines;
use super::style::Style;
use crate::units::{bytes, percent, time};
use crate::waste::{Allocator, Finding, Moment};
use serde::Serialize;
use std::collections::HashMap;
use std::io::{self, Write};

/// Call stacks shown in the text.
pub(super) const SHOWN: usize = 5;
const BAR_WIDTH: usize = 20;
/// Columns of a sentence: with its indent it fits into 80.
const SENTENCE_WIDTH: usize = 76;

/// Writes the section of the text report.
pub(super) fn text(report: &Report<'_>, style: Style, out: &mut impl Write) -> io::Result<()> {
    let waste = &report.waste;
    let peak = report.replayed.heap.peak.balance.bytes;
    if peak == 0 {
        return Ok(());
    }
    let heading = style.heading("WASTE");
    writeln!(
        out,
        "\n{heading}: what could be saved without allocating less\n"
    )?;
    let line = |name: &str, figure: u64, what: &str| {
        let share = match percent(figure, peak) {
            // A program of a few bytes holds a page.
            share if share >= 1000.0 => "over".to_owned(),
            share => format!("{share:.1}%"),
        };
        let figure = style.figure(&format!("{:>12}", bytes(figure)));
        format!("  {name:<14}{figure} {share:>6}  {what}")
    };
    let slack = match &waste.allocator {
        Allocator::Glibc => line(
            "Slack",
            waste.peak_slack_bytes,
            "of the peak, beyond what was asked for",
        ),
        Allocator::Other(name) => {
            format!("  Slack         not known: the blocks are of {name}, not of glibc")
        }
    };
    let padding = waste.peak_padding_bytes;
    let alignment = line("Alignment", padding, "of the peak, between aligned blocks");
    let worst = waste.worst;
    let free = worst.free_bytes;
    let fragmentation = line(
        "Fragmentation",
        free,
        "of the peak, held at worst for nothing:",
    );
    let (held, live) = (bytes(worst.held_bytes), bytes(worst.live_bytes));
    let when = time(worst.time_ns);
    writeln!(out, "{slack}\n{alignment}\n{fragmentation}")?;
    writeln!(
        out,
        "{:>16}after {when} {held} were held for {live} live",
        ""
    )?;
    let whence = match waste.allocator {
        Allocator::Glibc => {
            "Held is what glibc must hold: each heap up to its highest live block, by the \
             addresses in the trace. It gives memory back from the top only."
        }
        Allocator::Other(_) => "Held are the pages in which live blocks lie.",
    };
    sentence(whence, style, out)?;
    for finding in waste.findings.iter().take(SHOWN) {
        let bar = style.figure(&bar(finding.saves_bytes, peak, BAR_WIDTH));
        let figure = style.figure(&format!("{:>12}", bytes(finding.saves_bytes)));
        writeln!(out, "\n  {bar} {figure} {}", finding.kind.name())?;
        sentence(&finding.sentence(), style, out)?;
        frame_lines::stack(report, &finding.site, style, out)?;
    }
    Ok(())
}

/// Writes a sentence in lines that fit.
fn sentence(text: &str, style: Style, out: &mut impl Write) -> io::Result<()> {
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > SENTENCE_WIDTH {
            writeln!(out, "    {}", style.faint(&line))?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "    {}", style.faint(&line))
}

/// The same as JSON: the field `waste` of the report.
#[derive(Serialize)]
pub(super) struct WasteJson<'a> {
    allocator: &'a str,
    peak_slack_bytes: Option<u64>,
    peak_padding_bytes: u64,
    worst: MomentJson,
    moments: Vec<MomentJson>,
    findings: Vec<FindingJson>,
}

#[derive(Serialize)]
struct MomentJson {
    time_ns: u64,
    live_bytes: u64,
    slack_bytes: u64,
    pinned_bytes: u64,
    held_bytes: u64,
    free_bytes: u64,
}

#[derive(Serialize)]
struct FindingJson {
    kind: &'static str,
    saves_bytes: u64,
    blocks: u64,
    sentence: String,
    /// The place of its call stack in `sites`; null when `--top` left it out.
    site: Option<usize>,
}

impl From<&Moment> for MomentJson {
    fn from(moment: &Moment) -> Self {
        let Moment {
            time_ns,
            live_bytes,
            slack_bytes,
            pinned_bytes,
            held_bytes,
            free_bytes,
        } = *moment;
        MomentJson {
            time_ns,
            live_bytes,
            slack_bytes,
            pinned_bytes,
            held_bytes,
            free_bytes,
        }
    }
}

impl<'a> WasteJson<'a> {
    /// `sites` are the sites of the report, in its order.
    pub(super) fn new(report: &'a Report<'_>, sites: &[super::site::SiteView]) -> Self {
        let waste = &report.waste;
        let numbers = sites.iter().map(|site| site.number);
        let places: HashMap<u32, usize> = numbers.zip(0..).collect();
        let finding = |finding: &Finding| FindingJson {
            kind: finding.kind.name(),
            saves_bytes: finding.saves_bytes,
            blocks: finding.site.peak.blocks,
            sentence: finding.sentence(),
            site: places.get(&finding.site.number).copied(),
        };
        WasteJson {
            allocator: waste.allocator.name(),
            peak_slack_bytes: (waste.allocator == Allocator::Glibc)
                .then_some(waste.peak_slack_bytes),
            peak_padding_bytes: waste.peak_padding_bytes,
            worst: MomentJson::from(&waste.worst),
            moments: waste.moments.iter().map(MomentJson::from).collect(),
            findings: waste.findings.iter().map(finding).collect(),
        }
    }
}
