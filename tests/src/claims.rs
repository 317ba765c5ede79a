//! What a sample says that LDT must find, in its first line: `// LDT: ` and then claims
//! `NAME=VALUE` with spaces between.
//!
//! | claim | concerns |
//! |---|---|
//! | `allocations`, `frees`, `bytes`, `temporary` | the totals, beyond what an empty program of the language has |
//! | `leaked_bytes`, `leaked_blocks` | what is live at the end, likewise |
//! | `calls.NAME` | the calls of a function (`failed`: that failed), likewise |
//! | `FUNCTION:METRIC` | the sum over all sites with FUNCTION in their stack |
//! | `replaced`, `children` | how many traces there are of images before an exec, of other processes |
//! | `replaced.FUNCTION:METRIC`, `children.FUNCTION:METRIC` | sums over those |
//! | `exit`, `signal` | how the program ends, by itself and in the report (0 when not said) |
//! | `truncated=yes` | recording had to stop before the end |
//! | `valgrind=no` | valgrind cannot run it, or the C library does otherwise there (it finds libgcc already loaded under LDT, say) |
//! | `valgrind=calls` | valgrind's bytes differ: the table of thread-local storage, one for each thread, has 16 bytes for each library with such storage, as LDT's is |
//!
//! Where a sample says nothing of valgrind, its totals must be the same to the byte.

use crate::profile::Reports;
use crate::report::Report;
use crate::run::Ending;

/// The claims of one sample.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    claims: Vec<(String, String)>,
}

/// How far two counts must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Allocations, frees and bytes.
    ToTheByte,
    /// Allocations and frees.
    Calls,
    /// Not at all.
    None,
}

impl Claims {
    /// Reads a first line; `None` when it makes no claims (a part of another sample).
    #[must_use]
    pub fn read(first_line: &str) -> Option<Claims> {
        let text = first_line.strip_prefix("// LDT: ")?;
        let claims = text
            .split_whitespace()
            .map(|claim| {
                let (name, value) = claim
                    .split_once('=')
                    .unwrap_or_else(|| panic!("`{claim}` is no NAME=VALUE"));
                (name.to_owned(), value.to_owned())
            })
            .collect();
        Some(Claims { claims })
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.claims.iter().find(|(claimed, _)| claimed == name);
        found.map(|(_, value)| value.as_str())
    }

    /// How the program ends.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match (self.value("exit"), self.value("signal")) {
            (_, Some(signal)) => Ending::Signal(signal.parse().expect("signal= takes a number")),
            (Some(code), None) => Ending::Code(code.parse().expect("exit= takes a number")),
            (None, None) => Ending::Code(0),
        }
    }

    /// Whether recording had to stop before the end.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.value("truncated") == Some("yes")
    }

    /// How far valgrind's totals must be the same.
    #[must_use]
    pub fn valgrind(&self) -> Agreement {
        match self.value("valgrind") {
            None => Agreement::ToTheByte,
            Some("calls") => Agreement::Calls,
            Some("no") => Agreement::None,
            Some(other) => panic!("valgrind=`{other}` is neither calls nor no"),
        }
    }

    /// Compares the numbers with what LDT found; one line for each that is wrong. `empty` is the
    /// report of an empty program of the same language.
    #[must_use]
    pub fn check(&self, found: &Reports, empty: &Report) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, value) in &self.claims {
            if ["exit", "signal", "truncated", "valgrind"].contains(&name.as_str()) {
                continue;
            }
            let claimed: i128 = value
                .parse()
                .unwrap_or_else(|_| panic!("{name}= takes a number, not `{value}`"));
            let seen = measure(name, found, empty);
            if seen != claimed {
                wrong.push(format!("{name}: {claimed} claimed, {seen} found"));
            }
        }
        wrong
    }
}

fn measure(name: &str, found: &Reports, empty: &Report) -> i128 {
    if let Some(name) = name.strip_prefix("children.") {
        return found.children.iter().map(|child| at(name, child)).sum();
    }
    if let Some(name) = name.strip_prefix("replaced.") {
        return found.replaced.iter().map(|image| at(name, image)).sum();
    }
    match name {
        "children" => found.children.len() as i128,
        "replaced" => found.replaced.len() as i128,
        _ if name.contains(':') => at(name, &found.command),
        _ => in_all(name, &found.command) - in_all(name, empty),
    }
}

/// `FUNCTION:METRIC` in one report.
fn at(name: &str, report: &Report) -> i128 {
    let (function, metric) = name
        .split_once(':')
        .unwrap_or_else(|| panic!("`{name}` is no FUNCTION:METRIC"));
    let metric_of = |site: &crate::report::Site| match metric {
        "allocations" => site.allocations,
        "bytes" => site.bytes,
        "temporary" => site.temporary,
        "leaked_bytes" => site.leaked_bytes,
        "leaked_blocks" => site.leaked_blocks,
        _ => panic!("`{metric}` is no metric of a site"),
    };
    report
        .sites_in(function)
        .map(|site| i128::from(metric_of(site)))
        .sum()
}

/// A metric of a whole report.
fn in_all(name: &str, report: &Report) -> i128 {
    i128::from(match name {
        "allocations" => report.totals.allocations,
        "frees" => report.totals.frees,
        "bytes" => report.totals.bytes,
        "temporary" => report.totals.temporary,
        "leaked_bytes" => report.heap.end_bytes,
        "leaked_blocks" => report.heap.end_blocks,
        _ => {
            let function = name
                .strip_prefix("calls.")
                .unwrap_or_else(|| panic!("`{name}` is no claim; see tests/src/claims.rs"));
            report.calls.get(function).copied().unwrap_or(0)
        }
    })
}
