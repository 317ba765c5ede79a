//! Functions that move bytes between memory and a file: read, send, fread, writev and theirs. How many
//! they moved is known afterwards; only where the count given is more than the block has left is that
//! waited for.

use crate::call::{Call, Story, Then};
use crate::heap::Access;

fn watch_unless(roomy: bool) -> Then {
    if roomy { Then::Go } else { Then::Watch }
}

/// The result as a count; an error is none.
fn count(result: u64) -> u64 {
    u64::try_from(result as i64).unwrap_or(0)
}

fn moved(call: &Call<'_>, address: u64, bytes: u64, access: Access) {
    match access {
        Access::Read => call.read(address, bytes),
        Access::Write => call.write(address, bytes),
    }
}

const fn bytes(after: fn(&mut Call<'_>, u64)) -> Story {
    Story {
        before: |call| watch_unless(call.is_roomy(call.arg(0), call.arg(1))),
        after,
    }
}

/// Roles: to, bytes.
pub(crate) const READ: Story = bytes(|call, result| {
    // recv with MSG_TRUNC gives the length of the message, of which it kept a part.
    call.write(call.arg(0), count(result).min(call.arg(1)));
});

/// Roles: from, bytes.
pub(crate) const WRITE: Story = bytes(|call, result| {
    call.read(call.arg(0), count(result).min(call.arg(1)));
});

const fn items(after: fn(&mut Call<'_>, u64)) -> Story {
    Story {
        before: |call| {
            let bytes = call.arg(1).saturating_mul(call.arg(2));
            watch_unless(call.is_roomy(call.arg(0), bytes))
        },
        after,
    }
}

/// Roles: to, bytes of an item, items.
pub(crate) const READ_ITEMS: Story = items(|call, result| {
    call.write(call.arg(0), result.saturating_mul(call.arg(1)));
});

/// Roles: from, bytes of an item, items.
pub(crate) const WRITE_ITEMS: Story = items(|call, result| {
    call.read(call.arg(0), result.saturating_mul(call.arg(1)));
});

/// The kernel takes no more.
const MOST_PIECES: u64 = 1024;

/// The pieces of a vector that may be read: address and bytes of each.
fn pieces(call: &Call<'_>, vector: u64, count: u64) -> impl Iterator<Item = (u64, u64)> {
    let readable = call.units_of_room(vector) / 16;
    let count = if vector == 0 || count > MOST_PIECES {
        0
    } else {
        count.min(readable)
    };
    (0..count).map(move |at| {
        // SAFETY: within the vector, which the kernel would read too.
        let piece = unsafe { *((vector + 16 * at) as *const libc::iovec) };
        (piece.iov_base as u64, piece.iov_len as u64)
    })
}

fn is_roomy(call: &Call<'_>, vector: u64, count: u64) -> bool {
    pieces(call, vector, count).fold(true, |all, (address, bytes)| {
        call.is_roomy(address, bytes) && all
    })
}

fn moved_pieces(call: &Call<'_>, vector: u64, count: u64, mut bytes: u64, access: Access) {
    for (address, length) in pieces(call, vector, count) {
        let here = bytes.min(length);
        moved(call, address, here, access);
        bytes -= here;
    }
}

/// The count of pieces is an int: the register's upper half is anything.
fn pieces_told(call: &Call<'_>) -> u64 {
    u64::from(call.arg(1) as u32)
}

const fn vector(after: fn(&mut Call<'_>, u64)) -> Story {
    Story {
        before: |call| {
            call.read(call.arg(0), 16 * pieces_told(call).min(MOST_PIECES));
            watch_unless(is_roomy(call, call.arg(0), pieces_told(call)))
        },
        after,
    }
}

/// Roles: the pieces, how many.
pub(crate) const RECEIVE_VECTOR: Story = vector(|call, result| {
    moved_pieces(
        call,
        call.arg(0),
        pieces_told(call),
        count(result),
        Access::Write,
    );
});

/// Roles: the pieces, how many.
pub(crate) const SEND_VECTOR: Story = vector(|call, result| {
    moved_pieces(
        call,
        call.arg(0),
        pieces_told(call),
        count(result),
        Access::Read,
    );
});

/// The pieces of a message whose head may be read.
fn pieces_of_message(call: &Call<'_>) -> (u64, u64) {
    let message = call.arg(0);
    let head = size_of::<libc::msghdr>() as u64;
    if message == 0 || call.units_of_room(message) < head {
        return (0, 0);
    }
    // SAFETY: the head may be read.
    let message = unsafe { &*(message as *const libc::msghdr) };
    (message.msg_iov as u64, message.msg_iovlen as u64)
}

const fn message(after: fn(&mut Call<'_>, u64)) -> Story {
    Story {
        before: |call| {
            call.read(call.arg(0), size_of::<libc::msghdr>() as u64);
            let (vector, count) = pieces_of_message(call);
            call.read(vector, 16 * count.min(MOST_PIECES));
            watch_unless(is_roomy(call, vector, count))
        },
        after,
    }
}

/// Roles: the message.
pub(crate) const RECEIVE_MESSAGE: Story = message(|call, result| {
    let (vector, pieces) = pieces_of_message(call);
    moved_pieces(call, vector, pieces, count(result), Access::Write);
});

/// Roles: the message.
pub(crate) const SEND_MESSAGE: Story = message(|call, result| {
    let (vector, pieces) = pieces_of_message(call);
    moved_pieces(call, vector, pieces, count(result), Access::Read);
});
