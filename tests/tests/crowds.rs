//! Many threads, forks and a timer's signals at once: what the program wrote is there when it reads it, in every mode,
//! and nothing is told of a program that makes no mistake.

use std::path::PathBuf;
use std::process::Command;

use ldt_tests::checked::check;
use ldt_tests::profile::profile;
use ldt_tests::run::{Ending, Outcome, run};
use ldt_tests::samples::{Sample, Variant};

const SEEDS: [&str; 3] = ["1", "2", "3"];
const STEPS: &str = "4000";
/// As many children as the program makes.
const FORKS: usize = 4;

/// The modes in which blocks are laid out and guarded in ways of their own.
const WAYS: [&[&str]; 6] = [
    &[],
    &["--guard=off"],
    &["--guard=all"],
    &["--guard=all", "--guard-method=mprotect"],
    &["--guard=all", "--exact"],
    &["--guard-side=before", "--freelist-vol=1M"],
];

fn crowd() -> PathBuf {
    Sample::named("check/options/shared_blocks.c").build(Variant::SHIPPED)
}

fn is_intact(outcome: &Outcome, how: &str) {
    assert_eq!(
        (outcome.stdout.as_str(), outcome.ending),
        ("intact\n", Ending::Code(0)),
        "{how}: {}",
        outcome.stderr
    );
}

#[test]
fn bare_it_makes_no_mistake() {
    for seed in SEEDS {
        is_intact(&run(Command::new(crowd()).args([seed, STEPS])), seed);
    }
}

#[test]
fn its_blocks_stay_as_it_wrote_them_in_every_mode_of_check() {
    for way in WAYS {
        for seed in SEEDS {
            let checked = check(way, &crowd(), [seed, STEPS]);
            is_intact(&checked.outcome, &format!("{way:?}, seed {seed}"));
            assert_eq!(checked.report().errors.len(), 0);
        }
    }
}

#[test]
fn its_blocks_stay_as_it_wrote_them_under_profile() {
    for seed in SEEDS {
        let profiled = profile(&crowd(), [seed, STEPS]);
        is_intact(&profiled.outcome, seed);
        let reports = profiled.reports();
        assert_eq!(reports.children.len(), FORKS, "seed {seed}");
        // The order between the threads is right: no block is freed before it was allocated.
        assert_eq!(reports.command.totals.unknown_frees, 0, "seed {seed}");
    }
}

/// The leak check asks each thread to stand still, also one that has not run yet, which the C library has made with all
/// signals blocked. What such a one took while the check was under way was told as lost.
#[test]
fn a_crowd_that_runs_stands_still_for_the_leak_check() {
    let program = Sample::named("check/options/crowd_of_runners.c").build(Variant::SHIPPED);
    let checked = check(&["--guard=off"], &program, ["40"]);
    let said = &checked.outcome.stderr;
    assert_eq!(checked.outcome.ending, Ending::Code(0), "{said}");
    assert!(!said.contains("did not answer"), "{said}");
}
