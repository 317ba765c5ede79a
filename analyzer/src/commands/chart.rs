//! `ldt chart`: a picture of a trace.

use super::events;
use super::look::{Look, default_path, save};
use crate::failure::{Failure, say};
use crate::pictures::{activity, blocks, marks, timeline};
use crate::progress::Progress;
use crate::replay::follow::Follow;
use crate::replay::{Selection, replay};
use ldt_viewer::Image;
use std::path::PathBuf;

/// The options of `ldt chart`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to draw
    #[arg(long, value_enum)]
    kind: Kind,
    /// The picture; its ending says the form, .png or .svg; - is standard output, as PNG [default: TRACE.KIND.png]
    #[arg(short, long, value_name = "F.png|F.svg")]
    output: Option<PathBuf>,
    #[command(flatten)]
    look: Look,
    /// The trace to draw
    trace: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// The heap over time, by the call stacks that hold most at its peak
    Timeline,
    /// Allocations and frees per second
    Rate,
    /// How large the blocks are that were asked for, and what glibc adds to them
    Sizes,
    /// How long blocks lived
    Lifetimes,
    /// What each thread did
    Threads,
    /// How old the blocks were that were live at the peak
    Ages,
}

/// Draws a trace.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let default = || default_path(&options.trace, word(options.kind), "png");
    let path = options.output.clone().unwrap_or_else(default);
    let canvas = options.look.canvas("--output", &path, Some(Image::Png))?;
    let trace = events::open(&options.trace)?;
    let following = |follow| {
        let selection = Selection {
            follow,
            ..Selection::default()
        };
        replay(&trace, &selection, &Progress::on_terminal())
    };
    let first = following((options.kind == Kind::Lifetimes).then_some(Follow::Lifetimes));
    if let Some(damage) = first.damage.first() {
        say(&format!(
            "warning: the trace is damaged {damage}; the picture shows what could be read"
        ));
    }
    let drawn = match options.kind {
        Kind::Timeline => {
            let stacked = timeline::stacked(&first);
            drop(first);
            let second = following(Some(stacked.follow.clone()));
            let marks = marks::marks(&trace, &second.clock);
            timeline::timeline(&second, Some(&stacked), marks).draw(&canvas)
        }
        Kind::Rate => activity::rates(&first).draw(&canvas),
        Kind::Sizes => blocks::sizes(&first).draw(&canvas),
        Kind::Lifetimes => blocks::lifetimes(&first).draw(&canvas),
        Kind::Threads => activity::threads(&first).draw(&canvas),
        Kind::Ages => {
            let peak_bytes = first.heap.peak.balance.bytes;
            let second = following(Some(Follow::AgesAtPeak { peak_bytes }));
            blocks::ages(&second).draw(&canvas)
        }
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
        Kind::Rate => "rate",
        Kind::Sizes => "sizes",
        Kind::Lifetimes => "lifetimes",
        Kind::Threads => "threads",
        Kind::Ages => "ages",
    }
}
