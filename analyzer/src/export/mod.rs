//! A trace for other tools: one file a format, each written for the tool that reads it.
//!
//! What is exported is what `ldt report` counts, so the totals that a tool prints are the report's.
//! The figures of all costs go into every format that can hold several; where a format has one
//! figure only (collapsed stacks, massif's), it is the one asked for.

mod callgrind;
mod collapsed;
mod massif;
mod places;
mod pprof;
mod speedscope;

use crate::replay::Replayed;
use crate::report::site::Cost;
use crate::report::{Choice, Report};
use std::io::{self, Write};

/// A format of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Collapsed stacks, for flamegraph.pl, inferno, speedscope and others
    Collapsed,
    /// massif.out, for ms_print and massif-visualizer
    Massif,
    /// profile.proto, gzipped, for pprof and what speaks it
    Pprof,
    /// callgrind.out, for KCachegrind and callgrind_annotate
    Callgrind,
    /// JSON for speedscope.app
    Speedscope,
}

impl Format {
    /// Whether it is nothing that a terminal could show.
    #[must_use]
    pub fn is_binary(self) -> bool {
        self == Format::Pprof
    }
}

/// The figures that formats with several of them hold, in this order.
const COSTS: [Cost; 5] = [
    Cost::Peak,
    Cost::Leaked,
    Cost::Bytes,
    Cost::Allocations,
    Cost::Temporary,
];

/// What an export is made of: every call stack with its names.
#[must_use]
pub fn everything(replayed: &Replayed) -> Report<'_> {
    let choice = Choice {
        filters: Vec::new(),
        costs: vec![Cost::Bytes],
        top: None,
        tree: false,
    };
    Report::new(replayed, choice)
}

/// Writes all of a report that the format can hold.
pub fn write(
    report: &Report<'_>,
    format: Format,
    cost: Cost,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Collapsed => collapsed::write(report, cost, out),
        Format::Massif => massif::write(report, out),
        Format::Pprof => pprof::write(report, cost, out),
        Format::Callgrind => callgrind::write(report, cost, out),
        Format::Speedscope => speedscope::write(report, cost, out),
    }
}

/// What a cost is called where words are shown to people.
fn title(cost: Cost) -> &'static str {
    match cost {
        Cost::Peak => "held at the peak",
        Cost::Leaked => "never freed",
        Cost::Bytes => "bytes allocated",
        Cost::Allocations => "allocations",
        Cost::Temporary => "temporary allocations",
        Cost::At => "held at a moment",
    }
}

fn creator() -> String {
    format!("ldt {}", env!("CARGO_PKG_VERSION"))
}
