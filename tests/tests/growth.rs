//! `ldt report --growth`: a cache without bound is named, one that fills up and stays is not.

use std::process::Command;

use ldt_tests::installed::ldt;
use ldt_tests::profile::profile;
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};

#[test]
fn only_the_cache_without_bound_grows() {
    let program = Sample::named("check/on_demand/grows.c").build(Variant::PLAIN);
    let profiled = profile(&program, [""; 0]);
    let mut command = Command::new(ldt());
    command.args(["report", "--growth"]).arg(profiled.trace());
    let outcome = run(&mut command);
    assert_eq!(outcome.ending, Ending::Code(0));
    let said = &outcome.stdout;
    assert!(
        said.contains(" in unbounded ") && said.contains("/s: "),
        "{said}"
    );
    assert!(said.contains("in 40,000 blocks at the end"), "{said}");
    assert!(
        !said.contains(" in bounded ") && !said.contains(" in request "),
        "{said}"
    );
}
