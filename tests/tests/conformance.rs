//! Every function of the allocation interface gives the same results with LDT as without: null or
//! not, errno, alignment, usable size, contents, exceptions. Each program prints every result; the two
//! outputs are compared line by line.

use std::path::Path;
use std::process::Command;

use ldt_tests::installed::preload;
use ldt_tests::profile::profile;
use ldt_tests::run::{Outcome, run};
use ldt_tests::samples::{Sample, Variant};

#[test]
fn c_functions_behave_as_the_c_librarys() {
    compare("conformance/c_functions.c", 300);
}

#[test]
fn cxx_operators_behave_as_libstdcxxs() {
    compare("conformance/cxx_operators.cpp", 150);
}

fn compare(sample: &str, at_least_lines: usize) {
    for variant in [Variant::PLAIN, Variant::SHIPPED] {
        let program = Sample::named(sample).build(variant);
        let bare = run(&mut Command::new(&program));
        assert!(
            bare.stdout.lines().count() > at_least_lines,
            "{sample} printed only {} lines",
            bare.stdout.lines().count()
        );
        same_lines(&bare, &profile(&program, [""; 0]).outcome, &program);
        same_lines(&bare, &with_the_library_alone(&program), &program);
    }
}

/// Plain `LD_PRELOAD`, without the launcher.
fn with_the_library_alone(program: &Path) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    run(Command::new(program)
        .current_dir(folder.path())
        .env("LD_PRELOAD", preload()))
}

fn same_lines(bare: &Outcome, with: &Outcome, program: &Path) {
    let differences: Vec<String> = bare
        .stdout
        .lines()
        .zip(with.stdout.lines())
        .filter(|(without, with)| without != with)
        .map(|(without, with)| format!("  without: {without}\n  with:    {with}"))
        .collect();
    assert!(
        differences.is_empty(),
        "{} prints other results under LDT:\n{}",
        program.display(),
        differences.join("\n")
    );
    assert_eq!(bare.stdout.lines().count(), with.stdout.lines().count());
    assert_eq!(bare.ending, with.ending);
}
