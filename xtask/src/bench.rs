//! `cargo xtask bench`: the benchmarks of `tests/bench`, against the release binaries.

use crate::{step, workspace};

pub(crate) fn run(bench_arguments: &[String]) -> anyhow::Result<()> {
    step::run(workspace::cargo().args([
        "build",
        "--release",
        "-p",
        "ldt-analyzer",
        "-p",
        "ldt-preload",
        "-p",
        "ldt-calls",
        "-p",
        "ldt-bench",
    ]))?;
    step::run(
        workspace::cargo()
            .args(["run", "--release", "-p", "ldt-bench", "--"])
            .args(bench_arguments),
    )
}
