//! Reading a trace file: an index of its chunks and windows, and their words.
//!
//! The file may be whole, cut, damaged, full of holes because its process was killed, or still
//! growing. [`TraceFile::open`] walks it by its headers alone ([`scan`]), puts the pieces of each
//! thread in order ([`index`]), and notes what is missing. [`TraceFile::read`] decodes one piece
//! and may be called from many threads at once: it reads at offsets and keeps no position.

mod damage;
mod error;
mod exit;
mod index;
mod read;
mod scan;
mod source;
mod window;

pub use damage::Damage;
pub use error::Error;
pub use exit::append_exit;
pub use index::{Piece, PieceKind, ThreadPieces};
pub use read::Scratch;

use crate::columns::Counters;
use crate::header::{self, Header};
use index::Index;
use source::Source;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file is looked at again this often when its process writes while it is read.
const ATTEMPTS: usize = 4;

/// An open trace file and the index of its pieces.
#[derive(Debug)]
pub struct TraceFile {
    path: PathBuf,
    source: Source,
    header: Header,
    index: Index,
}

impl TraceFile {
    /// Opens a trace and indexes it. Damage behind the header page is no error: see
    /// [`TraceFile::damage`].
    pub fn open(path: impl AsRef<Path>) -> Result<TraceFile, Error> {
        let path = path.as_ref();
        let source = Source::open(path).map_err(|error| Error::io(path, 0, &error))?;
        Self::indexed(path, source)
    }

    /// The same of a file that is open; the path is for messages alone, and may be another file's by now.
    pub fn of(file: File, path: &Path) -> Result<TraceFile, Error> {
        Self::indexed(path, Source::of(file))
    }

    fn indexed(path: &Path, source: Source) -> Result<TraceFile, Error> {
        let mut attempt = 1;
        loop {
            let header = read_header(path, &source)?;
            let index = Index::build(&source, &header)
                .map_err(|error| Error::io(path, header::HEADER_BYTES as u64, &error))?;
            // A chunk that was being written when the scan passed it has left a gap. If the
            // process may still run, look again.
            let settled = header.flags & header::flag::EXITED != 0;
            if settled || !index.has_gaps() || attempt == ATTEMPTS {
                return Ok(TraceFile {
                    path: path.to_owned(),
                    source,
                    header,
                    index,
                });
            }
            attempt += 1;
        }
    }

    /// Where the file was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The header page, as it was when the file was opened.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The pieces of every thread, by thread number, each thread's in the order of its events.
    #[must_use]
    pub fn threads(&self) -> &[ThreadPieces] {
        &self.index.threads
    }

    /// Totals of all pieces, from the headers of the chunks and the words of the windows: no chunk
    /// is decoded for it, so a damaged one counts as its header says.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.index.counters()
    }

    /// What is damaged or missing, by offset, as far as it shows without decoding.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.index.damage
    }

    /// Decodes one piece into `words`, in place of what they held. On damage `words` is empty.
    pub fn read(
        &self,
        piece: &Piece,
        scratch: &mut Scratch,
        words: &mut Vec<u64>,
    ) -> Result<(), Damage> {
        let result = read::piece(&self.source, &self.index, piece, scratch, words);
        if result.is_err() {
            words.clear();
        }
        result
    }
}

fn read_header(path: &Path, source: &Source) -> Result<Header, Error> {
    let mut page = [0; header::HEADER_BYTES];
    let length = source
        .read_up_to(0, &mut page)
        .map_err(|error| Error::io(path, 0, &error))?;
    let magic =
        page[..length.min(header::MAGIC.len())] == header::MAGIC[..length.min(header::MAGIC.len())];
    if length == 0 {
        return Err(Error::empty(path));
    }
    if !magic {
        return Err(Error::foreign(path));
    }
    if length < page.len() {
        return Err(Error::cut_header(path, length as u64));
    }
    let header = Header::decode(&page);
    match header.version {
        0 => Err(Error::no_version(path)),
        version if version > header::VERSION => Err(Error::too_new(path, version)),
        _ => Ok(header),
    }
}
