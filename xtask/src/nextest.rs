//! cargo-nextest, the runner of the tests: it gives each one a process of its own. Those of the engine need that, since
//! a process has one heap of LDT's, and `cargo test` runs all of a file in one.

use crate::{step, workspace};

/// What runs here.
const PACKAGE: &str = "cargo-nextest@0.9.143";

/// Builds it where it is lacking; Debian has no package of it. Without optimizing, which takes a third of the time and makes
/// no difference to the tests, and without what it needs to replace itself.
pub(crate) fn ensure() -> anyhow::Result<()> {
    if step::succeeds(workspace::cargo().args(["nextest", "--version"])) {
        return Ok(());
    }
    step::run(
        workspace::cargo()
            .args(["install", "--locked", "--debug"])
            .args(["--no-default-features", "--features", "default-no-update"])
            .arg(PACKAGE)
            .env("CARGO_PROFILE_DEV_DEBUG", "0"),
    )
}
