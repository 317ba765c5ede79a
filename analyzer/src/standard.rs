//! The three standard descriptors, where they were closed when `ldt` was started.
//!
//! Before `main`, the standard library opens /dev/null for each of them that is closed. A result would then go nowhere
//! without an error, and the command, which is to find what `ldt` found, would have them open. So each gets a
//! file before that which is of no use (nothing can be written to 1 and 2, nor read from 0), and which is closed when a
//! command is started.

use rustix::fs::{Mode, OFlags, fcntl_getfl, open};
use rustix::io::fcntl_getfd;
use rustix::stdio::{stderr, stdin, stdout};
use std::io::{self, StdoutLock};

/// Keeps closed what is closed. To be called before `main`.
pub fn keep_closed() {
    let useless = [
        (stdin(), OFlags::WRONLY),
        (stdout(), OFlags::RDONLY),
        (stderr(), OFlags::RDONLY),
    ];
    for (standard, way) in useless {
        if fcntl_getfd(standard).is_ok() {
            continue;
        }
        // It gets the lowest number that is free: this one, since those below it are open by now.
        if let Ok(opened) = open("/dev/null", way | OFlags::CLOEXEC, Mode::empty()) {
            std::mem::forget(opened);
        }
    }
}

/// Standard output, where it can be written: the standard library takes the kernel's refusal for a success.
pub(crate) fn output() -> io::Result<StdoutLock<'static>> {
    let access = fcntl_getfl(stdout())? & OFlags::RWMODE;
    if access == OFlags::RDONLY {
        return Err(io::Error::other("it is closed, or open for reading only"));
    }
    Ok(io::stdout().lock())
}
