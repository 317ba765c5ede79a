//! What the kernel says of single pages of the process (`/proc/self/pagemap`, see the kernel's
//! `Documentation/admin-guide/mm/pagemap.rst`).

use core::ops::Range;

use super::file::{self, Fd};

const PAGE_BYTES: u64 = super::mem::PAGE_BYTES as u64;
const IS_PRESENT: u64 = 1 << 63;
const IS_SWAPPED: u64 = 1 << 62;
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

    /// Whether it is there, or swapped out. A page of anonymous memory that is neither was never touched and reads as zero.
    #[must_use]
    pub fn is_touched(self) -> bool {
        self.0 & (IS_PRESENT | IS_SWAPPED) != 0
    }
}

/// Pages that are read about at a time. They take 8 bytes each of the stack, which may be a small thread's of the program.
const PAGES: usize = 64;

/// Some pages in a row, read again when others are asked about.
#[derive(Debug)]
pub struct Pagemap {
    fd: Fd,
    first: u64,
    known: usize,
    pages: [[u8; size_of::<u64>()]; PAGES],
}

impl Pagemap {
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

/// Calls `visit` with the parts of a range that were ever touched; all of it, where the kernel does not tell.
pub fn each_touched(range: Range<u64>, visit: &mut dyn FnMut(Range<u64>)) {
    let Some(mut pagemap) = Pagemap::open() else {
        return visit(range);
    };
    let mut run: Option<Range<u64>> = None;
    let mut at = range.start;
    while at < range.end {
        let next = ((at / PAGE_BYTES + 1) * PAGE_BYTES).min(range.end);
        // A page that the kernel does not tell of may be there.
        let is_touched = pagemap.page_of(at).is_none_or(Page::is_touched);
        match &mut run {
            Some(run) if is_touched => run.end = next,
            Some(_) => run.take().into_iter().for_each(&mut *visit),
            None if is_touched => run = Some(at..next),
            None => {}
        }
        at = next;
    }
    run.into_iter().for_each(visit);
}

impl Drop for Pagemap {
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

    /// Regions of gigabytes are asked for and hardly used.
    #[test]
    fn pages_never_touched_are_passed_over() {
        let bytes = 1 << 30;
        let memory = mem::allocate(bytes).expect("there is room");
        let start = memory as u64;
        for page in [3, 4, 100_000] {
            // SAFETY: inside the mapping.
            unsafe { memory.add(page * mem::PAGE_BYTES).write(1) };
        }
        let mut found = Vec::new();
        let asked = start + 7..start + bytes as u64 - 9;
        each_touched(asked.clone(), &mut |range| found.push(range));
        let page = |number: u64| start + number * PAGE_BYTES..start + (number + 1) * PAGE_BYTES;
        assert_eq!(found, [page(3).start..page(4).end, page(100_000)]);
        // SAFETY: inside the mapping.
        unsafe { memory.write(1) };
        found.clear();
        each_touched(asked.clone(), &mut |range| found.push(range));
        assert_eq!(found[0], asked.start..page(0).end);
        // SAFETY: mapped above, and nobody's.
        unsafe { mem::release(memory, bytes) };
    }
}
