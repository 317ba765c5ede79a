//! `ldt flamegraph`: the call stacks of a trace, each as wide as what it costs.

use super::events;
use super::look::{Look, default_path, save};
use crate::failure::{Failure, say};
use crate::pictures::flames::{self, Root};
use crate::progress::Progress;
use crate::replay::{Selection, replay};
use crate::report::filter::{Filter, Subject};
use crate::report::site::Cost;
use crate::report::{Choice, Report};
use ldt_viewer::Image;
use std::path::PathBuf;

/// The options of `ldt flamegraph`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What the widths are
    #[arg(long, value_enum, default_value_t = Cost::Peak)]
    cost: Cost,
    /// Begin with what allocated, and show its callers below it
    #[arg(long)]
    inverted: bool,
    /// Only call stacks with a matching function, file or module, or of matching threads; given
    /// several times, all must match
    #[arg(long, value_name = "function|file|module|thread=GLOB")]
    filter: Vec<Filter>,
    /// The picture; its ending says the form, .svg or .png; - is standard output, as SVG [default: TRACE.COST.svg]
    #[arg(short, long, value_name = "F.svg|F.png")]
    output: Option<PathBuf>,
    #[command(flatten)]
    look: Look,
    /// The trace to draw
    trace: PathBuf,
}

/// Draws a trace.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let default = || default_path(&options.trace, word(options.cost), "svg");
    let path = options.output.clone().unwrap_or_else(default);
    let canvas = options.look.canvas("--output", &path, Some(Image::Svg))?;
    let trace = events::open(&options.trace)?;
    let mut threads = options
        .filter
        .iter()
        .filter(|filter| filter.subject == Subject::Thread);
    let selection = Selection {
        thread: threads.next().map(|filter| filter.glob.clone()),
        ..Selection::default()
    };
    if threads.next().is_some() {
        return Err(Failure::own(
            "--filter thread=GLOB can be given once; use * in it for several threads",
        ));
    }
    let replayed = replay(&trace, &selection, &Progress::on_terminal());
    let choice = Choice {
        filters: options.filter.clone(),
        costs: vec![options.cost],
        top: None,
        tree: false,
    };
    let report = Report::new(&replayed, choice);
    for warning in report.warnings() {
        say(&format!("warning: {warning}"));
    }
    let root = if options.inverted {
        Root::Innermost
    } else {
        Root::Outermost
    };
    save(
        &path,
        flames::graph(&report, options.cost, root).draw(&canvas),
    )?;
    if options.output.is_none() {
        say(&format!("picture {}", path.display()));
    }
    Ok(0)
}

fn word(cost: Cost) -> &'static str {
    match cost {
        Cost::Peak => "peak",
        Cost::Leaked => "leaked",
        Cost::Allocations => "allocations",
        Cost::Temporary => "temporary",
        Cost::Bytes => "bytes",
        Cost::At => "at",
    }
}
