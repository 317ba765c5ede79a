//! What the tests of the gate stand on: projects of `tests/gate/`, copied to a folder of their own, and `ldt check`
//! in front of any command there.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::installed::{checkout, ldt, program};
use crate::run::{Outcome, run};

/// A folder for one test, with a copy of a project in it.
pub struct Project {
    folder: TempDir,
}

/// The program of [`finds`], as a command in its folder.
pub const FINDS: &str = "./finds";

/// The program that does what its arguments say, and a folder to run it in.
#[must_use]
pub fn finds() -> Project {
    let project = Project {
        folder: tempfile::tempdir().expect("a temporary folder can be made"),
    };
    let source = checkout().join("tests/gate/finds.c");
    project.gcc(&source, "finds", &["-g", "-O1", "-fno-builtin"]);
    project
}

impl Project {
    /// A copy of `tests/gate/NAME`.
    #[must_use]
    pub fn copy_of(name: &str) -> Project {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        copy(&checkout().join("tests/gate").join(name), folder.path());
        Project { folder }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The text of a file in it.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Compiles a file to `name`.
    pub fn gcc(&self, source: &Path, name: &str, arguments: &[&str]) {
        let mut command = Command::new(program("gcc"));
        command
            .args(arguments)
            .arg(source)
            .arg("-o")
            .arg(self.file(name));
        self.must_run(&mut command);
    }

    /// Runs a command there, to its end. The runner of this very test has named it in the environment:
    /// that is not the test that the command runs.
    #[must_use]
    pub fn run(&self, command: &mut Command) -> Outcome {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("NEXTEST") {
                command.env_remove(name);
            }
        }
        run(command.current_dir(self.path()))
    }

    /// Runs a command there, which must succeed.
    pub fn must_run(&self, command: &mut Command) -> Outcome {
        let outcome = self.run(command);
        assert_eq!(
            outcome.ending.as_launcher_code(),
            0,
            "{command:?}:\n{}{}",
            outcome.stdout,
            outcome.stderr
        );
        outcome
    }

    /// `ldt check`, with options, in front of a command.
    #[must_use]
    pub fn check<O: AsRef<OsStr>, W: AsRef<OsStr>>(&self, options: &[O], words: &[W]) -> Outcome {
        let mut command = Command::new(ldt());
        command.arg("check").args(options).arg("--").args(words);
        self.run(&mut command)
    }

    /// The JSON in a file there.
    #[must_use]
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

impl Outcome {
    /// The exit code, as a shell would show it.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.ending.as_launcher_code()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a project can be listed") {
        let entry = entry.expect("a project can be listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
