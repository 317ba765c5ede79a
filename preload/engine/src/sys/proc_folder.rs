//! The kernel's folder of processes, `/proc`, kept open for a process that has changed its root (`super::root`).

use core::sync::atomic::{AtomicI32, Ordering};

const FOLDER: &[u8] = b"/proc/";

/// The descriptor, -1 for none. Where the program has closed it, what is asked for is not found, as without it.
static KEPT: AtomicI32 = AtomicI32::new(-1);

/// Whether the folder is kept.
pub(super) fn is_kept() -> bool {
    KEPT.load(Ordering::Relaxed) >= 0
}

/// Keeps the folder by this descriptor.
pub(super) fn keep(descriptor: i32) {
    KEPT.store(descriptor, Ordering::Relaxed);
}

/// Where a path that begins with `/proc/` is looked for when it is not to be found: the kept folder's descriptor, and the
/// path from there.
pub(super) fn kept(path: &[u8]) -> Option<(i32, &[u8])> {
    let inside = path.strip_prefix(FOLDER)?;
    let descriptor = KEPT.load(Ordering::Relaxed);
    (descriptor >= 0).then_some((descriptor, inside))
}
