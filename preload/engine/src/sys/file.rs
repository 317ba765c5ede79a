//! Files, by descriptor, without libc. Paths are byte strings that end in NUL.

use core::sync::atomic::{AtomicU64, Ordering};

use super::{mem, proc_folder, syscall, thread};

/// An open file. Never closed by dropping: the trace stays open for the life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd(pub i32);

/// A path with its final NUL, or `None` for one that has no NUL at its end.
fn path(path: &[u8]) -> Option<usize> {
    (path.last() == Some(&0)).then_some(path.as_ptr() as usize)
}

/// `EINVAL`, for paths that are not NUL-terminated.
const BAD_PATH: i32 = libc::EINVAL;

/// The last part of a path.
#[must_use]
pub fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

fn open(name: &[u8], flags: i32, mode: u32) -> Result<Fd, i32> {
    let open = || {
        from_its_folder(name, |folder, name| {
            let args = [
                folder.0 as usize,
                path(name).ok_or(BAD_PATH)?,
                (flags | libc::O_CLOEXEC) as usize,
                mode as usize,
            ];
            // SAFETY: the path is a NUL-terminated string.
            unsafe { syscall(libc::SYS_openat, &args) }
        })
    };
    let opened = match open() {
        Err(libc::EMFILE) => beyond_the_limit(open),
        opened => opened,
    };
    opened.map(|fd| Fd(fd as i32))
}

/// Opens something although the program has used up its descriptors, or wants them all: under the highest limit that it may set
/// itself, for just this call.
fn beyond_the_limit(open: impl Fn() -> Result<usize, i32>) -> Result<usize, i32> {
    let limit = descriptor_limit(None)?;
    descriptor_limit(Some(libc::rlimit {
        rlim_cur: limit.rlim_max,
        ..limit
    }))?;
    let opened = open();
    descriptor_limit(Some(limit))?;
    opened
}

/// The limit on descriptors, as it was before it was set.
fn descriptor_limit(new: Option<libc::rlimit>) -> Result<libc::rlimit, i32> {
    let mut before = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let args = [
        0,
        libc::RLIMIT_NOFILE as usize,
        new.as_ref().map_or(0, |new| &raw const *new as usize),
        &raw mut before as usize,
    ];
    // SAFETY: reads and writes the given records only; the limit concerns later calls that open something.
    unsafe { syscall(libc::SYS_prlimit64, &args) }?;
    Ok(before)
}

/// Does it with a path as it is, and with one in `/proc` that is not found from where that was kept.
fn from_its_folder(
    name: &[u8],
    work: impl Fn(Fd, &[u8]) -> Result<usize, i32>,
) -> Result<usize, i32> {
    let outcome = work(Fd(libc::AT_FDCWD), name);
    match (outcome, proc_folder::kept(name)) {
        (Err(libc::ENOENT), Some((folder, inside))) => work(Fd(folder), inside),
        (outcome, _) => outcome,
    }
}

/// Opens a folder for nothing but looking things up from there.
pub(super) fn open_folder(name: &[u8]) -> Result<Fd, i32> {
    open(name, libc::O_PATH | libc::O_DIRECTORY, 0)
}

/// Creates a file that must not exist yet, for reading and writing, mode 0600, never through a link.
pub fn create_new(name: &[u8]) -> Result<Fd, i32> {
    open(
        name,
        libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW,
        0o600,
    )
}

/// Opens a file for reading; links are followed only when `follow`.
pub fn open_read(name: &[u8], follow: bool) -> Result<Fd, i32> {
    open(
        name,
        libc::O_RDONLY | if follow { 0 } else { libc::O_NOFOLLOW },
        0,
    )
}

/// Opens a file to add to its end, mode 0600 where it is made by that, never through a link.
pub fn open_append(name: &[u8]) -> Result<Fd, i32> {
    open(
        name,
        libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_NOFOLLOW,
        0o600,
    )
}

/// The least number that a descriptor of LDT's is moved to: what programs choose themselves is lower (shells use 3 to 19,
/// `dup2` targets are low).
const FAR_UP: usize = 1000;
/// Beyond a higher limit the kernel's table of the process's descriptors would be too long, which each fork copies.
const LONG_TABLE: u64 = 1 << 16;
/// How many numbers behind the program's own are used.
const FEW: u64 = 64;

/// The same descriptor with the first free number from `floor` on.
fn duplicate(fd: Fd, floor: usize) -> Result<usize, i32> {
    let args = [fd.0 as usize, libc::F_DUPFD_CLOEXEC as usize, floor];
    // SAFETY: duplicating a descriptor of ours.
    unsafe { syscall(libc::SYS_fcntl, &args) }
}

/// The same descriptor with a number that the program cannot have, so that all that it may have are its own.
fn duplicate_beyond_the_limit(fd: Fd) -> Option<usize> {
    let limit = descriptor_limit(None).ok()?;
    let floor = limit.rlim_cur.max(FAR_UP as u64);
    if floor > LONG_TABLE || thread::is_sandboxed() {
        return None;
    }
    let room = floor + FEW;
    // Beyond the hard limit it is refused to all but the superuser.
    let raised = libc::rlimit {
        rlim_cur: room,
        rlim_max: limit.rlim_max.max(room),
    };
    descriptor_limit(Some(raised)).ok()?;
    let there = duplicate(fd, floor as usize);
    descriptor_limit(Some(limit)).ok()?;
    there.ok()
}

/// Moves a descriptor out of the way of programs that close or reuse low numbers: beyond all that this one may have, or to
/// a high free number, for as long as there are such.
#[must_use]
pub fn move_high(fd: Fd) -> Fd {
    move_up(fd, &[FAR_UP, 200, 60]).unwrap_or(fd)
}

/// The same, or closes it where it would have to be a number that programs choose themselves.
#[must_use]
pub fn move_far_up(fd: Fd) -> Option<Fd> {
    let moved = move_up(fd, &[FAR_UP]);
    if moved.is_none() {
        close(fd);
    }
    moved
}

fn move_up(fd: Fd, floors: &[usize]) -> Option<Fd> {
    let below_the_limit = || floors.iter().find_map(|&floor| duplicate(fd, floor).ok());
    let high = duplicate_beyond_the_limit(fd).or_else(below_the_limit)?;
    close(fd);
    Some(Fd(high as i32))
}

/// Closes a descriptor.
pub fn close(fd: Fd) {
    // SAFETY: the descriptor is ours.
    let _ = unsafe { syscall(libc::SYS_close, &[fd.0 as usize]) };
}

/// Reads up to the whole buffer at `offset`.
pub fn read_at(fd: Fd, buffer: &mut [u8], offset: u64) -> Result<usize, i32> {
    let args = [
        fd.0 as usize,
        buffer.as_mut_ptr() as usize,
        buffer.len(),
        offset as usize,
    ];
    // SAFETY: the buffer is ours and of that length.
    unsafe { syscall(libc::SYS_pread64, &args) }
}

/// Reads what comes next.
pub fn read(fd: Fd, buffer: &mut [u8]) -> Result<usize, i32> {
    let args = [fd.0 as usize, buffer.as_mut_ptr() as usize, buffer.len()];
    // SAFETY: the buffer is ours and of that length.
    unsafe { syscall(libc::SYS_read, &args) }
}

/// Writes everything at `offset`.
pub fn write_at(fd: Fd, mut bytes: &[u8], mut offset: u64) -> Result<(), i32> {
    while !bytes.is_empty() {
        let args = [
            fd.0 as usize,
            bytes.as_ptr() as usize,
            bytes.len(),
            offset as usize,
        ];
        // SAFETY: the bytes are ours and of that length.
        match unsafe { syscall(libc::SYS_pwrite64, &args) } {
            Ok(0) => return Err(libc::ENOSPC),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(libc::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The limit on file sizes that the program has set last, for sandboxes in which the kernel must not be asked.
static NOTED_LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);

/// Notes that the program has set its limit on file sizes.
pub fn note_size_limit(bytes: u64) {
    NOTED_LIMIT.store(bytes, Ordering::Relaxed);
}

/// Whether so many bytes more would make a file of the stream larger than the limit allows, which a signal tells that kills.
fn is_beyond_limit(fd: Fd, bytes: usize) -> bool {
    let limit = if thread::is_sandboxed() {
        NOTED_LIMIT.load(Ordering::Relaxed)
    } else {
        size_limit()
    };
    if limit > i64::MAX as u64 {
        return false;
    }
    let mut stat = core::mem::MaybeUninit::<libc::stat>::uninit();
    let args = [fd.0 as usize, stat.as_mut_ptr() as usize];
    // SAFETY: the kernel fills the structure.
    if unsafe { syscall(libc::SYS_fstat, &args) }.is_err() {
        return true;
    }
    // SAFETY: filled by the call, which succeeded.
    let stat = unsafe { stat.assume_init() };
    let is_file = stat.st_mode & libc::S_IFMT == libc::S_IFREG;
    is_file && stat.st_size.cast_unsigned().saturating_add(bytes as u64) > limit
}

/// Whether it leads over a network. A server that gives each client a process, or is begun by one, has its client as
/// standard error, who waits for an answer and for nothing else.
fn is_client(fd: Fd) -> bool {
    // A filter may kill for a call that the program does not make.
    if thread::is_sandboxed() {
        return false;
    }
    let mut domain = 0i32;
    let mut bytes = size_of_val(&domain) as libc::socklen_t;
    let args = [
        fd.0 as usize,
        libc::SOL_SOCKET as usize,
        libc::SO_DOMAIN as usize,
        (&raw mut domain) as usize,
        (&raw mut bytes) as usize,
    ];
    // SAFETY: the kernel fills the number, of the length that it is told.
    let asked = unsafe { syscall(libc::SYS_getsockopt, &args) };
    asked.is_ok() && matches!(domain, libc::AF_INET | libc::AF_INET6)
}

/// Writes to a stream such as standard error; what cannot be written is dropped, and what would go to a client.
pub fn write_stream(fd: Fd, bytes: &[u8]) {
    if is_beyond_limit(fd, bytes.len()) || is_client(fd) {
        return;
    }
    let args = [fd.0 as usize, bytes.as_ptr() as usize, bytes.len()];
    // SAFETY: the bytes are ours and of that length.
    let _ = unsafe { syscall(libc::SYS_write, &args) };
}

/// Gets the file the blocks for a range, growing it: afterwards stores into a shared mapping of the
/// range cannot fail for want of space (which would be SIGBUS in the program).
pub fn reserve(fd: Fd, offset: u64, bytes: usize) -> Result<(), i32> {
    let args = [fd.0 as usize, 0, offset as usize, bytes];
    // SAFETY: concerns only our file.
    match unsafe { syscall(libc::SYS_fallocate, &args) } {
        Err(libc::EOPNOTSUPP) => write_zeros(fd, offset, bytes),
        other => other.map(|_| ()),
    }
}

/// The same on file systems without that call (ext2, some of FUSE's), for a range that has no content yet. A plain
/// extension would leave a hole, whose blocks are looked for when the program allocates.
fn write_zeros(fd: Fd, offset: u64, bytes: usize) -> Result<(), i32> {
    static ZEROS: [u8; mem::PAGE_BYTES] = [0; mem::PAGE_BYTES];
    for start in (0..bytes).step_by(ZEROS.len()) {
        let length = ZEROS.len().min(bytes - start);
        write_at(fd, &ZEROS[..length], offset + start as u64)?;
    }
    Ok(())
}

/// Has a file that is still empty written in place: btrfs writes each page that was on the disk already to another
/// place, and where there is none left, a store into a mapping is SIGBUS although [`reserve`] has been asked. Other file
/// systems refuse, which is as well.
pub fn write_in_place(fd: Fd) {
    const MAGICS: [u32; 2] = [BTRFS, OVERLAY];
    const BTRFS: u32 = 0x9123_683E;
    // What lies beneath is not told.
    const OVERLAY: u32 = 0x794c_7630;
    const GET_FLAGS: usize = 0x8008_6601;
    const SET_FLAGS: usize = 0x4008_6602;
    const NO_COPY_ON_WRITE: u64 = 0x0080_0000;
    if thread::is_sandboxed() {
        return;
    }
    let mut facts = core::mem::MaybeUninit::<libc::statfs>::zeroed();
    let args = [fd.0 as usize, facts.as_mut_ptr() as usize];
    // SAFETY: the kernel fills a structure of that size.
    if unsafe { syscall(libc::SYS_fstatfs, &args) }.is_err() {
        return;
    }
    // SAFETY: filled, and any content is valid.
    let magic = unsafe { facts.assume_init() }.f_type as u32;
    if !MAGICS.contains(&magic) {
        return;
    }
    // The kernel fills and reads four bytes or eight, by file system.
    let flags = AtomicU64::new(0);
    let at = flags.as_ptr() as usize;
    // SAFETY: `flags` has room.
    if unsafe { syscall(libc::SYS_ioctl, &[fd.0 as usize, GET_FLAGS, at]) }.is_ok() {
        flags.fetch_or(NO_COPY_ON_WRITE, Ordering::Relaxed);
        // SAFETY: as above; concerns only our file.
        let _ = unsafe { syscall(libc::SYS_ioctl, &[fd.0 as usize, SET_FLAGS, at]) };
    }
}

/// Gives the blocks of a range back; the file keeps its length. Best effort.
pub fn punch(fd: Fd, offset: u64, bytes: usize) {
    const KEEP_SIZE_PUNCH_HOLE: usize = 3;
    let args = [fd.0 as usize, KEEP_SIZE_PUNCH_HOLE, offset as usize, bytes];
    // SAFETY: concerns only our file.
    let _ = unsafe { syscall(libc::SYS_fallocate, &args) };
}

/// The largest size that a file may have here before the kernel sends SIGXFSZ.
#[must_use]
pub fn size_limit() -> u64 {
    let mut limits = [u64::MAX; 2];
    let args = [
        0,
        libc::RLIMIT_FSIZE as usize,
        0,
        limits.as_mut_ptr() as usize,
    ];
    // SAFETY: the kernel fills two 8-byte words.
    let _ = unsafe { syscall(libc::SYS_prlimit64, &args) };
    limits[0]
}

/// Renames a file.
pub fn rename(from: &[u8], to: &[u8]) -> Result<(), i32> {
    let args = [path(from).ok_or(BAD_PATH)?, path(to).ok_or(BAD_PATH)?];
    // SAFETY: both are NUL-terminated strings.
    unsafe { syscall(libc::SYS_rename, &args) }.map(|_| ())
}

/// Removes a file, if it can be removed. `name` ends with a NUL.
pub fn remove(name: &[u8]) {
    debug_assert!(name.ends_with(b"\0"));
    // SAFETY: the name ends with a NUL.
    let _ = unsafe { syscall(libc::SYS_unlink, &[name.as_ptr() as usize]) };
}

/// Whether something exists at the path (links not followed).
#[must_use]
pub fn exists(name: &[u8]) -> bool {
    let Some(name) = path(name) else { return false };
    let mut stat = core::mem::MaybeUninit::<libc::stat>::uninit();
    let args = [
        libc::AT_FDCWD as usize,
        name,
        stat.as_mut_ptr() as usize,
        libc::AT_SYMLINK_NOFOLLOW as usize,
    ];
    // SAFETY: the path is NUL-terminated and the kernel fills the structure.
    unsafe { syscall(libc::SYS_newfstatat, &args) }.is_ok()
}

/// Whether running this file gives the process another user's or group's rights.
#[must_use]
pub fn changes_rights(fd: Fd) -> bool {
    let mut stat = core::mem::MaybeUninit::<libc::stat>::uninit();
    let args = [fd.0 as usize, stat.as_mut_ptr() as usize];
    // SAFETY: the kernel fills the structure; the other two calls take nothing.
    let (known, user, group) = unsafe {
        (
            syscall(libc::SYS_fstat, &args).is_ok(),
            syscall(libc::SYS_getuid, &[]),
            syscall(libc::SYS_getgid, &[]),
        )
    };
    if !known {
        return false;
    }
    // SAFETY: filled by the call, which succeeded.
    let stat = unsafe { stat.assume_init() };
    let other = |bit: u32, owner: u32, own: Result<usize, i32>| {
        stat.st_mode & bit != 0 && own != Ok(owner as usize)
    };
    other(libc::S_ISUID, stat.st_uid, user) || other(libc::S_ISGID, stat.st_gid, group)
}

/// Whether running this file gives the process capabilities (setcap), for which the loader preloads nothing either. Root has
/// them without.
#[must_use]
pub fn gives_capabilities(fd: Fd) -> bool {
    // SAFETY: takes nothing.
    let is_root = unsafe { syscall(libc::SYS_getuid, &[]) } == Ok(0);
    // A sandbox may kill at what few programs ask.
    if is_root || thread::is_sandboxed() {
        return false;
    }
    // The kernel's `vfs_ns_cap_data`: a word of flags, then twice the words of what is permitted and what is inherited.
    let mut value = [0u32; 6];
    let args = [
        fd.0 as usize,
        c"security.capability".as_ptr() as usize,
        value.as_mut_ptr() as usize,
        size_of_val(&value),
    ];
    // SAFETY: the name is NUL-terminated, and the kernel fills at most what it is told to.
    let is_there = unsafe { syscall(libc::SYS_fgetxattr, &args) }.is_ok();
    is_there && (value[1] | value[3]) != 0
}

/// The device and inode of an open file: how a descriptor is recognised that the program closed and
/// reused for a file of its own.
#[must_use]
pub fn identity(fd: Fd) -> Option<(u64, u64)> {
    let mut stat = core::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the kernel fills the structure.
    unsafe {
        syscall(
            libc::SYS_fstat,
            &[fd.0 as usize, stat.as_mut_ptr() as usize],
        )
    }
    .ok()?;
    // SAFETY: filled by the call, which succeeded.
    let stat = unsafe { stat.assume_init() };
    Some((stat.st_dev, stat.st_ino))
}

/// Where a symbolic link points, into `buffer`; gives the length.
pub fn read_link(name: &[u8], buffer: &mut [u8]) -> Option<usize> {
    let (at, bytes) = (buffer.as_mut_ptr() as usize, buffer.len());
    let length = from_its_folder(name, |folder, name| {
        let args = [folder.0 as usize, path(name).ok_or(BAD_PATH)?, at, bytes];
        // SAFETY: the path is NUL-terminated, the buffer ours and of that length.
        unsafe { syscall(libc::SYS_readlinkat, &args) }
    });
    length.ok()
}

/// The path of an open file, as the kernel knows it; gives its bytes. Nothing is allocated.
pub fn path_of(fd: Fd, buffer: &mut [u8]) -> Option<usize> {
    const FOLDER: &[u8] = b"/proc/thread-self/fd/";
    const DIGITS: usize = 10;
    let mut name = [0u8; FOLDER.len() + DIGITS + 1];
    name[..FOLDER.len()].copy_from_slice(FOLDER);
    let mut rest = u32::try_from(fd.0).ok()?;
    let digits = rest.checked_ilog10().unwrap_or(0) as usize + 1;
    for digit in name[FOLDER.len()..FOLDER.len() + digits].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    read_link(&name[..=FOLDER.len() + digits], buffer)
}

/// The current directory; empty where the kernel does not say.
pub fn current_directory() -> Vec<u8> {
    let mut buffer = [0u8; 4096];
    let args = [buffer.as_mut_ptr() as usize, buffer.len()];
    // SAFETY: the buffer is ours and of that length.
    let with_nul = unsafe { syscall(libc::SYS_getcwd, &args) }.unwrap_or(0);
    buffer[..with_nul.saturating_sub(1)].to_vec()
}

/// Opens an existing file for reading and writing, never through a link.
pub fn open_write(name: &[u8]) -> Result<Fd, i32> {
    open(name, libc::O_RDWR | libc::O_NOFOLLOW, 0)
}

/// Calls `visit` with the name of each entry of a folder, `.` and `..` among them.
pub fn list(name: &[u8], mut visit: impl FnMut(&[u8])) -> Result<(), i32> {
    /// Where `struct linux_dirent64` has its length and its name.
    const LENGTH: usize = 16;
    const NAME: usize = 19;
    let fd = open(name, libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
    let mut buffer = [0u8; 4096];
    let result = loop {
        let args = [fd.0 as usize, buffer.as_mut_ptr() as usize, buffer.len()];
        // SAFETY: the buffer is ours and of that length.
        let filled = match unsafe { syscall(libc::SYS_getdents64, &args) } {
            Ok(0) => break Ok(()),
            Ok(filled) => filled,
            Err(error) => break Err(error),
        };
        let mut rest = &buffer[..filled];
        while let Some(&[low, high]) = rest.get(LENGTH..LENGTH + 2) {
            let length = usize::from(u16::from_le_bytes([low, high]));
            let (Some(entry), true) = (rest.get(..length), length > NAME) else {
                break;
            };
            let entry_name = &entry[NAME..];
            let end = entry_name.iter().position(|&byte| byte == 0);
            visit(&entry_name[..end.unwrap_or(entry_name.len())]);
            rest = &rest[length..];
        }
    };
    close(fd);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::MetadataExt as _;

    /// On ext2 a program was killed by SIGBUS once the disk was full: its window was a hole.
    #[test]
    fn what_is_reserved_without_the_call_for_it_has_its_blocks() {
        let path = std::env::temp_dir().join(format!("ldt-reserved-{}", std::process::id()));
        let file = std::fs::File::create_new(&path).expect("a file for the test");
        std::fs::remove_file(&path).expect("it is there");
        let bytes = 5 * mem::PAGE_BYTES + 100;
        write_zeros(Fd(file.as_raw_fd()), mem::PAGE_BYTES as u64, bytes).expect("there is room");
        let facts = file.metadata().expect("it is open");
        assert_eq!(facts.len(), (mem::PAGE_BYTES + bytes) as u64);
        assert!(facts.blocks() * 512 >= bytes as u64, "{}", facts.blocks());
    }
}
