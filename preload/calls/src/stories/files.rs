//! Functions that move bytes between memory and a file: read, send, fread, writev and theirs. How many
//! they moved is known afterwards; only where the count given is more than the block has left is that
//! waited for.

use crate::call::{Call, Story, Then};
use crate::heap::Access;
use crate::readable;

fn watch_unless(roomy: bool) -> Then {
    if roomy { Then::Go } else { Then::Watch }
}

/// The result as a count; an error is none.
pub(super) fn count(result: u64) -> u64 {
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

/// Bytes of an item, times how many there are; none where they are too many to count.
fn bytes_of_items(call: &Call<'_>) -> Option<u64> {
    call.arg(1).checked_mul(call.arg(2))
}

/// Roles: to, bytes of an item, items. The last item may come in part, which its result does not tell: so single bytes are
/// asked for, and items made of them as the C library does.
pub(crate) const READ_ITEMS: Story = Story {
    before: |call| {
        let bytes = bytes_of_items(call);
        let then = watch_unless(call.is_roomy(call.arg(0), bytes.unwrap_or(u64::MAX)));
        if let (Then::Watch, Some(bytes)) = (then, bytes) {
            call.pass(1, 1);
            call.pass(2, bytes);
        }
        then
    },
    after: |call, result| {
        let item = call.arg(1);
        if bytes_of_items(call).is_some() {
            call.write(call.arg(0), result);
            call.give(result.checked_div(item).unwrap_or(0));
        } else {
            call.write(call.arg(0), result.saturating_mul(item));
        }
    },
};

/// Roles: from, bytes of an item, items.
pub(crate) const WRITE_ITEMS: Story = Story {
    before: |call| {
        let bytes = bytes_of_items(call).unwrap_or(u64::MAX);
        watch_unless(call.is_roomy(call.arg(0), bytes))
    },
    after: |call, result| {
        call.read(call.arg(0), result.saturating_mul(call.arg(1)));
    },
};

/// The kernel takes no more.
const MOST_PIECES: u64 = 1024;
const PIECE_BYTES: u64 = size_of::<libc::iovec>() as u64;
/// Pieces that are asked for at once.
const KEPT_PIECES: usize = 32;

/// The pieces of a vector that can be read: address and bytes of each. For a wild pointer the kernel has an
/// error, so it must be asked here too.
fn pieces(call: &Call<'_>, vector: u64, count: u64) -> impl Iterator<Item = (u64, u64)> {
    let room = call.units_of_room(vector) / PIECE_BYTES;
    let count = if count > MOST_PIECES {
        0
    } else {
        count.min(room)
    };
    let mut kept = [[0u64; 2]; KEPT_PIECES];
    let mut readable = 0;
    (0..count).map_while(move |at| {
        let kept_at = at as usize % KEPT_PIECES;
        if kept_at == 0 {
            let wanted = (count - at).min(KEPT_PIECES as u64) * PIECE_BYTES;
            let address = vector.wrapping_add(at * PIECE_BYTES);
            readable = at + readable::copy(address, wanted, kept.as_flattened_mut()) / PIECE_BYTES;
        }
        let [base, length] = kept[kept_at];
        (at < readable).then_some((base, length))
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
            call.read(
                call.arg(0),
                PIECE_BYTES * pieces_told(call).min(MOST_PIECES),
            );
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

/// The head of a message, as far as it can be read: all zero is a message of nothing.
#[derive(Clone, Copy, Default)]
struct Message {
    words: [u64; size_of::<libc::msghdr>() / 8],
}

impl Message {
    fn of(call: &Call<'_>, message: u64) -> Message {
        let mut head = Message::default();
        let bytes = size_of_val(&head.words) as u64;
        let is_there = call.units_of_room(message) >= bytes
            && readable::copy(message, bytes, &mut head.words) >= bytes;
        if is_there { head } else { Message::default() }
    }

    fn word(&self, offset: usize) -> u64 {
        self.words.get(offset / 8).copied().unwrap_or(0)
    }

    fn vector(&self) -> u64 {
        self.word(core::mem::offset_of!(libc::msghdr, msg_iov))
    }

    fn pieces(&self) -> u64 {
        self.word(core::mem::offset_of!(libc::msghdr, msg_iovlen))
    }

    /// Address and bytes of the name and of what goes along, none of which need be there.
    fn beside(&self) -> [(u64, u64); 2] {
        let name = self.word(core::mem::offset_of!(libc::msghdr, msg_name));
        let name_bytes = self.word(core::mem::offset_of!(libc::msghdr, msg_namelen)) as u32;
        let control = self.word(core::mem::offset_of!(libc::msghdr, msg_control));
        let control_bytes = self.word(core::mem::offset_of!(libc::msghdr, msg_controllen));
        [(name, u64::from(name_bytes)), (control, control_bytes)].map(|(at, bytes)| {
            let is_there = at != 0;
            (at, if is_there { bytes } else { 0 })
        })
    }
}

/// The message's head is read, and the list of its pieces; gives the head and whether all pieces have room.
fn begin(call: &Call<'_>, message: u64) -> (Message, bool) {
    call.read(message, size_of::<libc::msghdr>() as u64);
    let message = Message::of(call, message);
    call.read(
        message.vector(),
        PIECE_BYTES * message.pieces().min(MOST_PIECES),
    );
    let is_roomy = is_roomy(call, message.vector(), message.pieces());
    (message, is_roomy)
}

/// Roles: the message. The kernel gives back how much it has filled of the name and of what comes along: of the name's
/// whole length no more than there was to be.
pub(crate) const RECEIVE_MESSAGE: Story = Story {
    before: |call| {
        let (message, mut all) = begin(call, call.arg(0));
        let [name, control] = message.beside();
        for (address, bytes) in [name, control] {
            // Each is asked: asking clears the way.
            all &= call.is_roomy(address, bytes);
        }
        call.keep([name.1, control.1, 0]);
        watch_unless(all)
    },
    after: |call, result| {
        let message = Message::of(call, call.arg(0));
        let (vector, pieces) = (message.vector(), message.pieces());
        moved_pieces(call, vector, pieces, count(result), Access::Write);
        if (result as i64) < 0 {
            return;
        }
        for ((address, filled), room) in message.beside().into_iter().zip(call.kept()) {
            call.write(address, filled.min(room));
        }
    },
};

/// Roles: the message.
pub(crate) const SEND_MESSAGE: Story = Story {
    before: |call| {
        let (message, is_roomy) = begin(call, call.arg(0));
        for (address, bytes) in message.beside() {
            call.read(address, bytes);
        }
        watch_unless(is_roomy)
    },
    after: |call, result| {
        let message = Message::of(call, call.arg(0));
        let (vector, pieces) = (message.vector(), message.pieces());
        moved_pieces(call, vector, pieces, count(result), Access::Read);
    },
};

/// The kernel takes no more at once.
const MOST_MESSAGES: u64 = 1024;
const MESSAGE_BYTES: u64 = size_of::<libc::mmsghdr>() as u64;

/// Where the messages are, of so many that are told or came.
fn messages(call: &Call<'_>, count: u64) -> impl Iterator<Item = u64> {
    let first = call.arg(0);
    let room = call.units_of_room(first) / MESSAGE_BYTES;
    (0..count.min(MOST_MESSAGES).min(room)).map(move |at| first.wrapping_add(at * MESSAGE_BYTES))
}

/// How many messages the caller tells: an unsigned int.
fn messages_told(call: &Call<'_>) -> u64 {
    u64::from(call.arg(1) as u32)
}

/// What was moved of each message stands behind its head.
fn moved_messages(call: &Call<'_>, result: u64, access: Access) {
    let came = u64::try_from(result as i32).unwrap_or(0);
    for at in messages(call, came.min(messages_told(call))) {
        let mut bytes = [0u64];
        let length = at.wrapping_add(core::mem::offset_of!(libc::mmsghdr, msg_len) as u64);
        readable::copy(length, 4, &mut bytes);
        let message = Message::of(call, at);
        let (vector, pieces) = (message.vector(), message.pieces());
        let [bytes] = bytes;
        moved_pieces(call, vector, pieces, bytes & u64::from(u32::MAX), access);
    }
}

/// Says what a call does with all messages before it is made. `beside` says it of a message's name and of what goes along
/// with it, and gives whether the way is clear.
fn begin_messages(call: &Call<'_>, beside: fn(&Call<'_>, u64, u64) -> bool) -> Then {
    let told = messages_told(call);
    call.read(call.arg(0), told.saturating_mul(MESSAGE_BYTES));
    let mut all = true;
    for at in messages(call, told) {
        let (message, is_roomy) = begin(call, at);
        all &= is_roomy;
        for (address, bytes) in message.beside() {
            // Each is asked: asking clears the way.
            all &= beside(call, address, bytes);
        }
    }
    watch_unless(all)
}

/// Roles: the messages, how many of them (recvmmsg). Of their names and what comes along the kernel says afterwards how
/// much it filled, in the place of what there was to be: only the way is cleared for them.
pub(crate) const RECEIVE_MESSAGES: Story = Story {
    before: |call| begin_messages(call, |call, address, bytes| call.is_roomy(address, bytes)),
    after: |call, result| moved_messages(call, result, Access::Write),
};

/// Roles: the messages, how many of them (sendmmsg).
pub(crate) const SEND_MESSAGES: Story = Story {
    before: |call| {
        begin_messages(call, |call, address, bytes| {
            call.read(address, bytes);
            true
        })
    },
    after: |call, result| moved_messages(call, result, Access::Read),
};
