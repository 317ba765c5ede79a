//! What a fork needs: nobody may be inside the heap's locks when the process is copied.
//!
//! [`prepare`] before the fork, then [`resume`] in the parent and in the child; the child calls
//! [`begin_child`] besides. A child of a raw `clone`, which asks nobody, calls [`reopen_after_fork`]
//! instead of `resume`: what another thread had half done under a lock stays as it was.

use super::quarantine::QUEUE;
use super::runs::RUNS;
use super::shelves::{SHELVES, large_lock};
use super::tables::PIECE;
use super::{counters, stacks};

/// Waits for all locks and takes them, in the order in which they are taken elsewhere.
pub fn prepare() {
    for shelf in &SHELVES {
        shelf.acquire();
    }
    large_lock().acquire();
    PIECE.acquire();
    RUNS.acquire();
    QUEUE.acquire();
}

/// Opens the locks that [`prepare`] took.
///
/// # Safety
/// Only after [`prepare`] on the same thread, or its copy in the child.
pub unsafe fn resume() {
    // SAFETY: as the caller vouches.
    unsafe {
        QUEUE.open();
        RUNS.open();
        PIECE.open();
        large_lock().open();
        for shelf in &SHELVES {
            shelf.open();
        }
    }
}

/// Opens the locks in a child that was forked without [`prepare`].
///
/// # Safety
/// Only while the process has one thread, outside all locks.
pub unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { resume() };
}

/// Starts counting anew in a forked child, and tries every call stack again. The blocks stay.
pub fn begin_child() {
    stacks::forget();
    counters::forget();
}
