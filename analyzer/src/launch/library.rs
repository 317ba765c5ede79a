//! Where `libldt.so` is: beside `ldt`, then in `../lib/ldt/`, then where `$LDT_LIBRARY` says.

use crate::failure::Failure;
use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

const NAME: &str = "libldt.so";
/// The library with the checks of the C library's calls, which check mode preloads as well.
pub const CALLS: &str = "libldt_calls.so";
/// The variable that names the library.
pub const VARIABLE: &str = "LDT_LIBRARY";

/// Finds the library.
pub fn find() -> Result<PathBuf, Failure> {
    let folder = env::current_exe()
        .ok()
        .and_then(|ldt| ldt.parent().map(Path::to_owned));
    search(folder.as_deref(), env::var_os(VARIABLE))
}

/// A library in the same folder as another one, if it is there.
#[must_use]
pub fn beside(library: &Path, name: &str) -> Option<PathBuf> {
    Some(library.parent()?.join(name)).filter(|path| path.is_file())
}

fn search(folder: Option<&Path>, named: Option<OsString>) -> Result<PathBuf, Failure> {
    let beside = folder.map(|folder| folder.join(NAME));
    let installed = folder
        .and_then(Path::parent)
        .map(|parent| parent.join("lib/ldt").join(NAME));
    let named = named.filter(|path| !path.is_empty()).map(PathBuf::from);
    let candidates: Vec<PathBuf> = [beside, installed, named].into_iter().flatten().collect();
    let there = || candidates.iter().filter(|path| path.is_file());
    let found = there()
        .find(|path| can_be_preloaded(path))
        .or_else(|| there().next());
    let Some(found) = found else {
        let looked: Vec<String> = candidates
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let looked = match folder {
            Some(_) => format!("looked for {}", looked.join(", ")),
            // `ldt` learns from there where it is itself.
            None => "there is no /proc to tell which folder `ldt` is in".to_owned(),
        };
        return Err(Failure::own(format!(
            "{NAME} not found ({looked}); build it with `cargo build --release`, or set {VARIABLE}=/path/{NAME}"
        )));
    };
    // The program may change its directory before it starts others.
    let found = std::path::absolute(found)
        .map_err(|error| Failure::own(format!("{}: {error}", found.display())))?;
    if !can_be_preloaded(&found) {
        // A link elsewhere would have to stay for as long as a child of the program may start others.
        return Err(Failure::own(format!(
            "{}: LD_PRELOAD cannot hold a path with a space or a colon; move it, or install {NAME} and {CALLS} in \
             another folder and set {VARIABLE}",
            found.display()
        )));
    }
    Ok(found)
}

/// Whether LD_PRELOAD can hold the path: spaces and colons part its entries, and there is no way to quote them.
fn can_be_preloaded(path: &Path) -> bool {
    let mut bytes = path.as_os_str().as_bytes().iter();
    !bytes.any(|byte| matches!(byte, b' ' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_order_is_beside_then_installed_then_named() {
        let root = tempfile::tempdir().expect("a folder for the test");
        let bin = root.path().join("bin");
        let lib = root.path().join("lib/ldt");
        let named = root.path().join("named.so");
        fs::create_dir_all(&bin).expect("made");
        fs::create_dir_all(&lib).expect("made");
        let search = || search(Some(&bin), Some(named.clone().into_os_string()));

        let error = search().expect_err("nothing is there");
        assert!(error.message.contains(VARIABLE) && error.message.contains("named.so"));
        for (path, is_next) in [
            (&named, true),
            (&lib.join(NAME), true),
            (&bin.join(NAME), true),
        ] {
            fs::write(path, "").expect("written");
            assert_eq!(search().ok().as_ref() == Some(path), is_next);
        }
    }

    /// The loader took such a path apart, and the program ran without LDT.
    #[test]
    fn a_folder_that_the_loader_cannot_be_told_is_refused() {
        let root = tempfile::tempdir().expect("a folder for the test");
        let named = root.path().join("named.so");
        for name in ["my projects", "a:b"] {
            let bin = root.path().join(name);
            fs::create_dir_all(&bin).expect("made");
            fs::write(bin.join(NAME), "").expect("written");
            let error = search(Some(&bin), None).expect_err("it cannot be loaded");
            assert!(error.message.contains(name), "{}", error.message);
            assert!(error.message.contains("LD_PRELOAD"), "{}", error.message);
            fs::write(&named, "").expect("written");
            let other = search(Some(&bin), Some(named.clone().into_os_string()));
            assert_eq!(other.ok().as_ref(), Some(&named));
        }
    }

    #[test]
    fn without_proc_that_is_said() {
        let error = search(None, None).expect_err("nobody knows where");
        assert!(
            error.message.contains("there is no /proc"),
            "{}",
            error.message
        );
    }
}
