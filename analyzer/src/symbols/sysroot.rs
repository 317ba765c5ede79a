//! Where the files of a trace are that was recorded elsewhere: in a container, on another machine, or
//! before an update replaced them.
//!
//! `--sysroot DIR` says so, once for all that a run of `ldt` names; a setting of the process, since every
//! way to a name would have to hand it on otherwise. A file is looked for by its whole path under DIR and
//! by its name in DIR; its build-id decides whether it is the one.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

static FOLDERS: OnceLock<Vec<PathBuf>> = OnceLock::new();

/// What a warning adds that found no file, or another one.
pub const HINT: &str = "--sysroot DIR says where the recorded machine's files are";

/// Looks in these folders from now on. Said once, before anything is named.
pub fn look_in(folders: Vec<PathBuf>) {
    // A second time would be a mistake in this program, not of its user: the first stays.
    let _ = FOLDERS.set(folders);
}

/// The folders.
#[must_use]
pub fn folders() -> &'static [PathBuf] {
    FOLDERS.get().map_or(&[], Vec::as_slice)
}

/// The files that may be the one that was at this path, the likeliest first; the one that is at the path
/// here comes last.
pub fn candidates(path: &Path) -> impl Iterator<Item = PathBuf> {
    copies(folders(), path)
        .chain(std::iter::once(path.to_owned()))
        .collect::<Vec<_>>()
        .into_iter()
}

/// A path here as it was below the recorded machine's root.
#[must_use]
pub fn below_root(path: &Path) -> &Path {
    below(folders(), path)
}

fn below<'p>(folders: &[PathBuf], path: &'p Path) -> &'p Path {
    let inside = folders
        .iter()
        .find_map(|folder| path.strip_prefix(folder).ok());
    inside.unwrap_or_else(|| path.strip_prefix("/").unwrap_or(path))
}

fn copies<'a>(folders: &'a [PathBuf], path: &'a Path) -> impl Iterator<Item = PathBuf> + 'a {
    let below = path.strip_prefix("/").unwrap_or(path);
    let by_folder = move |folder: &'a PathBuf| {
        let by_name = path.file_name().map(|name| folder.join(name));
        [Some(folder.join(below)), by_name].into_iter().flatten()
    };
    folders
        .iter()
        .flat_map(by_folder)
        .filter(|copy| copy.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_copy_is_below_the_folder_and_any_other_file_below_the_root() {
        let folders = [PathBuf::from("/srv/image")];
        let below = |path| below(&folders, Path::new(path));
        assert_eq!(below("/srv/image/opt/app"), Path::new("opt/app"));
        assert_eq!(below("/opt/app"), Path::new("opt/app"));
        assert_eq!(below("/srv/image"), Path::new(""));
    }

    #[test]
    fn copies_are_found_by_path_and_by_name() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let root = folder.path().to_owned();
        let path = Path::new("/opt/app/libx.so");
        let found = || copies(std::slice::from_ref(&root), path).collect::<Vec<_>>();
        assert!(found().is_empty());
        fs::write(root.join("libx.so"), "").expect("it can be written");
        assert_eq!(found(), [root.join("libx.so")]);
        fs::create_dir_all(root.join("opt/app")).expect("it can be made");
        fs::write(root.join("opt/app/libx.so"), "").expect("it can be written");
        assert_eq!(
            found(),
            [root.join("opt/app/libx.so"), root.join("libx.so")]
        );
    }
}
