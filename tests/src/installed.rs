//! The built binaries, as `cargo xtask test` leaves them, and the real programs of the machine.

use std::path::{Path, PathBuf};

/// The root of the checkout.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// Cargo's target directory.
#[must_use]
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => checkout().join(folder),
        None => checkout().join("target"),
    }
}

/// The analyzer and launcher.
#[must_use]
pub fn ldt() -> PathBuf {
    built("ldt")
}

/// The library that is preloaded.
#[must_use]
pub fn preload() -> PathBuf {
    built("libldt.so")
}

fn built(name: &str) -> PathBuf {
    let path = target().join("release").join(name);
    assert!(
        path.exists(),
        "{} is not built; run `cargo xtask test`, which builds it first",
        path.display()
    );
    path
}

/// A real program. Debian's own comes before any other on the PATH, which may be a script that
/// only starts the real one.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    ["/usr/bin", "/bin"]
        .into_iter()
        .map(PathBuf::from)
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; `cargo xtask test` installs it"))
}
