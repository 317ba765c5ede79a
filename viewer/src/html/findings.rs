//! What was found wrong in a checked run: the errors and leaks of the JSON report, field by field, with
//! stacks as places.

use super::stacks::{PlaceNumber, WordNumber};

/// What an access did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// It read.
    Read,
    /// It wrote.
    Write,
}

/// An error of the program's.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Its kind, for example `heap-buffer-overflow`.
    pub kind: String,
    /// What the access did, if it was one.
    pub access: Option<Access>,
    /// Bytes that it touched, if known.
    pub size: Option<u64>,
    /// The first byte of it, or the argument of the call, as hexadecimal digits after `0x`.
    pub address: String,
    /// Bytes from the beginning of the block to the address.
    pub offset: Option<i64>,
    /// How it came to light: guard, redzone, quarantine, libc-call, free, signal.
    pub detected_by: String,
    /// The block's address and size.
    pub block: Option<(String, u64)>,
    /// The thread that did it.
    pub thread: String,
    /// Where it happened.
    pub stack: FoundStack,
    /// Where the block was allocated.
    pub allocated: Option<FoundStack>,
    /// Where it was freed.
    pub freed: Option<FoundStack>,
    /// How often.
    pub count: u64,
    /// Further words.
    pub notes: Vec<String>,
}

/// A call stack of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FoundStack {
    /// The thread, if it is another one than the finding's.
    pub thread: Option<String>,
    /// The function that was called, if it was one of the library's: frame 0.
    pub called: Option<WordNumber>,
    /// Innermost first.
    pub frames: Vec<PlaceNumber>,
}

/// The leaks of a checked run.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Leaks {
    /// Nothing points to these.
    pub definite: LeakTotal,
    /// Only lost blocks point to these.
    pub indirect: LeakTotal,
    /// Only pointers into their insides lead to these.
    pub possible: LeakTotal,
    /// The program could still have freed these.
    pub reachable: LeakTotal,
    /// These are not reported on request.
    pub suppressed: LeakTotal,
    /// By kind and call stack.
    pub records: Vec<LeakRecord>,
}

/// A sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LeakTotal {
    /// Bytes.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
}

/// The blocks of one kind that were allocated from one stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct LeakRecord {
    /// definite, indirect, possible or reachable.
    pub kind: String,
    /// Bytes.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
    /// Bytes of blocks that hang off these.
    pub indirect_bytes: u64,
    /// Where they were allocated.
    pub stack: FoundStack,
}
