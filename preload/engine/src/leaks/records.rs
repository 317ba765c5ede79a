//! What is reported: the blocks of one kind that one call stack allocated through one function, as one
//! record, the largest first.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::{BTreeMap, HashMap};

use ldt_trace::finding::{LeakKind, Use};

use super::cliques::Following;
use crate::stacks::recursion::{LEVELS, frames_of};

/// Blocks of one kind from one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The kind.
    pub kind: LeakKind,
    /// Who allocated them; the thread is that of the first.
    pub allocated: Use,
    /// How many.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// What hangs off them.
    pub following: Following,
    /// Where the first one is.
    pub example: u64,
    /// How many of them an earlier check has met.
    pub survivors: u64,
}

impl Record {
    /// Counts the blocks of another place here.
    fn take_in(&mut self, other: &Record) {
        self.blocks += other.blocks;
        self.bytes += other.bytes;
        self.following.blocks += other.following.blocks;
        self.following.bytes += other.following.bytes;
        self.survivors += other.survivors;
    }
}

/// A block that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Who allocated it.
    pub allocated: Use,
    /// Its first byte.
    pub address: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// What hangs off it.
    pub following: Following,
    /// An earlier check has met it.
    pub survives: bool,
}

/// Records as they come about.
#[derive(Debug, Default)]
pub struct Records {
    found: Vec<Record>,
    places: HashMap<u64, u32, BuildHasherDefault<Mixing>>,
    last: (u64, usize),
}

impl Records {
    /// Counts a block.
    pub fn add(&mut self, kind: LeakKind, block: &Counted) {
        let allocated = block.allocated;
        let key = u64::from(allocated.stack.0) << 16
            | u64::from(allocated.function as u8) << 8
            | u64::from(kind as u8);
        if self.last.0 != key {
            let next = self.found.len() as u32;
            let place = *self.places.entry(key).or_insert(next);
            if place == next {
                self.found.push(Record {
                    kind,
                    allocated,
                    blocks: 0,
                    bytes: 0,
                    following: Following::default(),
                    example: block.address,
                    survivors: 0,
                });
            }
            self.last = (key, place as usize);
        }
        let record = &mut self.found[self.last.1];
        record.blocks += 1;
        record.bytes += block.bytes;
        record.following.blocks += block.following.blocks;
        record.following.bytes += block.following.bytes;
        record.survivors += u64::from(block.survives);
    }

    /// All of them: definite ones first, then possible, indirect, reachable; of each kind those with the
    /// most bytes (what hangs off them included) first.
    #[must_use]
    pub fn sorted(self) -> Vec<Record> {
        let mut found = with_levels_merged(self.found);
        found.sort_by_key(|record| {
            (
                record.kind,
                core::cmp::Reverse(record.bytes + record.following.bytes),
                record.allocated.stack.0,
                record.allocated.function as u8,
            )
        });
        found
    }
}

/// Of the records of a recursion that loses a block at each of its levels, those of the levels beyond the first few are
/// counted with the last of these. Of kinds that are hardly ever listed (a compiler leaves a hundred thousand records of what is
/// reachable) all stay.
fn with_levels_merged(mut found: Vec<Record>) -> Vec<Record> {
    let is_listed =
        |record: &Record| matches!(record.kind, LeakKind::Definite | LeakKind::Possible);
    let mut listed: Vec<usize> = (0..found.len())
        .filter(|&place| is_listed(&found[place]))
        .collect();
    if listed.len() <= LEVELS as usize {
        return found;
    }
    // A stack has a higher number than those that it goes on from.
    listed.sort_unstable_by_key(|&place| found[place].allocated.stack.0);
    let mut alike = BTreeMap::new();
    for place in listed {
        let record = found[place];
        let key = (
            record.kind,
            record.allocated.function as u8,
            frames_of(record.allocated.stack),
        );
        let (levels, last) = alike.entry(key).or_insert((0, place));
        if *levels < LEVELS {
            *levels += 1;
            *last = place;
        } else {
            found[*last].take_in(&record);
            found[place].blocks = 0;
        }
    }
    found.retain(|record| record.blocks != 0);
    found
}

/// Hashes one number. The standard hasher asks the kernel for a seed; nobody attacks these keys.
#[derive(Debug, Default)]
struct Mixing(u64);

impl Hasher for Mixing {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}
