//! `ldt export`: a trace for other tools.

use super::events;
use crate::export::{self, Format};
use crate::failure::{Failure, say};
use crate::output::{keep_off_terminal, write_to};
use crate::progress::Progress;
use crate::replay::replay;
use crate::report::site::Cost;
use std::path::PathBuf;

/// The options of `ldt export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The format to write
    #[arg(long, value_enum)]
    format: Format,
    /// The figure of the call stacks; of formats that hold several, the one shown first
    #[arg(long, value_enum, default_value_t = Cost::Peak)]
    cost: Cost,
    /// The file to write; - is standard output [default: -]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The trace to export
    trace: PathBuf,
}

/// Exports a trace.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    if options.format.is_binary() {
        keep_off_terminal(options.output.as_deref())?;
    }
    let trace = events::open(&options.trace)?;
    let replayed = replay(
        &trace,
        &export::selection(options.format),
        &Progress::on_terminal(),
    );
    let report = export::everything(&replayed);
    write_to(options.output.as_deref(), |out| {
        export::write(&report, options.format, options.cost, out)
    })?;
    for warning in report.warnings() {
        say(&format!("warning: {warning}"));
    }
    Ok(0)
}
