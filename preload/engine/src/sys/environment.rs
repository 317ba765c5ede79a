//! The environment as libc has it.

use core::ffi::{CStr, c_char};

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// Its variables, each with a final NUL as the kernel shows them; none before libc has set it up.
#[must_use]
pub fn of_libc() -> Vec<u8> {
    let mut variables = Vec::new();
    // SAFETY: libc's variable, read as libc reads it.
    let mut next = unsafe { environ };
    if next.is_null() {
        return variables;
    }
    loop {
        // SAFETY: the list of a program's environment ends with a null.
        let variable = unsafe { *next };
        if variable.is_null() {
            return variables;
        }
        // SAFETY: its entries are texts that end with a NUL.
        variables.extend_from_slice(unsafe { CStr::from_ptr(variable) }.to_bytes_with_nul());
        // SAFETY: not beyond the null.
        next = unsafe { next.add(1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_kernel_shows() {
        let shown = std::fs::read("/proc/self/environ").expect("the kernel shows it");
        assert_eq!(of_libc(), shown);
    }
}
