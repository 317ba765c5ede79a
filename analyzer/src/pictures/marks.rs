//! Moments worth a line in a timeline: what check mode found, its leak checks, and what the program said it was
//! doing.

use crate::findings::{Found, Reader};
use crate::replay::clock::Clock;
use ldt_trace::TraceFile;
use ldt_trace::file::Scratch;
use ldt_viewer::Mark;

/// The marks of a trace, none for one in which nothing was checked.
#[must_use]
pub fn marks(trace: &TraceFile, clock: &Clock) -> Vec<Mark> {
    if trace.header().checked.is_none() {
        return Vec::new();
    }
    let mut found = Found::default();
    Reader::default().read(trace, &mut Scratch::new(), &mut found);
    told(&found, clock)
}

fn told(found: &Found, clock: &Clock) -> Vec<Mark> {
    let errors = found.errors.iter().map(|error| Mark {
        at_ns: clock.ns(error.tick),
        label: error.kind.shown().to_owned(),
    });
    let start_ns = found.header.start_monotonic_ns;
    let checks = found.checks.iter().map(|check| Mark {
        at_ns: check.monotonic_ns.saturating_sub(start_ns),
        label: match check.reason.as_str() {
            "" => "leak check".to_owned(),
            reason => format!("leak check: {reason}"),
        },
    });
    let said = found.marks.iter().map(|mark| Mark {
        at_ns: clock.ns(mark.tick),
        label: mark.text.clone(),
    });
    errors.chain(checks).chain(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::raw;

    #[test]
    fn what_the_program_said_is_a_moment() {
        let mut found = Found::default();
        found.marks.push(raw::Mark {
            tick: 500,
            thread: 0,
            text: "loading".to_owned(),
        });
        let marks = told(&found, &Clock::without_rate(100));
        let expected = Mark {
            at_ns: 400,
            label: "loading".to_owned(),
        };
        assert_eq!(marks, [expected]);
    }
}
