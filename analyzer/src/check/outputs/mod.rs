//! The files that a run leaves, written once at its end: everything of all processes merged, or with
//! `%p` in the name one file for each process.

pub mod github;
pub mod json;
pub mod junit;
pub mod place;
pub mod sarif;
pub mod xml;

use super::judge::Judged;
use super::print::{for_process, is_for_each_process};
use super::settings::Settings;
use super::verdict::Verdict;
use crate::failure::Failure;
use crate::launch::supervise::Ended;
use crate::output::write_to;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

/// A run that is over.
#[derive(Clone, Copy, Debug)]
pub struct Results<'a> {
    /// What was asked for.
    pub settings: &'a Settings,
    /// What it came to.
    pub verdict: &'a Verdict,
    /// Its processes, or the one that the file is for.
    pub processes: &'a [Judged],
    /// How the command ended, whichever process the file is for.
    pub ended: &'a Ended,
    /// Uses of suppressions: name, place, times.
    pub suppressions: &'a [(String, super::suppress::Source, u64)],
}

impl<'a> Results<'a> {
    /// The last image of the command, or of the process that the file is for.
    fn last_image(self) -> Option<&'a Judged> {
        let images = self.processes.iter();
        images
            .filter(|judged| judged.report.pid == self.verdict.pid)
            .max_by_key(|judged| judged.report.start_monotonic_ns)
    }

    /// Whether this is about the whole run, or the command's own process.
    fn is_of_command(self) -> bool {
        self.verdict.pid == self.ended.pid
    }

    /// The words that the command was started with, or the process that the file is for.
    fn words(self) -> Vec<String> {
        match self.last_image() {
            Some(image) if !self.is_of_command() && !image.report.command.is_empty() => {
                image.report.command.clone()
            }
            _ => {
                let words = self.settings.command.iter();
                words
                    .map(|word| word.to_string_lossy().into_owned())
                    .collect()
            }
        }
    }
}

/// Writes all files that were asked for. One that cannot be written keeps none of the others from
/// being there; the first of them is what is said.
pub fn write(results: Results<'_>) -> Result<(), Failure> {
    let outputs = &results.settings.outputs;
    let all = [
        each(outputs.json.as_deref(), results, json::write),
        each(outputs.junit.as_deref(), results, junit::write),
        each(outputs.sarif.as_deref(), results, sarif::write),
        each(outputs.xml.as_deref(), results, xml::write),
        annotate(results),
    ];
    all.into_iter().collect()
}

fn annotate(results: Results<'_>) -> Result<(), Failure> {
    if !results.settings.outputs.github {
        return Ok(());
    }
    github::write(results).map_err(|error| Failure::own(format!("--github: {error}")))
}

/// Writes one file, or one for each process that was judged.
fn each(
    pattern: Option<&Path>,
    results: Results<'_>,
    write: impl Fn(Results<'_>, &mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(pattern) = pattern else {
        return Ok(());
    };
    place::make_folder(pattern)?;
    if !is_for_each_process(pattern) {
        return write_to(Some(pattern), |out| write(results, out));
    }
    for (pid, images) in by_process(results.processes) {
        let verdict = results.verdict.for_process(results.settings, pid, &images);
        let one = Results {
            verdict: &verdict,
            processes: &images,
            ..results
        };
        let path = for_process(pattern, pid);
        write_to(Some(&path), |out| write(one, out))?;
    }
    Ok(())
}

/// The processes that were judged, each with its images: at an exec the program is another one, the process the same.
fn by_process(processes: &[Judged]) -> BTreeMap<u32, Vec<Judged>> {
    let mut all: BTreeMap<u32, Vec<Judged>> = BTreeMap::new();
    for judged in processes.iter().filter(|judged| !judged.is_skipped) {
        all.entry(judged.report.pid)
            .or_default()
            .push(judged.clone());
    }
    all
}
