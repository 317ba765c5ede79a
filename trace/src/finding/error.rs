//! An error of the program's.

use super::bytes::{Put, Take};
use super::kind::{Access, BlockState, DetectedBy, ErrorKind};
use crate::{Function, NodeId};

/// A call of the program's: which thread made it, through which function, from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// LDT's number of the thread.
    pub thread: u32,
    /// The allocation function that was called.
    pub function: Function,
    /// The stack of its caller.
    pub stack: NodeId,
}

/// The block that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockFacts {
    /// First byte.
    pub address: u64,
    /// Bytes asked for.
    pub size: u64,
    /// Alignment asked for, 1 for functions that take none.
    pub alignment: u64,
    /// Whether it was in use.
    pub state: BlockState,
    /// Who allocated it.
    pub allocated: Use,
    /// Who freed it, if somebody has.
    pub freed: Option<Use>,
}

/// An error, once for each place: how often it came again is told by [`Repeat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The number of this error in this process, from 1.
    pub id: u32,
    /// What went wrong.
    pub kind: ErrorKind,
    /// How it came to light.
    pub detected_by: DetectedBy,
    /// What the access did.
    pub access: Access,
    /// Bytes that the access touched; 0 when not known.
    pub size: u64,
    /// The first byte of the access, or the argument of the call.
    pub address: u64,
    /// The thread that did it, or that found it.
    pub thread: u32,
    /// Where: the stack of the access or of the call, node 0 when not known.
    pub stack: NodeId,
    /// The function called, as symbols name it (`memcpy`, `_ZdlPv`), or empty: frame 0 of the stack.
    pub called: &'a [u8],
    /// The block, if one is known.
    pub block: Option<BlockFacts>,
    /// Address of the first byte of `memory`.
    pub memory_at: u64,
    /// What memory around the address, or the damaged bytes, held.
    pub memory: &'a [u8],
    /// For damage found later: what `memory` should have held; else empty.
    pub expected: &'a [u8],
    /// Further words for the report (UTF-8), lines parted by `\n`.
    pub note: &'a [u8],
}

impl<'a> Finding<'a> {
    /// Writes the record; gives the bytes written, or `None` when `out` is too short.
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        let mut put = Put::new(out);
        put.short(self.id);
        put.byte(self.kind as u8);
        put.byte(self.detected_by as u8);
        put.byte(self.access as u8);
        put.byte(self.block.map_or(0, |block| block.state as u8));
        put.long(self.size);
        put.long(self.address);
        put.short(self.thread);
        put.short(self.stack.0);
        if let Some(block) = &self.block {
            put.long(block.address);
            put.long(block.size);
            put.long(block.alignment);
            put_use(&mut put, Some(&block.allocated));
            put_use(&mut put, block.freed.as_ref());
        }
        put.counted(self.called);
        put.long(self.memory_at);
        put.counted(self.memory);
        put.counted(self.expected);
        put.counted(self.note);
        put.end()
    }

    /// Reads a record; `None` when the bytes are no finding.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut take = Take::new(bytes);
        let id = take.short()?;
        let kind = ErrorKind::from_code(take.byte()?)?;
        let detected_by = DetectedBy::from_code(take.byte()?)?;
        let access = Access::from_code(take.byte()?)?;
        let state = take.byte()?;
        let size = take.long()?;
        let address = take.long()?;
        let thread = take.short()?;
        let stack = NodeId(take.short()?);
        let block = if state == 0 {
            None
        } else {
            Some(BlockFacts {
                state: BlockState::from_code(state)?,
                address: take.long()?,
                size: take.long()?,
                alignment: take.long()?,
                allocated: take_use(&mut take)??,
                freed: take_use(&mut take)?,
            })
        };
        Some(Finding {
            id,
            kind,
            detected_by,
            access,
            size,
            address,
            thread,
            stack,
            block,
            called: take.counted()?,
            memory_at: take.long()?,
            memory: take.counted()?,
            expected: take.counted()?,
            note: take.counted()?,
        })
    }
}

fn put_use(put: &mut Put<'_>, used: Option<&Use>) {
    put.byte(used.map_or(0, |used| used.function as u8));
    put.short(used.map_or(0, |used| used.thread));
    put.short(used.map_or(0, |used| used.stack.0));
}

/// The outer option is the end of the bytes, the inner one a use that there was not.
#[allow(clippy::option_option, reason = "said above")]
fn take_use(take: &mut Take<'_>) -> Option<Option<Use>> {
    let code = take.byte()?;
    let thread = take.short()?;
    let stack = NodeId(take.short()?);
    if code == 0 {
        return Some(None);
    }
    let function = Function::from_code(code)?;
    Some(Some(Use {
        thread,
        function,
        stack,
    }))
}

/// How often an error has been seen by now, in all; the last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The error's number.
    pub id: u32,
    /// How often, the first time included.
    pub count: u64,
}

impl Repeat {
    /// The record.
    #[must_use]
    pub fn encode(&self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&self.id.to_le_bytes());
        bytes[4..].copy_from_slice(&self.count.to_le_bytes());
        bytes
    }

    /// Reads a record; `None` when the bytes are none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut take = Take::new(bytes);
        Some(Repeat {
            id: take.short()?,
            count: take.long()?,
        })
    }
}
