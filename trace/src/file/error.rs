//! Why a file cannot be read as a trace at all: one line with the place and the way out.

use crate::header;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Nothing of the file can be read. Displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    path: PathBuf,
    /// Where in the file, in bytes.
    pub offset: u64,
    what: String,
}

impl Error {
    fn new(path: &Path, offset: u64, what: String) -> Self {
        Error {
            path: path.to_owned(),
            offset,
            what,
        }
    }

    pub(super) fn io(path: &Path, offset: u64, error: &io::Error) -> Self {
        Error::new(
            path,
            offset,
            format!("cannot be read: {error}; give the path of a trace that `ldt profile` wrote"),
        )
    }

    pub(super) fn empty(path: &Path) -> Self {
        let what = "the file is empty: the program ended before recording began; record it again with `ldt profile`";
        Error::new(path, 0, what.to_owned())
    }

    pub(super) fn foreign(path: &Path) -> Self {
        let what = "not an LDT trace (it does not begin with `LDTRACE`); give a file that `ldt profile` wrote";
        Error::new(path, 0, what.to_owned())
    }

    pub(super) fn cut_header(path: &Path, length: u64) -> Self {
        let what = format!(
            "the trace is cut inside its header ({length} of {} bytes): nothing of it can be read; copy it again, or record it again",
            header::HEADER_BYTES
        );
        Error::new(path, length, what)
    }

    pub(super) fn no_version(path: &Path) -> Self {
        let what =
            "the trace's header is damaged (format version 0); copy it again, or record it again";
        Error::new(path, header::offset::VERSION as u64, what.to_owned())
    }

    pub(super) fn too_new(path: &Path, version: u32) -> Self {
        let what = format!(
            "format version {version} is newer than this ldt reads (up to {}); read it with the ldt that recorded it",
            header::VERSION
        );
        Error::new(path, header::offset::VERSION as u64, what)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}: at byte {}: {}",
            self.path.display(),
            self.offset,
            self.what
        )
    }
}

impl std::error::Error for Error {}
