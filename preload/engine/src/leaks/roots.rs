//! Where the program can look first: the memory that is no heap.
//!
//! All mappings that it can write are roots: variables of modules, thread-local storage, stacks,
//! coroutines' stacks, what it mapped itself, shared or not; and anonymous ones that it can only read, which it has
//! written and then protected. Less what is not its own (LDT's memory and heap), devices, and the dead parts of stacks.

use core::ops::Range;

use super::maps::{Kind, Maps};
use crate::sys::file::{self, Fd};
use crate::sys::mem::PAGE_BYTES;

/// Anonymous memory above this is asked for the pages that were ever touched: some programs reserve
/// gigabytes and never use them.
const ASKED_FROM_BYTES: u64 = 256 << 10;
/// Shared files above this too, although a page that another process wrote may be missed: reading
/// all of a huge file would take longer than the program.
const SHARED_ASKED_FROM_BYTES: u64 = 64 << 20;

/// The ranges to scan: mappings that hold what the program has written, less `holes`.
#[must_use]
pub fn ranges(maps: &Maps, mut holes: Vec<Range<u64>>) -> Vec<(Range<u64>, Asked)> {
    holes.sort_unstable_by_key(|hole| hole.start);
    let mut found = Vec::new();
    for mapping in maps.iter() {
        let scanned = match mapping.kind {
            Kind::Anonymous => mapping.readable,
            Kind::Stack | Kind::File => mapping.readable && mapping.writable,
            Kind::Device | Kind::Kernel => false,
        };
        if !scanned {
            continue;
        }
        let bytes = mapping.end - mapping.start;
        let limit = if mapping.shared {
            SHARED_ASKED_FROM_BYTES
        } else {
            ASKED_FROM_BYTES
        };
        let asked = if bytes > limit {
            Asked::WhatIsPresent
        } else {
            Asked::All
        };
        let pieces = without(mapping.start..mapping.end, &holes);
        found.extend(pieces.map(|piece| (piece, asked)));
    }
    found
}

/// Which pages of a range are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Every one.
    All,
    /// Those that were ever touched.
    WhatIsPresent,
}

/// What is left of a range without these others, which are sorted by their starts.
fn without(range: Range<u64>, holes: &[Range<u64>]) -> impl Iterator<Item = Range<u64>> {
    let mut at = range.start;
    let end = range.end;
    let touching = holes
        .iter()
        .filter(move |hole| hole.start < end && hole.end > range.start)
        .map(|hole| hole.start..hole.end)
        .chain(core::iter::once(end..end));
    touching.filter_map(move |hole| {
        let piece = at..hole.start.min(end);
        at = at.max(hole.end);
        (piece.start < piece.end).then_some(piece)
    })
}

/// Calls `visit` with the parts of a range that were ever touched; all of it, where the kernel does not
/// tell.
pub fn each_present(range: Range<u64>, visit: &mut dyn FnMut(Range<u64>)) {
    const PAGE: u64 = PAGE_BYTES as u64;
    const PRESENT_OR_SWAPPED: u64 = 3 << 62;
    let Ok(pagemap) = file::open_read(b"/proc/thread-self/pagemap\0", true) else {
        return visit(range);
    };
    let mut run: Option<Range<u64>> = None;
    let mut at = range.start / PAGE * PAGE;
    let mut entries = [0u8; 4096];
    while at < range.end {
        let pages = (range.end - at).div_ceil(PAGE).min(512) as usize;
        let read = read_entries(pagemap, at / PAGE, &mut entries[..pages * 8]);
        for index in 0..pages {
            let entry = entries
                .get(index * 8..index * 8 + 8)
                .filter(|_| index < read);
            let entry = entry.and_then(|bytes| bytes.try_into().ok());
            // A page that the kernel does not tell of may be there.
            let touched =
                entry.is_none_or(|bytes| u64::from_le_bytes(bytes) & PRESENT_OR_SWAPPED != 0);
            let page = at.max(range.start)..(at + PAGE).min(range.end);
            match &mut run {
                Some(run) if touched => run.end = page.end,
                Some(_) => run.take().into_iter().for_each(&mut *visit),
                None if touched => run = Some(page),
                None => {}
            }
            at += PAGE;
        }
    }
    run.into_iter().for_each(visit);
    file::close(pagemap);
}

/// Reads the entries from a page on; gives how many came.
fn read_entries(pagemap: Fd, page: u64, into: &mut [u8]) -> usize {
    file::read_at(pagemap, into, page * 8).unwrap_or(0) / 8
}

#[cfg(test)]
#[allow(
    clippy::single_range_in_vec_init,
    reason = "lists of one range are meant"
)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_left_out() {
        let pieces = |holes: &[Range<u64>]| without(10..50, holes).collect::<Vec<_>>();
        assert_eq!(pieces(&[]), [10..50]);
        assert_eq!(
            pieces(&[0..5, 10..12, 20..30, 25..28, 48..60]),
            [12..20, 30..48]
        );
        assert_eq!(pieces(&[0..100]), []);
        assert_eq!(pieces(&[0..10, 50..60]), [10..50]);
    }

    #[test]
    fn writable_memory_is_a_root_and_devices_and_constants_are_not() {
        let maps = Maps::parse(
            b"1000-2000 r--p 00000000 fe:01 42 /bin/a\n\
              2000-3000 rw-p 00000000 fe:01 42 /bin/a\n\
              3000-5000 rw-p 00000000 00:00 0 \n\
              5000-6000 -w-p 00000000 00:00 0 \n\
              6000-7000 rw-s 00000000 00:05 9 /dev/dri/card0\n\
              7000-8000 rw-s 00000000 00:19 9 /dev/shm/a\n\
              8000-9000 r--p 00000000 00:00 0 \n\
              9000-a000 ---p 00000000 00:00 0 \n",
        );
        let found: Vec<Range<u64>> = ranges(&maps, vec![0x4000..0x4800])
            .into_iter()
            .map(|(range, _)| range)
            .collect();
        assert_eq!(
            found,
            [
                0x2000..0x3000,
                0x3000..0x4000,
                0x4800..0x5000,
                0x7000..0x8000,
                0x8000..0x9000
            ]
        );
    }

    /// Untouched pages of a large mapping are passed over, touched ones are not.
    #[test]
    fn pages_never_touched_are_passed_over() {
        let memory = crate::sys::mem::allocate(1 << 30).expect("there is room");
        let start = memory as u64;
        for page in [3u64, 4, 100_000] {
            // SAFETY: inside the mapping, which is this test's.
            unsafe { *((start + page * 4096) as *mut u64) = 1 };
        }
        let mut found = Vec::new();
        each_present(start..start + (1 << 30), &mut |range| found.push(range));
        let covers = |page: u64| {
            found
                .iter()
                .any(|range| range.contains(&(start + page * 4096)))
        };
        assert!(covers(3) && covers(4) && covers(100_000));
        let bytes: u64 = found.iter().map(|range| range.end - range.start).sum();
        assert!(bytes < 64 << 20, "{bytes} bytes of one touched page each");
    }
}
