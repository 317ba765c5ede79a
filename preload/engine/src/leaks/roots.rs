//! Where the program can look first: the memory that is no heap.
//!
//! All mappings that it can write are roots: variables of modules, thread-local storage, stacks,
//! coroutines' stacks, what it mapped itself, shared or not; and anonymous ones that it can only read, which it has
//! written and then protected. Less what is not its own (LDT's memory and heap), devices, and the dead parts of stacks.

use core::ops::Range;

use super::maps::{Kind, Maps};

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
}
