//! `ldt chart`: a picture of a trace.

use crate::failure::{Failure, say};
use crate::pictures;
use crate::progress::Progress;
use crate::replay::{Selection, replay};
use ldt_trace::TraceFile;
use ldt_viewer::{Canvas, Image, Size};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The options of `ldt chart`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to draw
    #[arg(long, value_enum)]
    kind: Kind,
    /// The picture; its ending says the form, .png or .svg [default: TRACE.KIND.png]
    #[arg(short, long, value_name = "F.png|F.svg")]
    output: Option<PathBuf>,
    /// The colors
    #[arg(long, value_enum, default_value_t = Theme::Light)]
    theme: Theme,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Theme {
    Light,
    Dark,
}

/// Draws a trace.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let path = options
        .output
        .clone()
        .unwrap_or_else(|| default_path(options));
    let canvas = Canvas {
        image: image_of(&path)?,
        theme: match options.theme {
            Theme::Light => ldt_viewer::Theme::Light,
            Theme::Dark => ldt_viewer::Theme::Dark,
        },
        size: Size::default(),
    };
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
    let picture = drawn.map_err(|error| Failure::own(error.to_string()))?;
    fs::write(&path, picture)
        .map_err(|error| Failure::own(format!("{}: cannot be written: {error}", path.display())))?;
    if options.output.is_none() {
        say(&format!("picture {}", path.display()));
    }
    Ok(0)
}

fn default_path(options: &Options) -> PathBuf {
    let kind = match options.kind {
        Kind::Timeline => "timeline",
        Kind::Sizes => "sizes",
    };
    let mut name = options
        .trace
        .file_name()
        .unwrap_or(OsStr::new("ldt"))
        .to_owned();
    name.push(format!(".{kind}.png"));
    PathBuf::from(name)
}

fn image_of(path: &Path) -> Result<Image, Failure> {
    let ending = path.extension().map(OsStr::to_ascii_lowercase);
    match ending.as_deref().and_then(OsStr::to_str) {
        Some("png") => Ok(Image::Png),
        Some("svg") => Ok(Image::Svg),
        _ => Err(Failure::own(format!(
            "invalid value '{}' for '--output': its ending says the form; .png and .svg are accepted",
            path.display()
        ))),
    }
}
