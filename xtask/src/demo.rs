//! `cargo xtask demo`: from a bare checkout to the report and the charts of a real program.
//!
//! The program is python3 at work on JSON, with its own small-object allocator switched off
//! (`PYTHONMALLOC=malloc`), so that every object of the interpreter is seen.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::{packages, step, workspace};

pub(crate) fn run() -> anyhow::Result<()> {
    packages::ensure(packages::DEMO)?;
    step::run(workspace::cargo().args([
        "build",
        "--release",
        "-p",
        "ldt-analyzer",
        "-p",
        "ldt-preload",
    ]))?;

    let ldt = workspace::target().join("release/ldt");
    let folder = workspace::target().join("demo");
    // What an earlier demo left would only mislead.
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let trace = folder.join("python3.trace");
    step::run(
        Command::new(&ldt)
            .env("PYTHONMALLOC", "malloc")
            .args(["profile", "-o"])
            .arg(&trace)
            .args(["--", python()])
            .arg(workspace::root().join("xtask/demo/inventory.py")),
    )?;
    step::run(Command::new(&ldt).arg("report").arg(&trace))?;
    let charts = [
        ("timeline", folder.join("timeline.png")),
        ("timeline", folder.join("timeline.svg")),
        ("sizes", folder.join("sizes.png")),
    ];
    for (kind, picture) in &charts {
        draw(&ldt, kind, picture, &trace)?;
    }

    println!("\nThe trace:  {}", trace.display());
    for (kind, picture) in &charts {
        println!("{:<11} {}", format!("{kind}:"), picture.display());
    }
    println!(
        "\nNow your own program: {} profile -- PROGRAM ARGUMENTS…",
        ldt.display()
    );
    Ok(())
}

/// Debian's own python3, if it is there: another one on the PATH may be a script that only starts the
/// real one, by way of many processes.
fn python() -> &'static str {
    let debians = "/usr/bin/python3";
    if Path::new(debians).exists() {
        debians
    } else {
        "python3"
    }
}

fn draw(ldt: &Path, kind: &str, picture: &Path, trace: &Path) -> anyhow::Result<()> {
    step::run(
        Command::new(ldt)
            .args(["chart", "--kind", kind, "-o"])
            .arg(picture)
            .arg(trace),
    )
}
