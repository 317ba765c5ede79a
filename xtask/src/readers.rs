//! The readers of other projects that the tests of `ldt export` use, from `tests/readers/`: packages
//! of exact versions, installed into the target directory.

use std::fs;
use std::process::Command;

use anyhow::Context;

use crate::{step, workspace};

/// Installs them, unless what is there is already what is wanted.
pub(crate) fn ensure() -> anyhow::Result<()> {
    let from = workspace::root().join("tests/readers");
    let to = workspace::target().join("readers");
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    let lock = "package-lock.json";
    let wanted = fs::read(from.join(lock))?;
    let installed = to.join("installed.json");
    if fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    for file in ["package.json", lock] {
        fs::copy(from.join(file), to.join(file))
            .with_context(|| format!("cannot copy {file} to {}", to.display()))?;
    }
    step::run(
        Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&to),
    )?;
    Ok(fs::write(installed, wanted)?)
}
