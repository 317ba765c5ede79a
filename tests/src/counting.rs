//! The independent count for programs too large for valgrind: `samples/tools/counting_preload.c`,
//! preloaded beneath LDT in the very same run, so that the two must agree to the last call whatever
//! else varies from run to run.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::samples::{Sample, Variant};
use crate::valgrind::HeapUsage;

/// A counting library, ready to be preloaded, and where it will leave its counts.
pub struct Counting {
    library: PathBuf,
    folder: TempDir,
}

impl Counting {
    /// Builds the library.
    #[must_use]
    pub fn prepare() -> Counting {
        Counting {
            library: Sample::named("tools/counting_preload.c").build_library(Variant::SHIPPED),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    /// The library.
    #[must_use]
    pub fn library(&self) -> &std::path::Path {
        &self.library
    }

    /// Tells the library, through `command`'s environment, where to leave its counts.
    pub fn attach(&self, command: &mut Command) {
        command.env("COUNTS_FOLDER", self.folder.path());
    }

    /// The sum over all processes that have run.
    ///
    /// # Panics
    /// When none has.
    #[must_use]
    pub fn usage(&self) -> HeapUsage {
        let counts: Vec<HeapUsage> = fs::read_dir(self.folder.path())
            .expect("a temporary folder can be listed")
            .map(|entry| {
                let path = entry.expect("it can be listed").path();
                let bytes = fs::read(&path).expect("counts can be read");
                let number = |at: usize| {
                    let bytes = bytes.get(at..at + 8).and_then(|it| it.try_into().ok());
                    u64::from_le_bytes(bytes.unwrap_or_else(|| panic!("{path:?} is cut short")))
                };
                HeapUsage {
                    allocations: number(0),
                    frees: number(8),
                    bytes: number(16),
                }
            })
            .collect();
        assert!(!counts.is_empty(), "the counting library was never loaded");
        counts.into_iter().sum()
    }
}
