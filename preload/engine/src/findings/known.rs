//! The errors that this process has reported, by place.

use std::collections::BTreeMap;

use ldt_trace::NodeId;
use ldt_trace::finding::{Access, DetectedBy, ErrorKind, Repeat};

use crate::stacks::recursion::{LEVELS, frames_of};
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
    /// How many places there are of each, and the last one.
    alike: BTreeMap<Alike, (u32, Place)>,
}

static KNOWN: Lock<Known> = Lock::new(Known {
    places: BTreeMap::new(),
    alike: BTreeMap::new(),
});

/// Places that agree in this differ only in how deep a recursion is: their stacks are of the same frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Alike {
    kind: ErrorKind,
    access: Access,
    detected_by: DetectedBy,
    frames: u64,
    allocated_by: u64,
}

impl Alike {
    fn of(place: &Place) -> Self {
        Alike {
            kind: place.kind,
            access: place.access,
            detected_by: place.detected_by,
            frames: frames_of(place.stack),
            allocated_by: frames_of(place.allocated),
        }
    }
}

/// Counts an error; gives its number and how often it has been seen. Of the levels of a recursion, those beyond the
/// first few are counted with the last of these.
pub(super) fn count(place: Place) -> (u32, u64) {
    if let Some(seen) = KNOWN.with(|known| known.seen(&place)) {
        return seen;
    }
    let alike = Alike::of(&place);
    KNOWN.with(|known| {
        let &mut (ref mut levels, ref mut last) = known.alike.entry(alike).or_insert((0, place));
        if *levels < LEVELS {
            *levels += 1;
            *last = place;
        }
        let place = *last;
        let next = known.places.len() as u32 + 1;
        known.places.entry(place).or_insert((next, 0));
        known.seen(&place).unwrap_or_default()
    })
}

impl Known {
    fn seen(&mut self, place: &Place) -> Option<(u32, u64)> {
        let seen = self.places.get_mut(place)?;
        seen.1 += 1;
        Some(*seen)
    }
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
    KNOWN.with(|known| {
        known.places.clear();
        known.alike.clear();
    });
}
