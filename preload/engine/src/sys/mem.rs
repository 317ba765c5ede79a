//! Memory from the kernel.

use super::{own, pages, syscall, thread};

/// The size of a page.
pub const PAGE_BYTES: usize = 4096;

fn map(bytes: usize, protection: i32, flags: i32, fd: i32, offset: u64) -> Result<*mut u8, i32> {
    let args = [
        0,
        bytes,
        protection as usize,
        flags as usize,
        fd as usize,
        offset as usize,
    ];
    // SAFETY: a new mapping at an address of the kernel's choice disturbs nothing.
    let address = unsafe { syscall(libc::SYS_mmap, &args) }? as *mut u8;
    own::add(address, bytes.next_multiple_of(PAGE_BYTES));
    Ok(address)
}

/// Fresh zeroed private memory, touched lazily. `None` when the kernel has none.
///
/// In small pages: where the kernel takes huge ones unasked (`transparent_hugepage/enabled` is `always`), tables of
/// which little is touched took 2 MiB and more: with four threads LDT added 45 MiB to a program instead of 10.
#[must_use]
pub fn allocate(bytes: usize) -> Option<*mut u8> {
    let memory = map(
        bytes,
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
        -1,
        0,
    )
    .ok()?;
    // A sandbox may kill at advice.
    if !thread::is_sandboxed() {
        let whole_pages = bytes.next_multiple_of(PAGE_BYTES);
        // SAFETY: just mapped, and nobody's.
        unsafe { pages::keep_small(memory as u64, whole_pages as u64) };
    }
    Some(memory)
}

/// A limit of the process, if there is one.
#[must_use]
pub fn resource_limit(which: libc::__rlimit_resource_t) -> Option<u64> {
    let mut limits = [u64::MAX; 2];
    let args = [0, which as usize, 0, limits.as_mut_ptr() as usize];
    // SAFETY: the kernel fills two 8-byte words.
    unsafe { syscall(libc::SYS_prlimit64, &args) }.ok()?;
    (limits[0] != u64::MAX).then_some(limits[0])
}

/// Whether the kernel would give so much now.
#[must_use]
pub fn has_room(bytes: usize) -> bool {
    let Some(memory) = allocate(bytes) else {
        return false;
    };
    // SAFETY: just mapped, and nobody's.
    unsafe { release(memory, bytes) };
    true
}

/// Addresses without memory, inaccessible: [`super::pages`] makes pages of them.
#[must_use]
pub fn reserve(bytes: usize) -> Option<*mut u8> {
    map(
        bytes,
        libc::PROT_NONE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
        -1,
        0,
    )
    .ok()
}

/// A piece of a file, shared with it; else the kernel's error: `ENODEV` where the file system has no such mappings.
pub fn map_file(fd: i32, offset: u64, bytes: usize) -> Result<*mut u8, i32> {
    map(
        bytes,
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_SHARED,
        fd,
        offset,
    )
}

/// Maps the beginning of a file over pages, to be read.
///
/// # Safety
/// The pages must be whole, and nobody may write to them or want what they held.
pub unsafe fn map_file_over(address: u64, fd: i32, bytes: usize) {
    let args = [
        address as usize,
        bytes,
        libc::PROT_READ as usize,
        (libc::MAP_SHARED | libc::MAP_FIXED) as usize,
        fd as usize,
        0,
    ];
    // SAFETY: as the caller vouches.
    let _ = unsafe { syscall(libc::SYS_mmap, &args) };
}

/// Gives memory back.
///
/// # Safety
/// `address` and `bytes` must be a mapping of [`allocate`] or [`map_file`] that nobody uses any more.
pub unsafe fn release(address: *mut u8, bytes: usize) {
    own::remove(address);
    // SAFETY: as the caller vouches.
    let _ = unsafe { syscall(libc::SYS_munmap, &[address as usize, bytes]) };
}

/// Gives whole pages of a mapping back; what lies on their two sides stays.
///
/// # Safety
/// As for [`release`], of this part of a mapping, which may as well be one of [`reserve`].
pub unsafe fn release_part(start: u64, end: u64) {
    let start = start.next_multiple_of(PAGE_BYTES as u64);
    let end = end - end % PAGE_BYTES as u64;
    if start < end {
        own::cut(start..end);
        let args = [start as usize, (end - start) as usize];
        // SAFETY: as the caller vouches.
        let _ = unsafe { syscall(libc::SYS_munmap, &args) };
    }
}

/// Makes the pages read as zero in a forked child. Errors (kernels before 4.14) are the caller's to
/// handle.
///
/// # Safety
/// `address` must be a mapping of [`allocate`].
pub unsafe fn wipe_on_fork(address: *mut u8, bytes: usize) -> bool {
    let args = [address as usize, bytes, libc::MADV_WIPEONFORK as usize];
    // SAFETY: as the caller vouches.
    unsafe { syscall(libc::SYS_madvise, &args) }.is_ok()
}

/// Zeroes private memory of [`allocate`] by giving its pages back.
///
/// # Safety
/// `address` and `bytes` must lie in a mapping of [`allocate`], and zero must be a valid content.
pub unsafe fn clear(address: *mut u8, bytes: usize) {
    let args = [address as usize, bytes, libc::MADV_DONTNEED as usize];
    // SAFETY: as the caller vouches.
    let _ = unsafe { syscall(libc::SYS_madvise, &args) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::fd::AsRawFd as _;
    use std::path::Path;

    /// The flags that the kernel shows for the mapping of an address.
    fn flags_of(address: u64) -> Option<String> {
        let all = fs::read_to_string("/proc/self/smaps").expect("the kernel shows it");
        let mut lines = all.lines();
        lines.find(|line| {
            let ends = line
                .split(' ')
                .next()
                .and_then(|range| range.split_once('-'));
            let ends =
                ends.map(|(start, end)| [start, end].map(|end| u64::from_str_radix(end, 16)));
            matches!(ends, Some([Ok(start), Ok(end)]) if (start..end).contains(&address))
        })?;
        lines.find_map(|line| line.strip_prefix("VmFlags: ").map(str::to_owned))
    }

    #[test]
    fn huge_pages_are_not_taken_unasked() {
        if !Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            return;
        }
        // Not a whole number of pages: the advice is for all of the last one.
        let bytes = (4 << 20) + 8;
        let memory = allocate(bytes).expect("there is memory");
        for at in [memory as u64, memory as u64 + bytes as u64] {
            let flags = flags_of(at).expect("it is mapped");
            assert!(flags.split(' ').any(|flag| flag == "nh"), "{flags}");
        }
        // SAFETY: mapped above, and nobody's.
        unsafe { release(memory, bytes) };
    }

    /// A trace in a folder of FUSE with `direct_io` was said to want memory.
    #[test]
    fn a_file_that_cannot_be_mapped_says_why() {
        let opened = fs::File::options()
            .read(true)
            .write(true)
            .open("/proc/self/mem");
        let file = opened.expect("a process may open its own memory");
        let mapped = map_file(file.as_raw_fd(), 0, PAGE_BYTES);
        assert_eq!(mapped, Err(libc::ENODEV));
    }
}
