//! The project's commands, run as `cargo xtask …`. Each does all of its own set-up, so that a bare
//! checkout on a fresh Debian with Rust and gcc is enough. One file a command.
#![forbid(unsafe_code)]

mod bench;
mod demo;
mod fuzz;
mod nextest;
mod packages;
mod readers;
mod soak;
mod step;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build LDT, profile a real program with it, print the report and draw its charts.
    Demo,
    /// Build everything and run every test; arguments go to the test runner.
    Test {
        /// For example a part of a test's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        runner_arguments: Vec<String>,
    },
    /// Run the benchmarks of tests/bench; arguments go to them.
    Bench {
        /// See `cargo xtask bench -- --help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        bench_arguments: Vec<String>,
    },
    /// Keep redis-server and a node server under load under `ldt check`.
    Soak {
        /// For how long, each.
        #[arg(long, default_value_t = 10)]
        minutes: u32,
    },
    /// Feed the trace reader with damaged traces; arguments go to the fuzzer.
    Fuzz {
        /// For how many seconds, and a number that the changes come of [default: 60 1].
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        fuzz_arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        // One line, so that the test runner's closing lines stay in sight above it.
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo => demo::run(),
        Command::Test { runner_arguments } => test::run(&runner_arguments),
        Command::Bench { bench_arguments } => bench::run(&bench_arguments),
        Command::Soak { minutes } => soak::run(minutes),
        Command::Fuzz { fuzz_arguments } => fuzz::run(&fuzz_arguments),
    }
}
