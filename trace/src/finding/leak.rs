//! A leak check and what it found. The check comes first; its records follow, as many as it says.

use super::bytes::{Put, Take};
use super::error::Use;
use super::kind::LeakKind;
use crate::{Function, NodeId};

/// One leak check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakCheck<'a> {
    /// The number of this check in this process, from 1. The last one of a process is what its
    /// exit code is judged by.
    pub id: u32,
    /// CLOCK_MONOTONIC when the threads had been stopped, in nanoseconds.
    pub monotonic_ns: u64,
    /// How long the program stood still, in nanoseconds.
    pub pause_ns: u64,
    /// How many records follow.
    pub records: u32,
    /// Blocks that were live.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Threads that did not answer: their whole stacks counted as roots.
    pub unresponsive_threads: u32,
    /// Why it was made: empty at the end of the process, else a name (`ldt_leak_check`, `signal`, a mark).
    pub reason: &'a [u8],
}

impl<'a> LeakCheck<'a> {
    /// Writes the record; gives the bytes written, or `None` when `out` is too short.
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        let mut put = Put::new(out);
        put.short(self.id);
        put.long(self.monotonic_ns);
        put.long(self.pause_ns);
        put.short(self.records);
        put.long(self.blocks);
        put.long(self.bytes);
        put.short(self.unresponsive_threads);
        put.counted(self.reason);
        put.end()
    }

    /// Reads a record; `None` when the bytes are none.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut take = Take::new(bytes);
        Some(LeakCheck {
            id: take.short()?,
            monotonic_ns: take.long()?,
            pause_ns: take.long()?,
            records: take.short()?,
            blocks: take.long()?,
            bytes: take.long()?,
            unresponsive_threads: take.short()?,
            reason: take.counted()?,
        })
    }
}

/// The blocks of one kind that were allocated from one stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakRecord {
    /// The [`LeakCheck`] that this belongs to.
    pub check: u32,
    /// The kind.
    pub kind: LeakKind,
    /// Who allocated them; the thread is that of the first.
    pub allocated: Use,
    /// How many blocks.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// For definite and possible records: blocks that hang off these and are lost with them.
    pub indirect_blocks: u64,
    /// Bytes in those.
    pub indirect_bytes: u64,
    /// The address of one of the blocks.
    pub example: u64,
    /// Blocks that an earlier check of this process has met: they have survived since.
    pub survivors: u64,
}

impl LeakRecord {
    /// Bytes of a record.
    pub const BYTES: usize = 4 + 1 + 1 + 4 + 4 + 8 * 6;

    /// The record.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let mut put = Put::new(&mut bytes);
        put.short(self.check);
        put.byte(self.kind as u8);
        put.byte(self.allocated.function as u8);
        put.short(self.allocated.thread);
        put.short(self.allocated.stack.0);
        put.long(self.blocks);
        put.long(self.bytes);
        put.long(self.indirect_blocks);
        put.long(self.indirect_bytes);
        put.long(self.example);
        put.long(self.survivors);
        bytes
    }

    /// Bytes of a record of before survivors were counted.
    const BYTES_BEFORE_SURVIVORS: usize = Self::BYTES - 8;

    /// Reads a record; `None` when the bytes are none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut take = Take::new(bytes);
        let check = take.short()?;
        let kind = LeakKind::from_code(take.byte()?)?;
        let function = Function::from_code(take.byte()?)?;
        let thread = take.short()?;
        let stack = NodeId(take.short()?);
        Some(LeakRecord {
            check,
            kind,
            allocated: Use {
                thread,
                function,
                stack,
            },
            blocks: take.long()?,
            bytes: take.long()?,
            indirect_blocks: take.long()?,
            indirect_bytes: take.long()?,
            example: take.long()?,
            survivors: match bytes.len() {
                Self::BYTES_BEFORE_SURVIVORS => 0,
                _ => take.long()?,
            },
        })
    }
}
