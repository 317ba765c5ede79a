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
use crate::sys::file::{self, Fd};

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

const ENTRIES: usize = 512;
/// Bits of an entry, one a page.
const IS_PRESENT: u64 = 1 << 63;
const IS_MAPPED_ONCE: u64 = 1 << 56;

/// What the kernel says of some pages in a row, read again when others are asked about.
pub(super) struct Unwritten {
    pagemap: Option<Fd>,
    first_page: u64,
    known: usize,
    entries: [u64; ENTRIES],
}

impl Unwritten {
    /// For one walk over the heap.
    pub(super) fn new() -> Unwritten {
        let pagemap = IS_ONLY_COPY
            .load(Ordering::Relaxed)
            .then(|| file::open_read(b"/proc/thread-self/pagemap\0", true).ok())
            .flatten();
        Unwritten {
            pagemap,
            first_page: 0,
            known: 0,
            entries: [0; ENTRIES],
        }
    }

    /// Whether all pages of a range are the parent's still; of an empty range, nothing is wrong with it.
    pub(super) fn covers(&mut self, range: Range<u64>) -> bool {
        if self.pagemap.is_none() {
            return false;
        }
        let mut pages = range.start / PAGE..range.end.div_ceil(PAGE);
        range.is_empty() || pages.all(|page| self.is_shared(page))
    }

    fn is_shared(&mut self, page: u64) -> bool {
        let index = page.wrapping_sub(self.first_page);
        if index >= self.known as u64 {
            self.read(page);
            return self.known > 0 && is_shared(self.entries[0]);
        }
        is_shared(self.entries[index as usize])
    }

    fn read(&mut self, page: u64) {
        let mut bytes = [0u8; ENTRIES * size_of::<u64>()];
        let offset = page * size_of::<u64>() as u64;
        let read = self
            .pagemap
            .and_then(|fd| file::read_at(fd, &mut bytes, offset).ok())
            .unwrap_or(0);
        let (words, _) = bytes[..read].as_chunks();
        self.first_page = page;
        self.known = words.len();
        for (entry, word) in self.entries.iter_mut().zip(words) {
            *entry = u64::from_ne_bytes(*word);
        }
    }
}

fn is_shared(entry: u64) -> bool {
    entry & (IS_PRESENT | IS_MAPPED_ONCE) == IS_PRESENT
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        if let Some(pagemap) = self.pagemap {
            file::close(pagemap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_present_page_that_others_map_too_is_unwritten() {
        assert!(is_shared(IS_PRESENT));
        assert!(!is_shared(IS_PRESENT | IS_MAPPED_ONCE));
        // Not there, or swapped out: who has written it cannot be told.
        assert!(!is_shared(0));
        assert!(!is_shared(1 << 62));
    }
}
