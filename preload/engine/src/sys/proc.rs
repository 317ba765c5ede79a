//! Files of `/proc`, whose length is not known before they are read.

use core::ops::ControlFlow;

use super::file::{self, Fd};

/// Everything that such a file holds, its path with a final NUL; `None` if it cannot be opened, or there is no memory
/// for it.
#[must_use]
pub fn read(path: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let mut has_room = true;
    let fd = file::open_read(path, true).ok()?;
    pieces_of(fd, &mut |piece| {
        has_room = content.try_reserve(piece.len()).is_ok();
        if !has_room {
            return ControlFlow::Break(());
        }
        content.extend_from_slice(piece);
        ControlFlow::Continue(())
    });
    file::close(fd);
    has_room.then_some(content)
}

/// Hands over what an open file holds piece by piece, without memory for the whole.
pub fn pieces_of(fd: Fd, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) {
    let mut piece = [0u8; 4096];
    while let Ok(count) = file::read(fd, &mut piece) {
        if count == 0 || each(&piece[..count]).is_break() {
            break;
        }
    }
}

/// Whether a debugger or another tracer has this process.
#[must_use]
pub fn is_traced() -> bool {
    status_number(b"TracerPid:") != 0
}

/// The number on the line of the process's status that begins so; 0 where there is none.
#[must_use]
pub fn status_number(name: &[u8]) -> u64 {
    let status = read(b"/proc/thread-self/status\0").unwrap_or_default();
    let line = status
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(name));
    let digits: Vec<u8> = line
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(u8::is_ascii_digit)
        .collect();
    core::str::from_utf8(&digits)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}
