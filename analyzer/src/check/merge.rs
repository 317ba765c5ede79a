//! The same finding in many processes is one finding: merged by kind and stack, with all the
//! processes and tests that it was seen in.

use super::judge::Judged;
use super::settings::Settings;
use crate::findings::{ErrorReport, Frame, LossRecord};
use ldt_trace::finding::DetectedBy;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a finding was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenIn {
    /// Process ids.
    pub pids: BTreeSet<u32>,
    /// Tests, as far as they are known.
    pub tests: BTreeSet<String>,
}

/// A finding of any number of processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged<T> {
    /// That of the first process, with the sums of all.
    pub finding: T,
    /// Where it was seen.
    pub seen_in: SeenIn,
}

/// An error's identity, whichever process it happened in: its kind and its places.
#[must_use]
pub fn error_key(error: &ErrorReport) -> String {
    let facts = &error.facts;
    let mut key = format!("{} {}\n", facts.kind.shown(), facts.access.shown());
    add_stack(&mut key, &error.stack);
    // Damage that was found later is found at the same free, whoever has done it.
    if matches!(
        facts.detected_by,
        DetectedBy::Redzone | DetectedBy::Quarantine
    ) {
        add_stack(&mut key, &error.allocated);
    }
    key
}

/// A loss record's identity.
#[must_use]
pub fn record_key(record: &LossRecord) -> String {
    let mut key = format!("{}\n", record.kind.shown());
    add_stack(&mut key, &record.stack);
    key
}

fn add_stack(key: &mut String, stack: &[Arc<Frame>]) {
    for frame in stack.iter().filter(|frame| !frame.is_inlined) {
        match (frame.module_name(), frame.offset, frame.function.as_deref()) {
            (Some(module), Some(offset), _) => key.push_str(&format!("{module}+{offset:x}\n")),
            (_, _, Some(function)) => key.push_str(&format!("{function}\n")),
            _ => key.push_str("?\n"),
        }
    }
}

/// Everything that counts of all processes.
#[derive(Clone, Debug, Default)]
pub struct MergedFindings {
    /// Errors, in the order in which they were first seen.
    pub errors: Vec<Merged<ErrorReport>>,
    /// Loss records of the kinds that are shown, the smallest first, as the text has and numbers them.
    pub records: Vec<Merged<LossRecord>>,
}

impl MergedFindings {
    /// Merges what counts of these processes.
    #[must_use]
    pub fn of(processes: &[Judged], settings: &Settings) -> Self {
        let mut errors = Gathered::default();
        let mut records = Gathered::default();
        let mut judged: Vec<&Judged> = processes.iter().filter(|one| !one.is_skipped).collect();
        judged.sort_by_key(|one| (one.report.start_monotonic_ns, one.report.pid));
        let mut in_time: Vec<(&Judged, &ErrorReport)> = judged
            .iter()
            .flat_map(|&one| one.counting_errors().map(move |error| (one, error)))
            .collect();
        // All processes of a machine have the same clock.
        in_time.sort_by_key(|(_, error)| error.facts.tick);
        for (judged, error) in in_time {
            let key = error_key(error);
            let test = error.mark.as_ref().or(judged.test.as_ref());
            errors.add(key, error, judged.report.pid, test, |sum, one| {
                sum.count += one.count;
            });
        }
        for judged in judged {
            for record in judged.shown_records(settings) {
                let key = record_key(record);
                let test = judged.test.as_ref();
                records.add(key, record, judged.report.pid, test, |sum, one| {
                    sum.blocks += one.blocks;
                    sum.bytes += one.bytes;
                    sum.indirect_blocks += one.indirect_blocks;
                    sum.indirect_bytes += one.indirect_bytes;
                });
            }
        }
        let mut records = records.all;
        records.sort_by_key(|record| record.finding.bytes + record.finding.indirect_bytes);
        MergedFindings {
            errors: errors.all,
            records,
        }
    }
}

struct Gathered<T> {
    numbers: BTreeMap<String, usize>,
    all: Vec<Merged<T>>,
}

impl<T> Default for Gathered<T> {
    fn default() -> Self {
        Gathered {
            numbers: BTreeMap::new(),
            all: Vec::new(),
        }
    }
}

impl<T: Clone> Gathered<T> {
    fn add(
        &mut self,
        key: String,
        one: &T,
        pid: u32,
        test: Option<&String>,
        add: impl FnOnce(&mut T, &T),
    ) {
        let merged = match self.numbers.entry(key) {
            Entry::Occupied(known) => {
                let merged = &mut self.all[*known.get()];
                add(&mut merged.finding, one);
                merged
            }
            Entry::Vacant(place) => {
                place.insert(self.all.len());
                self.all.push(Merged {
                    finding: one.clone(),
                    seen_in: SeenIn::default(),
                });
                // The one just pushed.
                let last = self.all.len() - 1;
                &mut self.all[last]
            }
        };
        merged.seen_in.pids.insert(pid);
        merged.seen_in.tests.extend(test.cloned());
    }
}
