//! Where the files of a run go: whether they can be written is asked before the command runs, since
//! what an hour of tests found must not be lost to a misspelt folder.
//!
//! A folder that is not there is made, as pytest does it, but only when the file is written: made
//! before, it would be in the way of a command that makes it by itself.

use crate::check::settings::Outputs;
use crate::failure::Failure;
use crate::output::is_standard_output;
use rustix::fs::{Access, access};
use std::fs;
use std::path::Path;

/// Says which of the files could not be written.
pub fn ask(outputs: &Outputs) -> Result<(), Failure> {
    let files = [
        ("--json", &outputs.json),
        ("--junit", &outputs.junit),
        ("--sarif", &outputs.sarif),
        ("--xml-file", &outputs.xml),
    ];
    for (option, path) in files {
        let Some(path) = path.as_deref().filter(|path| !is_standard_output(path)) else {
            continue;
        };
        if let Some(why) = hindrance(path) {
            return Err(Failure::own(format!(
                "{option}={}: it could not be written: {why}; the command was not run",
                path.display()
            )));
        }
    }
    Ok(())
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
    if path.exists() {
        return writable(path).err().map(|error| error.to_string());
    }
    // What is there of the way to it; the rest can be made in that.
    let there = path.ancestors().skip(1).find(|folder| folder.exists());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Some(format!("{} is no folder", there.display()));
    }
    let error = writable(there).err()?;
    Some(format!("{}: {error}", there.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
