//! A change of the root: servers shut themselves into an empty folder before they serve anyone, and what a leak check
//! asks the kernel is asked after that. So a descriptor of `/proc` is kept from before.

use super::{file, proc_folder, syscall};

/// Changes the root, as `chroot`; `keep`: the folder of processes is wanted afterwards.
///
/// # Errors
/// The kernel's error number.
pub fn change(path: u64, keep: bool) -> Result<(), i32> {
    // At a second change of the root the folder may be out of reach already.
    let opened = (keep && !proc_folder::is_kept())
        .then(|| file::open_folder(b"/proc\0").ok())
        .flatten()
        .map(file::move_high);
    // SAFETY: the kernel checks the path, which is the program's.
    let outcome = unsafe { syscall(libc::SYS_chroot, &[path as usize]) };
    if let Some(folder) = opened {
        match outcome {
            Ok(_) => proc_folder::keep(folder.0),
            Err(_) => file::close(folder),
        }
    }
    outcome.map(|_| ())
}
