//! What LDT itself says to the user: whole lines on standard error, each beginning `ldt: `.

use crate::sys::file::{self, Fd};

/// Writes one line in one call, so that lines of several processes do not mix.
pub fn say(text: &str) {
    say_parts(&[text]);
}

/// A line up to this length takes no memory: that there is none may be what it says.
const SHORT_BYTES: usize = 256;

/// The same of a line in parts. One plain write: a sandbox that lets programs write may refuse writev.
pub fn say_parts(parts: &[&str]) {
    let pieces = || {
        [b"ldt: ".as_slice()]
            .into_iter()
            .chain(parts.iter().map(|part| part.as_bytes()))
            .chain([b"\n".as_slice()])
    };
    let bytes = pieces().map(<[u8]>::len).sum::<usize>();
    let mut short = [0; SHORT_BYTES];
    let mut long = Vec::new();
    let line = match short.get_mut(..bytes) {
        Some(short) => short,
        None => {
            long.resize(bytes, 0);
            &mut long[..]
        }
    };
    let mut rest = &mut *line;
    for piece in pieces() {
        let (place, behind) = rest.split_at_mut(piece.len());
        place.copy_from_slice(piece);
        rest = behind;
    }
    file::write_stream(Fd(2), line);
}
