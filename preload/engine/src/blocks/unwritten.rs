//! What a forked child need not look at: pages of the heap that it still shares with its parent have not been
//! written since the fork, and what was wrong in them before is the parent's to tell.
//!
//! A shell forks for every substitution, and each child would compare all that its parent has in the quarantine: an
//! eighth of such a program's time, growing with its age. The kernel says of each page whether it is mapped once
//! (`/proc/self/pagemap`): one that was written is. Where it does not say, all is looked at, and in a child of a raw
//! `clone`, or one that has children itself.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::modes::guard::PAGE;
use crate::sys::pagemap::{Page, Pagemap};

/// Set in a forked child that has not forked itself: with a child of its own it may share what it has written.
static IS_ONLY_COPY: AtomicBool = AtomicBool::new(false);

/// This process is a forked child, and has done nothing yet.
pub(super) fn begin_child() {
    IS_ONLY_COPY.store(true, Ordering::Relaxed);
}

/// It is about to have children of its own.
pub(super) fn forking() {
    IS_ONLY_COPY.store(false, Ordering::Relaxed);
}

/// What the kernel says of the heap's pages.
pub(super) struct Unwritten {
    pagemap: Option<Pagemap>,
}

impl Unwritten {
    /// For one walk over the heap.
    pub(super) fn new() -> Unwritten {
        Unwritten {
            pagemap: IS_ONLY_COPY
                .load(Ordering::Relaxed)
                .then(Pagemap::open)
                .flatten(),
        }
    }

    /// Whether all pages of a range are the parent's still; of an empty range, nothing is wrong with it.
    pub(super) fn covers(&mut self, range: Range<u64>) -> bool {
        let Some(pagemap) = &mut self.pagemap else {
            return false;
        };
        let mut pages = range.start / PAGE..range.end.div_ceil(PAGE);
        range.is_empty()
            || pages.all(|page| pagemap.page_of(page * PAGE).is_some_and(Page::is_shared))
    }
}
