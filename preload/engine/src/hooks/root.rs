//! The root folder that the program sets itself.

use crate::recording;
use crate::sys::root;

/// Changes the root, as `chroot`; `path` is the program's.
///
/// # Errors
/// The kernel's error number.
pub fn change(path: u64) -> Result<(), i32> {
    // A vfork child has its parent's memory and descriptors of its own.
    let keep = recording::is_on() && !recording::is_vfork_child();
    root::change(path, keep)
}
