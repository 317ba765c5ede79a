//! Programs that LDT will not be in: before an exec or a spawn, the file is looked into, and one that the loader
//! preloads nothing into, or not LDT, is noted in a list for `ldt`. Nobody else sees such a child: it writes no trace, and may be
//! gone in a millisecond.
//!
//! A vfork child runs this in its parent's memory: there are only system calls and the stack here.

use core::ffi::{CStr, c_char};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::options::{self, Options, glob_matches};
use crate::process;
use crate::sys::ELF_MACHINE;
use crate::sys::file::{self, Fd, file_name};
use crate::sys::signal::read_memory;
use crate::sys::{mem, thread};

/// Where to note them, and whom nobody misses.
struct List {
    /// With its final NUL.
    path: Vec<u8>,
    /// The same as the launcher sees it, for a process that has another root.
    path_at_the_launcher: Vec<u8>,
    skip: Vec<Vec<u8>>,
    /// But for programs below this folder: see [`options::is_own`].
    own_folder: Vec<u8>,
}

static LIST: AtomicPtr<List> = AtomicPtr::new(ptr::null_mut());

const MAX_PATH_BYTES: usize = 4096;
const ELF_HEADER_BYTES: usize = 64;
const PROGRAM_HEADER_BYTES: usize = 56;
const MAX_PROGRAM_HEADERS: usize = 64;
const PT_INTERP: u32 = 3;
const MAX_LOADER_BYTES: usize = 256;

/// How the file names of loaders begin that run no program with a library of glibc's in LD_PRELOAD.
const OTHER_LOADERS: &[&[u8]] = &[b"ld-musl-"];

/// Why the loader preloads nothing, or not LDT.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    ChangesRights,
    GivesCapabilities,
    OtherArchitecture,
    Static,
    OtherLibrary,
    OutOfReach,
}

impl Reason {
    fn words(self) -> &'static str {
        match self {
            Reason::ChangesRights => "it is setuid or setgid",
            Reason::GivesCapabilities => "it has capabilities of its own (setcap)",
            Reason::OtherArchitecture => "it is of another architecture",
            Reason::Static => "it is statically linked",
            Reason::OtherLibrary => "it is linked with another C library than glibc",
            Reason::OutOfReach => {
                "libldt.so cannot be found from there (another root folder, or no right to come to it)"
            }
        }
    }
}

/// Begins to note, if `ldt` has asked for it.
pub(crate) fn configure(options: &Options) {
    if options.untraced.is_empty() {
        return;
    }
    let launchers_root = format!("/proc/{}/root", options.launcher);
    let list = Box::new(List {
        path: [&options.untraced[..], b"\0"].concat(),
        path_at_the_launcher: [launchers_root.as_bytes(), &options.untraced, b"\0"].concat(),
        skip: options.trace_children_skip.clone(),
        own_folder: options.own_folder.clone(),
    });
    LIST.store(Box::into_raw(list), Ordering::Release);
}

/// Where a name without a slash is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// In the present folder.
    Here,
    /// In the folders of PATH.
    Path,
}

/// A path being put together, with its final NUL.
struct PathBuffer {
    bytes: [u8; MAX_PATH_BYTES],
    length: usize,
}

impl PathBuffer {
    /// The parts one after the other; `None` when they are too long.
    fn of(parts: &[&[u8]]) -> Option<PathBuffer> {
        let mut buffer = PathBuffer {
            bytes: [0; MAX_PATH_BYTES],
            length: 0,
        };
        for part in parts {
            let end = buffer.length + part.len();
            // One byte more, which stays zero.
            if end >= MAX_PATH_BYTES {
                return None;
            }
            buffer.bytes[buffer.length..end].copy_from_slice(part);
            buffer.length = end;
        }
        Some(buffer)
    }

    fn text(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn open(&self) -> Option<Fd> {
        file::open_read(&self.bytes[..=self.length], true).ok()
    }
}

/// Looks into the program that is about to be run: whether it starts with LDT in LD_PRELOAD. The path is anything: of one
/// that is not there the kernel says EFAULT.
pub(super) fn note(path: *const c_char, search: Search) -> bool {
    if path.is_null() {
        return true;
    }
    let mut kept = [0; MAX_PATH_BYTES];
    let found = text_at(path as u64, &mut kept).and_then(|path| find(path, search));
    let Some((found, fd)) = found else {
        return true;
    };
    let why = why_not(fd).or_else(|| is_out_of_reach().then_some(Reason::OutOfReach));
    let length = file::path_of(fd, &mut kept).unwrap_or(0);
    file::close(fd);
    if let Some(why) = why {
        list(&found, &kept[..length], why);
    }
    // What the loader cannot preload it complains of.
    !matches!(why, Some(Reason::OtherLibrary | Reason::OutOfReach))
}

/// Whether the loader will not find LDT where this process is by now: it may have changed its root or its user.
fn is_out_of_reach() -> bool {
    // A sandbox may kill at the question.
    let ours = process::inheritance().filter(|_| !thread::is_sandboxed());
    let Some((ours, _)) = ours else {
        return false;
    };
    let is_there = |library: &[u8]| {
        let path = PathBuffer::of(&[library]).filter(|_| library.contains(&b'/'));
        path.is_none_or(|path| file::exists(&path.bytes[..=path.length]))
    };
    !process::libraries(ours).all(is_there)
}

/// Adds a program to the list, if there is one. `found` is what it was called, `path` what the kernel calls it.
fn list(found: &PathBuffer, path: &[u8], why: Reason) {
    // SAFETY: null, or never freed and not changed after it was stored.
    let Some(list) = (unsafe { LIST.load(Ordering::Acquire).as_ref() }) else {
        return;
    };
    let name = file_name(found.text());
    let is_missed = !list.skip.iter().any(|glob| glob_matches(glob, name))
        || options::is_own(&list.own_folder, path);
    let open = || {
        let elsewhere = why == Reason::OutOfReach;
        let at_the_launcher = || file::open_append(&list.path_at_the_launcher).ok();
        let opened = elsewhere.then(at_the_launcher).flatten();
        opened.or_else(|| file::open_append(&list.path).ok())
    };
    if is_missed && let Some(out) = open() {
        // One write, so that two children at once do not mix their lines.
        if let Some(line) = PathBuffer::of(&[found.text(), b"\t", why.words().as_bytes(), b"\n"]) {
            file::write_stream(out, line.text());
        }
        file::close(out);
    }
}

/// The text at an address, read through the kernel; none where it does not end in what can be read of it.
fn text_at(address: u64, kept: &mut [u8; MAX_PATH_BYTES]) -> Option<&[u8]> {
    let page = mem::PAGE_BYTES as u64;
    let mut there = 0;
    while there < kept.len() {
        let at = address.wrapping_add(there as u64);
        let in_page = (page - at % page) as usize;
        let wanted = in_page.min(kept.len() - there);
        let read = read_memory(at, &mut kept[there..there + wanted]);
        let end = kept[there..there + read].iter().position(|&byte| byte == 0);
        if let Some(end) = end {
            return Some(&kept[..there + end]);
        }
        if read < wanted {
            return None;
        }
        there += read;
    }
    None
}

fn find(path: &[u8], search: Search) -> Option<(PathBuffer, Fd)> {
    let open = |buffer: Option<PathBuffer>| {
        let buffer = buffer?;
        let fd = buffer.open()?;
        Some((buffer, fd))
    };
    if search == Search::Here || path.contains(&b'/') {
        return open(PathBuffer::of(&[path]));
    }
    // SAFETY: a string of libc's or null; exec itself reads it the same way.
    let folders = unsafe {
        let folders = libc::getenv(c"PATH".as_ptr());
        if folders.is_null() {
            return None;
        }
        CStr::from_ptr(folders)
    };
    let mut folders = folders.to_bytes().split(|&byte| byte == b':');
    folders.find_map(|folder| open(PathBuffer::of(&[folder, b"/", path])))
}

/// Why the loader will not preload anything into this file; `None` when it will, or when it is
/// none to run at all.
fn why_not(fd: Fd) -> Option<Reason> {
    if file::changes_rights(fd) {
        return Some(Reason::ChangesRights);
    }
    if file::gives_capabilities(fd) {
        return Some(Reason::GivesCapabilities);
    }
    let mut header = [0; ELF_HEADER_BYTES];
    let read = file::read_at(fd, &mut header, 0).ok()?;
    if read < ELF_HEADER_BYTES || !header.starts_with(b"\x7fELF") {
        return None;
    }
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    const CLASS_64: u8 = 2;
    if header[4] != CLASS_64 || short(18) != ELF_MACHINE {
        return Some(Reason::OtherArchitecture);
    }
    let mut place = [0; 8];
    place.copy_from_slice(&header[32..40]);
    let count = usize::from(short(56)).min(MAX_PROGRAM_HEADERS);
    let mut headers = [0; PROGRAM_HEADER_BYTES * MAX_PROGRAM_HEADERS];
    let headers = &mut headers[..PROGRAM_HEADER_BYTES * count];
    let read = file::read_at(fd, headers, u64::from_le_bytes(place)).ok()?;
    if read < headers.len() {
        return None;
    }
    let loader = headers.chunks_exact(PROGRAM_HEADER_BYTES).find(|header| {
        u32::from_le_bytes([header[0], header[1], header[2], header[3]]) == PT_INTERP
    });
    let Some(loader) = loader else {
        return Some(Reason::Static);
    };
    place.copy_from_slice(&loader[8..16]);
    let mut path = [0; MAX_LOADER_BYTES];
    let read = file::read_at(fd, &mut path, u64::from_le_bytes(place)).ok()?;
    let path = path[..read].split(|&byte| byte == 0).next()?;
    let is_other = |start: &&[u8]| file_name(path).starts_with(start);
    OTHER_LOADERS
        .iter()
        .any(is_other)
        .then_some(Reason::OtherLibrary)
}
