//! Which mapping of the process an address lies in.
//!
//! The kernel is asked for the one that is meant where it answers that, and its text of all is read else:
//! reading it was half of what a thread that comes and goes cost `ldt profile`. Where neither can be had (no `/proc`, no
//! descriptor left, a program that has shut itself in by Landlock), what can be read around the address stands in for it.

use core::cell::Cell;
use core::ops::Range;

use crate::sys::file::{self, Fd};
use crate::sys::mapping::{Which, ask, find};
use crate::sys::mem::PAGE_BYTES;
use crate::sys::signal::read_memory;

const MAPS: &[u8] = b"/proc/thread-self/maps\0";

/// The mapping that covers `address`.
pub(super) fn containing(address: u64) -> Option<Range<u64>> {
    let Ok(maps) = file::open_read(MAPS, true) else {
        return readable_around(address);
    };
    let found = ask(maps, Which::Covering, address)
        .unwrap_or_else(|| find(maps, |range, _| range.contains(&address)));
    file::close(maps);
    found
}

/// The pages around an address that can be read, asked for one by one. They may be several mappings; the guard below a
/// thread's stack, and that of the one above it, end them.
fn readable_around(address: u64) -> Option<Range<u64>> {
    /// In each direction: a thread's stack has 8 MiB, unless the program asks for more.
    const MOST_BYTES: u64 = 16 << 20;
    let page = PAGE_BYTES as u64;
    let start = address & !(page - 1);
    let pages = MOST_BYTES / page;
    let is_readable = |at: &u64| read_memory(*at, &mut [0]) == 1;
    let above = (0..pages).map(|pages| start.wrapping_add(pages * page));
    let below = (1..=pages).map(|pages| start.wrapping_sub(pages * page));
    let end = above.take_while(is_readable).last()? + page;
    let lowest = below.take_while(is_readable).last().unwrap_or(start);
    Some(lowest..end)
}

/// A guard is no larger than this, below which a mapping may begin: glibc 2.42 and later mark the lowest pages of a thread's stack
/// (`MADV_GUARD_INSTALL`) where earlier ones took a mapping of their own.
const MOST_GUARD_BYTES: u64 = 4 << 20;

/// The first mapping that can be read and does not end before `address`; where that lies in a guard inside the mapping, the
/// part above the guard.
pub fn readable_above(address: u64) -> Option<Range<u64>> {
    let found = with_maps(|maps| {
        ask(maps, Which::ReadableFrom, address).unwrap_or_else(|| {
            find(maps, |range, rights| {
                range.end > address && rights.first() == Some(&b'r')
            })
        })
    })?;
    let is_readable = |at: &u64| read_memory(*at, &mut [0]) == 1;
    if !found.contains(&address) || is_readable(&address) {
        return Some(found);
    }
    let page = PAGE_BYTES as u64;
    let mut above = (address | (page - 1)).saturating_add(1)
        ..found.end.min(address.saturating_add(MOST_GUARD_BYTES));
    let start = above.by_ref().step_by(PAGE_BYTES).find(is_readable)?;
    Some(start..found.end)
}

/// Where the last mapping that lies below `address` ends; 0 where there is none. The kernel has no question for that.
pub(super) fn end_below(address: u64) -> u64 {
    let end = Cell::new(0);
    with_maps(|maps| {
        find(maps, |range, _| {
            if range.end <= address {
                end.set(range.end);
            }
            range.end > address
        })
    });
    end.get()
}

fn with_maps(question: impl FnOnce(Fd) -> Option<Range<u64>>) -> Option<Range<u64>> {
    let maps = file::open_read(MAPS, true).ok()?;
    let answer = question(maps);
    file::close(maps);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_around_a_stack_has_the_stack() {
        let local = 0u8;
        let address = &raw const local as u64;
        let mapping = containing(address).expect("a stack is mapped");
        let readable = readable_around(address).expect("a stack can be read");
        assert!(readable.start <= address && readable.end >= mapping.end.min(address + (16 << 20)));
        assert_eq!(readable_around(0x10), None);
    }

    #[test]
    fn the_kernel_answers_what_the_text_says() {
        let local = 0u8;
        let boxed = Box::new(0u8);
        let somewhere = [
            &raw const local as u64,
            &raw const *boxed as u64,
            containing as *const () as u64,
            0x10,
            u64::MAX,
        ];
        for address in somewhere {
            let by_text = |is_meant: &dyn Fn(&Range<u64>, &[u8]) -> bool| {
                with_maps(|maps| find(maps, is_meant))
            };
            assert_eq!(
                containing(address),
                by_text(&|range, _| range.contains(&address))
            );
            assert_eq!(
                readable_above(address),
                by_text(&|range, rights| range.end > address && rights[0] == b'r')
            );
        }
    }
}
