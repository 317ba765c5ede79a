//! The command line: from arguments to a command, and from its end to an exit code.

use crate::check::valgrind;
use crate::commands::{self, Command};
use crate::failure::{OWN_FAILURE, say};
use crate::launch::own_limits;
use crate::output::to_stdout;
use crate::standard;
use crate::symbols::sysroot;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser};
use std::ffi::OsString;
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::process::ExitCode;

/// What scripts rely on.
const EXIT_CODES: &str = "\
Exit codes:
  of `profile` and `check`: the program's own, 128 + N when it died of signal N
  99    `check` found something, or `diff` more growth than --fail-above
  125   ldt itself failed, or could not look; it says why
  126   the program cannot be executed
  127   the program is not found";

/// Finds where a program's memory goes.
#[derive(Debug, Parser)]
#[command(name = "ldt", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// Where the files of the recorded machine or container are: names are looked for there first,
    /// by whole path and by file name
    #[arg(long, global = true, value_name = "DIR")]
    sysroot: Vec<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// Runs `ldt` with these arguments, the first of which is its own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    std::panic::set_hook(Box::new(come_to_grief));
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    own_limits::run(move || obey(&arguments))
}

fn obey(arguments: &[OsString]) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, arguments),
    };
    if let Some(wrong) = cli.sysroot.iter().find(|folder| !folder.is_dir()) {
        say(&format!(
            "--sysroot={}: it is no folder that can be looked into",
            wrong.display()
        ));
        return ExitCode::from(OWN_FAILURE);
    }
    sysroot::look_in(cli.sysroot);
    match commands::run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// A mistake in `ldt`, or a machine that gives it no thread or memory. The hook of the standard library holds a lock
/// while it prints a backtrace, for which it needs memory: where there is none, it would wait for itself for ever.
fn come_to_grief(what: &PanicHookInfo<'_>) {
    let _ = writeln!(std::io::stderr(), "ldt: {what}");
    std::process::exit(i32::from(OWN_FAILURE));
}

/// Help and versions are what was asked for; everything else names what is wrong with the
/// arguments and what is accepted.
fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let asked_for = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
    if asked_for.contains(&error.kind()) {
        let printed = standard::output().and_then(|out| {
            drop(out);
            error.print()
        });
        return match printed {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say(&to_stdout(&error).message);
                ExitCode::from(OWN_FAILURE)
            }
        };
    }
    let text = error.render().to_string();
    let told = text.lines().filter(|line| !line.trim().is_empty());
    for line in told {
        say(line.strip_prefix("error: ").unwrap_or(line));
    }
    if error.kind() == ErrorKind::UnknownArgument {
        if let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg)
            && valgrind::is_valgrinds(option)
        {
            say(&format!(
                "  {option} is valgrind's: `ldt-valgrind` takes all of valgrind's command line"
            ));
        }
        say(&format!("  accepted: {}", accepted(arguments)));
    }
    ExitCode::from(OWN_FAILURE)
}

/// The options of the command that the arguments name.
fn accepted(arguments: &[OsString]) -> String {
    let cli = Cli::command();
    let named = arguments
        .iter()
        .find_map(|argument| cli.find_subcommand(argument));
    let options = named.unwrap_or(&cli).get_arguments();
    let names: Vec<String> = options
        .filter_map(|option| option.get_long().map(|long| format!("--{long}")))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn accepted_options_are_those_of_the_command() {
        let arguments: Vec<OsString> = ["ldt", "report", "--colour"].map(OsString::from).into();
        let accepted = accepted(&arguments);
        assert!(accepted.contains("--format") && !accepted.contains("--max-trace-size"));
    }
}
