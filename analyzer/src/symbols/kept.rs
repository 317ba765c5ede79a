//! The executables of processes that run, held open: one that is deleted or replaced before its process is judged, as
//! `configure` does with each of its programs, has names all the same.
//!
//! A process may be over sooner than its trace is looked at, so the kernel says when a trace comes to be.

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// No more are held at once: traces want descriptors, too.
const MOST: usize = 64;

#[derive(Debug)]
struct Kept {
    /// Device and inode: children of a fork have one executable.
    identity: (u64, u64),
    path: PathBuf,
    file: File,
    /// The processes that run it and have not been judged; `ldt` itself for the command.
    pids: BTreeSet<u32>,
}

static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<Kept>> {
    // Nothing that is done with it can leave it half done.
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds the executable of a process that has just begun.
pub fn keep(pid: u32) {
    let link = format!("/proc/{pid}/exe");
    if let (Ok(file), Ok(path)) = (File::open(&link), fs::read_link(&link)) {
        hold(file, undeleted(&path), pid);
    }
}

/// Holds the executable that the command will be, to the end: nobody can be late for that one.
pub fn keep_command(path: &Path) {
    if let (Ok(file), Ok(path)) = (File::open(path), fs::canonicalize(path)) {
        hold(file, &path, std::process::id());
    }
}

fn hold(file: File, path: &Path, pid: u32) {
    let Ok(facts) = file.metadata() else { return };
    let identity = (facts.dev(), facts.ino());
    let mut kept = kept();
    if let Some(known) = kept.iter_mut().find(|known| known.identity == identity) {
        known.pids.insert(pid);
    } else if kept.len() < MOST {
        kept.push(Kept {
            identity,
            path: path.to_owned(),
            file,
            pids: BTreeSet::from([pid]),
        });
    }
}

/// Lets go what only these processes ran: a file system is in use as long as a file of it is open.
pub fn let_go(pids: &BTreeSet<u32>) {
    kept().retain_mut(|kept| {
        kept.pids.retain(|pid| !pids.contains(pid));
        !kept.pids.is_empty()
    });
}

/// Where the executables can be read that were at this path.
pub(super) fn files(path: &Path) -> Vec<PathBuf> {
    let path = undeleted(path);
    let kept = kept();
    let here = kept.iter().filter(|kept| kept.path == path);
    here.map(|kept| PathBuf::from(format!("/proc/self/fd/{}", kept.file.as_raw_fd())))
        .collect()
}

/// The path that the kernel adds a word to once the file is gone.
fn undeleted(path: &Path) -> &Path {
    let bytes = path.as_os_str().as_bytes();
    let before = bytes.strip_suffix(b" (deleted)");
    before.map_or(path, |before| Path::new(OsStr::from_bytes(before)))
}

/// Holds the executable of each process whose trace comes to be in this folder from now on. Where the kernel does not say so,
/// none are held.
pub fn watch(folder: &Path) {
    let Ok(watch) = inotify::init(CreateFlags::CLOEXEC) else {
        return;
    };
    if inotify::add_watch(&watch, folder, WatchFlags::CREATE).is_err() {
        return;
    }
    let follow = move || {
        let mut room = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&watch, &mut room);
        // It ends with `ldt`.
        while let Ok(event) = events.next() {
            if let Some(pid) = event.file_name().and_then(|name| pid_in(name.to_bytes())) {
                keep(pid);
            }
        }
    };
    // Without a thread, as without the kernel's word.
    let _ = thread::Builder::new().spawn(follow);
}

/// The process that a trace of this name is of: `ldt-check-812.813.trace`.
fn pid_in(name: &[u8]) -> Option<u32> {
    let name = str::from_utf8(name).ok()?.strip_suffix(".trace")?;
    name.rsplit('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_of_a_process_is_held_until_it_is_let_go() {
        let own = std::env::current_exe().expect("a test is a program");
        let pid = std::process::id();
        keep(pid);
        assert_eq!(files(&own).len(), 1);
        let mut gone = own.clone().into_os_string();
        gone.push(" (deleted)");
        assert_eq!(files(Path::new(&gone)).len(), 1);
        let_go(&BTreeSet::from([pid]));
        assert!(files(&own).is_empty());
    }

    #[test]
    fn names_of_traces_say_whose_they_are() {
        assert_eq!(pid_in(b"ldt-check-812.813.trace"), Some(813));
        assert_eq!(pid_in(b"ldt-check-812.813.trace.0"), None);
        assert_eq!(pid_in(b"app.trace"), None);
    }
}
