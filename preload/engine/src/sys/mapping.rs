//! Asking the kernel for one mapping of the process (`PROCMAP_QUERY`, Linux 6.11 and later), without the text of all.

use core::ops::Range;

use super::file::Fd;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::file;

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
