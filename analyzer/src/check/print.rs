//! Where the text of a check goes: standard error or a log file, every line marked with the process
//! that it is about.

use crate::failure::Failure;
use crate::output::{create, is_standard_output};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

/// Prints lines.
#[derive(Debug, Default)]
pub struct Printer {
    /// The log file's name, perhaps with `%p`, and what is open of it.
    log: Option<(PathBuf, HashMap<u32, File>)>,
    /// Why some of the text is not in the log file.
    lost: Option<String>,
}

impl Printer {
    /// To standard error, or to this file: one for all processes, or with `%p` in its name one
    /// for each.
    pub fn new(log: Option<&Path>) -> Result<Self, Failure> {
        let Some(pattern) = log else {
            return Ok(Printer::default());
        };
        let mut printer = Printer {
            log: Some((pattern.to_owned(), HashMap::new())),
            lost: None,
        };
        if !is_for_each_process(pattern) {
            printer.open(0).map_err(|error| {
                Failure::own(format!("--log-file={}: {error}", pattern.display()))
            })?;
        }
        Ok(printer)
    }

    /// Prints lines of a process, each behind its mark, then an empty one. Whoever reads them may
    /// have gone: that is no reason to fail.
    pub fn paragraph(&mut self, pid: u32, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let mut text = String::new();
        for line in lines {
            text.push_str(&format!("=={pid}== {line}"));
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text.push_str(&format!("=={pid}== \n"));
        self.raw(pid, &text);
    }

    /// Prints text as it is.
    pub fn raw(&mut self, pid: u32, text: &str) {
        if self.log.is_none() {
            // At once, so that lines of the program do not come between.
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
            return;
        }
        let written = self
            .open(pid)
            .and_then(|file| file.write_all(text.as_bytes()));
        if let (Err(error), None) = (written, &self.lost) {
            self.lost = Some(error.to_string());
        }
    }

    /// Whether all that was said could be written: of a log file somebody will think that it is whole.
    pub fn all_was_written(&self) -> Result<(), Failure> {
        match (&self.log, &self.lost) {
            (Some((pattern, _)), Some(error)) => Err(Failure::own(format!(
                "--log-file={}: it is not whole: {error}",
                pattern.display()
            ))),
            _ => Ok(()),
        }
    }

    fn open(&mut self, pid: u32) -> std::io::Result<&mut File> {
        let Some((pattern, files)) = &mut self.log else {
            return Err(std::io::Error::other("no log file was asked for"));
        };
        let key = if is_for_each_process(pattern) { pid } else { 0 };
        Ok(match files.entry(key) {
            std::collections::hash_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(open(&for_process(pattern, key))?)
            }
        })
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    if is_standard_output(path) {
        return Ok(File::from(std::io::stdout().as_fd().try_clone_to_owned()?));
    }
    create(path)
}

/// Whether each process has a file of its own.
#[must_use]
pub fn is_for_each_process(pattern: &Path) -> bool {
    pattern.to_string_lossy().contains("%p")
}

/// The file for a process.
#[must_use]
pub fn for_process(pattern: &Path, pid: u32) -> PathBuf {
    match pattern.to_str() {
        Some(text) => PathBuf::from(text.replace("%p", &pid.to_string())),
        None => pattern.to_owned(),
    }
}

/// A name with `%q{VARIABLE}` filled in.
#[must_use]
pub fn expand_variables(pattern: &str) -> String {
    let mut parts = pattern.split("%q{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((name, rest)) => {
                text.push_str(&std::env::var(name).unwrap_or_default());
                text.push_str(rest);
            }
            None => {
                text.push_str("%q{");
                text.push_str(part);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_has_its_log_with_percent_p() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut printer = Printer::new(Some(&folder.path().join("%p.log"))).expect("it opens");
        printer.paragraph(7, &["a".to_owned(), String::new()]);
        printer.paragraph(8, &["b".to_owned()]);
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).ok();
        assert_eq!(read("7.log").as_deref(), Some("==7== a\n==7==\n==7== \n"));
        assert_eq!(read("8.log").as_deref(), Some("==8== b\n==8== \n"));
    }

    #[test]
    fn a_log_that_cannot_be_written_is_refused_at_once() {
        let error = Printer::new(Some(Path::new("/nonexistent/x.log"))).expect_err("no folder");
        assert!(error.message.contains("/nonexistent/x.log"));
    }
}
