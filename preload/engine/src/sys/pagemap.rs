//! What the kernel says of single pages of the process (`/proc/self/pagemap`, see the kernel's
//! `Documentation/admin-guide/mm/pagemap.rst`).

use super::file::{self, Fd};

const PAGE_BYTES: u64 = super::mem::PAGE_BYTES as u64;
const IS_PRESENT: u64 = 1 << 63;
const IS_SWAPPED: u64 = 1 << 62;
const IS_OF_A_FILE: u64 = 1 << 61;
const IS_MAPPED_ONCE: u64 = 1 << 56;

/// What is said of one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page(u64);

impl Page {
    /// Whether it is there and another process maps it, too: it has not been written since a fork.
    #[must_use]
    pub fn is_shared(self) -> bool {
        self.0 & (IS_PRESENT | IS_MAPPED_ONCE) == IS_PRESENT
    }

    /// Whether a page of anonymous memory was never touched, and reads as zero.
    #[must_use]
    pub fn is_untouched(self) -> bool {
        self.0 & (IS_PRESENT | IS_SWAPPED | IS_OF_A_FILE) == 0
    }
}

/// Some pages in a row, `PAGES` of them, read again when others are asked about.
#[derive(Debug)]
pub struct Pagemap<const PAGES: usize> {
    fd: Fd,
    first: u64,
    known: usize,
    pages: [[u8; size_of::<u64>()]; PAGES],
}

impl<const PAGES: usize> Pagemap<PAGES> {
    /// `None` where the kernel does not say.
    #[must_use]
    pub fn open() -> Option<Self> {
        Some(Pagemap {
            fd: file::open_read(b"/proc/thread-self/pagemap\0", true).ok()?,
            first: 0,
            known: 0,
            pages: [[0; _]; PAGES],
        })
    }

    /// The page that an address lies in; `None` where the kernel does not say.
    pub fn page_of(&mut self, address: u64) -> Option<Page> {
        let page = address / PAGE_BYTES;
        if page.wrapping_sub(self.first) >= self.known as u64 {
            let offset = page * size_of::<u64>() as u64;
            let read = file::read_at(self.fd, self.pages.as_flattened_mut(), offset);
            self.first = page;
            self.known = read.unwrap_or(0) / size_of::<u64>();
        }
        let index = (page - self.first) as usize;
        let known = self.pages.get(..self.known)?;
        known
            .get(index)
            .map(|bytes| Page(u64::from_ne_bytes(*bytes)))
    }
}

impl<const PAGES: usize> Drop for Pagemap<PAGES> {
    fn drop(&mut self) {
        file::close(self.fd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::mem;

    #[test]
    fn only_a_present_page_that_others_map_too_is_shared() {
        assert!(Page(IS_PRESENT).is_shared());
        assert!(!Page(IS_PRESENT | IS_MAPPED_ONCE).is_shared());
        // Not there, or swapped out: who has written it cannot be told.
        assert!(!Page(0).is_shared());
        assert!(!Page(IS_SWAPPED).is_shared());
    }

    #[test]
    fn untouched_pages_are_those_that_nobody_has_read_or_written() {
        let bytes = 10 * mem::PAGE_BYTES;
        let memory = mem::allocate(bytes).expect("there is memory");
        for page in [2, 5] {
            // SAFETY: inside the mapping.
            unsafe { memory.add(page * mem::PAGE_BYTES).write(1) };
        }
        let mut pagemap = Pagemap::<4>::open().expect("the kernel tells of one's own pages");
        for page in 0..10 {
            let told = pagemap.page_of(memory as u64 + page * PAGE_BYTES + 7);
            let told = told.expect("the kernel tells of one's own pages");
            assert_eq!(told.is_untouched(), ![2, 5].contains(&page), "{page}");
        }
        assert!(!Page(IS_SWAPPED).is_untouched() && !Page(IS_OF_A_FILE).is_untouched());
        // SAFETY: mapped above, and nobody's.
        unsafe { mem::release(memory, bytes) };
    }
}
