//! The commands, one file each: its options, and what it does with them.

mod baseline;
mod chart;
mod check;
mod diff;
mod events;
mod export;
mod flamegraph;
mod html;
mod leaks;
mod look;
mod profile;
mod report;
mod wake;

use crate::failure::Failure;

/// A command with its options.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run a program with every allocation recorded.
    Profile(profile::Options),
    /// Run a program with every heap error reported, and its leaks.
    #[command(after_help = check::EXIT_CODES)]
    Check(Box<check::Options>),
    /// Write what is known to a file that `check --baseline` reads.
    Baseline(baseline::Options),
    /// Look for leaks in a process that runs under `ldt check`, now.
    Leaks(leaks::Options),
    /// Say what a trace holds.
    Report(report::Options),
    /// Draw a trace.
    Chart(chart::Options),
    /// Draw the call stacks of a trace, each as wide as what it costs.
    Flamegraph(flamegraph::Options),
    /// Write one page that holds everything, for a browser.
    Html(html::Options),
    /// Say what grew and what shrank from one trace to another.
    Diff(diff::Options),
    /// Write a trace for another tool.
    Export(export::Options),
}

/// Runs a command and gives the exit code.
pub(crate) fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Profile(options) => profile::run(&options),
        Command::Baseline(options) => baseline::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Leaks(options) => leaks::run(&options),
        Command::Report(options) => report::run(&options),
        Command::Chart(options) => chart::run(&options),
        Command::Flamegraph(options) => flamegraph::run(&options),
        Command::Html(options) => html::run(&options),
        Command::Diff(options) => diff::run(&options),
        Command::Export(options) => export::run(&options),
    }
}
