//! What the launcher adds to a trace when the process has ended: how it ended.

use crate::header::{self, flag, offset};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Writes into the header page how the process ended: the exit code that its parent saw, or the
/// signal that killed it; and when (CLOCK_MONOTONIC, ns), where it could not say so itself. Leaves files alone that are no trace of a version that it knows.
pub fn append_exit(
    path: &Path,
    code: Option<i32>,
    signal: Option<u32>,
    end_monotonic_ns: u64,
) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut start = [0; offset::EXIT_CODE];
    file.read_exact_at(&mut start, 0)?;
    let version: u32 = u32::from_le_bytes(header::array(&start, offset::VERSION));
    if start[..8] != header::MAGIC || version == 0 || version > header::VERSION {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not a trace that this ldt can write to",
        ));
    }
    let flags = u32::from_le_bytes(header::array(&start, offset::FLAGS)) | flag::REAPED;
    if flags & flag::EXITED == 0 {
        let end = end_monotonic_ns.to_le_bytes();
        file.write_all_at(&end, offset::END_MONOTONIC_NS as u64)?;
    }
    if let Some(code) = code {
        file.write_all_at(&code.to_le_bytes(), offset::EXIT_CODE as u64)?;
    }
    file.write_all_at(
        &signal.unwrap_or(0).to_le_bytes(),
        offset::EXIT_SIGNAL as u64,
    )?;
    file.write_all_at(&flags.to_le_bytes(), offset::FLAGS as u64)
}
