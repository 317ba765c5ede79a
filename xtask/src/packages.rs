//! What the commands need beside Rust and gcc, and the Debian packages that bring it.
//!
//! What counts is whether the thing is there, not whether the package is: a node or a python3 from
//! elsewhere is as good.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::step;

/// Something needed, and the package that has it.
pub(crate) struct Need {
    proof: Proof,
    package: &'static str,
}

/// How to see that it is there.
enum Proof {
    /// A program of this name on the PATH.
    Program(&'static str),
    /// A library of this name where the linker looks.
    Library(&'static str),
    /// This path.
    Path(&'static str),
}

const fn program(name: &'static str, package: &'static str) -> Need {
    Need {
        proof: Proof::Program(name),
        package,
    }
}

const fn library(name: &'static str, package: &'static str) -> Need {
    Need {
        proof: Proof::Library(name),
        package,
    }
}

/// What `cargo xtask demo` needs.
pub(crate) const DEMO: &[Need] = &[program("python3", "python3")];

/// What `cargo xtask test` needs: compilers and oracles, then the real programs, then allocators.
pub(crate) const TEST: &[Need] = &[
    program("g++", "g++"),
    program("gdb", "gdb"),
    // For `go tool pprof`, the reader of one of the exports.
    program("go", "golang-go"),
    program("valgrind", "valgrind"),
    // valgrind and gdb both want the C library's symbols.
    Need {
        proof: Proof::Path("/usr/lib/debug/.build-id"),
        package: "libc6-dbg",
    },
    program("bash", "bash"),
    program("cmake", "cmake"),
    program("make", "make"),
    program("meson", "meson"),
    program("ninja", "ninja-build"),
    program("pytest-3", "python3-pytest"),
    // Of the python3 that Debian's pytest is for.
    Need {
        proof: Proof::Path("/usr/bin/python3-config"),
        package: "python3-dev",
    },
    program("xmllint", "libxml2-utils"),
    // Opens the pages of `ldt html` as a person would.
    program("chromium", "chromium"),
    program("git", "git"),
    program("node", "nodejs"),
    // Brings the readers of other exports, see `readers.rs`.
    program("npm", "npm"),
    program("perl", "perl"),
    program("python3", "python3"),
    program("qemu-x86_64", "qemu-user"),
    program("redis-benchmark", "redis-tools"),
    program("redis-server", "redis-server"),
    program("sqlite3", "sqlite3"),
    library("libjemalloc.so", "libjemalloc-dev"),
    library("libtcmalloc_minimal.so", "libgoogle-perftools-dev"),
    library("libmimalloc.so", "libmimalloc-dev"),
];

/// Installs what is lacking; without the rights to, says what to type.
pub(crate) fn ensure(needs: &[Need]) -> anyhow::Result<()> {
    let lacking = lacking(needs);
    if lacking.is_empty() {
        return Ok(());
    }
    let names = lacking.join(" ");
    if !is_root() {
        bail!(
            "these packages are lacking; install them and run this again:\n\
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {names}"
        );
    }
    // Lists that are there already save the update; on a fresh machine the first try fails at once.
    if step::run(&mut apt_install(&lacking)).is_err() {
        step::run(Command::new("apt-get").arg("update"))?;
        step::run(&mut apt_install(&lacking))?;
    }
    Ok(())
}

fn lacking(needs: &[Need]) -> Vec<&'static str> {
    needs
        .iter()
        .filter(|need| !need.proof.holds())
        .map(|need| need.package)
        .collect()
}

fn apt_install(packages: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(packages);
    command
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

impl Proof {
    fn holds(&self) -> bool {
        match self {
            Proof::Program(name) => std::env::var_os("PATH").is_some_and(|path| {
                std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
            }),
            // A shared library in a folder by itself or in its architecture's.
            Proof::Library(name) => ["/usr/lib", "/usr/local/lib"].iter().any(|folder| {
                let folder = Path::new(folder);
                let by_architecture = format!("{}-linux-gnu", std::env::consts::ARCH);
                folder.join(name).exists() || folder.join(by_architecture).join(name).exists()
            }),
            Proof::Path(path) => Path::new(path).exists(),
        }
    }
}
