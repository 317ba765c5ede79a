//! From a replayed trace to the pictures that the viewer draws, a file for each kind of question.

pub mod activity;
pub mod blocks;
pub mod changes;
pub mod flames;
mod labels;
pub mod marks;
pub mod timeline;

use crate::replay::Replayed;
use crate::report::process;
use crate::report::site::Cost;
use ldt_viewer::Unit;
use std::path::Path;

/// What stands above a picture.
struct Captions {
    program: String,
    command: String,
}

impl Captions {
    fn of(replayed: &Replayed) -> Self {
        let executable = replayed.facts.meta.get("exe").map(Path::new);
        let name = executable.and_then(Path::file_name);
        let program = name.map_or_else(
            || "a program".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Self {
            program,
            command: process::command(&replayed.facts).join(" "),
        }
    }

    /// `Heap of program`.
    fn title(&self, what: &str) -> String {
        format!("{what} {}", self.program)
    }

    /// Both command lines, or the one that both are.
    fn compared_with(&self, after: &Self) -> String {
        if self.command == after.command {
            return after.command.clone();
        }
        format!("before: {}; after: {}", self.command, after.command)
    }
}

/// What a cost counts.
fn stack_unit(cost: Cost) -> Unit {
    match cost {
        Cost::Peak | Cost::Leaked | Cost::Bytes | Cost::At => Unit::Bytes,
        Cost::Allocations | Cost::Temporary => Unit::Allocations,
    }
}
