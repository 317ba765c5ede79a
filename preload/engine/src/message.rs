//! What LDT itself says to the user: whole lines on standard error, each beginning `ldt: `.

use crate::sys::file::{self, Fd};

/// Writes one line in one call, so that lines of several processes do not mix.
pub fn say(text: &str) {
    let mut line = Vec::with_capacity(text.len() + 8);
    line.extend_from_slice(b"ldt: ");
    line.extend_from_slice(text.as_bytes());
    line.push(b'\n');
    file::write_stream(Fd(2), &line);
}
