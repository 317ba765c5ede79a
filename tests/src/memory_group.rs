//! A control group with a limit of memory, in which a program runs as it would in a small container.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Removed when it is dropped; its programs must have ended.
#[derive(Debug)]
pub struct MemoryGroup(PathBuf);

impl MemoryGroup {
    /// Makes one of this name; `None` where this machine lets nobody (no root, no such controller).
    #[must_use]
    pub fn new(name: &str, limit_bytes: u64) -> Option<MemoryGroup> {
        let name = format!("ldt-{name}-{}", std::process::id());
        [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup", "memory.max"),
        ]
        .into_iter()
        .find_map(|(root, limit)| {
            let group = MemoryGroup(Path::new(root).join(&name));
            fs::create_dir(&group.0).ok()?;
            fs::write(group.0.join(limit), limit_bytes.to_string()).ok()?;
            Some(group)
        })
    }

    /// A command that moves itself into the group and becomes `program`.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
            .arg(self.0.join("cgroup.procs"))
            .arg(program);
        command
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // Best effort: an empty group that stays does no harm.
        let _ = fs::remove_dir(&self.0);
    }
}
