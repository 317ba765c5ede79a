//! The commands, one file each: its options, and what it does with them.

mod profile;
mod report;

use crate::failure::Failure;

/// A command with its options.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run a program with every allocation recorded.
    Profile(profile::Options),
    /// Say what a trace holds.
    Report(report::Options),
}

/// Runs a command and gives the exit code.
pub(crate) fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Profile(options) => profile::run(&options),
        Command::Report(options) => report::run(&options),
    }
}
