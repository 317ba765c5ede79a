//! What the process may have: limits of its address space, of its memory ([`groups`]), of its mappings.

use core::sync::atomic::{AtomicU64, Ordering};

use super::groups;
use crate::modes::guard;
use crate::modes::redzone::GRANULE_BYTES;
use crate::sys::mem::{self, PAGE_BYTES};
use crate::sys::proc;

/// The first region that is tried for; then halves of it.
pub(super) const REGION_MAX_BYTES: u64 = 1 << 40;
/// The least that is tried for where address space has no limit.
const REGION_MIN_BYTES: u64 = 64 << 20;
/// Where every page that could be written to is reckoned as used (overcommit_memory=2), the tables
/// beside a region must be small.
const REGION_RECKONED_BYTES: u64 = 4 << 30;
/// A region takes no more than this part of the address space that is left.
const REGION_SHARE: u64 = 8;

/// Spans with guard pages take no more than this part of limited addresses, once LDT has what it needs itself.
const GUARD_ADDRESSES_SHARE: u64 = 4;
/// Its libraries' data, tables of stacks and blocks, a recorder.
const OWN_BYTES: u64 = 8 << 20;

/// This part of limited addresses is never the heap's: a region is not given back, and the program maps files, starts
/// threads and children.
const ADDRESSES_KEPT_SHARE: u64 = 32;

/// How much is made accessible at a time.
const COMMIT_BYTES: u64 = 32 << 20;
const COMMIT_SCARCE_BYTES: u64 = 1 << 20;

/// Which limits there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scarce {
    No = 0,
    /// Address space or data are limited.
    Addresses = 1,
    /// Memory is promised strictly.
    Promises = 2,
}

static SCARCE: AtomicU64 = AtomicU64::new(0);
static LARGEST_BYTES: AtomicU64 = AtomicU64::new(0);
static AVAILABLE_BYTES: AtomicU64 = AtomicU64::new(0);
static LIMIT_BYTES: AtomicU64 = AtomicU64::new(u64::MAX);
/// What control groups left of their limits at the start; the largest number where there are none.
static GROUPS_LEFT_BYTES: AtomicU64 = AtomicU64::new(u64::MAX);
/// Addresses of spans with guard pages; none is ever given back.
static GUARD_ADDRESSES_BYTES: AtomicU64 = AtomicU64::new(0);

fn scarce() -> Scarce {
    match SCARCE.load(Ordering::Relaxed) {
        0 => Scarce::No,
        1 => Scarce::Addresses,
        _ => Scarce::Promises,
    }
}

/// Learns the limits, once: each file of the kernel's takes as long as dozens of blocks, and short processes are many.
pub(super) fn begin() {
    let overcommit = number_in(b"/proc/sys/vm/overcommit_memory\0");
    let limits = [
        mem::resource_limit(libc::RLIMIT_AS),
        mem::resource_limit(libc::RLIMIT_DATA),
    ];
    let scarce = match (overcommit, limits) {
        (_, [Some(_), _] | [_, Some(_)]) => Scarce::Addresses,
        (Some(2), _) => Scarce::Promises,
        _ => Scarce::No,
    };
    SCARCE.store(scarce as u64, Ordering::Relaxed);
    let memory = proc::read(b"/proc/meminfo\0").unwrap_or_default();
    // Unless told to promise anything, the kernel refuses what is more than all memory and swap. It
    // does not ask that of reservations, so it is asked here: a program may rely on the null pointer.
    let largest = match overcommit {
        Some(1) => REGION_MAX_BYTES,
        _ => line_bytes(&memory, b"MemTotal:") + line_bytes(&memory, b"SwapTotal:"),
    };
    LARGEST_BYTES.store(largest, Ordering::Relaxed);
    AVAILABLE_BYTES.store(line_bytes(&memory, b"MemAvailable:"), Ordering::Relaxed);
    let limit = limits.into_iter().flatten().min();
    LIMIT_BYTES.store(limit.unwrap_or(u64::MAX), Ordering::Relaxed);
    let left = groups::left_bytes(line_bytes(&memory, b"MemTotal:"), proc::read);
    GROUPS_LEFT_BYTES.store(left.unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// Address space will be limited to so much from now on.
pub(super) fn expect_limited_addresses(bytes: u64) {
    LIMIT_BYTES.fetch_min(bytes, Ordering::Relaxed);
    SCARCE.store(Scarce::Addresses as u64, Ordering::Relaxed);
}

/// Whether one more span of slots with guard pages may be made. It is several times what its blocks take, and where
/// addresses are limited the program shall not run out of them for it.
pub(super) fn has_guard_addresses(bytes: u64) -> bool {
    let taken = GUARD_ADDRESSES_BYTES.load(Ordering::Relaxed) + bytes;
    let limit = LIMIT_BYTES.load(Ordering::Relaxed);
    let most = limit.saturating_sub(OWN_BYTES) / GUARD_ADDRESSES_SHARE;
    scarce() != Scarce::Addresses || taken <= most
}

/// Such a span was made.
pub(super) fn count_guard_addresses(bytes: u64) {
    GUARD_ADDRESSES_BYTES.fetch_add(bytes, Ordering::Relaxed);
}

/// No block can be larger.
pub(super) fn largest_block_bytes() -> u64 {
    LARGEST_BYTES.load(Ordering::Relaxed)
}

/// A line of `/proc/meminfo`; the largest number where there is none.
fn line_bytes(text: &[u8], name: &[u8]) -> u64 {
    text.split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| number(rest.strip_suffix(b" kB")?))
        .map_or(REGION_MAX_BYTES, |kilobytes| kilobytes * 1024)
}

fn number(text: &[u8]) -> Option<u64> {
    core::str::from_utf8(text).ok()?.trim().parse().ok()
}

fn number_in(path: &[u8]) -> Option<u64> {
    number(&proc::read(path)?)
}

/// Address space that the process has left for the heap.
fn addresses_left_bytes() -> Option<u64> {
    let limit = mem::resource_limit(libc::RLIMIT_AS)?;
    let text = proc::read(b"/proc/thread-self/statm\0")?;
    let pages = text.split(|&byte| byte == b' ').next().and_then(number)?;
    Some((limit - limit / ADDRESSES_KEPT_SHARE).saturating_sub(pages * PAGE_BYTES as u64))
}

/// The sizes, in granules, to try for a region that must have room for `needed`.
pub(super) fn region_sizes(needed: u64) -> impl Iterator<Item = u64> {
    let (first, least, most) = match scarce() {
        Scarce::No => (REGION_MAX_BYTES, REGION_MIN_BYTES, u64::MAX),
        Scarce::Promises => (REGION_RECKONED_BYTES, COMMIT_SCARCE_BYTES, u64::MAX),
        Scarce::Addresses => match addresses_left_bytes() {
            Some(left) => (left / REGION_SHARE, COMMIT_SCARCE_BYTES, left),
            // What is reserved does not count against a limit of data, but the tables beside it do.
            None => {
                let most = LIMIT_BYTES.load(Ordering::Relaxed).saturating_mul(2);
                let first = REGION_RECKONED_BYTES.min(most);
                (first, COMMIT_SCARCE_BYTES, u64::MAX)
            }
        },
    };
    let halves = core::iter::successors(Some(first / GRANULE_BYTES), |size| Some(size / 2))
        .take_while(move |&size| size * GRANULE_BYTES >= least && size > needed);
    halves
        .chain(core::iter::once(needed))
        .filter(move |&size| size * GRANULE_BYTES <= most)
}

/// How many granules are made accessible at a time.
pub(super) fn commit_granules() -> u64 {
    match scarce() {
        Scarce::No => COMMIT_BYTES / GRANULE_BYTES,
        _ => COMMIT_SCARCE_BYTES / GRANULE_BYTES,
    }
}

/// How many mappings guards may take: half of what a process may have.
pub(super) fn mappings_for_guards() -> u64 {
    number_in(b"/proc/sys/vm/max_map_count\0").unwrap_or(65_530) / 2
}

/// Addresses, and with them memory, that the process may have.
pub(super) fn memory_limit_bytes() -> Option<u64> {
    limited(&LIMIT_BYTES)
}

/// Memory that the control groups of the process left it at the start: where it ends, the process is killed.
pub(super) fn groups_left_bytes() -> Option<u64> {
    limited(&GROUPS_LEFT_BYTES)
}

fn limited(bytes: &AtomicU64) -> Option<u64> {
    let bytes = bytes.load(Ordering::Relaxed);
    (bytes != u64::MAX).then_some(bytes)
}

/// What guarded blocks may take unless the options say it: a part of the memory that was free at the start.
pub(super) fn guard_memory_bytes() -> u64 {
    let available = AVAILABLE_BYTES.load(Ordering::Relaxed);
    let free = available.min(LIMIT_BYTES.load(Ordering::Relaxed));
    guard::default_memory_bytes(free, groups_left_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_tried_from_large_to_just_enough() {
        let sizes: Vec<u64> = region_sizes(3).collect();
        assert_eq!(sizes.first(), Some(&(REGION_MAX_BYTES / GRANULE_BYTES)));
        assert_eq!(sizes.last(), Some(&3));
        assert!(sizes.windows(2).all(|pair| pair[0] > pair[1]));
    }

    #[test]
    fn there_is_some_memory() {
        begin();
        assert!(guard_memory_bytes() > 0);
        assert!(mappings_for_guards() > 0);
    }
}
