//! Where the files of a run go: whether they can be written is asked before the command runs, since
//! what an hour of tests found must not be lost to a misspelt folder.
//!
//! A folder that is not there is made, as pytest does it, but only when the file is written: made
//! before, it would be in the way of a command that makes it by itself.

use crate::check::settings::Settings;
use crate::failure::Failure;
use crate::launch::refusal;
use crate::output::{IS_A_TRACE, is_standard_output, is_trace};
use rustix::fs::{Access, access};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Says which of the files could not be written, or must not be.
pub fn ask(settings: &Settings) -> Result<(), Failure> {
    let outputs = &settings.outputs;
    let files = [
        ("--json", &outputs.json),
        ("--junit", &outputs.junit),
        ("--sarif", &outputs.sarif),
        ("--xml-file", &outputs.xml),
        ("--log-file", &settings.log_file),
    ];
    let mut taken = precious(settings);
    for (option, path) in files {
        let Some(path) = path.as_deref().filter(|path| !is_standard_output(path)) else {
            continue;
        };
        let other = taken.iter().find(|(_, other)| is_same(path, other));
        let why = other.map(|(what, _)| format!("it is {what}"));
        if let Some(why) = why.or_else(|| hindrance(path)) {
            return Err(Failure::own(format!(
                "{option}={}: it could not be written: {why}; the command was not run",
                path.display()
            )));
        }
        taken.push((format!("the file of {option}"), path.to_owned()));
    }
    Ok(())
}

/// Files that are not to be written over, and what they are.
fn precious(settings: &Settings) -> Vec<(String, PathBuf)> {
    let command = settings
        .command
        .first()
        .and_then(|name| refusal::locate(name));
    let command = command.map(|path| ("the command itself".to_owned(), path));
    let of = |option: &str, path: &PathBuf| (format!("the file of {option}"), path.clone());
    let suppressions = settings.suppressions.iter();
    let all = suppressions.map(|path| of("--suppressions", path));
    let all = all.chain(settings.baseline.iter().map(|path| of("--baseline", path)));
    all.chain(settings.trace.iter().map(|path| of("--output", path)))
        .chain(command)
        .collect()
}

/// Whether two names are of one file; devices take what several write.
fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(a), Ok(b)) => a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino()),
        (Err(_), Err(_)) => {
            let absolute = |path: &Path| std::path::absolute(path).ok();
            absolute(one) == absolute(other)
        }
        _ => false,
    }
}

/// Makes the folder that a file is to be in.
pub(super) fn make_folder(path: &Path) -> Result<(), Failure> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(|error| {
        Failure::own(format!(
            "{}: its folder cannot be made: {error}",
            path.display()
        ))
    })
}

/// Why a file cannot be written, as far as can be seen without writing it.
fn hindrance(path: &Path) -> Option<String> {
    let writable = |path: &Path| access(path, Access::WRITE_OK);
    if path.is_dir() {
        return Some("it is a folder".to_owned());
    }
    if is_trace(path) {
        return Some(IS_A_TRACE.to_owned());
    }
    if path.exists() {
        return writable(path).err().map(|error| error.to_string());
    }
    // What is there of the way to it; the rest can be made in that.
    let there = path.ancestors().skip(1).find(|folder| folder.exists());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Some(format!("{} is no folder", there.display()));
    }
    // A folder that has been removed is there for whoever stands in it, and takes no file.
    if fs::metadata(there).is_ok_and(|folder| folder.nlink() == 0) {
        return Some("the present folder has been removed".to_owned());
    }
    let error = writable(there).err()?;
    Some(format!("{}: {error}", there.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd as _;

    #[test]
    fn what_hinders_is_seen_before() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("it can be written");
        assert_eq!(hindrance(&file), None);
        assert_eq!(hindrance(&folder.path().join("new/newer/x.json")), None);
        assert_eq!(hindrance(Path::new("no-such-folder/x.json")), None);
        assert!(hindrance(folder.path()).is_some_and(|why| why.contains("folder")));
        assert!(hindrance(&file.join("x.json")).is_some_and(|why| why.contains("no folder")));
    }

    /// Regression: the command was run, and what was found could not be written.
    #[test]
    fn a_folder_that_has_been_removed_takes_no_file() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let held = fs::File::open(folder.path()).expect("a folder can be opened");
        fs::remove_dir(folder.path()).expect("it is empty");
        let through = format!("/proc/self/fd/{}/x.json", held.as_raw_fd());
        let why = hindrance(Path::new(&through));
        assert!(why.is_some_and(|why| why.contains("removed")));
    }
}
