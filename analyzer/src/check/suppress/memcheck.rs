//! valgrind's format:
//!
//! ```text
//! {
//!    a name
//!    Memcheck:Leak
//!    match-leak-kinds: definite,possible
//!    fun:malloc
//!    ...
//!    obj:*/libfoo.so*
//! }
//! ```
//!
//! Kinds of other tools, and of errors that a heap checker cannot see (undefined values), are read
//! and never match. One kind is LDT's own: `LDT:heap-buffer-overflow` and the like, with the names
//! of its reports.

use super::{FramePattern, Malformed, Shape, Source, Subject, Suppression};
use crate::check::settings::LeakKinds;
use crate::report::style::excerpt;
use ldt_trace::finding::{ErrorKind, LeakKind};
use wildmatch::WildMatch;

const ACCESSES: &[ErrorKind] = &[
    ErrorKind::HeapBufferOverflow,
    ErrorKind::HeapBufferUnderflow,
    ErrorKind::HeapUseAfterFree,
    ErrorKind::UseAfterPoison,
];
const FREES: &[ErrorKind] = &[
    ErrorKind::DoubleFree,
    ErrorKind::BadFree,
    ErrorKind::AllocDeallocMismatch,
    ErrorKind::NewDeleteTypeMismatch,
];

/// What memcheck calls a size that cannot be meant.
const FISHY: &str = "FishyValue";

/// Lines with something on them, with their numbers.
struct Lines<'a> {
    rest: std::iter::Enumerate<std::str::Lines<'a>>,
    last: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        for (number, line) in self.rest.by_ref() {
            self.last = number + 1;
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                return Some((number + 1, line));
            }
        }
        None
    }
}

pub(super) fn parse(text: &str, file: Option<&str>) -> Result<Vec<Suppression>, Malformed> {
    let mut lines = Lines {
        rest: text.lines().enumerate(),
        last: 0,
    };
    let mut entries = Vec::new();
    while let Some((line, text)) = lines.next() {
        if text != "{" {
            return Err(Malformed {
                line,
                what: format!("expected {{, found {}", excerpt(text)),
            });
        }
        entries.push(entry(line, file, &mut lines)?);
    }
    Ok(entries)
}

fn entry(
    begin: usize,
    file: Option<&str>,
    lines: &mut Lines<'_>,
) -> Result<Suppression, Malformed> {
    let unfinished = |line: usize| Malformed {
        line,
        what: format!("the entry that begins at line {begin} has no }}"),
    };
    let (_, name) = lines.next().ok_or_else(|| unfinished(begin))?;
    let (line, kind) = lines.next().ok_or_else(|| unfinished(begin))?;
    let mut subject = subject(kind).ok_or_else(|| Malformed {
        line,
        what: format!(
            "expected TOOL:KIND such as Memcheck:Leak, found {}",
            excerpt(kind)
        ),
    })?;
    let mut patterns = Vec::new();
    loop {
        let Some((line, text)) = lines.next() else {
            return Err(unfinished(lines.last));
        };
        if text == "}" {
            break;
        }
        if let Some(kinds) = text.strip_prefix("match-leak-kinds:") {
            let kinds: LeakKinds = kinds
                .trim()
                .parse()
                .map_err(|what| Malformed { line, what })?;
            if let Subject::Leak(all) = &mut subject {
                *all = kinds.0.into_iter().collect();
            }
            continue;
        }
        match frame(text) {
            Some(pattern) => patterns.push(pattern),
            // The parameter of a system call, and the like: only for kinds that never match.
            None if matches!(subject, Subject::Elsewhere) => {}
            // `malloc(size)`: which argument of which function. The stack says as much.
            None if kind.ends_with(FISHY) && patterns.is_empty() => {}
            None => {
                return Err(Malformed {
                    line,
                    what: format!("expected fun:, obj:, src: or ..., found {}", excerpt(text)),
                });
            }
        }
    }
    let source = Source {
        file: file.map(str::to_owned),
        line: begin,
    };
    Ok(Suppression::new(
        name.to_owned(),
        source,
        subject,
        Shape::Innermost(patterns),
    ))
}

/// `Memcheck:Leak`, or with several tools `Memcheck,LDT:Leak`.
fn subject(text: &str) -> Option<Subject> {
    let (tools, kind) = text.split_once(':')?;
    let has = |tool: &str| tools.split(',').any(|one| one.trim() == tool);
    if has("LDT") {
        let own = ErrorKind::ALL.iter().find(|own| own.shown() == kind);
        if let Some(own) = own {
            return Some(Subject::Errors(vec![*own], None));
        }
    }
    if !has("Memcheck") && !has("LDT") {
        return Some(Subject::Elsewhere);
    }
    Some(match kind {
        "Leak" => Subject::Leak(LeakKind::ALL.to_vec()),
        "Free" => Subject::Errors(FREES.to_vec(), None),
        "Overlap" => Subject::Errors(vec![ErrorKind::MemcpyParamOverlap], None),
        FISHY => Subject::Errors(vec![ErrorKind::AllocationSizeTooBig], None),
        _ => match kind.strip_prefix("Addr").map(str::parse::<u64>) {
            Some(Ok(size)) => Subject::Errors(ACCESSES.to_vec(), Some(size)),
            _ => Subject::Elsewhere,
        },
    })
}

fn frame(text: &str) -> Option<FramePattern> {
    if text == "..." {
        return Some(FramePattern::Anything);
    }
    let (what, rest) = text.split_once(':')?;
    Some(match what {
        "fun" => FramePattern::Function(WildMatch::new(rest)),
        "obj" => FramePattern::Module(WildMatch::new(rest)),
        "src" => {
            let (file, line) = match rest.rsplit_once(':') {
                Some((file, line)) if line.parse::<u32>().is_ok() => (file, line.parse().ok()),
                _ => (rest, None),
            };
            FramePattern::File(WildMatch::new(file), line)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_valgrinds_and_our_own() {
        let is_for = |text: &str, kind| match subject(text) {
            Some(Subject::Errors(kinds, size)) => kinds.contains(&kind).then_some(size),
            _ => None,
        };
        assert_eq!(
            is_for("Memcheck:Addr4", ErrorKind::HeapUseAfterFree),
            Some(Some(4))
        );
        assert_eq!(is_for("Memcheck:Free", ErrorKind::DoubleFree), Some(None));
        assert_eq!(is_for("LDT:double-free", ErrorKind::DoubleFree), Some(None));
        assert_eq!(is_for("LDT:double-free", ErrorKind::BadFree), None);
        assert!(matches!(subject("Memcheck:Cond"), Some(Subject::Elsewhere)));
        assert!(matches!(subject("Helgrind:Race"), Some(Subject::Elsewhere)));
        assert!(subject("Leak").is_none());
    }

    #[test]
    fn the_argument_of_a_fishy_value_is_no_frame() {
        let entry = "{\n sizes\n Memcheck:FishyValue\n malloc(size)\n fun:malloc\n fun:ask\n}\n";
        let entries = parse(entry, None).expect("it is well-formed");
        assert_eq!(entries.len(), 1);
        assert!(parse(&entry.replace("FishyValue", "Free"), None).is_err());
    }
}
