//! `ldt report`: what a trace holds, as text or JSON.

use crate::failure::{Failure, say};
use crate::findings::{self, Namer};
use crate::growth;
use crate::output::{show, write_to};
use crate::progress::Progress;
use crate::replay::{Early, Selection, replay_with_look};
use crate::report::filter::{Filter, Subject};
use crate::report::site::Cost;
use crate::report::style::Style;
use crate::report::{Choice, Report, json, likely_addresses, text};
use crate::symbols::ahead::Opened;
use crate::units::{BadValue, parse_time, parse_whole, time};
use ldt_trace::TraceFile;
use ldt_trace::header::flag;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::mpsc::channel;

/// How many sites a ranking of the text report has.
const TEXT_TOP: usize = 10;
/// Spans of time that `--growth` looks at.
const GROWTH_SPANS: u32 = 256;

/// The options of `ldt report`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Also show what was live at a moment: a time since the start such as 1.5s, `peak` or `end`
    #[arg(long, value_name = "TIME|peak|end", allow_hyphen_values = true)]
    at: Option<Moment>,
    /// Count only allocations from this time on
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    from: Option<u64>,
    /// Stop at this time: what is live then is what is left
    #[arg(long, value_name = "TIME", value_parser = parse_time, allow_hyphen_values = true)]
    to: Option<u64>,
    /// How many call stacks of each ranking to show [default: 10 in text, all in JSON]
    #[arg(long, value_name = "N", value_parser = parse_whole::<usize>, allow_negative_numbers = true)]
    top: Option<usize>,
    /// Rank call stacks by this only
    #[arg(long, value_enum)]
    sort: Option<Cost>,
    /// Only call stacks with a matching function, file or module, or of matching threads; given
    /// several times, all must match
    #[arg(long, value_name = "function|file|module|thread=GLOB")]
    filter: Vec<Filter>,
    /// Show the call stacks whose live bytes rise steadily to the end, and nothing else
    #[arg(long, conflicts_with_all = ["format", "at", "sort", "tree"])]
    growth: bool,
    /// Show the tree of callers that held the heap at its peak
    #[arg(long)]
    tree: bool,
    /// Write the report to this file; - is standard output, without a pager
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The trace to report
    trace: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// A moment whose live blocks are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Peak,
    End,
    /// Nanoseconds since the start.
    Time(u64),
}

impl FromStr for Moment {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text {
            "peak" => Ok(Moment::Peak),
            "end" => Ok(Moment::End),
            _ => parse_time(text).map(Moment::Time),
        }
    }
}

/// Reports a trace.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let trace = TraceFile::open(&options.trace).map_err(|error| Failure::own(error.to_string()))?;
    if options.growth && trace.header().flags & flag::UNPROFILED != 0 {
        return growth_of_checks(options);
    }
    let selection = selection(options)?;
    let choice = choice(options);
    let (opened, replayed) = std::thread::scope(|scope| {
        let (tell, likely) = channel();
        let (trace, choice) = (&trace, &choice);
        let opening = scope.spawn(move || Opened::of(trace, &likely));
        let look = move |early: Early<'_>| {
            // Nobody listens when no module could be opened.
            let _ = tell.send(likely_addresses(choice, early));
        };
        let progress = Progress::on_terminal();
        let replayed = replay_with_look(trace, &selection, &progress, look);
        (opening.join().unwrap_or_default(), replayed)
    });
    warn_of_late_times(options, replayed.clock.ns(replayed.end_tick));
    let mut report = Report::with(&replayed, choice, opened);
    if trace.header().checked.is_some() {
        // A trace that could be replayed can be read for this, too.
        report.found = findings::of_trace(&options.trace, &mut Namer::default())
            .ok()
            .flatten();
    }
    let style = style_of(options);
    let path = options.output.as_deref();
    if options.growth {
        let most = options.top.unwrap_or(TEXT_TOP);
        show(path, |mut out| {
            growth::write(&report, most, style, &mut out)
        })?;
        return Ok(0);
    }
    match options.format {
        Format::Text => show(path, |mut out| text::write(&report, style, &mut out))?,
        Format::Json => write_to(path, |mut out| json::write(&report, &mut out))?,
    }
    if options.format == Format::Json || options.output.is_some() {
        // The text on a terminal ends with them; here nobody may look.
        for warning in report.warnings() {
            say(&format!("warning: {warning}"));
        }
    }
    // The process ends here, and the kernel takes memory back faster than it is given back piece by piece.
    std::mem::forget(report);
    std::mem::forget(replayed);
    Ok(0)
}

/// A time after the end shows the end, or nothing: mostly it has the wrong unit.
fn warn_of_late_times(options: &Options, end_ns: u64) {
    let at_ns = match options.at {
        Some(Moment::Time(ns)) => Some(ns),
        _ => None,
    };
    for (option, given) in [("--at", at_ns), ("--from", options.from)] {
        if let Some(given) = given.filter(|given| *given > end_ns) {
            let (given, end) = (time(given), time(end_ns));
            say(&format!(
                "warning: {option} {given} is after the end, {end}"
            ));
        }
    }
}

/// `--growth` of a trace without events.
fn growth_of_checks(options: &Options) -> Result<u8, Failure> {
    let by_thread = |filter: &Filter| filter.subject == Subject::Thread;
    if options.from.is_some() || options.to.is_some() || options.filter.iter().any(by_thread) {
        return Err(Failure::own(
            "--from, --to and --filter thread=GLOB need events: record them with ldt check --profile",
        ));
    }
    let found = findings::raw_of_trace(&options.trace)
        .map_err(|error| Failure::own(error.to_string()))?
        .unwrap_or_default();
    let most = options.top.unwrap_or(TEXT_TOP);
    let style = style_of(options);
    show(options.output.as_deref(), |mut out| {
        growth::checks::write(&found, &options.filter, most, style, &mut out)
    })?;
    Ok(0)
}

fn style_of(options: &Options) -> Style {
    match options.output {
        Some(_) => Style::plain(),
        None => Style::of(&io::stdout()),
    }
}

fn selection(options: &Options) -> Result<Selection, Failure> {
    if let (Some(from), Some(to)) = (options.from, options.to)
        && from >= to
    {
        return Err(Failure::own(
            "--from must be earlier than --to: nothing is between them",
        ));
    }
    if let Some(Moment::Time(at)) = options.at
        && (options.to.is_some_and(|to| to < at) || options.from.is_some_and(|from| at < from))
    {
        return Err(Failure::own(
            "--at must lie between --from and --to: nothing is read beyond them",
        ));
    }
    let mut threads = options
        .filter
        .iter()
        .filter(|filter| filter.subject == Subject::Thread);
    let thread = threads.next().map(|filter| filter.glob.clone());
    if threads.next().is_some() {
        return Err(Failure::own(
            "--filter thread=GLOB can be given once; use * in it for several threads",
        ));
    }
    let at_ns = match options.at {
        Some(Moment::Time(ns)) => Some(ns),
        _ => None,
    };
    Ok(Selection {
        from_ns: options.from,
        to_ns: options.to,
        at_ns,
        thread,
        most_spans: options.growth.then_some(GROWTH_SPANS),
        ..Selection::default()
    })
}

fn choice(options: &Options) -> Choice {
    if options.growth {
        // Whatever grows holds something at the end.
        return Choice {
            filters: options.filter.clone(),
            costs: vec![Cost::Leaked],
            top: None,
            tree: false,
        };
    }
    let costs = match (options.at, options.sort, options.format) {
        (_, Some(cost), _) => vec![cost],
        (Some(Moment::Time(_)), None, _) => vec![Cost::At],
        (Some(Moment::Peak), None, _) | (None, None, Format::Json) => vec![Cost::Peak],
        (Some(Moment::End), None, _) => vec![Cost::Leaked],
        (None, None, Format::Text) => {
            vec![Cost::Peak, Cost::Leaked, Cost::Allocations, Cost::Temporary]
        }
    };
    let all_in_json = match options.format {
        Format::Text => Some(TEXT_TOP),
        Format::Json => None,
    };
    Choice {
        filters: options.filter.clone(),
        costs,
        top: options.top.or(all_in_json),
        tree: options.tree,
    }
}
