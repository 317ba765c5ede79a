//! What was found wrong: the errors and leaks of a checked run, in the words of whoever found them, with stacks as
//! places; and what any run wastes.

use super::stacks::PlaceNumber;

/// An error of the program's.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Its kind, for example `heap-buffer-overflow`.
    pub kind: String,
    /// What happened, in a line.
    pub headline: String,
    /// How it came to light: guard, redzone, quarantine, libc-call, free, signal.
    pub detected_by: String,
    /// When it was seen first.
    pub at_ns: u64,
    /// How often it was seen.
    pub count: u64,
    /// Further words.
    pub notes: Vec<String>,
    /// Where it happened; then where the block was allocated and freed, as far as there is one.
    pub stacks: Vec<FoundStack>,
}

/// A call stack of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FoundStack {
    /// Which it is, for example `freed by thread T1 (worker)`.
    pub title: String,
    /// Innermost first.
    pub frames: Vec<PlaceNumber>,
}

/// The leaks of a checked run, as its last leak check found them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Leaks {
    /// When it looked.
    pub at_ns: u64,
    /// Nothing points to these.
    pub definite: LeakTotal,
    /// Only lost blocks point to these.
    pub indirect: LeakTotal,
    /// Only pointers into their insides lead to these.
    pub possible: LeakTotal,
    /// The program could still have freed these.
    pub reachable: LeakTotal,
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

/// What is needed to say where memory is wasted in any span; what call stacks waste stands with them
/// ([`Site`](super::Site)).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Waste {
    /// Whose rules hold for the blocks, for example `glibc`.
    pub allocator: String,
    /// Whether these say what blocks take beyond what was asked for.
    pub knows_slack: bool,
    /// What was held for nothing now and then, in the order of time.
    pub moments: Vec<WasteMoment>,
    /// When it was found out which call stacks keep pages that are mostly free.
    pub shares_at_ns: u64,
}

/// The allocator at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct WasteMoment {
    /// When.
    pub at_ns: u64,
    /// What it held though no block lived there.
    pub free_bytes: u64,
}
