//! Every sample, as a beginner compiles it and as programs are shipped: the program behaves under LDT
//! as it does without, and LDT finds what the sample's first line says; its totals are valgrind's; the
//! stack memo and plain unwinding agree at every event. One test for each of these, found by listing
//! `samples/`.

use std::path::Path;
use std::process::{Command, ExitCode};

use ldt_tests::claims::{Agreement, Claims};
use ldt_tests::profile::{Profiled, profile, profile_with};
use ldt_tests::run::run;
use ldt_tests::samples::{Sample, Variant};
use ldt_tests::valgrind::{HeapUsage, heap_usage, usage_of};
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for sample in Sample::all_files() {
        let Some(claims) = Claims::read(&sample.first_line()) else {
            trials.push(sample.trial("is named as a part of a sample", is_part_of_a_sample));
            continue;
        };
        for variant in [Variant::PLAIN, Variant::SHIPPED] {
            let claims = claims.clone();
            let what = format!("keeps its word at {}", variant.name());
            trials.push(sample.trial(&what, move |sample| {
                keeps_its_word(sample, &claims, variant)
            }));
        }
        trials.push(sample.trial("unwinds the same with and without memo", unwinds_the_same));
        let agreement = claims.valgrind();
        if agreement != Agreement::None {
            trials.push(sample.trial("agrees with valgrind", move |sample| {
                agrees_with_valgrind(sample, agreement)
            }));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A file without claims says whose part it is.
fn is_part_of_a_sample(file: &Sample) -> Result<(), String> {
    let line = file.first_line();
    line.starts_with("// Part of ").then_some(()).ok_or(format!(
        "begins with neither `// LDT: ` nor `// Part of `: {line}"
    ))
}

fn keeps_its_word(sample: &Sample, claims: &Claims, variant: Variant) -> Result<(), String> {
    let program = sample.build(variant);
    let bare = run(&mut Command::new(&program));
    let profiled = profile(&program, [""; 0]);
    let mut wrong = behaves_the_same(&profiled, &bare);
    let mut claim = |holds: bool, says: String| {
        if !holds {
            wrong.push(says);
        }
    };

    claim(
        bare.ending == claims.ending(),
        format!("without LDT it ends by {:?}", bare.ending),
    );
    let found = profiled.reports();
    let exit = found.command.exit;
    let code = bare.ending.as_launcher_code();
    claim(
        exit.code == Some(code) || exit.signal == Some(code - 128),
        format!("it ends by {:?}, its report says {exit:?}", bare.ending),
    );
    claim(
        found.command.truncated == claims.truncated(),
        format!("the report says truncated: {}", found.command.truncated),
    );

    let empty = sample.empty_of_same_language().build(variant);
    wrong.extend(claims.check(&found, &profile(&empty, [""; 0]).report()));
    verdict(wrong, &profiled)
}

fn behaves_the_same(profiled: &Profiled, bare: &ldt_tests::run::Outcome) -> Vec<String> {
    let with = &profiled.outcome;
    let mut wrong = Vec::new();
    if with.ending != ldt_tests::run::Ending::Code(bare.ending.as_launcher_code()) {
        wrong.push(format!(
            "it ends by {:?} without LDT, ldt by {:?}",
            bare.ending, with.ending
        ));
    }
    if with.stdout != bare.stdout {
        wrong.push(format!(
            "it prints {:?} without LDT, {:?} with",
            bare.stdout, with.stdout
        ));
    }
    if with.own_stderr() != bare.stderr {
        wrong.push(format!(
            "it says {:?} without LDT, {:?} with",
            bare.stderr,
            with.own_stderr()
        ));
    }
    wrong
}

/// Under the differential mode every capture is compared with a plain unwinding.
fn unwinds_the_same(sample: &Sample) -> Result<(), String> {
    let program = sample.build(Variant::SHIPPED);
    let profiled = profile_with(&program, [""; 0], |command| {
        command.env("LDT_OPTIONS", "stack_check=1");
    });
    let mut wrong = Vec::new();
    for report in profiled.reports().all() {
        match report.stack_check {
            Some(check) if check.differences != 0 => wrong.push(format!("{check:?}")),
            Some(check) if check.checks >= report.totals.allocations => {}
            None if report.totals.allocations == 0 => {}
            _ => wrong.push(format!(
                "{:?} in {} allocations",
                report.stack_check, report.totals.allocations
            )),
        }
    }
    verdict(wrong, &profiled)
}

fn agrees_with_valgrind(sample: &Sample, agreement: Agreement) -> Result<(), String> {
    let program: &Path = &sample.build(Variant::PLAIN);
    let (mut expected, _) = heap_usage(program, [""; 0], |_| {});
    let profiled = profile(program, [""; 0]);
    let found: HeapUsage = usage_of(profiled.reports().all());
    if agreement == Agreement::Calls {
        expected.bytes = found.bytes;
    }
    let mut wrong = Vec::new();
    if found != expected {
        wrong.push(format!("valgrind counts {expected:?}, LDT {found:?}"));
    }
    verdict(wrong, &profiled)
}

fn verdict(wrong: Vec<String>, profiled: &Profiled) -> Result<(), String> {
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nldt said:\n{}",
        wrong.join("\n"),
        profiled.outcome.stderr
    ))
}
