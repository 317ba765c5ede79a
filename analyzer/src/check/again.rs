//! A second run of the command: `--thorough` guards the other side of blocks, `--pin` guards blocks
//! where the first run found damage after the fact. It reads the same standard input, and its
//! standard output is dropped.

use super::judge::Judged;
use super::settings::Settings;
use crate::failure::Failure;
use ldt_trace::finding::{DetectedBy, ErrorKind};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Seek as _};
use std::process::Stdio;

/// A run of the command.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// Options of the library that differ from what was asked for.
    pub(super) options: Vec<(&'static str, OsString)>,
    /// What is said of it, for a second one.
    pub(super) why: Option<&'static str>,
}

impl Pass {
    /// The first run.
    pub(super) fn first(settings: &Settings) -> Self {
        let after = ("guard_side", OsString::from("after"));
        Pass {
            options: settings.thorough.then_some(after).into_iter().collect(),
            why: None,
        }
    }

    /// The second run, if there is reason for one.
    pub(super) fn second(settings: &Settings, processes: &[Judged]) -> Option<Self> {
        if settings.thorough {
            return Some(Pass {
                options: vec![("guard_side", "before".into())],
                why: Some("running again, with guard pages before the blocks (--thorough)"),
            });
        }
        let judged = processes.iter().filter(|judged| !judged.is_skipped);
        let errors = judged.flat_map(Judged::counting_errors);
        let mut late = errors.filter(|error| {
            let by = error.facts.detected_by;
            matches!(by, DetectedBy::Redzone | DetectedBy::Quarantine)
        });
        let first = late.next().filter(|_| settings.pin)?;
        let side = match first.facts.kind {
            ErrorKind::HeapBufferUnderflow => "before",
            _ => "after",
        };
        Some(Pass {
            options: vec![
                ("guard", "all".into()),
                ("guard_side", side.into()),
                ("exact", "yes".into()),
            ],
            why: Some("running again, with guard pages where damage was found (--pin)"),
        })
    }
}

/// The command's standard input, kept where it will be read twice.
pub(super) struct Input {
    spooled: Option<File>,
}

impl Input {
    /// Reads it to its end, where a second run may come and it is not a terminal.
    pub(super) fn of(settings: &Settings) -> Result<Self, Failure> {
        let mut stdin = io::stdin().lock();
        if !(settings.thorough || settings.pin) || stdin.is_terminal() {
            return Ok(Input { spooled: None });
        }
        let failed =
            |error: io::Error| Failure::own(format!("standard input cannot be kept: {error}"));
        let mut file = tempfile::tempfile().map_err(failed)?;
        // A closed one is read as an empty one.
        if let Err(error) = io::copy(&mut stdin, &mut file)
            && error.kind() != io::ErrorKind::InvalidInput
        {
            return Err(failed(error));
        }
        Ok(Input {
            spooled: Some(file),
        })
    }

    /// For one run, from its beginning.
    pub(super) fn open(&mut self) -> Result<Option<Stdio>, Failure> {
        let Some(file) = &mut self.spooled else {
            return Ok(None);
        };
        let again = file.rewind().and_then(|()| file.try_clone());
        let file = again.map_err(|error| {
            Failure::own(format!("standard input cannot be read again: {error}"))
        })?;
        Ok(Some(file.into()))
    }
}
