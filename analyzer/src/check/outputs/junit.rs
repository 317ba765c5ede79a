//! `--junit=FILE`: a test case for each test that ran, or for each process where no runner says;
//! those with findings have failed.

use super::Results;
use crate::check::judge::Judged;
use crate::check::test_name;
use crate::report::{errors, leaks};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// The suite's name, and that of the file.
const NAME: &str = "ldt check";

/// A test with what was found while it ran.
#[derive(Default)]
struct Test {
    /// Kind, first line, whole text.
    findings: Vec<(String, String, String)>,
    nanoseconds: u64,
}

pub(super) fn write(results: Results<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut tests: BTreeMap<String, Test> = BTreeMap::new();
    let judged = results.processes.iter().filter(|judged| !judged.is_skipped);
    for judged in judged {
        add_process(&mut tests, judged, results);
    }
    let mut suite = TestSuite::new(NAME);
    for (name, test) in tests {
        suite.add_test_case(case(&name, test));
    }
    // What no test is to blame for is a case of its own, lest the file be green.
    for over in &results.verdict.over_budget {
        suite.add_test_case(failed("budget", "budget", over, over));
    }
    if let Some(problem) = &results.verdict.problem {
        suite.add_test_case(failed("checked", "not checked", problem, problem));
    }
    let mut report = Report::new(NAME);
    report.add_test_suite(suite);
    report.serialize(out).map_err(io::Error::other)
}

fn add_process(tests: &mut BTreeMap<String, Test>, judged: &Judged, results: Results<'_>) {
    let own = judged.test.clone();
    let own = own.unwrap_or_else(|| format!("process {}", judged.report.pid));
    // What is wrong in it counts all the same.
    let has_findings = || {
        judged.counting_errors().next().is_some()
            || judged.counting_records(results.settings).next().is_some()
    };
    if test_name::is_listing(&judged.report) && !has_findings() {
        return;
    }
    tests.entry(own.clone()).or_default().nanoseconds += judged.report.duration_ns;
    for error in judged.counting_errors() {
        let name = error.mark.clone().unwrap_or_else(|| own.clone());
        let text = errors::lines(error, results.settings.detail).join("\n");
        let headline = errors::headline(&error.facts);
        let kind = error.facts.kind.shown().to_owned();
        tests
            .entry(name)
            .or_default()
            .findings
            .push((kind, headline, text));
    }
    let settings = results.settings;
    // With the numbers that the text gives them.
    let told = judged
        .open_records()
        .filter(|record| settings.tells_leaks(record.kind));
    let records: Vec<_> = told.collect();
    for (number, record) in records.iter().enumerate() {
        if !settings.fails_for(record.kind) {
            continue;
        }
        let detail = settings.detail;
        let text = leaks::lines(record, number + 1, records.len(), detail).join("\n");
        let headline = leaks::headline(record, number + 1, records.len());
        let kind = format!("{} leak", record.kind.shown());
        tests
            .entry(own.clone())
            .or_default()
            .findings
            .push((kind, headline, text));
    }
}

fn case(name: &str, test: Test) -> TestCase {
    let mut findings = test.findings.into_iter();
    let Some((kind, headline, text)) = findings.next() else {
        let mut case = TestCase::new(name, TestCaseStatus::success());
        case.set_time(Duration::from_nanos(test.nanoseconds));
        return case;
    };
    // A case has one failure: the first names it, all are in its text.
    let rest: Vec<String> = findings.map(|(_, _, text)| text).collect();
    let message = match rest.len() {
        0 => headline,
        more => format!("{headline} (and {more} more)"),
    };
    let text = std::iter::once(text)
        .chain(rest)
        .collect::<Vec<_>>()
        .join("\n\n");
    let mut case = failed(name, &kind, &message, &text);
    case.set_time(Duration::from_nanos(test.nanoseconds));
    case
}

fn failed(name: &str, kind: &str, message: &str, text: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status
        .set_type(kind)
        .set_message(message)
        .set_description(text);
    TestCase::new(name, status)
}
