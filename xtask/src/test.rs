//! `cargo xtask test`: builds everything in release, then runs every test of the workspace against
//! those binaries, in one target directory.

use crate::{nextest, packages, readers, step, workspace};

pub(crate) fn run(runner_arguments: &[String]) -> anyhow::Result<()> {
    packages::ensure(packages::TEST)?;
    readers::ensure()?;
    nextest::ensure()?;
    // The integration tests run `ldt` and `libldt.so` from here, as a user would.
    step::run(workspace::cargo().args(["build", "--release", "--workspace"]))?;
    // nextest runs no documentation tests. First, so that the last lines are the whole run's.
    if runner_arguments.is_empty() {
        step::run(workspace::cargo().args(["test", "--release", "--workspace", "--doc"]))?;
    }
    step::run(
        workspace::cargo()
            .args([
                "nextest",
                "run",
                "--release",
                "--workspace",
                "--no-fail-fast",
            ])
            .args(runner_arguments),
    )
}
