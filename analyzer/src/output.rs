//! Where a command's result goes: standard output, or a file.

use crate::failure::Failure;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes a result to `path`, or to standard output. Who reads standard output may stop when they
/// have seen enough.
pub(crate) fn write_to(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(path) = path else {
        let mut out = BufWriter::new(io::stdout().lock());
        return match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::own(format!("standard output: {error}"))),
            Ok(()) => Ok(()),
        };
    };
    let said =
        |error: io::Error| Failure::own(format!("{}: cannot be written: {error}", path.display()));
    let mut out = BufWriter::new(File::create(path).map_err(said)?);
    write(&mut out).and_then(|()| out.flush()).map_err(said)
}
