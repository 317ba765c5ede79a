//! The threads that a fork leaves behind: a child has the memory of all threads, but only the one that forked.
//!
//! What the others held, in their registers above all, nobody holds in the child, and nobody could free it there. That is
//! no mistake of the program's, and where it is one, the parent's own check says so. So what they allocated counts as
//! reachable in the child, and their stacks as in use. (valgrind calls such blocks definitely lost.)

use core::sync::atomic::{AtomicU32, Ordering};

use ldt_trace::finding::Use;

/// One more than the highest number of a thread that was left behind; 0 where none was. Theirs are all below, but for
/// [`OWN`].
static NUMBERS_END: AtomicU32 = AtomicU32::new(0);
/// The number of the thread that forked, which keeps it in the child: were it 0 there as the first thread's is everywhere
/// else, its blocks could not be told from those of the parent's first one.
static OWN: AtomicU32 = AtomicU32::new(0);

/// In a forked child: other threads of the parent, which had given out numbers below `numbers_end`, lived. What a fork of
/// the parent's own had left behind stays so. `own` is the number of the thread that forked, if it had one.
pub fn note(numbers_end: u32, own: Option<u32>) {
    let own = own.unwrap_or(numbers_end);
    NUMBERS_END.store(numbers_end.max(own + 1), Ordering::Relaxed);
    OWN.store(own, Ordering::Relaxed);
}

/// The number after the highest that is taken by a thread that was left behind, or by the one that forked.
#[must_use]
pub fn numbers_end() -> u32 {
    NUMBERS_END.load(Ordering::Relaxed)
}

/// The number of this process's first thread.
#[must_use]
pub fn first_number() -> u32 {
    OWN.load(Ordering::Relaxed)
}

/// Whether threads were left behind.
pub(super) fn are_any() -> bool {
    numbers_end() > 0
}

/// Whether one of them allocated a block.
pub(super) fn allocated(allocated: &Use) -> bool {
    allocated.thread < numbers_end() && allocated.thread != first_number()
}
