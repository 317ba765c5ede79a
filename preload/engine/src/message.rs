//! What LDT itself says to the user: whole lines on standard error, each beginning `ldt: `.

use crate::sys::file::{self, Fd};

/// Writes one line in one call, so that lines of several processes do not mix.
pub fn say(text: &str) {
    say_parts(&[text]);
}

/// The same of a line in parts, three at most, without memory of its own: that there is none may be what the line says.
pub fn say_parts(parts: &[&str]) {
    let mut line: [&[u8]; 5] = [b"ldt: ", b"", b"", b"", b"\n"];
    for (place, part) in line[1..4].iter_mut().zip(parts) {
        *place = part.as_bytes();
    }
    file::write_stream_parts(Fd(2), &line);
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn a_line_in_parts_is_one_write() {
        let (from, to) = UnixDatagram::pair().expect("a pair of sockets");
        file::write_stream_parts(Fd(from.as_raw_fd()), &[b"ldt: ", b"", b"no room", b"\n"]);
        let mut line = [0; 64];
        let bytes = to.recv(&mut line).expect("one message");
        assert_eq!(&line[..bytes], b"ldt: no room\n");
    }
}
