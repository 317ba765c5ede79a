//! Where a module's debug information may be, when it is not in the module itself.

use super::sysroot;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = "/usr/lib/debug";

/// The places for this build-id, as distributions lay them out.
#[must_use]
pub fn by_build_id(build_id: &[u8]) -> Option<PathBuf> {
    let (first, rest) = build_id.split_first()?;
    if rest.is_empty() {
        return None;
    }
    let name = format!(".build-id/{first:02x}/{}.debug", hex(rest));
    roots()
        .into_iter()
        .find_map(|root| existing(root.join(&name)))
}

/// The trees of debug files: of the recorded machine, and of this one.
fn roots() -> Vec<PathBuf> {
    let inside = sysroot::folders().iter().map(|folder| {
        let root = ROOT.trim_start_matches('/');
        folder.join(root)
    });
    inside.chain([PathBuf::from(ROOT)]).collect()
}

/// The places for a `.gnu_debuglink` of the module at `path`: beside it, in `.debug` there, or in
/// a tree of debug files, where its folder was when it was recorded. The checksum decides whether a file is the
/// right one.
#[must_use]
pub fn by_link(path: &Path, name: &[u8], checksum: u32) -> Option<PathBuf> {
    let name = std::str::from_utf8(name).ok()?;
    let folder = path.parent()?;
    let recorded = sysroot::below_root(folder);
    let in_trees = roots()
        .into_iter()
        .map(|root| root.join(recorded).join(name));
    [folder.join(name), folder.join(".debug").join(name)]
        .into_iter()
        .chain(in_trees)
        .filter(|candidate| candidate != path)
        .filter_map(existing)
        .find(|candidate| fs::read(candidate).is_ok_and(|data| crc32fast::hash(&data) == checksum))
}

/// The file that a `.gnu_debugaltlink` of the debug file at `path` names: what `dwz` took out of
/// several files.
#[must_use]
pub fn by_alternate_link(path: &Path, name: &[u8], build_id: &[u8]) -> Option<PathBuf> {
    let by_name = std::str::from_utf8(name)
        .ok()
        .and_then(|name| existing(path.parent()?.join(name)));
    by_name.or_else(|| by_build_id(build_id))
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.is_file().then_some(path)
}

/// Bytes as they are written in file names and reports.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
