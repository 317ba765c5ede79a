//! A trace for other tools: one file a format, each written for the tool that reads it.
//!
//! What is exported is what `ldt report` counts, so the totals that a tool prints are the report's.
//! The figures of all costs go into every format that can hold several; where a format has one
//! figure only (collapsed stacks, massif's), it is the one asked for.

mod callgrind;
mod collapsed;
mod dhat;
mod firefox;
mod massif;
mod places;
mod pprof;
mod speedscope;

use crate::replay::{Replayed, Selection};
use crate::report::frames::ShownFrame;
use crate::report::site::Cost;
use crate::report::{Choice, Report};
use std::io::{self, Write};
use std::path::Path;

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
    /// JSON for profiler.firefox.com
    Firefox,
    /// JSON for speedscope.app
    Speedscope,
    /// JSON for valgrind's dh_view.html
    Dhat,
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

/// What must be kept while the trace is read.
#[must_use]
pub fn selection(format: Format) -> Selection {
    Selection {
        most_spans: match format {
            Format::Firefox => Some(firefox::MOST_SPANS),
            Format::Massif => Some(massif::MOST_SPANS),
            _ => None,
        },
        close_up: format == Format::Dhat,
        ..Selection::default()
    }
}

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
        Format::Dhat => dhat::write(report, out),
        Format::Firefox => firefox::write(report, out),
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

/// A frame as valgrind's tools write it: `function (file.c:12)`, or `function (in /path/to/module)`.
fn valgrind_place(frame: &ShownFrame<'_>) -> String {
    let function = places::name(frame).replace(char::is_control, " ");
    let file = frame.file.and_then(|file| Path::new(file).file_name());
    match (file, frame.line, frame.module) {
        (Some(file), Some(line), _) => format!("{function} ({}:{line})", file.to_string_lossy()),
        (Some(file), None, _) => format!("{function} ({})", file.to_string_lossy()),
        (None, _, Some(module)) => format!("{function} (in {})", module.display()),
        (None, _, None) => function,
    }
}

fn creator() -> String {
    format!("ldt {}", env!("CARGO_PKG_VERSION"))
}
