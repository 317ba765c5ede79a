//! What a run says while it goes on and at its end: errors, each process's leaks, the last line.

use super::judge::Judged;
use super::print::Printer;
use super::settings::{Dialect, LeakCheckMode, Settings};
use super::shown::Shown;
use super::suppress;
use super::verdict::Verdict;
use crate::failure::Failure;
use crate::findings::ErrorReport;
use crate::findings::named::Ending;
use crate::report::{errors, leaks, memcheck};
use std::collections::HashMap;

/// Puts into words what is found, and prints it.
#[derive(Debug)]
pub struct Teller {
    settings: Settings,
    printer: Printer,
    /// Processes that nobody has heard of yet, and what they are.
    unknown: HashMap<u32, String>,
    /// Errors and leaks that have been shown in full.
    shown: Shown,
}

impl Teller {
    /// Prints there, in the way that the settings ask for.
    #[must_use]
    pub fn new(settings: &Settings, printer: Printer) -> Self {
        Teller {
            settings: settings.clone(),
            printer,
            unknown: HashMap::new(),
            shown: Shown::default(),
        }
    }

    /// Notes what a process is, for when something is said of it.
    pub fn introduce(&mut self, pid: u32, what: String) {
        self.unknown.insert(pid, what);
    }

    /// Prints lines of a process, before the first of them what it is.
    fn say(&mut self, pid: u32, mut lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        if let Some(line) = self.unknown.remove(&pid) {
            lines.insert(0, line);
        }
        self.printer.paragraph(pid, &lines);
    }

    /// An error, in full when it is told for the first time.
    pub fn error(&mut self, pid: u32, error: &ErrorReport) {
        let detail = self.settings.detail;
        let lines = match self.settings.dialect {
            Dialect::Own => errors::lines(error, detail),
            Dialect::Valgrind => memcheck::error(error, detail),
        };
        let first = self.shown.first_of_error(error, pid);
        let is_new = first.is_none();
        if is_new || self.settings.log_file.is_some() {
            self.say(pid, lines);
            if self.settings.gen_suppressions {
                let text = suppress::generate::for_error(error);
                self.printer.raw(pid, &text);
            }
        } else {
            let line = format!("{} (reported above{})", lines[0], elsewhere(first, pid));
            self.say(pid, vec![line]);
        }
    }

    /// What is said of a process at its end. Of one with nothing to say nothing is said, unless it is the
    /// command itself.
    pub fn process(&mut self, judged: &Judged) {
        let pid = judged.report.pid;
        let is_command = judged.report.parent_pid == std::process::id();
        if judged.is_skipped {
            return;
        }
        let warnings: Vec<String> = judged
            .report
            .warnings
            .iter()
            .map(|warning| format!("warning: {warning}"))
            .collect();
        self.say(pid, warnings);
        let repeated = judged.report.errors.iter().zip(&judged.error_excuses);
        let again: Vec<String> = repeated
            .filter(|(error, excuse)| error.count > 1 && excuse.is_none())
            .map(|(error, _)| {
                let times = crate::units::count(error.count);
                format!("seen {times} times: {}", errors::headline(&error.facts))
            })
            .collect();
        self.say(pid, again);
        let has_findings = judged.has_findings(&self.settings);
        let says_summary = !self.settings.quiet && (is_command || has_findings);
        if says_summary {
            self.say(pid, leaks::heap_summary(&judged.report));
        }
        if self.settings.leak_check == LeakCheckMode::No {
            return;
        }
        let Some(check) = &judged.report.leaks else {
            if says_summary {
                let why = format!("no leak check was made: {}", why_no_check(judged));
                self.say(pid, vec![why]);
            }
            return;
        };
        if self.settings.leak_check == LeakCheckMode::Full {
            let shown: Vec<_> = judged.shown_records(&self.settings).collect();
            let of = shown.len();
            let tells_all =
                self.settings.log_file.is_some() || self.settings.dialect == Dialect::Valgrind;
            let (told, common) = if tells_all {
                (shown.into_iter().enumerate().collect(), Vec::new())
            } else {
                self.shown.part(shown, pid)
            };
            self.say(pid, common);
            for (number, record) in told {
                let first = self.shown.first_of_record(record, pid);
                let is_new = first.is_none();
                let mut lines = match self.settings.dialect {
                    Dialect::Own => leaks::lines(record, number + 1, of, self.settings.detail),
                    Dialect::Valgrind => {
                        memcheck::leak(record, number + 1, of, self.settings.detail)
                    }
                };
                if !is_new && self.settings.log_file.is_none() {
                    lines.truncate(1);
                    lines[0].push_str(&format!(" (stack reported above{})", elsewhere(first, pid)));
                }
                self.say(pid, lines);
                if is_new && self.settings.gen_suppressions {
                    let text = suppress::generate::for_record(record);
                    self.printer.raw(pid, &text);
                }
            }
        }
        if says_summary {
            let mut lines = leaks::leak_summary(&judged.amounts);
            if check.pause_ns > 0 {
                let pause = crate::units::time(check.pause_ns);
                lines.push(format!("   the check took {pause}"));
            }
            self.say(pid, lines);
        }
    }

    /// What is said when all is over.
    pub fn conclude(&mut self, verdict: &Verdict, warnings: Vec<String>, usage: Vec<String>) {
        let pid = verdict.pid;
        let mut lines: Vec<String> = warnings
            .into_iter()
            .map(|warning| format!("warning: {warning}"))
            .collect();
        if !self.settings.quiet {
            lines.extend(usage);
        }
        lines.extend(verdict.notes(&self.settings));
        if !self.settings.quiet || !lines.is_empty() {
            self.printer.paragraph(pid, &lines);
        }
        // Of a run that was not checked, no number of errors can be told.
        let is_told = verdict.problem.is_none() || verdict.is_red();
        if is_told && (!self.settings.quiet || verdict.errors.all > 0) {
            let line = verdict.summary();
            self.printer.raw(pid, &format!("=={pid}== {line}\n"));
        }
    }

    /// Says something of a process.
    pub fn lines(&mut self, pid: u32, lines: &[String]) {
        self.printer.paragraph(pid, lines);
    }

    /// Whether all that was said could be written.
    pub fn all_was_written(&self) -> Result<(), Failure> {
        self.printer.all_was_written()
    }
}

/// Where what is not shown again was shown first.
fn elsewhere(first: Option<u32>, pid: u32) -> &'static str {
    if first == Some(pid) {
        ""
    } else {
        ", in another process"
    }
}

fn why_no_check(judged: &Judged) -> String {
    if let Some(why) = judged.report.environment.get("no_leak_check") {
        return why.clone();
    }
    match judged.report.ending {
        Ending::Signal(signal) => format!("the process was killed by signal {signal}"),
        Ending::Execed => "the process replaced itself by another program".to_owned(),
        Ending::Unknown => "the process was killed, or still runs".to_owned(),
        Ending::Code(_) => "the process ended before it could be".to_owned(),
    }
}
