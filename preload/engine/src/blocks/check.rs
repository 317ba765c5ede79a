//! Looking at redzones and at freed blocks, and telling what was done to them.

use core::ops::Range;

use ldt_trace::finding::{DetectedBy, ErrorKind};

use super::meta::{Facts, Meta, State};
use super::report::{Damage, Found};
use super::slot::{Lies, Slot};
use super::span::Kind;
use super::unwritten::Unwritten;
use super::{bytes, settings, walk, watch};
use crate::modes::redzone::{Culprit, Pattern, culprit};

/// Bytes of a damage that are shown.
const SHOWN_BYTES: usize = 64;

/// How far from a fenced block is looked at when it is freed: comparing whole pages took a tenth of a short
/// program's time.
const NEAR_BYTES: u64 = 256;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// What is next to the block in a page of its own; the rest is looked at when it leaves the quarantine.
    Near,
    /// The block's own slot, and the redzone before it.
    Around,
    /// As well whether the freed block is as it was left.
    Inside,
}

/// What a block was when looking at it began. Who has the block to himself sees no change.
struct Seen {
    meta: &'static Meta,
    facts: Facts,
}

impl Seen {
    fn is_so(&self) -> bool {
        self.meta.facts() == self.facts
    }
}

/// The redzone before a block that lies outside its own slot, which is the end of the slot before.
#[inline(always)]
fn shared_redzone(slot: &Slot, lies: &Lies) -> Range<u64> {
    match slot.kind {
        Kind::Small => lies.open.start - settings::redzone_bytes()..lies.open.start,
        _ => lies.open.start..lies.open.start,
    }
}

/// Looks at the memory of a block that is live, or freed and still open; tells `found` what is wrong
/// and puts it right.
#[inline(always)]
pub(super) fn look(slot: &Slot, facts: Facts, lies: &Lies, look: Look, found: &mut dyn Found) {
    let damaged = match slot.kind {
        Kind::Small => is_small_damaged(slot, lies, look),
        _ => true,
    };
    if damaged {
        look_closely(slot, facts, lies, look, found);
    }
}

/// Whether anything is wrong with a small block.
#[inline(always)]
fn is_small_damaged(slot: &Slot, lies: &Lies, look: Look) -> bool {
    let before = shared_redzone(slot, lies);
    // SAFETY: the slot is open and has at least 32 bytes, the block a redzone of at least 16.
    unsafe {
        bytes::are_words_damaged(before.start..lies.start, Pattern::REDZONE)
            || bytes::is_redzone_damaged(lies.end()..lies.open.end)
            || look == Look::Inside
                && bytes::is_block_damaged(lies.start..lies.end(), settings::freed_pattern())
    }
}

#[cold]
#[inline(never)]
fn look_closely(slot: &Slot, facts: Facts, lies: &Lies, look: Look, found: &mut dyn Found) {
    let mut before = shared_redzone(slot, lies).start..lies.start;
    let mut after = lies.end()..lies.open.end;
    if look == Look::Near {
        before.start = before.start.max(lies.start.saturating_sub(NEAR_BYTES));
        after.end = after.end.min(lies.end() + NEAR_BYTES);
    }
    // SAFETY: the slot's open memory, and the end of the slot before it or the span's pad.
    let damaged = unsafe {
        [
            bytes::damage(before, Pattern::REDZONE),
            bytes::damage(after, Pattern::REDZONE),
            match look {
                Look::Near | Look::Around => None,
                Look::Inside => bytes::damage(lies.start..lies.end(), settings::freed_pattern()),
            },
        ]
    };
    if damaged != [None; 3] {
        let seen = Seen {
            meta: slot.meta,
            facts,
        };
        tell(slot, damaged, &seen, found);
    }
}

fn tell(slot: &Slot, damaged: [Option<(u64, u64)>; 3], seen: &Seen, found: &mut dyn Found) {
    let [before, after, inside] = damaged;
    if let Some((first, last)) = inside {
        let kind = ErrorKind::HeapUseAfterFree;
        let pattern = settings::freed_pattern();
        let by = DetectedBy::Quarantine;
        tell_one(slot, kind, by, first..last + 1, pattern, seen, found);
    }
    if let Some((first, last)) = before {
        let left = neighbour(slot, Next::Before);
        tell_gap(left, Some(*slot), first..last + 1, seen, found);
    }
    if let Some((first, last)) = after {
        let right = neighbour(slot, Next::After);
        tell_gap(Some(*slot), right, first..last + 1, seen, found);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Before,
    After,
}

/// The slot beside one, if it has a block and no guard page parts them.
fn neighbour(slot: &Slot, next: Next) -> Option<Slot> {
    if slot.kind != Kind::Small {
        return None;
    }
    let number = match next {
        Next::Before => slot.number.checked_sub(1)?,
        Next::After => slot.number + 1,
    };
    let beside = Slot::of(slot.span, number)?;
    (beside.meta.facts().state() != State::Empty).then_some(beside)
}

/// Damage between two blocks, of which one at least is there.
fn tell_gap(
    left: Option<Slot>,
    right: Option<Slot>,
    damaged: Range<u64>,
    seen: &Seen,
    found: &mut dyn Found,
) {
    let left_end = left.map(|slot| slot.lies(slot.meta.facts()).end());
    let right_start = right.map(|slot| slot.lies(slot.meta.facts()).start);
    let (slot, kind) = match (left.zip(left_end), right.zip(right_start)) {
        (Some((left, end)), Some((right, start)))
            if end <= damaged.start && damaged.end <= start =>
        {
            match culprit(end..start, damaged.start, damaged.end - 1) {
                Culprit::Overflow => (left, ErrorKind::HeapBufferOverflow),
                Culprit::Underflow => (right, ErrorKind::HeapBufferUnderflow),
            }
        }
        (Some((left, end)), _) if end <= damaged.start => (left, ErrorKind::HeapBufferOverflow),
        (_, Some((right, _))) => (right, ErrorKind::HeapBufferUnderflow),
        (Some((left, _)), None) => (left, ErrorKind::HeapBufferOverflow),
        (None, None) => return,
    };
    let by = DetectedBy::Redzone;
    tell_one(&slot, kind, by, damaged, Pattern::REDZONE, seen, found);
}

fn tell_one(
    slot: &Slot,
    kind: ErrorKind,
    by: DetectedBy,
    damaged: Range<u64>,
    pattern: Pattern,
    seen: &Seen,
    found: &mut dyn Found,
) {
    let Some(block) = slot.block().filter(|_| seen.is_so()) else {
        return;
    };
    let length = damaged.end - damaged.start;
    let shown = (length as usize).min(SHOWN_BYTES);
    let mut memory = [0u8; SHOWN_BYTES];
    let mut expected = [0u8; SHOWN_BYTES];
    for (at, byte) in expected[..shown].iter_mut().enumerate() {
        *byte = pattern.byte(damaged.start + at as u64);
    }
    // SAFETY: bytes that were just compared.
    let memory = unsafe { bytes::sample(damaged.start, &mut memory[..shown]) };
    found.damage(&Damage {
        kind,
        by,
        block,
        at: damaged.start,
        length,
        found: memory,
        expected: &expected[..shown],
    });
    if seen.is_so() {
        // SAFETY: as above.
        unsafe { bytes::restore(damaged, pattern) };
    }
}

/// Looks at every redzone and at everything in the quarantine. Other threads may go on meanwhile: a
/// block that changes hands while it is looked at is left alone. A forked child passes over what it has never
/// written.
pub fn check_all(found: &mut dyn Found) {
    watch::leave_all();
    let mut unwritten = Unwritten::new();
    walk::each_descriptor(&mut |span| {
        if span.kind() == Kind::Small && unwritten.covers(span.range()) {
            return;
        }
        for number in 0..span.fresh() {
            let Some(slot) = Slot::of(span, number) else {
                break;
            };
            let facts = slot.meta.facts();
            let what = match facts.state() {
                State::Live => Look::Around,
                // What was guarded is closed, and has no content.
                State::Freed if matches!(slot.kind, Kind::Small | Kind::Fenced) => Look::Inside,
                _ => continue,
            };
            if slot.is_altered() {
                continue;
            }
            let lies = slot.lies(facts);
            if !is_unwritten(&slot, &lies, what, &mut unwritten) {
                look(&slot, facts, &lies, what, found);
            }
        }
    });
}

/// Whether nothing of what would be looked at was written since the fork that made this process.
fn is_unwritten(slot: &Slot, lies: &Lies, what: Look, unwritten: &mut Unwritten) -> bool {
    let start = shared_redzone(slot, lies).start;
    match what {
        Look::Inside => unwritten.covers(start..lies.open.end),
        Look::Near | Look::Around => {
            unwritten.covers(start..lies.start) && unwritten.covers(lies.end()..lies.open.end)
        }
    }
}
