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
