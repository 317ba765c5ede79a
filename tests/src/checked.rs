//! Runs under `ldt check`, and what its JSON says, with the names of the contract.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::function_name::short_name;
use crate::installed::ldt;
use crate::report::{Exit, Frame};
use crate::run::{Outcome, run};

/// A run under `ldt check`.
#[derive(Debug)]
pub struct Checked {
    /// What the program printed and how `ldt` ended.
    pub outcome: Outcome,
    /// What `--json` says, where it was written.
    pub json: Option<CheckReport>,
}

/// What `ldt check --json` writes.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct CheckReport {
    pub schema_version: u32,
    pub command: Vec<String>,
    pub exit: Exit,
    pub totals: Totals,
    pub errors: Vec<Error>,
    pub leaks: Option<Leaks>,
    pub coverage: Option<Coverage>,
}

/// Sums over the whole run; nothing where all of it was killed before it said what it had counted.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Totals {
    pub allocations: Option<u64>,
    pub frees: Option<u64>,
    pub bytes: Option<u64>,
}

/// One error.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Error {
    pub kind: String,
    pub access: Option<String>,
    pub size: Option<u64>,
    pub address: Option<String>,
    pub offset: Option<i64>,
    pub detected_by: String,
    pub block: Option<Block>,
    #[serde(default)]
    pub stack: Option<Vec<Frame>>,
    #[serde(default)]
    pub allocated: Option<Vec<Frame>>,
    #[serde(default)]
    pub freed: Option<Vec<Frame>>,
    pub count: u64,
}

/// The block that an error is about.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Block {
    pub address: String,
    pub size: u64,
}

/// What was lost.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Leaks {
    pub definite: Lost,
    pub indirect: Lost,
    pub possible: Lost,
    pub reachable: Lost,
    #[serde(default)]
    pub records: Vec<Loss>,
}

/// What one call stack lost.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Loss {
    pub kind: String,
    pub bytes: u64,
    pub blocks: u64,
    pub stack: Vec<Frame>,
}

/// Bytes and blocks.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Lost {
    pub bytes: u64,
    pub blocks: u64,
}

/// How blocks were laid out.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Coverage {
    pub guarded: u64,
    pub redzoned: u64,
}

/// Runs `program` with `arguments` under `ldt check` with these options, and `--json`.
#[must_use]
pub fn check<S: AsRef<OsStr>>(
    options: &[S],
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Checked {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("check.json");
    let mut command = Command::new(ldt());
    command.arg("check").args(options).arg("--json").arg(&file);
    command.arg("--").arg(program).args(arguments);
    command.current_dir(folder.path());
    let outcome = run(&mut command);
    let json = std::fs::read(&file).ok().map(|bytes| {
        serde_json::from_slice(&bytes)
            .unwrap_or_else(|error| panic!("--json: {error}:\n{}", String::from_utf8_lossy(&bytes)))
    });
    Checked { outcome, json }
}

impl Checked {
    /// The JSON, which must be there.
    #[must_use]
    pub fn report(&self) -> &CheckReport {
        self.json
            .as_ref()
            .unwrap_or_else(|| panic!("no --json was written; ldt said:\n{}", self.outcome.stderr))
    }

    /// What `ldt` says that is neither a summary nor the program's own.
    #[must_use]
    pub fn error_lines(&self) -> Vec<&str> {
        self.outcome
            .stderr
            .lines()
            .filter(|line| line.contains(" ERROR: "))
            .collect()
    }
}

/// Whether a stack goes through a function of this name.
#[must_use]
pub fn passes_through(stack: Option<&Vec<Frame>>, function: &str) -> bool {
    stack.is_some_and(|frames| {
        frames.iter().any(|frame| {
            frame
                .function
                .as_deref()
                .is_some_and(|name| short_name(name) == function || name.contains(function))
        })
    })
}
