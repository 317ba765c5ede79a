//! Every sample of `samples/check/errors/`: `ldt check` finds what the sample's head says, in each
//! mode of guarding in which it must, and its twin without the error stays silent in all of them.

use std::process::ExitCode;

use ldt_tests::check_claims::{ErrorClaim, hold};
use ldt_tests::checked::check;
use ldt_tests::run::Ending;
use ldt_tests::samples::{Sample, Variant};
use libtest_mimic::Arguments;

const GUARDS: [&str; 3] = ["adaptive", "all", "off"];
/// On a kernel without guard markers pages are protected instead: forced here.
const METHODS: [&str; 2] = ["markers", "mprotect"];

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for sample in Sample::files_in("check/errors") {
        for guard in GUARDS {
            let what = format!("is found with --guard={guard}");
            trials.push(sample.trial(&what, move |sample| is_found(sample, guard, "auto")));
        }
        for method in METHODS {
            let what = format!("is found with guard pages by {method}");
            trials.push(sample.trial(&what, move |sample| is_found(sample, "all", method)));
        }
        trials.push(sample.trial("has a silent twin", has_a_silent_twin));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn is_found(sample: &Sample, guard: &str, method: &str) -> Result<(), String> {
    let lines = sample.directives("CHECK");
    let claims: Vec<ErrorClaim> = lines.iter().map(|line| ErrorClaim::read(line)).collect();
    let mut options = vec![
        format!("--guard={guard}"),
        format!("--guard-method={method}"),
    ];
    let side = claims.iter().find_map(|claim| claim.value("guard-side"));
    options.extend(side.map(|side| format!("--guard-side={side}")));
    let watchpoints = claims.iter().find_map(|claim| claim.value("watchpoints"));
    options.extend(watchpoints.map(|use_them| format!("--watchpoints={use_them}")));
    let program = sample.build(Variant::PLAIN);
    let checked = check(&options, &program, [""; 0]);
    let mut wrong = hold(&claims, guard, &checked);
    let due = claims.iter().any(|claim| claim.is_due_with(guard));
    if due && checked.outcome.ending != Ending::Code(99) {
        wrong.push(format!("ldt ends by {:?}, not 99", checked.outcome.ending));
    }
    verdict(wrong, &checked.outcome.stderr)
}

fn has_a_silent_twin(sample: &Sample) -> Result<(), String> {
    let program = sample.build_clean(Variant::PLAIN);
    let mut wrong = Vec::new();
    let mut said = String::new();
    for guard in GUARDS {
        let checked = check(&[format!("--guard={guard}")], &program, [""; 0]);
        if checked.outcome.ending != Ending::Code(0) {
            wrong.push(format!(
                "--guard={guard}: ldt ends by {:?}",
                checked.outcome.ending
            ));
        }
        if !checked.report().errors.is_empty() || !checked.error_lines().is_empty() {
            wrong.push(format!("--guard={guard}: errors are reported"));
        }
        said.push_str(&checked.outcome.stderr);
    }
    verdict(wrong, &said)
}

fn verdict(wrong: Vec<String>, said: &str) -> Result<(), String> {
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{}\nldt said:\n{said}", wrong.join("\n")))
}
