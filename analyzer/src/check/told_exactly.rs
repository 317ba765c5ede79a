//! One mistake that two runs tell of: in one the block lay against a guard page and the instruction is known, in the
//! other (`--thorough` guards the other side) the same write was found later, by the redzone or the fill that it damaged.
//! The exact report says all that the late one says, and is the one that stays.

use super::judge::Judged;
use crate::findings::ErrorReport;
use ldt_trace::StackName;
use ldt_trace::finding::{Access, DetectedBy, ErrorKind};

/// A write to where it must not be, in terms that hold in every run: the call stack that its block came from, and the
/// bytes, counted from the block's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bytes {
    kind: ErrorKind,
    block_from: StackName,
    first: i64,
    /// One past the last.
    end: i64,
}

impl Bytes {
    fn of(error: &ErrorReport) -> Option<Self> {
        let facts = &error.facts;
        let start = facts.block?.address;
        let first = facts.address.wrapping_sub(start).cast_signed();
        Some(Bytes {
            kind: facts.kind,
            block_from: error.allocation_name?,
            first,
            end: first.saturating_add_unsigned(facts.size.max(1)),
        })
    }

    fn overlaps(&self, other: &Bytes) -> bool {
        self.kind == other.kind
            && self.block_from == other.block_from
            && self.first < other.end
            && other.first < self.end
    }
}

/// Whether an error was found after the fact.
pub(super) fn is_late(error: &ErrorReport) -> bool {
    let by = error.facts.detected_by;
    matches!(
        by,
        DetectedBy::Redzone | DetectedBy::Quarantine | DetectedBy::Crash
    )
}

/// The writes of which the instruction is known.
#[derive(Clone, Debug, Default)]
pub(super) struct ExactWrites(Vec<Bytes>);

impl ExactWrites {
    /// Those of these processes.
    pub(super) fn of<'a>(processes: impl IntoIterator<Item = &'a Judged>) -> Self {
        let judged = processes.into_iter().filter(|judged| !judged.is_skipped);
        // One that is excused excuses nothing else.
        let errors = judged.flat_map(Judged::counting_errors);
        let exact = errors.filter(|error| {
            let by = error.facts.detected_by;
            error.facts.access == Access::Write
                && matches!(by, DetectedBy::Guard | DetectedBy::LibcCall)
        });
        ExactWrites(exact.filter_map(Bytes::of).collect())
    }

    /// Whether an error is the late trace of one of them.
    pub(super) fn tell(&self, error: &ErrorReport) -> bool {
        let late = is_late(error).then(|| Bytes::of(error)).flatten();
        late.is_some_and(|late| self.0.iter().any(|exact| exact.overlaps(&late)))
    }
}
