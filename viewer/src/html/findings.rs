//! What was found wrong: the errors and leaks of a checked run, and what any run wastes, in the words of whoever
//! found them, with stacks as places.

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

/// Where memory is wasted.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Waste {
    /// The sums.
    pub totals: Vec<WasteTotal>,
    /// By call stack, those first that save most when they are mended.
    pub records: Vec<WasteRecord>,
}

/// What is wasted in one way.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct WasteTotal {
    /// The way.
    pub name: String,
    /// Bytes.
    pub bytes: u64,
    /// What the figure is, in a few words.
    pub says: String,
}

/// What one call stack wastes in one way.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct WasteRecord {
    /// The way.
    pub kind: String,
    /// What mending it would save.
    pub saves_bytes: u64,
    /// What is wasted and how to mend it.
    pub sentence: String,
    /// Where the blocks were allocated.
    pub stack: FoundStack,
}
