//! Where a command's result goes: standard output, or a file.

use crate::failure::Failure;
use crate::pager;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// The file name that stands for standard output, as it does for most tools.
const STANDARD_OUTPUT: &str = "-";

/// Whether this is no file but standard output.
pub(crate) fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == STANDARD_OUTPUT
}

/// Writes a result to `path`, or to standard output. Who reads standard output may stop when they
/// have seen enough.
pub(crate) fn write_to(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let named = path.filter(|path| !is_standard_output(path));
    let Some(path) = named else {
        let mut out = BufWriter::new(io::stdout().lock());
        return match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(to_stdout(&error)),
            Ok(()) => Ok(()),
        };
    };
    let said =
        |error: io::Error| Failure::own(format!("{}: cannot be written: {error}", path.display()));
    let mut out = BufWriter::new(File::create(path).map_err(said)?);
    write(&mut out).and_then(|()| out.flush()).map_err(said)
}

/// The same for text that a person reads: on a terminal it goes through a pager.
pub(crate) fn show(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    match path {
        Some(_) => write_to(path, write),
        None => pager::write(write).map_err(|error| to_stdout(&error)),
    }
}

fn to_stdout(error: &io::Error) -> Failure {
    Failure::own(format!("standard output: {error}"))
}
