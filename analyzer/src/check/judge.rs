//! What counts: which processes are judged, and which of their findings are excused by a suppression or
//! known to the baseline.

use super::baseline::Baseline;
use super::settings::{HELPERS, RUNNERS, Settings};
use super::suppress::{Source, Suppressions};
use super::test_name;
use crate::failure::Failure;
use crate::findings::{ErrorReport, Found, LossRecord, ProcessReport};
use crate::launch::refusal::OwnAllocator;
use crate::report::leaks::Amounts;
use ldt_trace::finding::ErrorKind;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use wildmatch::WildMatch;

/// Why a finding does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excuse {
    /// The suppression with this number.
    Suppressed(usize),
    /// The baseline has it.
    InBaseline,
}

/// Knows the excuses.
#[derive(Debug)]
pub struct Judge {
    suppressions: Suppressions,
    baseline: Option<Baseline>,
    /// Executables that are not judged, wherever they were started from.
    skip: Vec<WildMatch>,
    /// Executables that are not even judged when they are the command itself.
    runners: Vec<WildMatch>,
    /// What lies below it is judged all the same.
    own_folder: Option<PathBuf>,
}

/// A process with its findings judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was found in it.
    pub report: ProcessReport,
    /// Its trace.
    pub trace: PathBuf,
    /// It is one that nobody wants judged.
    pub is_skipped: bool,
    /// It is a runner, and only judged because nothing else was.
    pub is_last_resort: bool,
    /// The allocator that its executable brings along: looked for when all is over.
    pub own_allocator: Option<OwnAllocator>,
    /// The test that it ran, by itself or for another process.
    pub test: Option<String>,
    /// For each error, why it does not count.
    pub error_excuses: Vec<Option<Excuse>>,
    /// For each loss record, why it does not count.
    pub record_excuses: Vec<Option<Excuse>>,
    /// What leaked, by kind.
    pub amounts: Amounts,
}

impl Judge {
    /// Reads suppressions and baseline.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        let mut suppressions = Suppressions::default();
        if settings.default_suppressions {
            suppressions.add_default();
        }
        for path in &settings.suppressions {
            suppressions.add_file(path)?;
        }
        let baseline =
            match &settings.baseline {
                Some(path) => Some(Baseline::read(path).map_err(|what| {
                    Failure::own(format!("--baseline={}: {what}", path.display()))
                })?),
                None => None,
            };
        let globs = |globs: &[&str]| globs.iter().map(|glob| WildMatch::new(glob)).collect();
        let runners = match settings.skip {
            None => globs(RUNNERS),
            Some(_) => Vec::new(),
        };
        let skip = match &settings.skip {
            None => globs(RUNNERS).into_iter().chain(globs(HELPERS)).collect(),
            Some(asked) => asked.iter().map(|glob| WildMatch::new(glob)).collect(),
        };
        Ok(Judge {
            suppressions,
            baseline,
            skip,
            runners,
            own_folder: settings.own_folder(),
        })
    }

    /// Whether a process is one that nobody wants judged. The command itself is, unless it is one
    /// that runs others.
    #[must_use]
    pub fn is_skipped(&self, found: &Found) -> bool {
        let exe = found.facts.meta.get("exe").map_or("", String::as_str);
        let name = exe.rsplit('/').next().unwrap_or(exe);
        let is_command = found.header.parent_pid == std::process::id();
        let globs = if is_command {
            &self.runners
        } else {
            &self.skip
        };
        globs.iter().any(|glob| glob.matches(name)) && !self.is_own(Path::new(exe))
    }

    /// Whether a program is the user's own, as the library sees it (`options.rs`): what lies in a hidden folder was put
    /// there by a tool.
    fn is_own(&self, exe: &Path) -> bool {
        let folder = self.own_folder.as_ref();
        let below = folder.and_then(|folder| exe.strip_prefix(folder).ok());
        let is_hidden = |part: &OsStr| part.as_bytes().starts_with(b".");
        below.is_some_and(|path| !path.iter().any(is_hidden))
    }

    /// Whether inlined functions, files or lines may make the difference: LDT's own suppressions name functions that
    /// symbol tables have.
    #[must_use]
    pub fn looks_at_lines(&self) -> bool {
        self.suppressions.has_files() || self.baseline.is_some()
    }

    /// Whether an error does not count.
    #[must_use]
    pub fn is_excused_error(&self, error: &ErrorReport) -> bool {
        self.excuse_error(error).is_some()
    }

    fn excuse_error(&self, error: &ErrorReport) -> Option<Excuse> {
        if let Some(number) = self.suppressions.find_error(error) {
            return Some(Excuse::Suppressed(number));
        }
        let is_known = self
            .baseline
            .as_ref()
            .is_some_and(|known| known.has_error(error));
        is_known.then_some(Excuse::InBaseline)
    }

    fn excuse_record(&self, record: &LossRecord) -> Option<Excuse> {
        if let Some(number) = self.suppressions.find_record(record) {
            return Some(Excuse::Suppressed(number));
        }
        let is_known = self
            .baseline
            .as_ref()
            .is_some_and(|known| known.has_record(record));
        is_known.then_some(Excuse::InBaseline)
    }

    /// Judges a process.
    pub fn judge(&mut self, report: ProcessReport, trace: PathBuf, is_skipped: bool) -> Judged {
        let mut judged = Judged {
            test: test_name::of(&report),
            error_excuses: report
                .errors
                .iter()
                .map(|error| self.excuse_error(error))
                .collect(),
            record_excuses: Vec::new(),
            amounts: Amounts::default(),
            report,
            trace,
            is_skipped,
            is_last_resort: false,
            own_allocator: None,
        };
        if let Some(leaks) = &judged.report.leaks {
            for record in &leaks.records {
                let excuse = self.excuse_record(record);
                judged.amounts.add(record, excuse.is_some());
                judged.record_excuses.push(excuse);
                if let (Some(Excuse::Suppressed(number)), false) = (excuse, is_skipped) {
                    self.suppressions.note_record(number, record);
                }
            }
        }
        if !is_skipped {
            let excused = judged.report.errors.iter().zip(&judged.error_excuses);
            for (error, excuse) in excused {
                if let Some(Excuse::Suppressed(number)) = excuse {
                    self.suppressions.note_error(*number, error);
                }
            }
        }
        judged
    }

    /// Which suppressions were used how often, and which of the user's never.
    #[must_use]
    pub fn usage(&self) -> Vec<String> {
        self.suppressions.usage()
    }

    /// How often each suppression was used: its name, where it stands, times.
    #[must_use]
    pub fn used(&self) -> Vec<(String, Source, u64)> {
        self.suppressions.used()
    }
}

impl Judged {
    /// Drops errors, with what was judged of them.
    pub fn retain_errors(&mut self, is_kept: impl Fn(&ErrorReport) -> bool) {
        let errors = std::mem::take(&mut self.report.errors);
        let excuses = std::mem::take(&mut self.error_excuses);
        let kept = errors
            .into_iter()
            .zip(excuses)
            .filter(|(error, _)| is_kept(error));
        (self.report.errors, self.error_excuses) = kept.unzip();
    }

    /// Drops the loss records of kinds that nobody asks for, with what was judged of them: what is reachable in each of a
    /// thousand processes takes a gigabyte.
    pub fn drop_untold_records(&mut self, settings: &Settings) {
        let Some(leaks) = &mut self.report.leaks else {
            return;
        };
        let records = std::mem::take(&mut leaks.records);
        let excuses = std::mem::take(&mut self.record_excuses);
        let told = records
            .into_iter()
            .zip(excuses)
            .filter(|(record, _)| settings.tells_leaks(record.kind));
        (leaks.records, self.record_excuses) = told.unzip();
    }

    /// Errors that count; a crash that is not the heap's is told by the exit code.
    pub fn counting_errors(&self) -> impl Iterator<Item = &ErrorReport> {
        let all = self.report.errors.iter().zip(&self.error_excuses);
        all.filter(|(error, excuse)| excuse.is_none() && error.facts.kind != ErrorKind::Crash)
            .map(|(error, _)| error)
    }

    /// Loss records that no excuse is known for.
    pub fn open_records(&self) -> impl Iterator<Item = &LossRecord> {
        let leaks = self.report.leaks.iter();
        let all = leaks
            .flat_map(|leaks| &leaks.records)
            .zip(&self.record_excuses);
        all.filter(|(_, excuse)| excuse.is_none())
            .map(|(record, _)| record)
    }

    /// Loss records that are to be shown.
    pub fn shown_records(&self, settings: &Settings) -> impl Iterator<Item = &LossRecord> {
        let kinds = &settings.show_leak_kinds;
        self.open_records()
            .filter(|record| kinds.contains(record.kind))
    }

    /// Loss records that are errors.
    pub fn counting_records(&self, settings: &Settings) -> impl Iterator<Item = &LossRecord> {
        self.open_records()
            .filter(|record| settings.fails_for(record.kind))
    }

    /// Whether there is anything to say.
    #[must_use]
    pub fn has_findings(&self, settings: &Settings) -> bool {
        self.counting_errors().next().is_some() || self.shown_records(settings).next().is_some()
    }
}
