//! Runs under LDT: `ldt profile`, and the traces that come of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::installed::ldt;
use crate::report::Report;
use crate::run::{Ending, Outcome, run};

/// A run under `ldt profile`, with its traces in a folder that goes with this value.
pub struct Profiled {
    /// What the program printed and how `ldt` ended.
    pub outcome: Outcome,
    folder: TempDir,
}

/// The name of the command's own trace.
const TRACE: &str = "program.trace";

/// Runs `program` with `arguments` under LDT.
#[must_use]
pub fn profile(program: &Path, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Profiled {
    profile_with(program, arguments, |_| {})
}

/// The same, with `adjust` to set the environment or the folder of the run.
#[must_use]
pub fn profile_with(
    program: &Path,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    adjust: impl FnOnce(&mut Command),
) -> Profiled {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = Command::new(ldt());
    command
        .args(["profile", "-o"])
        .arg(folder.path().join(TRACE))
        .arg("--")
        .arg(program)
        .args(arguments);
    adjust(&mut command);
    let outcome = run(&mut command);
    Profiled { outcome, folder }
}

impl Profiled {
    /// The command's own trace.
    #[must_use]
    pub fn trace(&self) -> PathBuf {
        let path = self.folder.path().join(TRACE);
        assert!(
            path.exists(),
            "the run left no trace; it said:\n{}",
            self.outcome.stderr
        );
        path
    }

    /// The report of the command itself (its last image, if it replaced itself).
    #[must_use]
    pub fn report(&self) -> Report {
        Report::of(&self.trace())
    }

    /// What `ldt report` prints of the command itself with these options.
    #[must_use]
    pub fn printed_report(&self, options: &[&str]) -> String {
        let outcome = run(Command::new(ldt())
            .arg("report")
            .args(options)
            .arg(self.trace()));
        assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
        outcome.stdout
    }

    /// The reports of all processes that came of the command.
    #[must_use]
    pub fn reports(&self) -> Reports {
        let command = self.report();
        let mut replaced = Vec::new();
        let mut children = Vec::new();
        for (suffix, path) in self.other_traces() {
            let report = Report::of(&path);
            // A number after the trace's own name is a child's id, or says which image of the
            // command itself it was; the report knows whose it is.
            if report.pid == command.pid {
                assert!(
                    suffix.len() < 4,
                    "an earlier image of the command is named .{suffix}"
                );
                replaced.push(report);
            } else {
                let names_process = suffix.split('.').next() == Some(&report.pid.to_string());
                assert!(
                    names_process,
                    "the trace of process {} is named .{suffix}",
                    report.pid
                );
                children.push(report);
            }
        }
        Reports {
            command,
            replaced,
            children,
        }
    }

    /// The other traces: what follows the name of the command's own, and the path.
    fn other_traces(&self) -> Vec<(String, PathBuf)> {
        let prefix = format!("{TRACE}.");
        let mut found: Vec<_> = std::fs::read_dir(self.folder.path())
            .expect("a temporary folder can be listed")
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                Some((name.strip_prefix(&prefix)?.to_owned(), entry.path()))
            })
            .collect();
        found.sort();
        found
    }
}

/// The reports of one command and of what it became and started.
pub struct Reports {
    /// The command's last image.
    pub command: Report,
    /// Its images before.
    pub replaced: Vec<Report>,
    /// Other processes, each image of each.
    pub children: Vec<Report>,
}

impl Reports {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Report> {
        std::iter::once(&self.command)
            .chain(&self.replaced)
            .chain(&self.children)
    }
}
