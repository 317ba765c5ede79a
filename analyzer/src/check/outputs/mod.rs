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
    /// How the command ended.
    pub ended: &'a Ended,
    /// Uses of suppressions: name, place, times.
    pub suppressions: &'a [(String, super::suppress::Source, u64)],
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
    let judged = results.processes.iter().filter(|judged| !judged.is_skipped);
    for judged in judged {
        let processes = std::slice::from_ref(judged);
        let untraced = results.verdict.untraced.clone();
        let verdict = Verdict::of(results.settings, processes, untraced, results.ended);
        let one = Results {
            verdict: &verdict,
            processes,
            ..results
        };
        let path = for_process(pattern, judged.report.pid);
        write_to(Some(&path), |out| write(one, out))?;
    }
    Ok(())
}
