//! The pulse: a word in memory that the processes of a run share, changed every 10 ms while `ldt` runs.
//!
//! A recorded program with one thread looks at the word at each event and asks for the time when it has changed: so its
//! first events after a pause have the time of after the pause (`sys/pulse.rs` of the engine says what else was weighed).

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// Between two changes.
const BEAT: Duration = Duration::from_millis(10);
/// The file's size: a page, since pages are mapped.
const BYTES: u64 = 4096;

/// Begins, and gives where the library finds the word: an error where the kernel has no such memory, or no thread.
pub fn start() -> io::Result<PathBuf> {
    // The command is not to find it among its descriptors; the library opens it by the launcher's.
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let word = File::from(memfd_create("ldt-pulse", flags)?);
    word.set_len(BYTES)?;
    // Whoever maps it must never find it gone.
    fcntl_add_seals(&word, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    let path = format!("/proc/{}/fd/{}", std::process::id(), word.as_raw_fd());
    let beat = move || {
        let mut count = 0u32;
        while word.write_all_at(&count.to_ne_bytes(), 0).is_ok() {
            count = count.wrapping_add(1);
            thread::sleep(BEAT);
        }
    };
    thread::Builder::new().name("pulse".into()).spawn(beat)?;
    Ok(path.into())
}
