//! `ldt chart`: a picture of a trace.

use super::look::{Look, default_path, save};
use crate::failure::{Failure, say};
use crate::pictures;
use crate::progress::Progress;
use crate::replay::{Selection, replay};
use ldt_trace::TraceFile;
use std::path::PathBuf;

/// The options of `ldt chart`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to draw
    #[arg(long, value_enum)]
    kind: Kind,
    /// The picture; its ending says the form, .png or .svg [default: TRACE.KIND.png]
    #[arg(short, long, value_name = "F.png|F.svg")]
    output: Option<PathBuf>,
    #[command(flatten)]
    look: Look,
    /// The trace to draw
    trace: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// The heap over time
    Timeline,
    /// How large the blocks are that were asked for
    Sizes,
}

/// Draws a trace.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let default = || default_path(&options.trace, word(options.kind), "png");
    let path = options.output.clone().unwrap_or_else(default);
    let canvas = options.look.canvas("--output", &path)?;
    let trace = TraceFile::open(&options.trace).map_err(|error| Failure::own(error.to_string()))?;
    let replayed = replay(&trace, &Selection::default(), &Progress::on_terminal());
    if let Some(damage) = replayed.damage.first() {
        say(&format!(
            "warning: the trace is damaged {damage}; the picture shows what could be read"
        ));
    }
    let drawn = match options.kind {
        Kind::Timeline => pictures::timeline(&replayed).draw(&canvas),
        Kind::Sizes => pictures::sizes(&replayed).draw(&canvas),
    };
    save(&path, drawn)?;
    if options.output.is_none() {
        say(&format!("picture {}", path.display()));
    }
    Ok(0)
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Timeline => "timeline",
        Kind::Sizes => "sizes",
    }
}
