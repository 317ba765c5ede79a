//! What a caller asks of the heap.

use ldt_trace::finding::Use;

/// Whether a block must read as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeroed {
    /// As `calloc` gives it.
    Yes,
    /// As `malloc` gives it.
    No,
}

/// One request for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Bytes asked for; the usable size is just that.
    pub size: u64,
    /// A power of two; 1 for functions that take none (blocks then lie at multiples of 16).
    pub alignment: u64,
    /// Whether it must read as zero.
    pub zeroed: Zeroed,
    /// Who asks.
    pub allocated: Use,
}

/// One call that gives a block back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// Who frees.
    pub freed: Use,
    /// The size that a sized free or delete was given.
    pub size: Option<u64>,
    /// The alignment that an aligned free or delete was given.
    pub alignment: Option<u64>,
}

/// What came of a request to resize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resized {
    /// The contents are here now, the old block is freed.
    Moved(*mut u8),
    /// No memory: the old block is as it was.
    Failed,
    /// There is no live block at the address, which has been reported; nothing was done.
    NotABlock,
}
