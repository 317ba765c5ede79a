//! How often this process has forked, and how many siblings a child has: what is done for each of few is too much for each of many.

use core::sync::atomic::{AtomicU32, Ordering};

/// A process's first forked children try all their stacks; beyond so many they are taken for much the same.
const CHILDREN_ON_THEIR_OWN: u32 = 16;

static FORKS: AtomicU32 = AtomicU32::new(0);

/// How often this process has forked; in a child, until it begins, its parent.
pub(super) fn forks() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// The process is about to fork.
pub(super) fn note_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Begins to count in a child; gives the number that it is of its parent's children.
pub(super) fn begin_child() -> u32 {
    FORKS.swap(0, Ordering::Relaxed)
}

/// Whether a process that has forked so often has many children.
pub(super) fn are_many(forks: u32) -> bool {
    forks > CHILDREN_ON_THEIR_OWN
}
