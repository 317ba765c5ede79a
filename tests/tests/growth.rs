//! `ldt report --growth`: a cache without bound is named, those that fill up and stay are not; from the events of a
//! run, and from its leak checks where there are no events.

use std::path::Path;
use std::process::Command;

use ldt_tests::installed::ldt;
use ldt_tests::profile::profile;
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};

fn growth(trace: &Path) -> String {
    let outcome = run(Command::new(ldt()).args(["report", "--growth"]).arg(trace));
    assert_eq!(outcome.ending, Ending::Code(0), "{}", outcome.stderr);
    outcome.stdout
}

fn only_the_unbounded_is_named(said: &str) {
    assert!(
        said.contains(" in unbounded ") && said.contains("/s: "),
        "{said}"
    );
    for other in [" in bounded ", " in filled ", " in request "] {
        assert!(!said.contains(other), "{said}");
    }
}

#[test]
fn only_the_cache_without_bound_grows() {
    let program = Sample::named("check/on_demand/grows.c").build(Variant::PLAIN);
    let profiled = profile(&program, [""; 0]);
    let said = growth(&profiled.trace());
    only_the_unbounded_is_named(&said);
    assert!(said.contains("in 42,000 blocks at the end"), "{said}");
}

#[test]
fn several_leak_checks_tell_it_without_events() {
    let program = Sample::named("check/on_demand/grows.c").build(Variant::PLAIN);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let trace = folder.path().join("trace");
    let outcome = run(Command::new(ldt())
        .args(["check", "-o"])
        .arg(&trace)
        .arg("--")
        .arg(&program));
    assert_eq!(outcome.ending, Ending::Code(0), "{}", outcome.stderr);
    let said = growth(&trace);
    only_the_unbounded_is_named(&said);
    // Eight, and the one at the end.
    assert!(said.contains("over 9 leak checks"), "{said}");
    assert!(
        said.contains("in 42,000 blocks at the last check"),
        "{said}"
    );
    assert!(said.contains("100% of the blocks"), "{said}");
}
