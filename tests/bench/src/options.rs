//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::tool::Tool;

/// Runs the workloads bare, under LDT and under heaptrack in turn, and prints Markdown tables.
#[derive(Parser, Debug)]
#[command(name = "ldt-bench")]
pub(crate) struct Options {
    /// Workloads to run [default: `shallow` to `sqlite`; with `--check` the real programs and `live`]
    #[arg(value_enum)]
    pub(crate) workloads: Vec<Name>,
    /// How often each tool runs; medians are printed
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// One round of a tenth of the allocations: to see that all works, not for figures
    #[arg(long)]
    pub(crate) quick: bool,
    /// Run this tool (and the bare program) alone
    #[arg(long, value_enum)]
    pub(crate) only: Option<Only>,
    /// Also run a preload that only forwards and counts
    #[arg(long)]
    pub(crate) floor: bool,
    /// Measure `ldt check` beside valgrind, AddressSanitizer and electric-fence instead
    #[arg(long)]
    pub(crate) check: bool,
    /// Give heaptrack a whole run, once, where its interpreter is known not to end
    #[arg(long)]
    pub(crate) endless: bool,
    /// Seconds after which a run of heaptrack is stopped and counts as not ended
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) limit: u32,
    /// Load `libldt.so` without `ldt`: what happens in the program, and no report
    #[arg(long)]
    pub(crate) preload: bool,
    /// Folder of `ldt` and `libldt.so` [default: the folder of this program]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) ldt: Option<PathBuf>,
    /// Folder for programs and traces [default: `bench` beside the folder of this program]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) work: Option<PathBuf>,
    /// Keep the traces of the last round in the work folder
    #[arg(long)]
    pub(crate) keep: bool,
    /// Write the tables to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The workloads by name.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// (a) malloc and free of 16 to 1,024 bytes, few frames down
    Shallow,
    /// (b) the same, 60 frames further down
    Deep,
    /// (c) tree recursion, 8,192 call stacks
    Tree,
    /// (d) four threads that free each other's blocks
    Threads,
    /// (e) five million live list nodes
    Live,
    /// (f) python3 writing and reading JSON
    Json,
    /// (f) python3 compiling a part of its library
    Compileall,
    /// (f) cc1plus -O2 on a file full of templates
    Cc1plus,
    /// (f) sqlite3 with a database in memory
    Sqlite,
    /// git showing a history with its changes
    Git,
    /// perl sorting words into hashes
    Perl,
    /// node writing and reading JSON
    Node,
    /// bash forking for substitutions and a pipeline
    Bash,
}

/// What profiling is held to.
const PROFILED: [Name; 9] = [
    Name::Shallow,
    Name::Deep,
    Name::Tree,
    Name::Threads,
    Name::Live,
    Name::Json,
    Name::Compileall,
    Name::Cc1plus,
    Name::Sqlite,
];

/// What checking is held to: the real programs; and a list that only grows.
const CHECKED: [Name; 9] = [
    Name::Json,
    Name::Compileall,
    Name::Cc1plus,
    Name::Sqlite,
    Name::Git,
    Name::Perl,
    Name::Node,
    Name::Bash,
    Name::Live,
];

/// The choice of `--only`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Only {
    /// No heaptrack
    Ldt,
    /// No LDT
    Heaptrack,
}

impl Options {
    pub(crate) fn with_ldt(&self) -> bool {
        self.only != Some(Only::Heaptrack)
    }

    pub(crate) fn with_heaptrack(&self) -> bool {
        self.only != Some(Only::Ldt) && !self.check
    }

    /// The workloads that were named, or those that the kind of measurement is about.
    pub(crate) fn chosen(&self) -> &[Name] {
        match (self.workloads.as_slice(), self.check) {
            ([], true) => &CHECKED,
            ([], false) => &PROFILED,
            (named, _) => named,
        }
    }

    /// How LDT runs in the rounds.
    pub(crate) fn ldt_tool(&self) -> Tool {
        if self.preload {
            Tool::LdtPreload
        } else {
            Tool::Ldt
        }
    }

    pub(crate) fn round_count(&self) -> u32 {
        if self.quick { 1 } else { self.rounds }
    }

    /// A workload's count, a tenth of it with `--quick`.
    pub(crate) fn scaled(&self, count: u64) -> u64 {
        if self.quick { count / 10 } else { count }
    }
}
