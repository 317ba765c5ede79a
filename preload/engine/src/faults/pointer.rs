//! Where a crash's pointer came from.
//!
//! A read of a freed block, or beyond a block's end, that no guard page sees gives the program what LDT has filled these bytes
//! with; a program that takes that for a pointer crashes at once. LDT's patterns differ from word to word, so the
//! pointer tells which word was read.

use ldt_trace::finding::{BlockFacts, ErrorKind};

use super::access::candidates;
use crate::blocks;
use crate::diagnose::{Diagnosis, Touch, diagnose};

/// A field that is accessed by way of a pointer lies no farther behind it than this.
const FIELD_BYTES: u64 = 64 << 10;
/// What is read of a pointer.
const POINTER_BYTES: u64 = size_of::<u64>() as u64;

/// Where a pointer was read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    /// The pointer's bytes.
    pub touch: Touch,
    /// The error that this was.
    pub kind: ErrorKind,
    /// The block.
    pub block: BlockFacts,
}

/// Where the pointer of an access to `address` was read from, if one of LDT's patterns was there. `registers` are the
/// program's.
pub(super) fn source(address: u64, registers: impl Iterator<Item = u64>) -> Option<Source> {
    let leads_there = |pointer: &u64| {
        let distance = address.wrapping_sub(*pointer).cast_signed();
        distance.unsigned_abs() <= FIELD_BYTES
    };
    let touch = core::iter::once(address)
        .chain(registers)
        .filter(leads_there)
        .find_map(blocks::word_of)
        .map(|address| Touch {
            address,
            size: POINTER_BYTES,
        })?;
    let near = candidates(touch.address);
    // Whole in a live block, it was never written: no error of the heap's.
    let Diagnosis { kind, block } = diagnose(touch, near.iter().flatten())?;
    let block = near.iter().flatten().nth(block).copied()?;
    Some(Source { touch, kind, block })
}
