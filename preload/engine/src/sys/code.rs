//! Changing code that runs.

use core::sync::atomic::{AtomicU8, Ordering};

use super::lock::Lock;
use super::{mem, syscall};

/// Two changes in one page at once would each make it unwritable under the other.
static CHANGING: Lock<()> = Lock::new(());

/// Replaces one byte of code. Other threads may run the instruction meanwhile: they see it as it was or as it
/// is. The page is readable and executable afterwards, as code is.
pub fn replace_byte(address: u64, byte: u8) -> Result<(), i32> {
    let page = address as usize & !(mem::PAGE_BYTES - 1);
    let protect = |rights: i32| {
        let args = [page, mem::PAGE_BYTES, rights as usize];
        // SAFETY: the code stays readable and executable at every moment.
        unsafe { syscall(libc::SYS_mprotect, &args) }
    };
    const CODE: i32 = libc::PROT_READ | libc::PROT_EXEC;
    CHANGING.with(|()| {
        protect(CODE | libc::PROT_WRITE)?;
        // SAFETY: mapped and writable, as the call before has shown; one byte is written at once.
        let place = unsafe { AtomicU8::from_ptr(address as *mut u8) };
        place.store(byte, Ordering::SeqCst);
        protect(CODE).map(|_| ())
    })
}
