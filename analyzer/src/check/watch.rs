//! Following the traces of a run while they grow: every process has one, and there may be more any
//! moment.
//!
//! Files are looked for in one folder, every few milliseconds ([`super::place`]): neither a notification (which an
//! mmapped file does not give) nor a pipe (which daemons would keep open, and fork would share)
//! does it as simply. A look at a quiet process is one read of its header page.

use super::place::{Identity, Place};
use crate::findings::raw::ErrorFound;
use crate::findings::{Found, Reader};
use crate::symbols::kept;
use ldt_trace::Tick;
use ldt_trace::file::{Scratch, TraceFile};
use ldt_trace::header::{HEADER_BYTES, Header, MAGIC, flag};
use std::cell::LazyCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::PathBuf;
use std::sync::LazyLock;

/// A trace that is followed.
#[derive(Debug)]
pub struct Watched {
    /// Where it is now.
    pub path: PathBuf,
    open: Option<Open>,
    /// What was read of it; when it is closed, its header alone.
    pub found: Found,
    /// How many errors, and checks, the header had when it was read last.
    seen: (u64, u32),
    /// Errors that have been told.
    pub told: usize,
    /// The process has ended, and all has been read.
    pub is_done: bool,
}

/// What reading needs, but for the room to unpack in.
#[derive(Debug)]
struct Open {
    file: File,
    reader: Reader,
}

impl Watched {
    /// The file with this identity, if it is still the one at the path: a process that execs gives its trace another name, and
    /// the next image's has the name then.
    fn open(identity: Identity, path: PathBuf) -> io::Result<Option<Self>> {
        let file = File::open(&path)?;
        let facts = file.metadata()?;
        if (facts.dev(), facts.ino()) != identity {
            return Err(io::ErrorKind::NotFound.into());
        }
        let Some(header) = header_of(&file)? else {
            return Ok(None);
        };
        let mut found = Found::default();
        found.header = header;
        let reader = Reader::default();
        Ok(Some(Watched {
            path,
            open: Some(Open { file, reader }),
            found,
            seen: (0, 0),
            told: 0,
            is_done: false,
        }))
    }

    /// Reads what is new. Errors whose stacks have not wholly come yet are left for the next time.
    fn look(&mut self, scratch: &mut Scratch) {
        match self.open.as_ref().map(|open| header_of(&open.file)) {
            Some(Ok(Some(header))) => self.found.header = header,
            _ => return,
        }
        let counts = self.found.header.checked.as_ref();
        let now = counts.map_or((0, 0), |counts| (counts.findings, counts.leak_checks));
        if now != self.seen || self.has_ended() {
            self.read(scratch);
            self.seen = now;
        }
    }

    /// All is read, and given away but for the header: a suite of tests has more processes than there are
    /// descriptors, and more than memory has room for readers.
    pub fn close(&mut self) -> Found {
        self.is_done = true;
        self.open = None;
        let mut header_alone = Found::default();
        header_alone.header = self.found.header.clone();
        std::mem::replace(&mut self.found, header_alone)
    }

    /// Reads what is new.
    fn read(&mut self, scratch: &mut Scratch) {
        let Some(open) = &mut self.open else { return };
        // By the descriptor: the name may be another file's by now. What cannot be read shows in the end, since the header has
        // counted it.
        let file = open.file.try_clone().ok();
        if let Some(Ok(trace)) = file.map(|file| TraceFile::of(file, &self.path)) {
            open.reader.read(&trace, scratch, &mut self.found);
        }
    }

    /// Errors that can be told now, and have not been: those whose stacks are all there.
    #[must_use]
    pub fn untold(&self) -> &[ErrorFound] {
        let new = self.found.errors.get(self.told..).unwrap_or_default();
        let is_whole =
            |error: &ErrorFound| error.stacks().all(|stack| self.found.is_complete(stack));
        let whole = new.iter().take_while(|error| is_whole(error)).count();
        &new[..whole]
    }

    /// When the process came to an orderly end; later than anything while it has not.
    #[must_use]
    pub fn end_tick(&self) -> Tick {
        if self.found.header.flags & flag::EXITED == 0 {
            return Tick::MAX;
        }
        let last = self.found.errors.last().map_or(0, |error| error.tick);
        self.found.header.end_tick.max(last)
    }

    /// Whether the process has come to an orderly end and is gone. One that was killed is only
    /// known at the end of the run: process ids of another namespace cannot be looked up.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.found.header.flags & flag::EXITED != 0 && !is_running(self.found.header.pid)
    }
}

/// The header page, if the file has one by now.
fn header_of(file: &File) -> io::Result<Option<Header>> {
    let mut page = [0; HEADER_BYTES];
    match file.read_exact_at(&mut page, 0) {
        Ok(()) if page[..MAGIC.len()] == MAGIC => Ok(Some(Header::decode(&page))),
        Ok(()) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a process of this run runs: a zombie does not, and one that began before `ldt` did is another one. (A child in a
/// namespace of its own calls itself by a number that is somebody else's here, such as 1.)
#[must_use]
pub fn is_running(pid: u32) -> bool {
    static OWN_START: LazyLock<u64> =
        LazyLock::new(|| state_and_start(std::process::id()).map_or(0, |(_, start)| start));
    state_and_start(pid)
        .is_some_and(|(state, start)| !matches!(state, 'Z' | 'X') && start >= *OWN_START)
}

/// A process's state, and when it began, in the kernel's units since the machine did.
fn state_and_start(pid: u32) -> Option<(char, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `812 (name) S ...`, in which the name may have parentheses.
    let (_, rest) = stat.rsplit_once(") ")?;
    /// `starttime` is the 22nd of the fields, of which the state is the third.
    const START: usize = 22 - 3;
    let start = rest.split(' ').nth(START)?.parse().ok()?;
    Some((rest.chars().next()?, start))
}

/// All traces of a run.
#[derive(Debug)]
pub struct Watch {
    places: Vec<Place>,
    numbers: HashMap<Identity, usize>,
    /// Files that could not be read as traces yet.
    begun: Vec<(Identity, PathBuf)>,
    /// In the order in which they were seen.
    pub traces: Vec<Watched>,
    /// Room for a chunk and its decompressor: of a suite of tests each process would need its own.
    /// Made when the first is read: a launcher that has little memory says so before.
    scratch: LazyCell<Scratch>,
}

impl Watch {
    /// Traces that come to be in these places.
    #[must_use]
    pub fn new(places: Vec<Place>) -> Self {
        Watch {
            places,
            numbers: HashMap::new(),
            begun: Vec::new(),
            traces: Vec::new(),
            scratch: LazyCell::new(Scratch::new),
        }
    }

    /// Looks for new traces, and for what is new in those that are known.
    pub fn look(&mut self) {
        let mut files = std::mem::take(&mut self.begun);
        files.extend(self.places.iter_mut().flat_map(Place::changed_files));
        for (identity, path) in files {
            if let Some(number) = self.numbers.get(&identity) {
                self.traces[*number].path = path;
                continue;
            }
            match Watched::open(identity, path.clone()) {
                Ok(Some(watched)) => {
                    kept::keep(watched.found.header.pid);
                    self.numbers.insert(identity, self.traces.len());
                    self.traces.push(watched);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                _ if self.begun.iter().any(|(known, _)| *known == identity) => {}
                _ => self.begun.push((identity, path)),
            }
        }
        for watched in self.traces.iter_mut().filter(|watched| !watched.is_done) {
            watched.look(&mut self.scratch);
        }
    }

    /// Reads what is new of one.
    pub fn read(&mut self, number: usize) {
        self.traces[number].read(&mut self.scratch);
    }

    /// Looks the same way, into the folders in any case.
    pub fn look_everywhere(&mut self) {
        self.places.iter_mut().for_each(Place::forget_listing);
        self.look();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldt_trace::header::{VERSION, offset};
    use std::path::Path;

    /// A suite of tests has thousands of processes.
    #[test]
    fn what_has_ended_keeps_its_header_alone() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("x.trace");
        let identity = write_trace(&path, 7);
        let mut watched = opened(identity, path);
        assert_eq!(watched.close().header.pid, 7);
        assert_eq!(watched.found.header.pid, 7);
        assert!(watched.open.is_none() && watched.is_done);
    }

    /// The errors of an image were lost when the next one's trace was read in the place of its own.
    #[test]
    fn a_name_that_another_file_has_got_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("x.trace");
        let first = write_trace(&path, 7);
        let mut watched = opened(first, path.clone());
        fs::rename(&path, folder.path().join("x.trace.0")).expect("it can be renamed");
        let second = write_trace(&path, 8);
        watched.read(&mut Scratch::new());
        assert_eq!(watched.found.header.pid, 7);
        let late = Watched::open(first, path.clone());
        let late = late.expect_err("that file is not there any more");
        assert_eq!(late.kind(), io::ErrorKind::NotFound);
        assert_eq!(opened(second, path).found.header.pid, 8);
    }

    /// An empty trace of this process.
    fn write_trace(path: &Path, pid: u32) -> Identity {
        let mut page = vec![0; HEADER_BYTES];
        page[..MAGIC.len()].copy_from_slice(&MAGIC);
        page[offset::VERSION..][..4].copy_from_slice(&VERSION.to_le_bytes());
        page[offset::PID..][..4].copy_from_slice(&pid.to_le_bytes());
        fs::write(path, page).expect("written");
        let facts = fs::metadata(path).expect("it is there");
        (facts.dev(), facts.ino())
    }

    fn opened(identity: Identity, path: PathBuf) -> Watched {
        let opened = Watched::open(identity, path).expect("it can be read");
        opened.expect("it has a header")
    }

    #[test]
    fn this_process_runs() {
        assert!(is_running(std::process::id()));
        assert!(!is_running(u32::MAX));
        assert!(!is_running(1), "it began before this program did");
    }
}
