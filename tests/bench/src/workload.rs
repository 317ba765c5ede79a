//! The workloads: what each one runs, how often it allocates about, and what it is held to.

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use crate::meter::Job;
use crate::options::{Name, Options};
use crate::prepare::Bench;
use crate::target::Target;

/// What stands against LDT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rival {
    /// All of heaptrack: preload, interpreter, compressor.
    Whole,
    /// Its preload alone, writing raw text: here the interpreter of 1.4 does not end.
    PreloadAlone,
}

/// A workload, ready to run.
#[derive(Debug)]
pub(crate) struct Workload {
    /// As the command line names it.
    pub(crate) name: String,
    /// As the tables name it.
    pub(crate) title: &'static str,
    /// The bare program.
    pub(crate) job: Job,
    /// Its C source, where it is a program of ours that can be rebuilt.
    pub(crate) source: Option<&'static str>,
    /// How many threads it has at most.
    pub(crate) threads: u64,
    /// What stands against LDT.
    pub(crate) rival: Rival,
    /// What LDT is held to.
    pub(crate) target: Target,
}

/// The workloads that were asked for, their programs made.
pub(crate) fn chosen(options: &Options, bench: &Bench) -> Result<Vec<Workload>> {
    options
        .chosen()
        .iter()
        .map(|&name| make(name, options, bench))
        .collect()
}

fn target(cpu: f64, wall: f64, trace_bytes: f64) -> Target {
    let some = |ratio: f64| (ratio > 0.0).then_some(ratio);
    Target {
        cpu_ratio: some(cpu),
        wall_ratio: some(wall),
        trace_bytes,
    }
}

fn make(name: Name, options: &Options, bench: &Bench) -> Result<Workload> {
    let c = |source: &str, count: u64| -> Result<Job> {
        let program = bench.program(source)?;
        Ok(Job::new([
            program.into_os_string(),
            options.scaled(count).to_string().into(),
        ]))
    };
    let (title, job, threads, rival, target) = match name {
        Name::Shallow => (
            "(a) shallow",
            c("shallow.c", 8_000_000)?,
            1,
            Rival::Whole,
            target(8.0, 0.0, 5.0),
        ),
        Name::Deep => (
            "(b) deep",
            c("deep.c", 4_000_000)?,
            1,
            Rival::Whole,
            target(8.0, 0.0, 5.0),
        ),
        Name::Tree => (
            "(c) tree",
            c("tree.c", 4_000_000)?,
            1,
            Rival::PreloadAlone,
            target(5.0, 0.0, 3.0),
        ),
        Name::Threads => (
            "(d) four threads",
            c("threads.c", 8_000_000)?,
            5,
            Rival::Whole,
            target(0.0, 8.0, 5.0),
        ),
        Name::Live => (
            "(e) live list",
            c("live.c", 5_000_000)?,
            1,
            Rival::Whole,
            target(6.0, 0.0, 2.0),
        ),
        Name::Json => (
            "(f) python3 JSON",
            json(options, bench)?,
            1,
            Rival::Whole,
            target(6.0, 0.0, 2.0),
        ),
        Name::Compileall => (
            "(f) python3 compileall",
            compileall(options, bench)?,
            1,
            Rival::Whole,
            target(6.0, 0.0, 2.0),
        ),
        Name::Cc1plus => (
            "(f) cc1plus -O2",
            cc1plus(bench)?,
            1,
            Rival::PreloadAlone,
            target(5.0, 0.0, 2.0),
        ),
        Name::Sqlite => (
            "(f) sqlite3",
            sqlite(bench),
            1,
            Rival::Whole,
            target(6.0, 0.0, 2.0),
        ),
        Name::Git => (
            "git log -p",
            git(bench)?,
            1,
            Rival::Whole,
            target(6.0, 0.0, 2.0),
        ),
        Name::Perl => (
            "perl",
            script(options, bench, "perl", "words.pl", 1_000_000),
            1,
            Rival::Whole,
            target(6.0, 0.0, 2.0),
        ),
        Name::Node => (
            "node",
            script(options, bench, "node", "documents.js", 1_000_000),
            // The main thread, V8's four workers, libuv's and the inspector's.
            7,
            Rival::Whole,
            target(6.0, 0.0, 2.0),
        ),
        Name::Bash => (
            "bash, forks",
            script(options, bench, "bash", "pipeline.sh", 300),
            1,
            Rival::Whole,
            target(6.0, 0.0, 2.0),
        ),
    };
    Ok(Workload {
        name: name
            .to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default(),
        title,
        job,
        source: source_of(name),
        threads,
        rival,
        target,
    })
}

fn source_of(name: Name) -> Option<&'static str> {
    match name {
        Name::Shallow => Some("shallow.c"),
        Name::Deep => Some("deep.c"),
        Name::Tree => Some("tree.c"),
        Name::Threads => Some("threads.c"),
        Name::Live => Some("live.c"),
        Name::Json
        | Name::Compileall
        | Name::Cc1plus
        | Name::Sqlite
        | Name::Git
        | Name::Perl
        | Name::Node
        | Name::Bash => None,
    }
}

/// Python as a job that allocates each object by malloc, the same ones in every run.
fn python(bench: &Bench, arguments: &[&Path]) -> Result<Job> {
    let program = bench.python()?;
    Ok(Job::new([program.as_path()].iter().chain(arguments))
        .with("PYTHONMALLOC", "malloc")
        .with("PYTHONHASHSEED", "0"))
}

fn json(options: &Options, bench: &Bench) -> Result<Job> {
    let count = options.scaled(8000).to_string();
    let script = bench.source("json_documents.py");
    python(bench, &[&script, Path::new(&count)])
}

fn compileall(options: &Options, bench: &Bench) -> Result<Job> {
    let packages: &[&str] = if options.quick {
        &["json", "http"]
    } else {
        &[
            "asyncio",
            "concurrent",
            "ctypes",
            "email",
            "http",
            "importlib",
            "json",
            "logging",
            "multiprocessing",
            "unittest",
            "urllib",
            "xml",
        ]
    };
    let folders = bench.python_packages(packages)?;
    let mut arguments = vec![
        Path::new("-m"),
        Path::new("compileall"),
        Path::new("-q"),
        Path::new("-f"),
    ];
    arguments.extend(folders.iter().map(std::path::PathBuf::as_path));
    python(bench, &arguments)
}

/// The compiler itself: heaptrack would profile the driver `g++` and lose its child.
fn cc1plus(bench: &Bench) -> Result<Job> {
    let preprocessed = bench.preprocessed("templates.cpp")?;
    let compiler = bench.cc1plus()?;
    Ok(Job::new([
        compiler.as_os_str(),
        "-quiet".as_ref(),
        "-O2".as_ref(),
        "-std=c++17".as_ref(),
        preprocessed.as_os_str(),
        "-o".as_ref(),
        "templates.s".as_ref(),
    ]))
}

fn sqlite(bench: &Bench) -> Job {
    Job {
        stdin: Some(bench.source("database.sql")),
        ..Job::new(["sqlite3", ":memory:"])
    }
}

fn git(bench: &Bench) -> Result<Job> {
    let repository = bench.repository()?;
    Ok(Job::new([
        "git".as_ref(),
        "-C".as_ref(),
        repository.as_os_str(),
        "--no-pager".as_ref(),
        "log".as_ref(),
        "-p".as_ref(),
        "--stat".as_ref(),
    ]))
}

/// A script of `workloads/` that takes how often it works.
fn script(options: &Options, bench: &Bench, interpreter: &str, name: &str, count: u64) -> Job {
    Job::new([
        interpreter.into(),
        bench.source(name).into_os_string(),
        options.scaled(count).to_string().into(),
    ])
    .with("PERL_HASH_SEED", "0")
}
