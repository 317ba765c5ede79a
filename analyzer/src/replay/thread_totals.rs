//! What is counted of a thread.

use super::sites::Balance;

/// What one thread did.
#[derive(Clone, Debug, Default)]
pub struct ThreadTotals {
    /// Which it is of the process's threads: 0 is the first.
    pub number: u32,
    /// The kernel's id.
    pub tid: u32,
    /// The last name it had.
    pub name: Option<String>,
    /// Successful allocations.
    pub allocations: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Blocks it freed, whoever allocated them.
    pub frees: u64,
    /// Its allocations that it freed before its next one.
    pub temporary: u64,
    /// Its blocks that are live at the end.
    pub live: Balance,
    /// Its allocations and frees at its last mark, see [`super::history`].
    pub(super) marked: u64,
    /// Where its last allocation was, counted or not.
    pub(super) last_address: u64,
    pub(super) is_left_out: bool,
    /// Whether what it does now counts.
    pub(super) is_counted: bool,
}
