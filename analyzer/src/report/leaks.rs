//! Leaks and the summaries at the end, in valgrind's words: people and scripts know them.
//!
//! Lines come without the mark of the process (`==812== `), as in [`super::errors`].

use super::errors::{Detail, stack};
use crate::findings::named::Ending;
use crate::findings::{LossRecord, ProcessReport};
use crate::units::count;
use ldt_trace::finding::LeakKind;
use std::collections::BTreeMap;

/// Bytes and blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Amount {
    /// Bytes.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
}

impl Amount {
    /// Adds a record's own blocks.
    pub fn add(&mut self, record: &LossRecord) {
        self.bytes += record.bytes;
        self.blocks += record.blocks;
    }

    /// Adds another amount.
    pub fn add_amount(&mut self, other: Amount) {
        self.bytes += other.bytes;
        self.blocks += other.blocks;
    }

    /// `20 bytes in 1 blocks`.
    #[must_use]
    pub fn shown(self) -> String {
        format!(
            "{} bytes in {} blocks",
            count(self.bytes),
            count(self.blocks)
        )
    }
}

/// The amounts of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// What is not suppressed, by kind.
    pub by_kind: BTreeMap<LeakKind, Amount>,
    /// What a suppression or a baseline knows.
    pub suppressed: Amount,
}

impl Amounts {
    /// The amount of one kind.
    #[must_use]
    pub fn of(&self, kind: LeakKind) -> Amount {
        self.by_kind.get(&kind).copied().unwrap_or_default()
    }

    /// Adds a record; one that is excused counts as suppressed.
    pub fn add(&mut self, record: &LossRecord, is_excused: bool) {
        if is_excused {
            self.suppressed.add(record);
        } else {
            self.by_kind.entry(record.kind).or_default().add(record);
        }
    }

    /// Adds those of another process.
    pub fn merge(&mut self, other: &Amounts) {
        for (kind, amount) in &other.by_kind {
            self.by_kind.entry(*kind).or_default().add_amount(*amount);
        }
        self.suppressed.add_amount(other.suppressed);
    }

    /// What is lost: everything but what is reachable.
    #[must_use]
    pub fn lost(&self) -> Amount {
        let mut lost = Amount::default();
        for kind in [LeakKind::Definite, LeakKind::Indirect, LeakKind::Possible] {
            lost.add_amount(self.of(kind));
        }
        lost
    }
}

/// `definitely lost`.
#[must_use]
pub fn words(kind: LeakKind) -> &'static str {
    match kind {
        LeakKind::Definite => "definitely lost",
        LeakKind::Indirect => "indirectly lost",
        LeakKind::Possible => "possibly lost",
        LeakKind::Reachable => "still reachable",
    }
}

/// `20 bytes in 1 blocks are definitely lost in loss record 1 of 1`.
#[must_use]
pub fn headline(record: &LossRecord, number: usize, of: usize) -> String {
    let (blocks, what) = (count(record.blocks), words(record.kind));
    let bytes = match record.indirect_bytes {
        0 => count(record.bytes),
        indirect => format!(
            "{} ({} direct, {} indirect)",
            count(record.bytes + indirect),
            count(record.bytes),
            count(indirect)
        ),
    };
    format!("{bytes} bytes in {blocks} blocks are {what} in loss record {number} of {of}")
}

/// A loss record.
#[must_use]
pub fn lines(record: &LossRecord, number: usize, of: usize, detail: Detail) -> Vec<String> {
    let mut lines = vec![headline(record, number, of)];
    stack(&record.stack, detail, &mut lines);
    lines
}

/// What was in use at the end, in all, and how closely it was watched.
#[must_use]
pub fn heap_summary(process: &ProcessReport) -> Vec<String> {
    let counts = &process.counts;
    if !process.has_counted() {
        if process.ending == Ending::Execed {
            // Its process goes on, and says so where the leak check is told.
            return Vec::new();
        }
        return vec![
            "HEAP SUMMARY:".to_owned(),
            "    in use at exit: not known: the process was killed, runs on, or ended by a system call of its own"
                .to_owned(),
        ];
    }
    let in_use = match &process.leaks {
        Some(leaks) => Amount {
            bytes: leaks.bytes,
            blocks: leaks.blocks,
        },
        None => Amount {
            bytes: counts.live_bytes,
            blocks: counts.live_blocks,
        },
    };
    let mut lines = vec![
        "HEAP SUMMARY:".to_owned(),
        format!("    in use at exit: {}", in_use.shown()),
        format!(
            "  total heap usage: {} allocs, {} frees, {} bytes allocated",
            count(counts.allocations),
            count(counts.frees),
            count(counts.allocated_bytes)
        ),
    ];
    let coverage = process.coverage;
    if coverage.guarded + coverage.redzoned > 0 {
        lines.push(format!(
            "     guarded by pages: {} of {} blocks, from {} of {} call stacks ({})",
            count(coverage.guarded),
            count(coverage.guarded + coverage.redzoned),
            count(coverage.guarded_stacks),
            count(coverage.stacks),
            match coverage.method {
                "markers" => "by guard markers",
                "mprotect" => "by mprotect",
                _ => "the others have redzones",
            }
        ));
    }
    lines
}

/// How much leaked, by kind.
#[must_use]
pub fn leak_summary(amounts: &Amounts) -> Vec<String> {
    let mut lines = vec!["LEAK SUMMARY:".to_owned()];
    let rows = LeakKind::ALL
        .iter()
        .map(|kind| (words(*kind), amounts.of(*kind)));
    for (what, amount) in rows.chain([("suppressed", amounts.suppressed)]) {
        lines.push(format!("   {what:>15}: {}", amount.shown()));
    }
    lines
}

/// The last line.
#[must_use]
pub fn error_summary(
    errors: u64,
    contexts: u64,
    suppressed: u64,
    suppressed_contexts: u64,
) -> String {
    format!(
        "ERROR SUMMARY: {errors} errors from {contexts} contexts \
         (suppressed: {suppressed} from {suppressed_contexts})"
    )
}
