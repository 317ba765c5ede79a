//! What has been shown in full, and of which process: it is not shown again.

use super::merge::{error_key, record_key};
use crate::findings::{ErrorReport, LossRecord};
use crate::report::leaks::Amount;
use crate::units::count;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

/// Errors and loss records that have been shown.
#[derive(Debug, Default)]
pub struct Shown(HashMap<String, First>);

/// The process that it was shown of.
#[derive(Debug)]
struct First {
    pid: u32,
    /// What a loss record was about.
    blocks: Option<Blocks>,
}

/// The blocks of a loss record. In a child that its process forked later they are the same, at the same addresses.
#[derive(Debug, PartialEq, Eq)]
struct Blocks {
    direct: Amount,
    indirect: Amount,
    example: u64,
}

impl Blocks {
    fn of(record: &LossRecord) -> Self {
        let amount = |bytes, blocks| Amount { bytes, blocks };
        Blocks {
            direct: amount(record.bytes, record.blocks),
            indirect: amount(record.indirect_bytes, record.indirect_blocks),
            example: record.example,
        }
    }
}

/// Loss records that a process has in common with another one.
#[derive(Clone, Copy, Debug, Default)]
struct Common {
    records: u64,
    amount: Amount,
}

impl Shown {
    /// The process that an error was shown of in full; none now is the first time.
    pub fn first_of_error(&mut self, error: &ErrorReport, pid: u32) -> Option<u32> {
        self.first(error_key(error), pid, None)
    }

    /// The same of a loss record.
    pub fn first_of_record(&mut self, record: &LossRecord, pid: u32) -> Option<u32> {
        self.first(record_key(record), pid, Some(Blocks::of(record)))
    }

    fn first(&mut self, key: String, pid: u32, blocks: Option<Blocks>) -> Option<u32> {
        match self.0.entry(key) {
            Entry::Occupied(first) => Some(first.get().pid),
            Entry::Vacant(place) => {
                place.insert(First { pid, blocks });
                None
            }
        }
    }

    /// The process that the record was shown of, if it has the very same blocks.
    fn is_common_with(&self, record: &LossRecord, pid: u32) -> Option<u32> {
        let first = self.0.get(&record_key(record))?;
        let is_same = first.pid != pid && first.blocks.as_ref() == Some(&Blocks::of(record));
        is_same.then_some(first.pid)
    }

    /// Of the records of a process, with their numbers, those that are to be told one by one, and a line for each
    /// process that it has several in common with, as forked children have with their parent.
    pub fn part<'a>(
        &self,
        records: Vec<&'a LossRecord>,
        pid: u32,
    ) -> (Vec<(usize, &'a LossRecord)>, Vec<String>) {
        let common: Vec<Option<u32>> = records
            .iter()
            .map(|record| self.is_common_with(record, pid))
            .collect();
        let mut with: BTreeMap<u32, Common> = BTreeMap::new();
        for (record, other) in records.iter().zip(&common) {
            if let Some(other) = other {
                let common = with.entry(*other).or_default();
                common.records += 1;
                common.amount.add(record);
                common.amount.bytes += record.indirect_bytes;
                common.amount.blocks += record.indirect_blocks;
            }
        }
        with.retain(|_, common| common.records > 1);
        let lines = with.iter().map(|(other, common)| {
            format!(
                "{} loss records, {}, are the same as in process {other} (reported above)",
                count(common.records),
                common.amount.shown()
            )
        });
        let is_told = |other: &Option<u32>| other.is_none_or(|other| !with.contains_key(&other));
        let numbered = records.into_iter().enumerate().zip(&common);
        let told = numbered.filter(|(_, other)| is_told(other));
        (told.map(|(record, _)| record).collect(), lines.collect())
    }
}
