//! What `cargo xtask` says on a machine that lacks something, to somebody who may not install it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

/// Debian's user without any rights.
const NOBODY: &str = "65534";

#[test]
fn who_may_not_install_is_told_what_to_type() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (xtask, path) = (folder.path().join("xtask"), folder.path().join("path"));
    // Where anybody can run it: the checkout may be in a home.
    fs::copy(env!("CARGO_BIN_EXE_xtask"), &xtask).expect("it can be copied");
    for open in [folder.path(), &xtask] {
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(open, mode).expect("they are ours");
    }
    // A machine with hardly anything: only who one is can be asked.
    fs::create_dir(&path).expect("a folder can be made");
    symlink("/usr/bin/id", path.join("id")).expect("a link can be made");
    let mut command = if is_root() {
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
        command.arg(&xtask);
        command
    } else {
        Command::new(&xtask)
    };
    let output = command
        .arg("test")
        .env("PATH", &path)
        .output()
        .expect("it can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("these packages are lacking"), "{said}");
    let typed = said
        .lines()
        .find(|line| line.starts_with("sudo apt-get update"));
    let typed = typed.unwrap_or_else(|| panic!("nothing to type in:\n{said}"));
    for package in [" gdb", " valgrind", " nodejs", " g++"] {
        assert!(typed.contains(package), "no{package} in: {typed}");
    }
}

fn is_root() -> bool {
    let output = Command::new("/usr/bin/id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
