//! A real program and what must hold for it under LDT.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::checked::CheckReport;
use crate::counting::Counting;
use crate::installed::{ldt, preload, program};
use crate::lost::{self, Lost};
use crate::report::Report;
use crate::run::{Outcome, run};
use crate::valgrind::{HeapUsage, heap_usage, lost_logs, usage_of};

/// A command line with its surroundings.
#[derive(Clone, Debug)]
pub struct RealProgram {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl RealProgram {
    /// A program of the machine, with arguments.
    #[must_use]
    pub fn installed(
        name: &str,
        arguments: impl IntoIterator<Item = impl Into<String>>,
    ) -> RealProgram {
        RealProgram::at(&program(name), arguments)
    }

    /// The program with this path, with arguments.
    #[must_use]
    pub fn at(path: &Path, arguments: impl IntoIterator<Item = impl Into<String>>) -> RealProgram {
        RealProgram {
            program: path.to_owned(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
        }
    }

    /// The same with a variable in its environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> RealProgram {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs it as it is.
    #[must_use]
    pub fn bare(&self) -> Outcome {
        run(Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().cloned()))
    }

    /// Runs it under `ldt profile`.
    #[must_use]
    pub fn profiled(&self, trace: &Path) -> Outcome {
        run(Command::new(ldt())
            .args(["profile", "-o"])
            .arg(trace)
            .arg("--")
            .arg(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().cloned()))
    }

    /// Runs it with the library alone, the counting library beneath it, and the differential mode on.
    #[must_use]
    pub fn checked(&self, trace: &Path, counting: &Counting) -> Outcome {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().cloned());
        attach(&mut command, trace, counting);
        run(&mut command)
    }

    /// What valgrind counts.
    #[must_use]
    pub fn valgrind_usage(&self) -> HeapUsage {
        let (usage, _) = heap_usage(&self.program, &self.arguments, |command| {
            command.envs(self.environment.iter().cloned());
        });
        usage
    }

    /// What `ldt check` says is definitely or possibly lost, children and helpers included.
    #[must_use]
    pub fn lost_under_check(&self) -> Vec<Lost> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let json = folder.path().join("check.json");
        let outcome = run(Command::new(ldt())
            .args(["check", "--trace-children-skip=none", "--json"])
            .arg(&json)
            .arg("--")
            .arg(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().cloned()));
        let text = std::fs::read(&json).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
        let report: CheckReport = serde_json::from_slice(&text).expect("it is JSON");
        let leaks = report.leaks.expect("leaks were looked for");
        lost::of_report(&leaks)
    }

    /// What valgrind says is definitely or possibly lost.
    #[must_use]
    pub fn lost_under_valgrind(&self) -> Vec<Lost> {
        let logs = lost_logs(&self.program, &self.arguments, |command| {
            command.envs(self.environment.iter().cloned());
        });
        logs.iter().flat_map(|log| lost::of_log(log)).collect()
    }

    /// Everything that must hold for each real program: the same output and exit code under
    /// `ldt profile` as without; under the library alone, with the counting library beneath, totals
    /// that agree to the last call, and no stack unwound otherwise with the memo than without; no
    /// error under `ldt check`. Gives the report of the `ldt profile` run.
    ///
    /// # Panics
    /// When one of these does not hold.
    #[must_use]
    pub fn hold_to_the_promise(&self) -> Report {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let bare = self.bare();

        let trace = folder.path().join("profiled");
        let profiled = self.profiled(&trace);
        assert_eq!(profiled.stdout, bare.stdout, "standard output");
        assert_eq!(profiled.own_stderr(), bare.stderr, "standard error");
        assert_eq!(
            profiled.ending,
            crate::run::Ending::Code(bare.ending.as_launcher_code()),
            "{profiled:?}"
        );

        let counting = Counting::prepare();
        let checked = folder.path().join("checked");
        let outcome = self.checked(&checked, &counting);
        assert_eq!(
            outcome.stdout, bare.stdout,
            "standard output, library alone"
        );
        assert_eq!(outcome.ending, bare.ending, "{outcome:?}");
        agrees(&reports_beside(&checked), &counting);
        self.hold_under_check(&bare);
        Report::of(&trace)
    }

    /// Under `ldt check`, in all three modes of guarding: the same output and exit code, and no error.
    fn hold_under_check(&self, bare: &Outcome) {
        for guard in ["adaptive", "all", "off"] {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let json = folder.path().join("check.json");
            let outcome = run(Command::new(ldt())
                .args(["check", "--errors-for-leak-kinds=none"])
                .arg(format!("--guard={guard}"))
                .arg("--json")
                .arg(&json)
                .arg("--")
                .arg(&self.program)
                .args(&self.arguments)
                .envs(self.environment.iter().cloned()));
            assert_eq!(outcome.stdout, bare.stdout, "standard output, {guard}");
            assert_eq!(outcome.own_stderr(), bare.stderr, "standard error, {guard}");
            let ending = crate::run::Ending::Code(bare.ending.as_launcher_code());
            assert_eq!(outcome.ending, ending, "{guard}: {}", outcome.stderr);
            let text = std::fs::read(&json).expect("ldt check writes its JSON");
            let report: CheckReport = serde_json::from_slice(&text).expect("it is JSON");
            assert!(report.errors.is_empty(), "{guard}: {}", outcome.stderr);
        }
    }
}

/// Sets `command` up to run with the library alone, the counting library beneath it, and the
/// differential mode on.
pub fn attach(command: &mut Command, trace: &Path, counting: &Counting) {
    let libraries = format!("{}:{}", preload().display(), counting.library().display());
    counting.attach(command);
    command.env("LD_PRELOAD", libraries).env(
        "LDT_OPTIONS",
        format!("stack_check=1:output={}", trace.display()),
    );
}

/// Every process's totals together are what the counting library saw, and every capture was the
/// same with and without the memo.
///
/// # Panics
/// When not.
pub fn agrees(reports: &[Report], counting: &Counting) {
    assert_eq!(
        usage_of(reports.iter()),
        counting.usage(),
        "LDT's totals (left) and the counting library's (right), over {} processes",
        reports.len()
    );
    let mut checks = 0;
    for report in reports {
        let Some(check) = report.stack_check else {
            assert_eq!(report.totals.allocations, 0, "{:?}", report.command);
            continue;
        };
        assert_eq!(check.differences, 0, "{:?}: {check:?}", report.command);
        checks += check.checks;
    }
    assert!(checks > 0, "no capture was compared");
}

/// The reports of a trace and of all traces whose names begin with its name.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn reports_beside(trace: &Path) -> Vec<Report> {
    let folder = trace.parent().expect("a trace lies in a folder");
    let name = trace.file_name().unwrap_or_default().to_string_lossy();
    let mut reports = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let entry = entry.expect("the folder can be listed");
        if entry.file_name().to_string_lossy().starts_with(&*name) {
            reports.push(Report::of(&entry.path()));
        }
    }
    assert!(!reports.is_empty(), "no trace at {}", trace.display());
    reports
}

/// What is asserted of a report's sites, by one of their costs.
impl Report {
    /// The site with the most of `cost`.
    ///
    /// # Panics
    /// When there is no site.
    #[must_use]
    pub fn top(&self, cost: impl Fn(&crate::report::Site) -> u64) -> &crate::report::Site {
        let top = self.sites.iter().max_by_key(|site| cost(site));
        top.expect("there is a site")
    }
}
