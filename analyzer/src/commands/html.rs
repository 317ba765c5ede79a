//! `ldt html`: a trace as one page that holds everything.

use super::events;
use super::look::default_path;
use crate::failure::{Failure, say};
use crate::findings::{self, Namer};
use crate::html::{self, MOST_SPANS};
use crate::output::write_to;
use crate::pictures::marks;
use crate::progress::Progress;
use crate::replay::{Selection, replay};
use ldt_trace::TraceFile;
use std::path::PathBuf;

/// The options of `ldt html`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The page; - is standard output [default: TRACE.page.html]
    #[arg(short, long, value_name = "F.html")]
    output: Option<PathBuf>,
    /// The trace to show
    trace: PathBuf,
}

/// Writes the page of a trace.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let path = options.output.clone();
    let path = path.unwrap_or_else(|| default_path(&options.trace, "page", "html"));
    let trace = TraceFile::open(&options.trace).map_err(|error| Failure::own(error.to_string()))?;
    let selection = Selection {
        most_spans: Some(MOST_SPANS),
        ..Selection::default()
    };
    if events::has_none(&trace) {
        say(
            "warning: no allocations are recorded in it, only what a check found: use ldt check --profile for both",
        );
    }
    let replayed = replay(&trace, &selection, &Progress::on_terminal());
    let found = findings::of_trace(&options.trace, &mut Namer::default())
        .map_err(|error| Failure::own(error.to_string()))?;
    let marks = marks::marks(&trace, &replayed.clock);
    let page = html::page(&replayed, found.as_ref(), marks);
    for warning in &page.warnings {
        say(&format!("warning: {warning}"));
    }
    write_to(Some(&path), |out| out.write_all(&page.write()?))?;
    if options.output.is_none() {
        say(&format!("page {}", path.display()));
    }
    Ok(0)
}
