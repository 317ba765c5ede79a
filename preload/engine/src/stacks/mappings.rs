//! Which mapping of the process an address lies in.
//!
//! The kernel is asked for the one that is meant where it answers that, and its text of all is read else:
//! reading it was half of what a thread that comes and goes cost `ldt profile`.

use core::cell::Cell;
use core::ops::{ControlFlow, Range};

use crate::sys::file::{self, Fd};
use crate::sys::mapping::{Which, ask};
use crate::sys::mem::PAGE_BYTES;
use crate::sys::proc::pieces_of;
use crate::sys::signal::read_memory;

const MAPS: &[u8] = b"/proc/thread-self/maps\0";

/// The mapping that covers `address`.
pub(super) fn containing(address: u64) -> Option<Range<u64>> {
    with_maps(|maps| {
        ask(maps, Which::Covering, address)
            .unwrap_or_else(|| find(maps, |range, _| range.contains(&address)))
    })
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

/// The first mapping that `is_meant` picks, by its range and what follows that in the line.
/// No more of a line is kept than its range and its rights: a process may have more mappings than there is memory left
/// for their list, and an event must not fail for that.
fn find(maps: Fd, is_meant: impl Fn(&Range<u64>, &[u8]) -> bool) -> Option<Range<u64>> {
    const HEAD_BYTES: usize = 64;
    let mut line = [0u8; HEAD_BYTES];
    let mut length = 0;
    let mut found = None;
    pieces_of(maps, &mut |piece| {
        for &byte in piece {
            if byte != b'\n' {
                if let Some(place) = line.get_mut(length) {
                    *place = byte;
                    length += 1;
                }
                continue;
            }
            found = range_and_rights(&line[..length])
                .filter(|(range, rights)| is_meant(range, rights))
                .map(|(range, _)| range);
            if found.is_some() {
                return ControlFlow::Break(());
            }
            length = 0;
        }
        ControlFlow::Continue(())
    });
    found
}

/// How a line of `/proc/PID/maps` begins.
fn range_and_rights(line: &[u8]) -> Option<(Range<u64>, &[u8])> {
    let dash = line.iter().position(|&byte| byte == b'-')?;
    let space = line.iter().position(|&byte| byte == b' ')?;
    let hex = |digits: &[u8]| u64::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok();
    let range = hex(&line[..dash])?..hex(line.get(dash + 1..space)?)?;
    Some((range, &line[space + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

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
