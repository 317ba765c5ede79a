//! `--sarif=FILE`: SARIF 2.1.0, which GitHub's code scanning and editors read.
//!
//! Written as JSON values, a dozen of the format's hundreds of properties: the crate with types for all of
//! them compiles a schema at each build, and takes longer to build than the rest of `ldt`.

use super::Results;
use crate::check::baseline;
use crate::check::merge::SeenIn;
use crate::findings::Frame;
use crate::report::{errors, leaks};
use ldt_trace::finding::{ErrorKind, LeakKind};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::sync::Arc;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn write(results: Results<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &log(results))?;
    out.write_all(b"\n")
}

fn log(results: Results<'_>) -> Value {
    let merged = &results.verdict.merged;
    let detail = results.settings.detail;
    let kinds = &results.settings.errors_for_leak_kinds;
    let errors = merged.errors.iter().map(|one| {
        let error = &one.finding;
        let mut stacks = vec![stack("here", &error.stack)];
        for (what, by, frames) in [
            ("allocated", &error.allocated_by, &error.allocated),
            ("freed", &error.freed_by, &error.freed),
        ] {
            if !frames.is_empty() {
                stacks.push(stack(&format!("{what} by thread {by}"), frames));
            }
        }
        let rule = error.facts.kind.shown();
        let text = errors::lines(error, detail).join("\n");
        let headline = errors::headline(&error.facts);
        result(
            rule,
            "error",
            &headline,
            &text,
            &error.stack,
            stacks,
            &one.seen_in,
        )
    });
    let of = merged.records.len();
    let records = merged.records.iter().enumerate().map(|(number, one)| {
        let record = &one.finding;
        let level = if kinds.contains(record.kind) {
            "error"
        } else {
            "note"
        };
        let text = leaks::lines(record, number + 1, of, detail).join("\n");
        let headline = leaks::headline(record, number + 1, of);
        let stacks = vec![stack("allocated here", &record.stack)];
        let rule = rule_of_leak(record.kind);
        result(
            &rule,
            level,
            &headline,
            &text,
            &record.stack,
            stacks,
            &one.seen_in,
        )
    });
    let results_found: Vec<Value> = errors.chain(records).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "ldt",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules(),
            }},
            "invocations": [{
                "commandLine": results.words().join(" "),
                "executionSuccessful": results.verdict.problem.is_none(),
            }],
            "results": results_found,
        }],
    })
}

fn rule_of_leak(kind: LeakKind) -> String {
    format!("{}-leak", kind.shown())
}

fn rules() -> Vec<Value> {
    let errors = ErrorKind::ALL.iter().map(|kind| kind.shown().to_owned());
    let leaks = LeakKind::ALL.iter().map(|kind| rule_of_leak(*kind));
    let rule = |id: String| {
        let text = id.replace('-', " ");
        json!({ "id": id, "shortDescription": { "text": text } })
    };
    errors.chain(leaks).map(rule).collect()
}

fn result(
    rule: &str,
    level: &str,
    headline: &str,
    text: &str,
    frames: &[Arc<Frame>],
    stacks: Vec<Value>,
    seen_in: &SeenIn,
) -> Value {
    let tests: Vec<&str> = seen_in.tests.iter().map(String::as_str).collect();
    let processes: Vec<u32> = seen_in.pids.iter().copied().collect();
    // GitHub tells findings of one commit from those of the next by this: no lines, no addresses.
    let fingerprint = baseline::line_of(rule, frames);
    json!({
        "ruleId": rule,
        "level": level,
        "message": { "text": format!("{headline}\n\n{text}") },
        "locations": own_frame(frames).map(location).into_iter().collect::<Vec<Value>>(),
        "stacks": stacks,
        "partialFingerprints": { "ldtStack/v1": fingerprint },
        "properties": { "tests": tests, "processes": processes },
    })
}

/// The innermost frame with a line that is not in a header of the system's.
fn own_frame(frames: &[Arc<Frame>]) -> Option<&Frame> {
    let frames = || frames.iter().map(Arc::as_ref);
    let placed = |frame: &&Frame| frame.file.is_some() && frame.line.is_some();
    let is_own = |frame: &&Frame| {
        let file = frame.file.as_deref().unwrap_or_default();
        !["/usr/", "/rustc/", "/build/", "./"]
            .iter()
            .any(|at| file.starts_with(at))
    };
    let own = frames().filter(placed).find(is_own);
    own.or_else(|| frames().find(placed))
}

fn location(frame: &Frame) -> Value {
    let function = frame.function.as_deref();
    let mut location = json!({});
    if let (Some(file), Some(line)) = (frame.file.as_deref(), frame.line) {
        location["physicalLocation"] = json!({
            "artifactLocation": { "uri": uri(file) },
            "region": { "startLine": line },
        });
    }
    if let Some(function) = function {
        location["logicalLocations"] =
            json!([{ "fullyQualifiedName": function, "kind": "function" }]);
    }
    location
}

fn stack(message: &str, frames: &[Arc<Frame>]) -> Value {
    let frame = |frame: &Arc<Frame>| {
        let mut value = json!({ "location": location(frame) });
        if let Some(module) = frame.module_name() {
            value["module"] = json!(module);
        }
        value
    };
    let frames: Vec<Value> = frames.iter().map(frame).collect();
    json!({ "message": { "text": message }, "frames": frames })
}

/// A path as a relative reference: below the present folder, as GitHub wants it, or else absolute.
fn uri(file: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = std::path::Path::new(file);
    let (scheme, path) = match path.strip_prefix(&here) {
        Ok(relative) => ("", relative.to_string_lossy()),
        Err(_) if path.is_absolute() => ("file://", path.to_string_lossy()),
        Err(_) => ("", path.to_string_lossy()),
    };
    let mut text = scheme.to_owned();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b'+' => {
                text.push(char::from(byte));
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("/a b/c.c"), "file:///a%20b/c.c");
        let here = std::env::current_dir().expect("tests run somewhere");
        assert_eq!(uri(&here.join("src/x.c").to_string_lossy()), "src/x.c");
    }
}
