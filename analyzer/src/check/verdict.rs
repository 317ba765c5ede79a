//! What the run comes to: one line of total, and one exit code.

use super::judge::{Excuse, Judged};
use super::merge::MergedFindings;
use super::settings::{Dialect, Settings, UntracedChildren};
use crate::failure::Failure;
use crate::findings::named::Ending;
use crate::launch::refusal::{self, OwnAllocator};
use crate::launch::supervise::Ended;
use crate::report::leaks::{Amounts, error_summary};
use crate::units::{bytes_apart, count};
use std::collections::{BTreeMap, BTreeSet};

/// How many, and at how many different places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// All, repeats too.
    pub all: u64,
    /// Different ones.
    pub contexts: u64,
}

/// What all processes together come to.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The command's process, or the one that a file is for.
    pub pid: u32,
    /// What counts, by finding.
    pub merged: MergedFindings,
    /// Errors, and leaks that are errors.
    pub errors: Counted,
    /// What was excused by suppressions and the baseline.
    pub excused: Counted,
    /// Of these, how many the baseline knew.
    pub in_baseline: u64,
    /// What leaked in all processes, by kind.
    pub amounts: Amounts,
    /// Budgets that were exceeded, in words.
    pub over_budget: Vec<String>,
    /// How many processes were judged.
    pub judged: usize,
    /// How many of these had findings.
    pub red: usize,
    /// Why the gate cannot be green whatever was found: the library was not where it had to be.
    pub problem: Option<String>,
    /// Children that the library did not get into, and why.
    pub untraced: BTreeSet<String>,
    /// Programs that were left alone for their names, and how often each was run.
    pub left_alone: BTreeMap<String, u64>,
}

impl Verdict {
    /// Sums up.
    #[must_use]
    pub fn of(
        settings: &Settings,
        processes: &[Judged],
        untraced: BTreeSet<String>,
        ended: &Ended,
    ) -> Self {
        let mut verdict = Verdict {
            pid: ended.pid,
            problem: problem(settings, processes, ended)
                .or_else(|| nothing_but_runners(processes, &untraced)),
            untraced,
            ..Verdict::default()
        };
        verdict.add(settings, processes);
        verdict
    }

    /// Sums up what one process of these did, which may have had several images. Whether the gate can be trusted
    /// only all processes together can tell.
    #[must_use]
    pub fn for_process(&self, settings: &Settings, pid: u32, images: &[Judged]) -> Self {
        let mut verdict = Verdict {
            pid,
            problem: self.problem.clone(),
            untraced: self.untraced.clone(),
            left_alone: self.left_alone.clone(),
            ..Verdict::default()
        };
        verdict.add(settings, images);
        verdict
    }

    fn add(&mut self, settings: &Settings, processes: &[Judged]) {
        self.merged = MergedFindings::of(processes, settings);
        for error in &self.merged.errors {
            self.errors.all += error.finding.count;
            self.errors.contexts += 1;
        }
        let mut records = BTreeSet::new();
        for judged in processes.iter().filter(|judged| !judged.is_skipped) {
            self.judged += 1;
            self.amounts.merge(&judged.amounts);
            self.count_excused(judged, settings);
            let before = records.len();
            let counting = judged
                .counting_records(settings)
                .map(super::merge::record_key);
            records.extend(counting);
            let has_records = judged.counting_records(settings).next().is_some();
            debug_assert!(has_records || records.len() == before);
            if has_records || judged.counting_errors().next().is_some() {
                self.red += 1;
            }
        }
        self.errors.all += records.len() as u64;
        self.errors.contexts += records.len() as u64;
        self.over_budget = over_budget(settings, processes, &self.amounts);
    }

    fn count_excused(&mut self, judged: &Judged, settings: &Settings) {
        let errors = judged.report.errors.iter().zip(&judged.error_excuses);
        let errors = errors.filter_map(|(error, excuse)| Some((error.count, (*excuse)?)));
        // Of kinds that would not have been told anyway, nothing was held back: the buffer of standard output
        // is no suppressed error.
        let leaks = judged.report.leaks.iter();
        let records = leaks
            .flat_map(|leaks| &leaks.records)
            .zip(&judged.record_excuses)
            .filter(|(record, _)| settings.tells_leaks(record.kind))
            .filter_map(|(_, excuse)| Some((1, (*excuse)?)));
        for (times, excuse) in errors.chain(records) {
            self.excused.all += times;
            self.excused.contexts += 1;
            self.in_baseline += u64::from(excuse == Excuse::InBaseline);
        }
    }

    /// Whether anything was found that counts.
    #[must_use]
    pub fn is_red(&self) -> bool {
        self.errors.all > 0 || !self.over_budget.is_empty()
    }

    /// The exit code of `ldt`.
    pub fn code(&self, settings: &Settings, ended: &Ended) -> Result<u8, Failure> {
        if self.is_red() {
            return Ok(match settings.error_exitcode {
                0 => ended.code(),
                code => code,
            });
        }
        if let Some(problem) = &self.problem {
            return Err(Failure::own(problem.clone()));
        }
        if settings.untraced_children == UntracedChildren::Error && !self.untraced.is_empty() {
            return Err(Failure::own(format!(
                "{} children were not checked (--untraced-children=error): {}",
                self.untraced.len(),
                self.untraced.iter().cloned().collect::<Vec<_>>().join(", ")
            )));
        }
        Ok(ended.code())
    }

    /// What is said before the total.
    #[must_use]
    pub fn notes(&self, settings: &Settings) -> Vec<String> {
        let mut lines = Vec::new();
        if self.in_baseline > 0 {
            lines.push(format!("in the baseline: {}", count(self.in_baseline)));
        }
        lines.extend(self.not_judged(settings));
        let mark = match settings.untraced_children {
            UntracedChildren::Warn => "warning",
            UntracedChildren::Error => "ERROR",
        };
        let untraced = self.untraced.iter();
        lines.extend(untraced.map(|child| format!("{mark}: not checked: {child}")));
        lines.extend(self.over_budget.iter().map(|over| format!("ERROR: {over}")));
        if let (Some(problem), true) = (&self.problem, self.is_red()) {
            lines.push(format!("warning: {problem}"));
        }
        lines
    }

    /// Whom nobody wants judged, lest somebody's own program be among them unseen.
    fn not_judged(&self, settings: &Settings) -> Option<String> {
        const MOST: usize = 12;
        let is_told = !settings.quiet && settings.dialect == Dialect::Own;
        if !is_told || self.left_alone.is_empty() {
            return None;
        }
        let why = match settings.skip {
            None => "as runners, compilers and small tools",
            Some(_) => "for --trace-children-skip",
        };
        let names = self.left_alone.iter();
        let mut shown: Vec<String> = names
            .take(MOST)
            .map(|(name, times)| format!("{name} ({times})"))
            .collect();
        if let Some(more) = self
            .left_alone
            .len()
            .checked_sub(MOST)
            .filter(|more| *more > 0)
        {
            shown.push(format!("and {more} others"));
        }
        Some(format!("not judged, {why}: {}", shown.join(", ")))
    }

    /// The total.
    #[must_use]
    pub fn summary(&self) -> String {
        let line = error_summary(
            self.errors.all,
            self.errors.contexts,
            self.excused.all,
            self.excused.contexts,
        );
        match self.judged {
            0 | 1 => line,
            judged => format!("{line}, in {} of {judged} processes", self.red),
        }
    }
}

/// Why the gate cannot be trusted.
fn problem(settings: &Settings, processes: &[Judged], ended: &Ended) -> Option<String> {
    let name = &settings.command[0];
    // By its parent as well: in a process id namespace of its own its number is another.
    let is_command = |judged: &&Judged| {
        judged.report.pid == ended.pid || judged.report.parent_pid == std::process::id()
    };
    let images = processes.iter().filter(is_command);
    let Some(last) = images.max_by_key(|judged| judged.report.start_monotonic_ns) else {
        return Some(format!("it was not checked: {}", refusal::reason(name)));
    };
    if last.report.ending == Ending::Execed || last.report.replaced_itself {
        return Some(
            "it was not checked to its end: it replaced itself by a program that ldt did not get into"
                .to_owned(),
        );
    }
    if last.own_allocator == Some(OwnAllocator::Malloc) {
        return Some(format!(
            "it was not checked: {}",
            refusal::reason(last.report.exe.as_ref())
        ));
    }
    if processes.iter().any(|judged| !judged.report.was_checked) {
        return Some(
            "libldt.so recorded but did not check: is it of the same version as this ldt?"
                .to_owned(),
        );
    }
    let judged = processes.iter().filter(|judged| !judged.is_skipped);
    judged
        .filter_map(|judged| Some((judged.report.pid, judged.report.missing_errors?)))
        .map(|(pid, (missing, all))| {
            format!(
                "{missing} of {all} errors of process {pid} could not be written down; \
                 make room in the folder of TMPDIR, or raise the limit on file sizes"
            )
        })
        .next()
}

/// Runners started programs, and not one of those could be looked into: green would say nothing of them.
fn nothing_but_runners(processes: &[Judged], untraced: &BTreeSet<String>) -> Option<String> {
    let is_program = |judged: &Judged| !judged.is_skipped && !judged.is_last_resort;
    if untraced.is_empty() || processes.iter().any(is_program) {
        return None;
    }
    let all: Vec<&str> = untraced.iter().map(String::as_str).collect();
    Some(format!(
        "no program that the command ran was checked: {}",
        all.join(", ")
    ))
}

fn over_budget(settings: &Settings, processes: &[Judged], amounts: &Amounts) -> Vec<String> {
    let budgets = settings.budgets;
    let judged = || processes.iter().filter(|judged| !judged.is_skipped);
    let mut over = Vec::new();
    let lost = amounts.lost().bytes;
    if let Some(most) = budgets.leak_bytes.filter(|most| lost > *most) {
        let (lost, most) = bytes_apart(lost, most);
        over.push(format!(
            "{lost} are lost, more than --max-leak-bytes={most}"
        ));
    }
    if let Some(most) = budgets.peak_bytes {
        for process in judged().filter(|process| process.report.counts.peak_bytes > most) {
            let (peak, most) = bytes_apart(process.report.counts.peak_bytes, most);
            over.push(format!(
                "the heap of process {} reached {peak}, more than --max-peak={most}",
                process.report.pid
            ));
        }
    }
    let allocations: u64 = judged()
        .map(|process| process.report.counts.allocations)
        .sum();
    if let Some(most) = budgets.allocations.filter(|most| allocations > *most) {
        over.push(format!(
            "{} allocations, more than --max-allocations={}",
            count(allocations),
            count(most)
        ));
    }
    over
}
