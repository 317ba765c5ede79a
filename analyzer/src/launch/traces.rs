//! Which trace the command wrote.

use crate::failure::Failure;
use crate::output::is_standard_output;
use ldt_trace::TraceFile;
use ldt_trace::header::{HEADER_BYTES, flag};
use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The pattern of the trace's name when none is asked for.
pub const DEFAULT_TRACE: &str = "ldt.%e.%p.trace";

/// Where the library was told to write: a pattern with `%e`, `%p` and `%h`, or nothing.
#[derive(Clone, Debug)]
pub struct Output {
    /// Absolute; the library's default when nothing was asked for.
    pattern: PathBuf,
    /// Nothing was asked for.
    is_default: bool,
}

impl Output {
    /// What was asked for with `-o`, made absolute.
    pub fn new(asked: Option<&Path>) -> Result<Self, Failure> {
        let pattern = asked.unwrap_or(Path::new(DEFAULT_TRACE));
        if is_standard_output(pattern) {
            return Err(Failure::own(
                "a trace is written at many places at once and cannot go to standard output: give a file, \
                 or ./- if that is its name",
            ));
        }
        let is_default = pattern == Path::new(DEFAULT_TRACE);
        let folder = match env::current_dir() {
            // The present folder may have been removed.
            Err(_) if is_default || pattern.is_absolute() => Ok(elsewhere()),
            folder => folder,
        };
        let absolute = |folder: PathBuf| std::path::absolute(literal(&folder).join(pattern));
        let failed = |error| {
            let shown = pattern.display();
            Failure::own(format!(
                "{shown}: the present folder cannot be told: {error}; give a whole path"
            ))
        };
        Ok(Output {
            pattern: folder.and_then(absolute).map_err(failed)?,
            is_default,
        })
    }

    /// The folder of the traces.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        unescaped(self.pattern.parent().unwrap_or(Path::new("/")))
    }

    /// The path of the trace, where it is the same in every process.
    fn fixed_path(&self) -> Option<PathBuf> {
        let open = self.pattern.to_string_lossy().replace("%%", "");
        let is_fixed = !["%e", "%p", "%h"].iter().any(|part| open.contains(part));
        is_fixed.then(|| unescaped(&self.pattern))
    }

    /// The pattern.
    #[must_use]
    pub fn pattern(&self) -> &Path {
        &self.pattern
    }

    /// Makes sure that the trace can be where it was asked for, before anything is run: the library, which takes another
    /// folder when it must, comes to it too late.
    pub fn make_way(&self) -> Result<(), Failure> {
        let failed =
            |error: io::Error| Failure::own(format!("{}: {error}", self.pattern.display()));
        self.remove_stale().map_err(failed)?;
        let tried = self.try_out();
        if self.is_default && (tried.is_ok() || tempfile::tempfile_in(elsewhere()).is_ok()) {
            return Ok(());
        }
        tried.map_err(|error| {
            failed(io::Error::other(format!(
                "no trace can be written there: {error}; the command was not run"
            )))
        })
    }

    /// Makes the file, or where its name is not known yet some file beside it, and removes it again.
    fn try_out(&self) -> io::Result<()> {
        match self.fixed_path() {
            Some(path) => {
                fs::File::create_new(&path)?;
                fs::remove_file(path)
            }
            None => tempfile::tempfile_in(self.folder()).map(drop),
        }
    }

    /// Removes the trace of a run before: the library never writes over a file.
    fn remove_stale(&self) -> io::Result<()> {
        let Some(path) = self.fixed_path().filter(|path| path.exists()) else {
            return Ok(());
        };
        match TraceFile::open(&path) {
            Ok(trace) if is_being_written(&path, &trace) => Err(io::Error::other(format!(
                "process {} still records there: give another name, or %p in it",
                trace.header().pid
            ))),
            Err(_) if !is_unbegun(&path) => {
                let text = "it is there already and is no trace: give another name, or remove it";
                Err(io::Error::other(text))
            }
            _ => fs::remove_file(path),
        }
    }

    /// The trace of this process, if it wrote one: by its name, and by the process id in it.
    #[must_use]
    pub fn find(&self, pid: u32) -> Option<(PathBuf, TraceFile)> {
        let folder = self.folder();
        let name = self.pattern.file_name()?.to_string_lossy();
        [folder, elsewhere()]
            .into_iter()
            .find_map(|folder| find_in(&folder, &name, pid))
    }
}

/// Where the library writes a trace that cannot be in its folder.
#[must_use]
pub fn elsewhere() -> PathBuf {
    env::var_os("TMPDIR").map_or(PathBuf::from("/tmp"), PathBuf::from)
}

/// A path in which nothing is to be filled in, as a part of a pattern.
#[must_use]
pub fn literal(path: &Path) -> PathBuf {
    replaced(path, "%", "%%")
}

/// The other way round.
fn unescaped(pattern: &Path) -> PathBuf {
    replaced(pattern, "%%", "%")
}

fn replaced(path: &Path, from: &str, to: &str) -> PathBuf {
    match path.to_str() {
        Some(text) => PathBuf::from(text.replace(from, to)),
        None => path.to_owned(),
    }
}

/// Whether a file is what a process leaves that was killed before its trace had begun: nothing, or the room for its
/// header.
fn is_unbegun(path: &Path) -> bool {
    let is_short = |file: &fs::Metadata| file.is_file() && file.len() <= HEADER_BYTES as u64;
    fs::metadata(path).is_ok_and(|file| is_short(&file))
        && fs::read(path).is_ok_and(|data| data.iter().all(|byte| *byte == 0))
}

/// Whether the process of this trace has it mapped still. Its number alone may be another's by now.
fn is_being_written(path: &Path, trace: &TraceFile) -> bool {
    let header = trace.header();
    if header.flags & flag::EXITED != 0 {
        return false;
    }
    let maps = fs::read_to_string(format!("/proc/{}/maps", header.pid)).unwrap_or_default();
    let file_of = |line: &str| line.split_ascii_whitespace().nth(4)?.parse::<u64>().ok();
    fs::metadata(path).is_ok_and(|file| maps.lines().any(|line| file_of(line) == Some(file.ino())))
}

fn find_in(folder: &Path, pattern: &str, pid: u32) -> Option<(PathBuf, TraceFile)> {
    let own = |path: PathBuf| {
        let trace = TraceFile::open(&path).ok()?;
        (trace.header().pid == pid).then_some((path, trace))
    };
    if !pattern.contains('%') {
        let beside = folder.join(format!("{pattern}.{pid}"));
        return own(folder.join(pattern)).or_else(|| own(beside));
    }
    let glob = wildmatch::WildMatch::new(&as_glob(pattern, pid));
    let entries = fs::read_dir(folder).ok()?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| glob.matches(&name.to_string_lossy()))
        })
        .find_map(own)
}

/// The file names that a pattern can give for this process.
fn as_glob(pattern: &str, pid: u32) -> String {
    let mut glob = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => match letters.next() {
                Some('p') => glob.push_str(&pid.to_string()),
                Some('e' | 'h') => glob.push('*'),
                Some('%') | None => glob.push('%'),
                Some(other) => {
                    glob.push('%');
                    glob.push(other);
                }
            },
            other => glob.push(other),
        }
    }
    glob
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_globs() {
        assert_eq!(as_glob("ldt.%e.%p.trace", 812), "ldt.*.812.trace");
        assert_eq!(as_glob("a%%b%h", 1), "a%b*");
        assert_eq!(as_glob("50%off.trace", 1), "50%off.trace");
    }

    #[test]
    fn a_percent_sign_of_a_folder_stays() {
        let folder = Path::new("/a%p/50%off");
        assert_eq!(unescaped(&literal(folder)), folder);
        let output = Output {
            pattern: literal(folder).join("x.trace"),
            is_default: false,
        };
        assert_eq!(output.folder(), folder);
        assert_eq!(output.fixed_path(), Some(folder.join("x.trace")));
        let output = Output {
            pattern: literal(folder).join("%p.trace"),
            is_default: false,
        };
        assert_eq!(output.fixed_path(), None);
    }

    #[test]
    fn what_is_no_trace_is_never_removed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let file = folder.path().join("thesis.txt");
        fs::write(&file, "years of work").expect("written");
        let output = Output::new(Some(&file)).expect("a path");
        assert!(output.remove_stale().is_err());
        assert!(file.exists());
    }

    #[test]
    fn a_trace_that_had_not_begun_is_removed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let file = folder.path().join("killed.trace");
        for length in [0, HEADER_BYTES] {
            fs::write(&file, vec![0; length]).expect("written");
            let output = Output::new(Some(&file)).expect("a path");
            output.remove_stale().expect("removed");
            assert!(!file.exists(), "{length} bytes");
        }
    }
}
