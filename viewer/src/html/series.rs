//! What happened when: the heap over time, and what each call stack, thread and size class had done by the end
//! of each span of time.
//!
//! A mark stands for the end of a span and holds everything since the start; where there is none, nothing
//! has changed. So the figures of any stretch are a difference of two marks, and what rests takes no room.

use super::stacks::{StackNumber, WordNumber};

/// The heap in a short stretch of time, until the next one's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// When it begins.
    pub at_ns: u64,
    /// Fewest bytes that were live.
    pub low_bytes: u64,
    /// Most bytes that were live.
    pub high_bytes: u64,
    /// Largest resident set measured; 0 when none was.
    pub resident_bytes: u64,
    /// Allocations made in it.
    pub allocations: u64,
}

/// What one call stack did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// From where.
    pub stack: StackNumber,
    /// The function called there, a word of the call stacks.
    pub called: WordNumber,
    /// Bytes that it held when the heap was largest.
    pub peak_bytes: u64,
    /// Blocks that it held then.
    pub peak_blocks: u64,
    /// What those held beyond what was asked for.
    pub peak_slack_bytes: u64,
    /// The largest alignment that it asked for, 0 for none.
    pub alignment: u64,
    /// Bytes between its aligned blocks, of all that it ever allocated.
    pub padding_bytes: u64,
    /// Free bytes of the pages that its blocks shared at [`Waste::shares_at_ns`](super::Waste).
    pub shared_free_bytes: u64,
    /// In the order of their spans.
    pub marks: Vec<SiteMark>,
}

/// What a call stack had done by the end of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiteMark {
    /// The span.
    pub span: u32,
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Those freed before their thread's next one.
    pub temporary: u64,
    /// Bytes held then.
    pub live_bytes: u64,
    /// Blocks held then.
    pub live_blocks: u64,
    /// What these take beyond what was asked for.
    pub live_slack_bytes: u64,
}

/// Allocations of sizes from the first to the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SizeClass {
    /// Smallest size.
    pub first: u64,
    /// Largest size.
    pub last: u64,
    /// In the order of their spans.
    pub marks: Vec<SizeMark>,
}

/// How often a size had been asked for by the end of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeMark {
    /// The span.
    pub span: u32,
    /// Allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
}

/// What one thread did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// How it is named, for example `T1 (worker)`.
    pub name: String,
    /// Bytes of its blocks that were never freed.
    pub left_bytes: u64,
    /// How many those are.
    pub left_blocks: u64,
    /// In the order of their spans.
    pub marks: Vec<ThreadMark>,
}

/// What a thread had done by the end of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadMark {
    /// The span.
    pub span: u32,
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Blocks that it freed.
    pub frees: u64,
    /// Its allocations that it freed before its next one.
    pub temporary: u64,
}
