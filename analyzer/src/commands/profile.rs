//! `ldt profile`: a program with every allocation recorded, and a short summary at its end.

use crate::failure::{Failure, say};
use crate::launch::environment::{LibraryOptions, preload, settings_are_known};
use crate::launch::refusal::{self, OwnAllocator};
use crate::launch::supervise::{self, Ended};
use crate::launch::traces::Output;
use crate::launch::{library, pulse};
use crate::progress::Progress;
use crate::replay::{Selection, replay};
use crate::report::style::printable;
use crate::units::{bytes, count, parse_size, time};
use ldt_trace::file::append_exit;
use ldt_trace::header::flag;
use ldt_trace::{Counters, TraceFile};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The options of `ldt profile`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The trace file; %e is the executable, %p the process id, %h the host [default: ldt.%e.%p.trace]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Record children made by fork and exec, each in a file of its own [default: yes]
    #[arg(long, value_name = "yes|no", value_enum)]
    trace_children: Option<YesNo>,
    /// Executables that are left alone, by file name
    #[arg(long, value_name = "GLOB,GLOB,...")]
    trace_children_skip: Option<String>,
    /// Stop recording when the trace has this size
    #[arg(long, value_name = "SIZE", value_parser = parse_size, allow_negative_numbers = true)]
    max_trace_size: Option<u64>,
    /// Compare every captured stack with a plain unwinding, and count differences (slow)
    #[arg(long)]
    stack_check: bool,
    /// The program to run, and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum YesNo {
    Yes,
    No,
}

impl YesNo {
    fn word(self) -> &'static str {
        match self {
            YesNo::Yes => "yes",
            YesNo::No => "no",
        }
    }
}

/// Runs the command; the exit code is its own, unless nothing of it could be seen.
pub(super) fn run(options: &Options) -> Result<u8, Failure> {
    let library = library::find()?;
    settings_are_known(&library)?;
    let output = Output::new(options.output.as_deref())?;
    output.make_way()?;
    let settings = library_options(options, &output)?;
    let preloaded = preload(env::var_os("LD_PRELOAD"), library.as_os_str());
    let prepare = |mut command: Command| {
        command
            .env("LD_PRELOAD", &preloaded)
            .env("LDT_OPTIONS", &settings);
        command
    };
    let (name, arguments) = (&options.command[0], &options.command[1..]);
    let mut command = Command::new(name);
    command.arg0(name).args(arguments);
    let script = || {
        let path = refusal::locate(name).unwrap_or_else(|| PathBuf::from(name));
        let mut shell = Command::new("/bin/sh");
        shell.arg(path).args(arguments);
        prepare(shell)
    };
    let ended = supervise::run(prepare(command), script)?;
    let Some((path, trace)) = output.find(ended.pid) else {
        return Err(Failure::own(format!(
            "no trace was written: {}",
            refusal::reason(name)
        )));
    };
    finish(&path, &trace, &ended);
    warn_of_unseen_part(name);
    match unseen(&trace) {
        Some(why) => Err(Failure::own(format!(
            "its allocations were not recorded: {why}"
        ))),
        None => Ok(ended.code()),
    }
}

/// Says where a part of the command's blocks were not seen.
fn warn_of_unseen_part(name: &OsStr) {
    let Some(path) = refusal::locate(name) else {
        return;
    };
    if let Some(OwnAllocator::Beside(allocator)) = refusal::own_allocator(&path) {
        let shown = path.display().to_string();
        say(&format!("warning: {}", refusal::beside(&shown, allocator)));
    }
}

/// Why a trace is without a single allocation, where the program has its own allocator. The name of the program that the
/// command has become is in the trace, which hardly has anything else then.
fn unseen(trace: &TraceFile) -> Option<String> {
    if trace.counters().allocations > 0 {
        return None;
    }
    let replayed = replay(trace, &Selection::default(), &Progress::hidden());
    let executable = replayed.facts.meta.get("exe")?;
    let own = refusal::own_allocator(Path::new(executable));
    (own == Some(OwnAllocator::Malloc)).then(|| refusal::reason(executable.as_ref()))
}

fn library_options(options: &Options, output: &Output) -> Result<OsString, Failure> {
    let mut settings: Vec<(&str, OsString)> = vec![
        ("mode", "profile".into()),
        ("launcher", std::process::id().to_string().into()),
        ("output", output.pattern().into()),
        // Without one times are within 64 events. Empty it takes the place of that of an ldt further out.
        ("pulse", pulse::start().unwrap_or_default().into()),
    ];
    if let Some(choice) = options.trace_children {
        settings.push(("trace_children", choice.word().into()));
    }
    if let Some(globs) = &options.trace_children_skip {
        settings.push(("trace_children_skip", globs.into()));
    }
    if let Some(size) = options.max_trace_size {
        settings.push(("max_trace_size", size.to_string().into()));
    }
    if options.stack_check {
        settings.push(("stack_check", "1".into()));
    }
    let mut library_options = LibraryOptions::new(env::var_os("LDT_OPTIONS"));
    for (key, value) in settings {
        let shown = value.to_string_lossy().into_owned();
        library_options = library_options.with(key, value).ok_or_else(|| {
            Failure::own(format!(
                "{key}: {shown} has a double quote, which LDT_OPTIONS cannot hold"
            ))
        })?;
    }
    Ok(library_options.into_value())
}

/// Notes in the trace how the process ended, and says in short what was recorded.
fn finish(path: &Path, trace: &TraceFile, ended: &Ended) {
    let signal = ended
        .status
        .signal()
        .and_then(|signal| u32::try_from(signal).ok());
    if let Err(error) = append_exit(path, ended.status.code(), signal, ended.monotonic_ns) {
        say(&format!(
            "{}: the exit code cannot be added: {error}",
            path.display()
        ));
    }
    say(&summary(trace, ended));
    if trace.header().flags & flag::EXECED != 0 {
        say("warning: it replaced itself by another program, which was not recorded");
    }
    let size = fs::metadata(path).map_or(0, |file| file.len());
    let shown = shortest(path);
    say(&format!("trace {} ({})", printable(&shown), bytes(size)));
    say(&format!(
        "see where it went: ldt report {}",
        for_shell(&shown)
    ));
}

fn summary(trace: &TraceFile, ended: &Ended) -> String {
    let Counters {
        allocations,
        frees,
        bytes: all,
        failed,
        ..
    } = trace.counters();
    let header = trace.header();
    let mut text = format!(
        "{} allocations of {}, {} frees",
        count(allocations),
        bytes(all),
        count(frees)
    );
    if failed > 0 {
        text.push_str(&format!(", {} failed", count(failed)));
    }
    // A process that was killed has not said when.
    let end = match header.end_monotonic_ns {
        0 => ended.monotonic_ns,
        its_own => its_own,
    };
    if end > header.start_monotonic_ns {
        let ran_ns = end - header.start_monotonic_ns;
        text.push_str(&format!("; {}", time(ran_ns)));
    }
    if header.rss_peak_bytes > 0 {
        text.push_str(&format!(
            ", at most {} resident",
            bytes(header.rss_peak_bytes)
        ));
    }
    text
}

/// A word as a shell takes it.
fn for_shell(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%=".contains(letter);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // A name is never taken for an option.
    let folder = if word.starts_with('-') { "./" } else { "" };
    format!("'{folder}{}'", word.replace('\'', r"'\''"))
}

/// The path as it is shortest to type from here.
fn shortest(path: &Path) -> String {
    let here = env::current_dir().ok();
    let relative = here.as_ref().and_then(|here| path.strip_prefix(here).ok());
    relative.unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_a_shell_wants_it() {
        assert_eq!(for_shell("ldt.app.7.trace"), "ldt.app.7.trace");
        assert_eq!(for_shell("my app's.trace"), r"'my app'\''s.trace'");
        assert_eq!(for_shell("-x"), "'./-x'");
    }
}
