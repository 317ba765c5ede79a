//! Leak checks while the program runs: asked for by the program itself through `ldt.h`, and from outside
//! by `ldt leaks`.

use std::process::Command;

use ldt_tests::checked::check;
use ldt_tests::installed::ldt;
use ldt_tests::run::{Ending, run};
use ldt_tests::samples::{Sample, Variant};

#[test]
fn a_program_asks_several_times_and_its_threads_do_not_notice() {
    for variant in [Variant::PLAIN, Variant::SHIPPED] {
        let program = Sample::named("check/on_demand/several.c").build(variant);
        let bare = run(&mut Command::new(&program));
        let lines = [
            "at first 0",
            "then 10",
            "later 30",
            "at last 60",
            "errors 0",
            "poll 1, errno 0",
            "",
        ];
        assert_eq!(bare.stdout, lines.join("\n"), "without LDT");
        let checked = check(&["--guard=adaptive"], &program, [""; 0]);
        assert_eq!(
            checked.outcome.stdout, bare.stdout,
            "{}",
            checked.outcome.stderr
        );
        assert_eq!(checked.outcome.ending, Ending::Code(99));
        let leaks = checked.report().leaks.as_ref().expect("there was a check");
        assert_eq!((leaks.definite.bytes, leaks.definite.blocks), (60, 3));
    }
}

#[test]
fn a_running_process_is_asked_from_outside() {
    let program = Sample::named("check/on_demand/from_outside.c").build(Variant::PLAIN);
    let checked = check(&["--trace-children=no"], &program, [ldt()]);
    let said = &checked.outcome.stdout;
    assert!(
        said.contains("45 bytes in 1 blocks are definitely lost")
            && said.contains("in lose ")
            && said.contains("definitely lost: 45 bytes in 1 blocks"),
        "{said}\n{}",
        checked.outcome.stderr
    );
    assert_eq!(checked.outcome.ending, Ending::Code(99));
}

#[test]
fn a_process_that_is_not_checked_is_refused_with_what_to_do() {
    let outcome = run(Command::new(ldt()).args(["leaks", &std::process::id().to_string()]));
    assert_eq!(outcome.ending, Ending::Code(125));
    assert!(
        outcome.stderr.contains("is not in check mode") && outcome.stderr.contains("ldt check"),
        "{}",
        outcome.stderr
    );
}
