//! The trace file of this process: its name, its header page, and room at its end.
//!
//! Invariant of the raw memory: `HEADER` is null or a shared mapping of the file's first page, never
//! unmapped; its 4- and 8-byte fields lie at their natural alignment and are only touched atomically.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use ldt_trace::header::{ALIGNMENT, HEADER_BYTES, MAGIC, PAGE, VERSION, flag, offset};

use crate::clock;
use crate::message;
use crate::sys::file::{self, Fd};
use crate::sys::lock::Lock;
use crate::sys::{mem, thread};

static HEADER: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());
static FD: AtomicI32 = AtomicI32::new(-1);
static STOPPED: AtomicBool = AtomicBool::new(false);
static MAX_BYTES: AtomicU64 = AtomicU64::new(0);
/// What the file is, for when the program closes our descriptor.
static IDENTITY: Lock<Identity> = Lock::new(Identity {
    path: Vec::new(),
    inode: None,
});

struct Identity {
    path: Vec<u8>,
    /// Device and inode.
    inode: Option<(u64, u64)>,
}

/// A 4-byte field of the header page.
fn field32(at: usize) -> Option<&'static AtomicU32> {
    let header = HEADER.load(Ordering::Acquire);
    // SAFETY: see the invariant of the module.
    (!header.is_null()).then(|| unsafe { &*header.add(at).cast::<AtomicU32>() })
}

/// An 8-byte field of the header page.
fn field64(at: usize) -> Option<&'static AtomicU64> {
    let header = HEADER.load(Ordering::Acquire);
    // SAFETY: see the invariant of the module.
    (!header.is_null()).then(|| unsafe { &*header.add(at).cast::<AtomicU64>() })
}

/// Stores a 4-byte field.
pub fn set32(at: usize, value: u32) {
    if let Some(field) = field32(at) {
        field.store(value, Ordering::Relaxed);
    }
}

/// Stores an 8-byte field.
pub fn set64(at: usize, value: u64) {
    if let Some(field) = field64(at) {
        field.store(value, Ordering::Relaxed);
    }
}

/// Reads a 4-byte field; 0 when there is no file.
#[inline]
#[must_use]
pub fn get32(at: usize) -> u32 {
    field32(at).map_or(0, |field| field.load(Ordering::Relaxed))
}

/// Reads an 8-byte field; 0 when there is no file.
#[must_use]
pub fn get64(at: usize) -> u64 {
    field64(at).map_or(0, |field| field.load(Ordering::Relaxed))
}

/// Raises an 8-byte field to at least this value.
pub fn raise64(at: usize, value: u64) {
    if let Some(field) = field64(at) {
        field.fetch_max(value, Ordering::Relaxed);
    }
}

/// Adds to an 8-byte field.
pub fn add64(at: usize, value: u64) {
    if let Some(field) = field64(at) {
        field.fetch_add(value, Ordering::Relaxed);
    }
}

/// Adds to a 4-byte field.
pub fn add32(at: usize, value: u32) {
    if let Some(field) = field32(at) {
        field.fetch_add(value, Ordering::Relaxed);
    }
}

/// Adds flags of [`flag`].
pub fn set_flags(flags: u32) {
    if let Some(field) = field32(offset::FLAGS) {
        field.fetch_or(flags, Ordering::Relaxed);
    }
}

/// Clears bits of the flags.
pub fn clear_flags(flags: u32) {
    if let Some(field) = field32(offset::FLAGS) {
        field.fetch_and(!flags, Ordering::Relaxed);
    }
}

/// Creates the file under a name that belongs to this process, and its header page. `path` has no
/// final NUL. Gives the error number when that is impossible.
pub fn create(path: &[u8], max_bytes: u64, forked_from: u32) -> Result<(), i32> {
    let (fd, path) = create_unique(path)?;
    file::write_in_place(fd);
    let header = map_reserved(fd, 0, HEADER_BYTES).inspect_err(|_| {
        file::close(fd);
        file::remove(&with_nul(&path));
    })?;
    HEADER.store(header, Ordering::Release);
    FD.store(file::move_high(fd).0, Ordering::Release);
    let fd = Fd(FD.load(Ordering::Relaxed));
    IDENTITY.with(|identity| {
        *identity = Identity {
            path,
            inode: file::identity(fd),
        }
    });
    STOPPED.store(false, Ordering::Relaxed);
    MAX_BYTES.store(max_bytes, Ordering::Relaxed);
    set32(offset::VERSION, VERSION);
    set32(offset::PID, thread::process_id());
    set32(offset::PARENT_PID, thread::parent_process_id());
    set32(offset::TICK_SHIFT, clock::SHIFT);
    set64(offset::START_TICK, clock::now());
    set64(
        offset::START_MONOTONIC_NS,
        thread::clock_ns(libc::CLOCK_MONOTONIC),
    );
    set64(
        offset::START_REALTIME_NS,
        thread::clock_ns(libc::CLOCK_REALTIME),
    );
    set64(offset::FILE_END, HEADER_BYTES as u64);
    set32(offset::FORKED_FROM, forked_from);
    // The magic comes last: a file without it holds nothing.
    set64(0, u64::from_le_bytes(MAGIC));
    Ok(())
}

fn with_nul(path: &[u8]) -> Vec<u8> {
    [path, b"\0"].concat()
}

/// `path` itself for the first process of a run; a process that execs moves the file of the image
/// before to `path.0`, `path.1`, …; every other process gets `path.<pid>`.
fn create_unique(path: &[u8]) -> Result<(Fd, Vec<u8>), i32> {
    let pid = thread::process_id();
    let own = [path, b".", pid.to_string().as_bytes()].concat();
    for candidate in [path, &own] {
        let name = with_nul(candidate);
        match file::create_new(&name) {
            Ok(fd) => return Ok((fd, candidate.to_vec())),
            Err(libc::EEXIST) if pid_of_trace(&name) == Some(pid) => {
                let older = (0..10_000u32)
                    .map(|number| {
                        with_nul(&[candidate, b".", number.to_string().as_bytes()].concat())
                    })
                    .find(|older| !file::exists(older))
                    .ok_or(libc::EEXIST)?;
                file::rename(&name, &older)?;
                return file::create_new(&name).map(|fd| (fd, candidate.to_vec()));
            }
            Err(libc::EEXIST) => {}
            Err(error) => return Err(error),
        }
    }
    Err(libc::EEXIST)
}

/// The process that wrote the trace at this path, if it is a trace.
fn pid_of_trace(name: &[u8]) -> Option<u32> {
    let fd = file::open_read(name, false).ok()?;
    let mut head = [0u8; offset::PID + 4];
    let read = file::read_at(fd, &mut head, 0);
    file::close(fd);
    let is_trace = read == Ok(head.len()) && head[..8] == MAGIC;
    is_trace.then(|| u32::from_le_bytes([head[12], head[13], head[14], head[15]]))
}

/// Whether recording has stopped.
pub fn is_stopped() -> bool {
    STOPPED.load(Ordering::Relaxed)
}

/// Stops recording, says why once, and marks the trace.
#[cold]
pub fn stop(why: &str) {
    if !STOPPED.swap(true, Ordering::Relaxed) {
        set_flags(flag::STOPPED);
        crate::recording::stop();
        message::say(&format!(
            "recording stopped: {why}; the trace up to here is kept"
        ));
    }
}

/// From now on nothing is written, and nothing is said of it: what is recorded goes nowhere.
pub fn discard() {
    STOPPED.store(true, Ordering::Relaxed);
}

/// Takes the file away: there is nothing in it, and never will be.
pub fn withdraw() {
    discard();
    if descriptor().is_some() {
        IDENTITY.with(|identity| file::remove(&with_nul(&identity.path)));
    }
}

/// Our descriptor, if it still is ours; a program that closed it may have a file of its own there.
fn descriptor() -> Option<Fd> {
    let fd = Fd(FD.load(Ordering::Acquire));
    let same = |fd: Fd, want: Option<(u64, u64)>| want.is_some() && file::identity(fd) == want;
    IDENTITY.with(|Identity { path, inode }| {
        if same(fd, *inode) {
            return Some(fd);
        }
        let again = file::open_write(&with_nul(path)).ok()?;
        if !same(again, *inode) {
            file::close(again);
            return None;
        }
        let again = file::move_high(again);
        FD.store(again.0, Ordering::Release);
        Some(again)
    })
}

/// Sets room aside at the end of the file. `None` when recording has stopped, or stops now.
fn reserve_space(bytes: u64, alignment: u64) -> Option<(Fd, u64)> {
    if is_stopped() {
        return None;
    }
    let Some(fd) = descriptor() else {
        stop(
            "the program closed the trace file or may not make the system calls for it, \
             and it cannot be opened again",
        );
        return None;
    };
    let end = field64(offset::FILE_END)?;
    let limit = match MAX_BYTES.load(Ordering::Relaxed) {
        0 => u64::MAX,
        bytes => bytes,
    };
    let mut at = end.load(Ordering::Relaxed);
    loop {
        let start = at.next_multiple_of(alignment);
        let after = (start + bytes).next_multiple_of(ALIGNMENT);
        if after > limit {
            stop("the trace has reached max_trace_size");
            return None;
        }
        if after > file::size_limit() {
            stop("the limit on file sizes (RLIMIT_FSIZE) is reached");
            return None;
        }
        match end.compare_exchange_weak(at, after, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return Some((fd, start)),
            Err(now) => at = now,
        }
    }
}

/// Appends a chunk. Gives whether it is in the file.
pub fn append(header: &[u8], payload: &[u8]) -> bool {
    let Some((fd, at)) = reserve_space((header.len() + payload.len()) as u64, ALIGNMENT) else {
        return false;
    };
    // The payload first: a header is only there when what it describes is.
    let written = file::write_at(fd, payload, at + header.len() as u64)
        .and_then(|()| file::write_at(fd, header, at));
    if let Err(error) = written {
        stop(&format!(
            "the trace file cannot be written (error {error}: {})",
            reason(error)
        ));
    }
    written.is_ok()
}

/// Sets aside and maps a region for a window: its place in the file and in memory.
pub fn map_window(bytes: usize) -> Option<(u64, *mut u8)> {
    let (fd, at) = reserve_space(bytes as u64, PAGE)?;
    match map_reserved(fd, at, bytes) {
        Ok(address) => Some((at, address)),
        Err(error) => {
            stop(&format!(
                "no room for a window in the trace file (error {error}: {})",
                reason(error)
            ));
            None
        }
    }
}

/// The same for one that a thread can do without: recording goes on when there is no room, or when so little of it is left
/// that other windows and chunks need it.
pub fn try_map_window(bytes: usize) -> Option<(u64, *mut u8)> {
    const ROOM_TO_LEAVE: u64 = 16 << 20;
    let limit = match MAX_BYTES.load(Ordering::Relaxed) {
        0 => file::size_limit(),
        limit => limit.min(file::size_limit()),
    };
    if get64(offset::FILE_END).saturating_add(ROOM_TO_LEAVE) > limit {
        return None;
    }
    let (fd, at) = reserve_space(bytes as u64, PAGE)?;
    map_reserved(fd, at, bytes)
        .ok()
        .map(|address| (at, address))
}

fn map_reserved(fd: Fd, at: u64, bytes: usize) -> Result<*mut u8, i32> {
    file::reserve(fd, at, bytes)?;
    mem::map_file(fd.0, at, bytes)
}

/// Gives the blocks of an empty window back at the end; the first page, with its header, stays.
pub fn punch_window(at: u64, bytes: usize) {
    if let Some(fd) = descriptor() {
        file::punch(fd, at + PAGE, bytes - PAGE as usize);
    }
}

fn reason(error: i32) -> &'static str {
    match error {
        libc::ENOSPC => "no space left on the device",
        libc::EDQUOT => "disk quota exceeded",
        libc::EFBIG => "file too large",
        libc::EACCES | libc::EPERM => "permission denied",
        libc::EROFS => "read-only file system",
        libc::ENOENT => "no such directory",
        libc::ENOMEM => "out of memory",
        libc::ENODEV => "its file system has no shared mappings: give a folder on another one",
        _ => "see errno(3)",
    }
}

/// Says why the file could not be created.
pub fn explain_creation(path: &[u8], error: i32) -> String {
    format!(
        "cannot create the trace file {}: {} (error {error})",
        String::from_utf8_lossy(path),
        reason(error)
    )
}

/// Forgets the parent's file in a forked child.
///
/// # Safety
/// Only while the process has one thread.
pub unsafe fn forget_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { IDENTITY.reopen_after_fork() };
    HEADER.store(ptr::null_mut(), Ordering::Release);
    let fd = FD.swap(-1, Ordering::AcqRel);
    if fd >= 0
        && IDENTITY.with(|known| known.inode.is_some() && file::identity(Fd(fd)) == known.inode)
    {
        file::close(Fd(fd));
    }
}

/// Notes how the process ends, and when.
pub fn note_end(code: i32) {
    set32(offset::EXIT_CODE, code as u32);
    set64(offset::END_TICK, clock::now());
    set64(
        offset::END_MONOTONIC_NS,
        thread::clock_ns(libc::CLOCK_MONOTONIC),
    );
    set_flags(flag::EXITED);
}
