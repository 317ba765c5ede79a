//! `--github`: annotations on the lines of a pull request, printed where GitHub Actions looks for
//! them, and a summary of the job in Markdown.

use super::Results;
use crate::findings::Frame;
use crate::report::{errors, leaks};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// GitHub shows ten annotations of a step.
const MAX_ANNOTATIONS: usize = 10;
/// Findings in the summary.
const MAX_ROWS: usize = 100;

/// The variable that names the file of the summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Prints the annotations, and adds to the summary if there is one.
pub(super) fn write(results: Results<'_>) -> io::Result<()> {
    let root = std::env::var("GITHUB_WORKSPACE").unwrap_or_default();
    let mut text = String::new();
    for (title, message, stack) in findings(results).into_iter().take(MAX_ANNOTATIONS) {
        text.push_str(&annotation(&title, &message, stack, &root));
    }
    // The runner reads both streams; standard output is the program's.
    io::stderr().lock().write_all(text.as_bytes())?;
    match std::env::var_os(SUMMARY) {
        Some(path) if !path.is_empty() => {
            let mut file = OpenOptions::new().append(true).create(true).open(path)?;
            file.write_all(markdown(results).as_bytes())
        }
        _ => Ok(()),
    }
}

/// Title, message and stack of each finding that fails the gate.
fn findings<'a>(results: Results<'a>) -> Vec<(String, String, &'a [Arc<Frame>])> {
    let merged = &results.verdict.merged;
    let errors = merged.errors.iter().map(|error| {
        let finding = &error.finding;
        let kind = finding.facts.kind.shown();
        (
            kind.to_owned(),
            errors::headline(&finding.facts),
            &finding.stack[..],
        )
    });
    let kinds = &results.settings.errors_for_leak_kinds;
    // The largest first: not all are shown.
    let records = merged.records.iter().enumerate().rev();
    let records = records
        .filter(|(_, record)| kinds.contains(record.finding.kind))
        .map(|(number, record)| {
            let finding = &record.finding;
            let text = leaks::headline(finding, number + 1, merged.records.len());
            (
                format!("{} leak", finding.kind.shown()),
                text,
                &finding.stack[..],
            )
        });
    errors.chain(records).collect()
}

/// The innermost frame whose source is the project's own: below the workspace, or else any that is
/// not the system's.
fn own_place<'a>(stack: &'a [Arc<Frame>], root: &str) -> Option<(&'a str, u32)> {
    let placed = stack
        .iter()
        .filter_map(|frame| Some((frame.file.as_deref()?, frame.line?)));
    let placed: Vec<(&str, u32)> = placed.collect();
    let inside = |file: &str| !root.is_empty() && Path::new(file).starts_with(root);
    let is_systems = |file: &str| {
        ["/usr/", "/rustc/", "/build/"]
            .iter()
            .any(|at| file.starts_with(at))
    };
    let own = placed.iter().find(|(file, _)| inside(file));
    own.or_else(|| {
        placed
            .iter()
            .find(|(file, _)| !is_systems(file) && file.starts_with('/'))
    })
    .copied()
}

fn annotation(title: &str, message: &str, stack: &[Arc<Frame>], root: &str) -> String {
    let (title, message) = (escape_property(title), escape(message));
    match own_place(stack, root) {
        Some((file, line)) => {
            let relative = Path::new(file)
                .strip_prefix(root)
                .unwrap_or(Path::new(file));
            let file = escape_property(&relative.display().to_string());
            format!("::error file={file},line={line},title={title}::{message}\n")
        }
        None => format!("::error title={title}::{message}\n"),
    }
}

fn escape(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}

/// The job's summary.
fn markdown(results: Results<'_>) -> String {
    let verdict = results.verdict;
    let state = if verdict.is_red() {
        "found errors"
    } else {
        "found nothing"
    };
    let mut text = format!("### Heap check {state}\n\n{}\n\n", verdict.summary());
    for over in &verdict.over_budget {
        text.push_str(&format!("- {}\n", cell(over)));
    }
    let merged = &verdict.merged;
    let errors = merged.errors.iter().map(|error| {
        let facts = &error.finding.facts;
        (
            errors::headline(facts),
            &error.finding.stack[..],
            &error.seen_in,
        )
    });
    let records = merged.records.iter().enumerate().rev();
    let records = records.map(|(number, record)| {
        let finding = &record.finding;
        let text = leaks::headline(finding, number + 1, merged.records.len());
        (text, &finding.stack[..], &record.seen_in)
    });
    let rows: Vec<_> = errors.chain(records).collect();
    if rows.is_empty() {
        return text;
    }
    text.push_str("| finding | where | tests |\n|---|---|---|\n");
    let root = std::env::var("GITHUB_WORKSPACE").unwrap_or_default();
    for (what, stack, seen_in) in rows.iter().take(MAX_ROWS) {
        let place = own_place(stack, &root).map(|(file, line)| format!("`{file}:{line}`"));
        let tests: Vec<String> = seen_in.tests.iter().map(|test| cell(test)).collect();
        let place = place.unwrap_or_default();
        text.push_str(&format!(
            "| {} | {} | {} |\n",
            cell(what),
            cell(&place),
            tests.join("<br>")
        ));
    }
    if rows.len() > MAX_ROWS {
        text.push_str(&format!("\nand {} more\n", rows.len() - MAX_ROWS));
    }
    text.push('\n');
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('\n', " ")
        .replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(file: &str, line: u32) -> Arc<Frame> {
        Arc::new(Frame {
            file: Some(file.to_owned()),
            line: Some(line),
            ..Frame::default()
        })
    }

    #[test]
    fn the_place_is_the_projects_own() {
        let stack = [
            frame("/usr/include/c++/x.h", 1),
            frame("/w/src/a.c", 7),
            frame("/w/m.c", 9),
        ];
        assert_eq!(own_place(&stack, "/w"), Some(("/w/src/a.c", 7)));
        assert_eq!(own_place(&stack, ""), Some(("/w/src/a.c", 7)));
        let line = annotation("double-free", "a, 100%\nb", &stack, "/w");
        assert_eq!(
            line,
            "::error file=src/a.c,line=7,title=double-free::a, 100%25%0Ab\n"
        );
    }
}
