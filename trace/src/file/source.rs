//! The bytes of the file, read at offsets so that any number of threads can share it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::Path;

#[derive(Debug)]
pub(super) struct Source(File);

impl Source {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Asked for before it is opened: to open a pipe that nobody writes to is to wait for ever.
        let kind = fs::metadata(path)?.file_type();
        if kind.is_dir() {
            return Err(io::Error::other("it is a directory"));
        }
        if kind.is_fifo() {
            let text = "it is a pipe, and a trace is read at many places";
            return Err(io::Error::other(text));
        }
        File::open(path).map(Source)
    }

    pub(super) fn of(file: File) -> Self {
        Source(file)
    }

    /// Bytes in the file now; it may be growing.
    pub(super) fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    /// Fills the buffer as far as the file reaches, and says how far that is.
    pub(super) fn read_up_to(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self
                .0
                .read_at(&mut buffer[filled..], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// The `N` bytes at the offset, `None` when the file ends before.
    pub(super) fn array<const N: usize>(&self, offset: u64) -> io::Result<Option<[u8; N]>> {
        let mut bytes = [0; N];
        Ok((self.read_up_to(offset, &mut bytes)? == N).then_some(bytes))
    }

    /// Reads `length` bytes into the vector, in place of what it held; whether the file had them.
    /// The caller has put a cap on `length`.
    pub(super) fn read_vec(
        &self,
        offset: u64,
        length: usize,
        bytes: &mut Vec<u8>,
    ) -> io::Result<bool> {
        bytes.resize(length, 0);
        let filled = self.read_up_to(offset, bytes)?;
        bytes.truncate(filled);
        Ok(filled == length)
    }
}
