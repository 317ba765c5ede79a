//! What is known of a live block.

/// A live block. What is not here (its function, its stack) is known by its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Bytes asked for.
    pub size: u64,
    /// Who allocated it, see [`super::sites::Sites`].
    pub site: u32,
    /// The thread that allocated it.
    pub thread: u32,
}
