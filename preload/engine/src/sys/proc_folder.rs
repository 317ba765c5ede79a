//! The kernel's folder of processes, `/proc`, where a program changes its root: servers shut themselves into an empty
//! folder before they serve anyone, and what a leak check asks the kernel is asked after that. So a descriptor of the
//! folder is kept from before.

use core::sync::atomic::{AtomicI32, Ordering};

use super::file::{self, Fd};
use super::syscall;

const FOLDER: &[u8] = b"/proc/";

/// The descriptor, -1 for none. Where the program has closed it, what is asked for is not found, as without it.
static KEPT: AtomicI32 = AtomicI32::new(-1);

/// Changes the root, as `chroot`; `keep`: the folder is wanted afterwards.
///
/// # Errors
/// The kernel's error number.
pub fn change_root(path: u64, keep: bool) -> Result<(), i32> {
    // At a second change of the root the folder may be out of reach already.
    let opened = (keep && KEPT.load(Ordering::Relaxed) < 0)
        .then(|| file::open_folder(b"/proc\0").ok())
        .flatten()
        .map(file::move_high);
    // SAFETY: the kernel checks the path, which is the program's.
    let outcome = unsafe { syscall(libc::SYS_chroot, &[path as usize]) };
    if let Some(folder) = opened {
        match outcome {
            Ok(_) => KEPT.store(folder.0, Ordering::Relaxed),
            Err(_) => file::close(folder),
        }
    }
    outcome.map(|_| ())
}

/// Where a path that begins with `/proc/` is looked for when it is not to be found: the kept folder, and the path from there.
pub(super) fn kept(path: &[u8]) -> Option<(Fd, &[u8])> {
    let inside = path.strip_prefix(FOLDER)?;
    let folder = KEPT.load(Ordering::Relaxed);
    (folder >= 0).then_some((Fd(folder), inside))
}
