//! LeakSanitizer's format: `leak:PATTERN`, one a line. A pattern is looked for anywhere in the
//! function, file or module of any frame; `*` is any text, `^` and `$` tie it to an end.

use super::{Malformed, Shape, Source, Subject, Suppression};
use crate::report::style::excerpt;
use ldt_trace::finding::LeakKind;
use wildmatch::WildMatch;

/// What AddressSanitizer's files may have beside: it has no meaning for a heap checker without a rebuild.
const OTHERS: &[&str] = &[
    "interceptor_name",
    "interceptor_via_fun",
    "interceptor_via_lib",
    "odr_violation",
    "alloc_dealloc_mismatch",
    "race",
    "thread",
    "mutex",
    "signal",
    "deadlock",
    "called_from_lib",
];

pub(super) fn parse(text: &str, file: &str) -> Result<Vec<Suppression>, Malformed> {
    let mut entries = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let subject = match line.split_once(':') {
            Some(("leak", _)) => Subject::Leak(LeakKind::ALL.to_vec()),
            Some((other, _)) if OTHERS.contains(&other) => Subject::Elsewhere,
            _ => {
                return Err(Malformed {
                    line: number + 1,
                    what: format!(
                        "expected leak:PATTERN or valgrind's {{, found {}",
                        excerpt(line)
                    ),
                });
            }
        };
        let pattern = line
            .split_once(':')
            .map_or("", |(_, pattern)| pattern.trim());
        let source = Source {
            file: Some(file.to_owned()),
            line: number + 1,
        };
        let shape = Shape::AnyFrame(WildMatch::new(&glob(pattern)));
        entries.push(Suppression::new(line.to_owned(), source, subject, shape));
    }
    Ok(entries)
}

/// The pattern as a glob for the whole text.
fn glob(pattern: &str) -> String {
    let (begin, pattern) = match pattern.strip_prefix('^') {
        Some(rest) => ("", rest),
        None => ("*", pattern),
    };
    let (pattern, end) = match pattern.strip_suffix('$') {
        Some(rest) => (rest, ""),
        None => (pattern, "*"),
    };
    format!("{begin}{pattern}{end}")
}
