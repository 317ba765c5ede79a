//! Where a command's result goes: standard output, or a file.

use crate::failure::Failure;
use crate::pager;
use crate::standard;
use ldt_trace::header;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Read as _, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// The file name that stands for standard output, as it does for most tools.
const STANDARD_OUTPUT: &str = "-";

/// Whether this is no file but standard output.
pub(crate) fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == STANDARD_OUTPUT
}

/// What is said of a file that would be written over and must not be.
pub(crate) const IS_A_TRACE: &str = "it is a trace: give another name, or remove it";

/// Whether this is a trace. What was recorded comes from a run that may not come again, and the name of one is easily
/// given for that of its report.
pub(crate) fn is_trace(path: &Path) -> bool {
    // To open a pipe would be to wait for who writes to it.
    let is_file = fs::metadata(path).is_ok_and(|file| file.is_file());
    let begins_as_one = |mut file: File| {
        let mut start = [0; header::MAGIC.len()];
        file.read_exact(&mut start).is_ok() && start == header::MAGIC
    };
    is_file && File::open(path).is_ok_and(begins_as_one)
}

/// A file to write a result to. What was there is written over, unless it is a trace.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    if is_trace(path) {
        return Err(io::Error::other(IS_A_TRACE));
    }
    File::create(path)
}

/// What is no text makes a mess of a terminal.
pub(crate) fn keep_off_terminal(path: Option<&Path>) -> Result<(), Failure> {
    if path.is_none_or(is_standard_output) && io::stdout().is_terminal() {
        return Err(Failure::own(
            "this format is not text: give a file with -o FILE, or a pipe",
        ));
    }
    Ok(())
}

/// Writes a result to `path`, or to standard output. Who reads standard output may stop when they
/// have seen enough.
pub(crate) fn write_to(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let named = path.filter(|path| !is_standard_output(path));
    let Some(path) = named else {
        let written = standard::output().and_then(|out| {
            let mut out = BufWriter::new(out);
            write(&mut out).and_then(|()| out.flush())
        });
        return match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(to_stdout(&error)),
            Ok(()) => Ok(()),
        };
    };
    let said =
        |error: io::Error| Failure::own(format!("{}: cannot be written: {error}", path.display()));
    let mut out = BufWriter::new(create(path).map_err(said)?);
    write(&mut out).and_then(|()| out.flush()).map_err(said)
}

/// Writes a text in place of a file's, which stays as it was where that cannot be done to the end. In place, since the file may
/// be a link's, or be mounted by itself.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    if is_standard_output(path) {
        return write_to(None, |out| out.write_all(text.as_bytes()));
    }
    let said =
        |error: io::Error| Failure::own(format!("{}: cannot be written: {error}", path.display()));
    let before = match fs::read(path) {
        Ok(before) => Some(before),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(said(error)),
    };
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(false).open(path);
    let file = file.map_err(said)?;
    let put = |text: &[u8]| {
        file.write_all_at(text, 0)?;
        file.set_len(text.len() as u64)
    };
    put(text.as_bytes()).map_err(|error| {
        // The first failure is the one to tell.
        let _ = before.map_or_else(|| fs::remove_file(path), |before| put(&before));
        said(error)
    })
}

/// [`write_to`] for text that a person reads: on a terminal it goes through a pager.
pub(crate) fn show(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    match path {
        Some(_) => write_to(path, write),
        None => pager::write(write).map_err(|error| to_stdout(&error)),
    }
}

pub(crate) fn to_stdout(error: &io::Error) -> Failure {
    Failure::own(format!("standard output: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_never_written_over() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let (trace, report) = (folder.path().join("t"), folder.path().join("r"));
        fs::write(&trace, [&header::MAGIC[..], b"recorded"].concat()).expect("written");
        fs::write(&report, "of yesterday").expect("written");
        let (linked, pointed) = (folder.path().join("l"), folder.path().join("p"));
        fs::hard_link(&trace, &linked).expect("linked");
        std::os::unix::fs::symlink(&trace, &pointed).expect("linked");
        let write = |path: &Path| write_to(Some(path), |out| out.write_all(b"of today"));
        for path in [&trace, &linked, &pointed] {
            let refused = write(path).expect_err("it is a trace");
            assert!(refused.message.contains(IS_A_TRACE), "{refused}");
        }
        assert!(fs::read(&trace).is_ok_and(|data| data.ends_with(b"recorded")));
        assert_eq!(write(&report), Ok(()));
        assert!(fs::read(&report).is_ok_and(|data| data == b"of today"));
    }
}
