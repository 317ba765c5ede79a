//! Which mappings the process has: asking the kernel for one of them (`PROCMAP_QUERY`, Linux 6.11 and later), and its text
//! of all.

use core::ops::{ControlFlow, Range};

use super::file::Fd;
use super::proc::{self, pieces_of};
use super::{syscall, thread};

/// Which mapping is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that covers the address.
    Covering,
    /// The first that can be read and does not end before the address.
    ReadableFrom,
}

impl Which {
    /// The kernel's `query_flags`.
    fn flags(self) -> u64 {
        const VMA_READABLE: u64 = 0x01;
        const COVERING_OR_NEXT_VMA: u64 = 0x10;
        match self {
            Which::Covering => 0,
            Which::ReadableFrom => COVERING_OR_NEXT_VMA | VMA_READABLE,
        }
    }
}

/// The kernel's `struct procmap_query`.
#[derive(Default)]
#[repr(C)]
struct Query {
    size: u64,
    flags: u64,
    address: u64,
    start: u64,
    end: u64,
    /// Rights, page size, offset and inode.
    facts: [u64; 4],
    device: [u32; 2],
    /// Room for a name and a build-id, which are not asked for.
    name_and_build_id_bytes: [u32; 2],
    name_and_build_id: [u64; 2],
}

/// `_IOWR('f', 17, struct procmap_query)`.
const PROCMAP_QUERY: usize = 3 << 30 | size_of::<Query>() << 16 | (b'f' as usize) << 8 | 17;

/// Asks through an open `/proc/PID/maps`: `Some(None)` where there is no such mapping, `None` where the kernel does not
/// answer such questions, or must not be asked since the program has entered a sandbox, which may kill for it.
pub fn ask(maps: Fd, which: Which, address: u64) -> Option<Option<Range<u64>>> {
    if thread::is_sandboxed() {
        return None;
    }
    let mut query = Query {
        size: size_of::<Query>() as u64,
        flags: which.flags(),
        address,
        ..Query::default()
    };
    let args = [maps.0 as usize, PROCMAP_QUERY, &raw mut query as usize];
    // SAFETY: the kernel fills this structure, whose size it is told, and nothing else, for no room is named.
    match unsafe { syscall(libc::SYS_ioctl, &args) } {
        Ok(_) => Some(Some(query.start..query.end)),
        Err(libc::ENOENT) => Some(None),
        Err(_) => None,
    }
}

/// The first mapping of an open `/proc/PID/maps` that `is_meant` picks, by its range and what follows that in the line.
/// No more of a line is kept than its range and its rights: a process may have more mappings than there is memory left
/// for their list, and an event must not fail for that.
pub fn find(maps: Fd, mut is_meant: impl FnMut(&Range<u64>, &[u8]) -> bool) -> Option<Range<u64>> {
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

/// The file that lies at an address, as the kernel names it.
pub fn file_at(address: u64) -> Option<Vec<u8>> {
    let maps = proc::read(b"/proc/thread-self/maps\0")?;
    let mut lines = maps.split(|&byte| byte == b'\n');
    let line = lines
        .find(|line| range_and_rights(line).is_some_and(|(range, _)| range.contains(&address)))?;
    // Range, rights, offset, device and inode come before it, and spaces.
    let path = line
        .splitn(6, |&byte| byte == b' ')
        .last()?
        .trim_ascii_start();
    path.starts_with(b"/").then(|| path.to_vec())
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
    use crate::sys::file;

    #[test]
    fn a_function_lies_in_this_programs_file() {
        let executable = std::env::current_exe().unwrap();
        let found = file_at(file_at as *const () as u64).unwrap();
        assert_eq!(
            String::from_utf8(found).unwrap(),
            executable.to_str().unwrap()
        );
        assert_eq!(file_at(0x10), None);
    }

    #[test]
    fn a_place_on_the_stack_lies_in_the_mapping_that_is_told() {
        let place = 0u8;
        let address = &raw const place as u64;
        let maps = file::open_read(b"/proc/thread-self/maps\0", true).unwrap();
        for which in [Which::Covering, Which::ReadableFrom] {
            // An older kernel does not answer at all.
            if let Some(answer) = ask(maps, which, address) {
                let range = answer.unwrap();
                assert!(range.contains(&address));
                assert!(range.start.is_multiple_of(4096) && range.end.is_multiple_of(4096));
            }
        }
        file::close(maps);
    }
}
