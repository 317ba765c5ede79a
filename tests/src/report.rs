//! What `ldt report --format json` says, with the names of the contract.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::function_name::short_name;
use crate::installed::ldt;
use crate::run::{Ending, run};

/// The report of one trace.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Report {
    pub schema_version: u32,
    pub command: Vec<String>,
    pub pid: u32,
    pub exit: Exit,
    pub duration_ns: u64,
    pub truncated: bool,
    pub calls: BTreeMap<String, u64>,
    pub totals: Totals,
    pub heap: Heap,
    pub sites: Vec<Site>,
    pub stack_check: Option<StackCheck>,
}

/// How the process ended.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

/// Sums over the whole run.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Totals {
    pub allocations: u64,
    pub frees: u64,
    pub bytes: u64,
    pub temporary: u64,
    /// Frees of blocks from before the trace, which a forked child has; not in `frees`.
    pub unknown_frees: u64,
}

/// The live heap at its peak and at the end.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Heap {
    pub peak_bytes: u64,
    pub peak_blocks: u64,
    pub peak_time_ns: Option<u64>,
    pub end_bytes: u64,
    pub end_blocks: u64,
}

/// What one call stack did.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Site {
    pub stack: Vec<Frame>,
    pub allocations: u64,
    pub bytes: u64,
    pub peak_bytes: u64,
    pub leaked_bytes: u64,
    pub leaked_blocks: u64,
    pub temporary: u64,
}

/// One frame of a call stack, innermost first.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the contract documents the fields")]
pub struct Frame {
    pub function: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
    pub module: Option<String>,
    pub address: Option<String>,
    pub inlined: bool,
}

/// What the differential mode of the stack capture counted.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct StackCheck {
    pub checks: u64,
    pub differences: u64,
}

impl Report {
    /// The report of this trace.
    ///
    /// # Panics
    /// When `ldt report` fails, or gives no JSON of the contract's form.
    #[must_use]
    pub fn of(trace: &Path) -> Report {
        let outcome = run(Command::new(ldt())
            .args(["report", "--format", "json"])
            .arg(trace));
        assert_eq!(
            outcome.ending,
            Ending::Code(0),
            "ldt report {} failed:\n{}",
            trace.display(),
            outcome.stderr
        );
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| {
            panic!(
                "ldt report {} gives no JSON of the contract: {error}\n{}",
                trace.display(),
                outcome.stdout.chars().take(2000).collect::<String>()
            )
        })
    }

    /// The sites with this function in their stack.
    pub fn sites_in<'a>(&'a self, function: &'a str) -> impl Iterator<Item = &'a Site> {
        self.sites.iter().filter(move |site| site.has(function))
    }
}

impl Site {
    /// Whether this function is in the stack.
    #[must_use]
    pub fn has(&self, function: &str) -> bool {
        self.functions().any(|shown| short_name(shown) == function)
    }

    /// The functions of the stack, innermost first, as the report shows them.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.stack
            .iter()
            .map(|frame| frame.function.as_deref().unwrap_or("?"))
    }

    /// The stack in one line.
    #[must_use]
    pub fn shown(&self) -> String {
        self.functions().collect::<Vec<_>>().join(" < ")
    }
}
