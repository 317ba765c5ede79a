//! The errors that this process has reported, by place.

use std::collections::BTreeMap;

use ldt_trace::NodeId;
use ldt_trace::finding::{Access, DetectedBy, ErrorKind, Repeat};

use crate::sys::lock::Lock;

/// Errors that agree in this are the same error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) kind: ErrorKind,
    pub(super) access: Access,
    pub(super) detected_by: DetectedBy,
    pub(super) stack: NodeId,
    pub(super) allocated: NodeId,
}

struct Known {
    /// Each place with its number and how often it was seen.
    places: BTreeMap<Place, (u32, u64)>,
}

static KNOWN: Lock<Known> = Lock::new(Known {
    places: BTreeMap::new(),
});

/// Counts an error; gives its number and how often it has been seen.
pub(super) fn count(place: Place) -> (u32, u64) {
    KNOWN.with(|known| {
        let next = known.places.len() as u32 + 1;
        let seen = known.places.entry(place).or_insert((next, 0));
        seen.1 += 1;
        *seen
    })
}

/// The errors that were seen more than once.
pub(super) fn repeats() -> Vec<Repeat> {
    KNOWN.with(|known| {
        known
            .places
            .values()
            .filter(|(_, count)| *count > 1)
            .map(|&(id, count)| Repeat { id, count })
            .collect()
    })
}

/// How many errors there were, and at how many places.
pub(super) fn totals() -> (u64, u64) {
    KNOWN.with(|known| {
        let errors = known.places.values().map(|(_, count)| count).sum();
        (errors, known.places.len() as u64)
    })
}

/// # Safety
/// Only while the process has one thread.
pub(super) unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { KNOWN.reopen_after_fork() };
    KNOWN.with(|known| known.places.clear());
}
