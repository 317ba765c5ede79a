//! System calls that take several records, or whose records say how long they are: timers, names of sockets, attributes of
//! files, queues, offsets. Of a record that the kernel cannot read or fill it says EFAULT, and nobody would know why.

use crate::call::{Call, Story, Then, Unit};
use crate::readable;

use super::files::count;
use super::records::{has_failed, read, update, watch_unless};

/// Roles: the record that is read, the one that is filled. Null means none.
const fn exchanges<const READ: u64, const FILLED: u64>() -> Story {
    Story {
        before: |call| {
            read(call, call.arg(0), READ);
            watch_unless(call.is_roomy(call.arg(1), FILLED))
        },
        after: |call, result| {
            // One of them (pthread_sigmask) gives the error's number.
            if result as i32 == 0 {
                call.write(call.arg(1), FILLED);
            }
        },
    }
}

/// Two `struct itimerspec` or `struct itimerval`: the new one and the old one.
pub(crate) const SET_TIMER: Story = exchanges::<32, 32>();

/// Two `struct timeval`: how much the clock is to be moved, and how much it still was (adjtime).
pub(crate) const ADJUST_CLOCK: Story = exchanges::<16, 16>();

/// Two `struct sigaction`: libldt.so itself serves this and the next two, and copies the records in its own code.
pub(crate) const SET_ACTION: Story =
    exchanges::<{ size_of::<libc::sigaction>() as u64 }, { size_of::<libc::sigaction>() as u64 }>();

/// Two signal masks, of which the kernel knows one word.
pub(crate) const SET_MASK: Story = exchanges::<8, 8>();

/// Two `stack_t`.
pub(crate) const SET_STACK: Story =
    exchanges::<{ size_of::<libc::stack_t>() as u64 }, { size_of::<libc::stack_t>() as u64 }>();

/// Roles: three ids to fill (getresuid).
pub(crate) const FILL_IDS: Story = Story {
    before: |call| {
        // Each is asked, whatever the one before: asking clears the way.
        let roomy = [0, 1, 2].map(|role| call.is_roomy(call.arg(role), 4));
        watch_unless(roomy == [true; 3])
    },
    after: |call, result| {
        if !has_failed(result) {
            (0..3).for_each(|role| call.write(call.arg(role), 4));
        }
    },
};

/// Roles: one offset, perhaps another (sendfile, splice). Null means none.
pub(crate) const MOVE_OFFSETS: Story = Story::told_before(|call| {
    for role in (0..2).filter(|&role| call.has(role)) {
        update(call, call.arg(role), 8);
    }
    Then::Go
});

/// Roles: the event, what is done (epoll_ctl): taking a descriptor out reads no event.
pub(crate) const CONTROL_EVENTS: Story = Story::told_before(|call| {
    if call.arg(1) as i32 != libc::EPOLL_CTL_DEL {
        read(call, call.arg(0), size_of::<libc::epoll_event>() as u64);
    }
    Then::Go
});

/// The length at an address, if that can be read.
fn length_at(call: &Call<'_>, address: u64) -> Option<u64> {
    const BYTES: u64 = size_of::<libc::socklen_t>() as u64;
    let mut word = [0u64];
    let is_there = address != 0 && call.units_of_room(address) >= BYTES;
    (is_there && readable::copy(address, BYTES, &mut word) >= BYTES)
        .then_some(word[0] & u64::from(u32::MAX))
}

/// The call may fill what lies at `to`, as far as the length at `length` says: whether there is room for it. Where nothing
/// is to be filled the kernel does not look at the length. It is kept for [`filled`].
fn has_room(call: &mut Call<'_>, to: u64, length: u64) -> bool {
    if to == 0 {
        return true;
    }
    update(call, length, size_of::<libc::socklen_t>() as u64);
    let given = length_at(call, length).unwrap_or(0);
    call.keep([given, 0, 0]);
    call.is_roomy(to, given)
}

/// It has done so. The length that comes back is that of the whole name, of which no more is filled than was to be.
fn filled(call: &Call<'_>, to: u64, length: u64) {
    if to != 0 {
        let [given, ..] = call.kept();
        call.write(to, length_at(call, length).unwrap_or(0).min(given));
    }
}

/// Roles: what is filled, where its length stands before and afterwards (accept, getsockopt). Null means none.
pub(crate) const FILL_TO_LENGTH: Story = Story {
    before: |call| {
        let (to, length) = (call.arg(0), call.arg(1));
        watch_unless(has_room(call, to, length))
    },
    after: |call, result| {
        if !has_failed(result) {
            filled(call, call.arg(0), call.arg(1));
        }
    },
};

/// Roles: to, bytes, the sender's address to fill, where its length stands (recvfrom). Null means none.
pub(crate) const RECEIVE_FROM: Story = Story {
    before: |call| {
        let is_roomy = call.is_roomy(call.arg(0), call.arg(1));
        let (to, length) = (call.arg(2), call.arg(3));
        watch_unless(has_room(call, to, length) && is_roomy)
    },
    after: |call, result| {
        call.write(call.arg(0), count(result).min(call.arg(1)));
        if !has_failed(result) {
            filled(call, call.arg(2), call.arg(3));
        }
    },
};

/// Roles: the name of a file, of an attribute, to, bytes (getxattr). None asked for is a question for their number.
pub(crate) const NAME_VALUE: Story = Story {
    before: |call| {
        for role in (0..2).filter(|&role| call.has(role)) {
            call.read_whole_text(call.arg(role), Unit::Narrow);
        }
        watch_unless(call.is_roomy(call.arg(2), call.arg(3)))
    },
    after: |call, result| {
        call.write(call.arg(2), count(result).min(call.arg(3)));
    },
};

/// Roles: the name of a file, of an attribute, from, bytes (setxattr).
pub(crate) const SET_VALUE: Story = Story::told_before(|call| {
    for role in (0..2).filter(|&role| call.has(role)) {
        call.read_whole_text(call.arg(role), Unit::Narrow);
    }
    call.read(call.arg(2), call.arg(3));
    Then::Go
});

/// The type of a queued message stands before its text.
const TYPE_BYTES: u64 = 8;

/// Roles: the message, bytes of its text (msgsnd).
pub(crate) const SEND_QUEUED: Story = Story::told_before(|call| {
    call.read(call.arg(0), call.arg(1).saturating_add(TYPE_BYTES));
    Then::Go
});

/// Roles: to, bytes of text at most (msgrcv).
pub(crate) const RECEIVE_QUEUED: Story = Story {
    before: |call| {
        let bytes = call.arg(1).saturating_add(TYPE_BYTES);
        watch_unless(call.is_roomy(call.arg(0), bytes))
    },
    after: |call, result| {
        if !has_failed(result) {
            call.write(call.arg(0), count(result) + TYPE_BYTES);
        }
    },
};

/// Roles: the items, how many of them (semop).
const fn reads_items<const BYTES: u64>() -> Story {
    Story::told_before(|call| {
        call.read(call.arg(0), u64::from(call.arg(1) as u32) * BYTES);
        Then::Go
    })
}

/// `struct sembuf`.
pub(crate) const READ_OPERATIONS: Story = reads_items::<{ size_of::<libc::sembuf>() as u64 }>();

/// Roles: how long to wait (none), what is filled of the signal that came (sigtimedwait). Null means none.
pub(crate) const WAIT_FOR_SIGNAL: Story = Story {
    before: |call| {
        if call.has(0) {
            read(call, call.arg(0), size_of::<libc::timespec>() as u64);
        }
        watch_unless(call.is_roomy(call.arg(1), SIGNAL_BYTES))
    },
    after: |call, result| {
        if !has_failed(result) {
            call.write(call.arg(1), SIGNAL_BYTES);
        }
    },
};

const SIGNAL_BYTES: u64 = size_of::<libc::siginfo_t>() as u64;

/// Roles: the buffer, its bytes (none: `BUFSIZ`), the kind of buffering (none; setvbuf). Null means none. The C library has
/// it filled by the kernel, as far as was said, and where nobody sees it.
pub(crate) const LEND_BUFFER: Story = Story::told_before(|call| {
    let is_used = !call.has(2) || call.arg(2) as i32 != libc::_IONBF;
    let bytes = if call.has(1) {
        call.arg(1)
    } else {
        u64::from(libc::BUFSIZ)
    };
    if is_used {
        update(call, call.arg(0), bytes);
    }
    Then::Go
});

/// Roles: what is done, the lock (fcntl).
pub(crate) const CONTROL_FILE: Story = Story::told_before(|call| {
    match call.arg(0) as i32 {
        libc::F_SETLK | libc::F_SETLKW | libc::F_OFD_SETLK | libc::F_OFD_SETLKW => {
            call.read(call.arg(1), LOCK_BYTES);
        }
        // Asked about a lock that cannot be, the kernel fills nothing, but it has read all of it.
        libc::F_GETLK | libc::F_OFD_GETLK => update(call, call.arg(1), LOCK_BYTES),
        _ => {}
    }
    Then::Go
});

const LOCK_BYTES: u64 = size_of::<libc::flock>() as u64;
