//! Further runs of the command. `--thorough` guards the other side of blocks. `--pin` guards the blocks of the call
//! stacks of which the first run found a block damaged after the fact, and no others; where that does not show the
//! instruction (the program took another way this time, or the damage came from a block of another stack), one more
//! run guards all blocks. They read the same standard input, and their standard output is dropped.

use super::judge::Judged;
use super::settings::Settings;
use super::told_exactly::is_late;
use crate::failure::Failure;
use crate::findings::ErrorReport;
use ldt_trace::StackName;
use ldt_trace::finding::{DetectedBy, ErrorKind};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Seek as _};
use std::process::Stdio;

/// As many call stacks as the library takes (`PINS_MAX` there).
const PINS_MAX: usize = 256;

/// A run of the command.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// Options of the library that differ from what was asked for.
    pub(super) options: Vec<(&'static str, OsString)>,
    /// What is said of it; nothing of the first one.
    pub(super) why: Vec<String>,
    /// What was pinned.
    pins: BTreeMap<StackName, PinSide>,
}

/// On which side blocks of a stack are guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PinSide {
    After,
    Before,
    /// In turn.
    Both,
}

impl PinSide {
    /// Where the access is that did such damage. What is used after free is closed whole, whatever the side.
    fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::HeapBufferOverflow => PinSide::After,
            ErrorKind::HeapBufferUnderflow => PinSide::Before,
            _ => PinSide::Both,
        }
    }

    /// For a stack of whose blocks several were damaged.
    fn and(self, other: Self) -> Self {
        if self == other { self } else { PinSide::Both }
    }

    /// As the library's option has it.
    fn sign(self) -> char {
        match self {
            PinSide::After => '>',
            PinSide::Before => '<',
            PinSide::Both => '=',
        }
    }
}

impl Pass {
    /// The first run.
    pub(super) fn first(settings: &Settings) -> Self {
        let after = ("guard_side", OsString::from("after"));
        Pass {
            options: settings.thorough.then_some(after).into_iter().collect(),
            why: Vec::new(),
            pins: BTreeMap::new(),
        }
    }

    /// The second run, if there is reason for one.
    pub(super) fn second(settings: &Settings, processes: &[Judged]) -> Option<Self> {
        if settings.thorough {
            let why = "running again, with guard pages before the blocks (--thorough)";
            return Some(Pass {
                options: vec![("guard_side", "before".into())],
                why: vec![why.to_owned()],
                pins: BTreeMap::new(),
            });
        }
        if !settings.pin {
            return None;
        }
        // Where a guard has met the damage to another block of the stack, the instruction is known.
        let is_known = |name: StackName| {
            counting(processes).any(|error| {
                error.allocation_name == Some(name) && error.facts.detected_by == DetectedBy::Guard
            })
        };
        let mut pins = BTreeMap::new();
        for error in counting(processes).filter(|error| is_late(error)) {
            let Some(name) = error.allocation_name.filter(|&name| !is_known(name)) else {
                continue;
            };
            let side = PinSide::of(error.facts.kind);
            if pins.len() < PINS_MAX || pins.contains_key(&name) {
                pins.entry(name)
                    .and_modify(|known: &mut PinSide| *known = known.and(side))
                    .or_insert(side);
            }
        }
        (!pins.is_empty()).then(|| Pass::pinning(pins))
    }

    fn pinning(pins: BTreeMap<StackName, PinSide>) -> Self {
        let words: Vec<String> = pins
            .iter()
            .map(|(name, side)| format!("{:x}{}", name.number(), side.sign()))
            .collect();
        let stacks = match pins.len() {
            1 => "the call stack whose block was".to_owned(),
            count => format!("the {count} call stacks whose blocks were"),
        };
        Pass {
            options: vec![("pin", words.join(",").into()), ("exact", "yes".into())],
            why: vec![format!(
                "running again, with guard pages at the blocks of {stacks} found damaged (--pin)"
            )],
            pins,
        }
    }

    /// The run after this one, of which these are the processes, if there is reason for one: when what was pinned
    /// has shown nothing.
    pub(super) fn after(&self, processes: &[Judged]) -> Option<Self> {
        let first = self.pins.values().next()?;
        if counting(processes).any(|error| error.facts.detected_by == DetectedBy::Guard) {
            return None;
        }
        let guarded: u64 = processes
            .iter()
            .map(|judged| judged.report.coverage.guarded_stacks)
            .sum();
        let found = if guarded == 0 {
            "the call stack did not occur again in this run: no block of it was guarded"
        } else {
            "no access to a guard page of these blocks was seen"
        };
        let side = match first {
            PinSide::Before => "before",
            PinSide::After | PinSide::Both => "after",
        };
        Some(Pass {
            options: vec![
                ("guard", "all".into()),
                ("guard_side", side.into()),
                ("exact", "yes".into()),
            ],
            why: vec![
                found.to_owned(),
                "running once more, with guard pages at all blocks (--pin)".to_owned(),
            ],
            pins: BTreeMap::new(),
        })
    }
}

/// The errors that count.
fn counting(processes: &[Judged]) -> impl Iterator<Item = &ErrorReport> {
    let judged = processes.iter().filter(|judged| !judged.is_skipped);
    judged.flat_map(Judged::counting_errors)
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
