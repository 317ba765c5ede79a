//! `cargo xtask fuzz`: the trace crate's own fuzzer of its reader.

use crate::{step, workspace};

pub(crate) fn run(fuzz_arguments: &[String]) -> anyhow::Result<()> {
    step::run(
        workspace::cargo()
            .args([
                "run",
                "--release",
                "-p",
                "ldt-trace",
                "--example",
                "fuzz_reader",
                "--",
            ])
            .args(fuzz_arguments),
    )
}
