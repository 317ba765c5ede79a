//! Which file the executable is, and where the whole of it lies. The kernel maps its segments and leaves holes between them as they are; then
//! the loader's `_dl_find_object` knows each segment with code as an object of its own, without the headers and the
//! unwind tables. (Of libraries the loader reserves the whole range, holes and all.)

use core::ops::Range;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use crate::sys::mem::PAGE_BYTES;
use crate::sys::{file, mapping, system};

/// What `range` has found; an end of 0 as long as it has not looked.
static START: AtomicU64 = AtomicU64::new(0);
static END: AtomicU64 = AtomicU64::new(0);
/// The kernel has started the loader, and that the program (`ld.so PROGRAM`): then the kernel takes the loader for the
/// executable. Known when `range` has looked.
static IS_LOADERS: AtomicBool = AtomicBool::new(false);

/// From the first to the last page of the executable's segments; `None` if the kernel does not say where its
/// program headers are.
pub(super) fn range() -> Option<Range<u64>> {
    match END.load(Ordering::Acquire) {
        0 => {
            let range = ask()?;
            START.store(range.start, Ordering::Relaxed);
            END.store(range.end, Ordering::Release);
            Some(range)
        }
        end => Some(START.load(Ordering::Relaxed)..end),
    }
}

/// Asked once: the C library reads the vector where the kernel has put it, at the very top of the main thread's stack, and a
/// program that overflows an array on its stack writes over it before it comes to the stack's end and the fault handler.
fn ask() -> Option<Range<u64>> {
    // SAFETY: these read the kernel's auxiliary vector, and take no lock.
    let [table, count, size, loader] =
        [libc::AT_PHDR, libc::AT_PHNUM, libc::AT_PHENT, libc::AT_BASE]
            .map(|kind| unsafe { libc::getauxval(kind) });
    IS_LOADERS.store(loader == 0, Ordering::Relaxed);
    if table == 0 || size != size_of::<libc::Elf64_Phdr>() as u64 {
        return None;
    }
    // SAFETY: the executable's program headers in memory, as the kernel and the loader vouch; they stay.
    let headers =
        unsafe { core::slice::from_raw_parts(table as *const libc::Elf64_Phdr, count as usize) };
    whole(table, headers)
}

/// The same of these headers, which lie at `table`. What says nothing of where they lie in the file gives nothing.
fn whole(table: u64, headers: &[libc::Elf64_Phdr]) -> Option<Range<u64>> {
    let of_kind = |kind| headers.iter().filter(move |header| header.p_type == kind);
    let bias = table.wrapping_sub(of_kind(libc::PT_PHDR).next()?.p_vaddr);
    let start = of_kind(libc::PT_LOAD)
        .map(|segment| segment.p_vaddr)
        .min()?;
    let end = of_kind(libc::PT_LOAD)
        .map(|segment| segment.p_vaddr.saturating_add(segment.p_memsz))
        .max()?;
    let page = PAGE_BYTES as u64;
    Some(
        bias.wrapping_add(start) / page * page
            ..bias.wrapping_add(end).checked_next_multiple_of(page)?,
    )
}

/// The file of the program itself, of which code lies at the address.
pub(super) fn path_at(address: u64) -> Vec<u8> {
    let mapped = IS_LOADERS
        .load(Ordering::Relaxed)
        .then(|| mapping::file_at(address));
    mapped.flatten().unwrap_or_else(path)
}

/// Its file, as the kernel names it; where there is no `/proc`, the path that it was started by. Empty when neither tells.
pub fn path() -> Vec<u8> {
    let mut buffer = [0u8; 4096];
    match file::read_link(b"/proc/thread-self/exe\0", &mut buffer) {
        Some(length) => buffer[..length].to_vec(),
        None => started_as().to_vec(),
    }
}

/// What [`started_as`] has found; leaked. Asked once, at the start, as [`ask`] is, and before the program changes its folder.
static STARTED_AS: AtomicPtr<Vec<u8>> = AtomicPtr::new(ptr::null_mut());

fn started_as() -> &'static [u8] {
    let mut known = STARTED_AS.load(Ordering::Acquire);
    if known.is_null() {
        known = Box::into_raw(Box::new(find_start()));
        // Two threads at once would find the same.
        STARTED_AS.store(known, Ordering::Release);
    }
    // SAFETY: leaked, and never changed.
    unsafe { &*known }
}

/// A script was started by a path that is not the executable's.
fn find_start() -> Vec<u8> {
    let Some(path) = system::started_as() else {
        return Vec::new();
    };
    let mut magic = [0; 4];
    if let Ok(file) = file::open_read(path.to_bytes_with_nul(), true) {
        let _ = file::read_at(file, &mut magic, 0);
        file::close(file);
    }
    match path.to_bytes() {
        _ if magic != *b"\x7fELF" => Vec::new(),
        absolute @ [b'/', ..] => absolute.to_vec(),
        relative => {
            let relative = relative.strip_prefix(b"./").unwrap_or(relative);
            [&file::current_directory()[..], b"/", relative].concat()
        }
    }
}
