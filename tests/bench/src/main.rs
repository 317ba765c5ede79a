//! `cargo xtask bench`: what LDT costs, beside heaptrack and the bare program.
//!
//! Each workload runs bare and under each tool in turn, as many rounds as asked for; what is printed
//! are medians of the figures of each round, so that a machine that slows down meanwhile slows all
//! of them. Nothing here fails because of a figure: benchmarks are read, not asserted.
//!
//! The way through the files: [`options`] -> [`workload`] (what runs) -> [`prepare`] (its programs)
//! -> [`rounds`] ([`tool`]s take turns under the [`meter`]) -> [`figures`] -> [`table`], with the
//! [`target`]s beside.
#![forbid(unsafe_code)]

mod checking;
mod figures;
mod machine;
mod meter;
mod options;
mod prepare;
mod rounds;
mod statistics;
mod table;
mod target;
mod tool;
mod trace_file;
mod workload;

use anyhow::{Context, Result};
use clap::Parser;

use crate::options::Options;

fn main() -> Result<()> {
    let options = Options::parse();
    let bench = prepare::Bench::new(&options)?;
    if options.check {
        let workloads = workload::chosen(&options, &bench)?;
        let tables = checking::measure(&workloads, &options, &bench)?;
        return deliver(
            &options,
            &format!("{}{tables}", machine::describe(&options)),
        );
    }
    let mut results = Vec::new();
    for workload in workload::chosen(&options, &bench)? {
        let samples = rounds::run(&workload, &options, &bench)
            .with_context(|| format!("workload {}", workload.name))?;
        results.push((workload, samples));
    }
    let text = format!(
        "{}\n{}",
        machine::describe(&options),
        table::markdown(&results)
    );
    deliver(&options, &text)
}

fn deliver(options: &Options, text: &str) -> Result<()> {
    match &options.output {
        Some(path) => std::fs::write(path, text)
            .with_context(|| format!("cannot write the tables to {}", path.display()))?,
        None => print!("{text}"),
    }
    Ok(())
}
