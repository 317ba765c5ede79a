//! Functions that read or fill records of a known size: stat, poll, nanosleep, bind, localtime and theirs.
//!
//! What the kernel fills is looked at afterwards, and only when it has done so (the result is not -1): before,
//! the way is cleared where a guard page would make the call fail with EFAULT.

use crate::call::{Call, Story, Then, Unit};

pub(super) fn watch_unless(roomy: bool) -> Then {
    if roomy { Then::Go } else { Then::Watch }
}

/// An int that is -1, whatever the upper half of its register, or a pointer that no function gives.
pub(super) fn has_failed(result: u64) -> bool {
    result as i32 == -1
}

/// Roles: the record, the name of what it is about (none).
const fn fills<const BYTES: u64>() -> Story {
    Story {
        before: |call| {
            if call.has(1) {
                call.read_whole_text(call.arg(1), Unit::Narrow);
            }
            watch_unless(call.is_roomy(call.arg(0), BYTES))
        },
        after: |call, result| {
            if !has_failed(result) {
                call.write(call.arg(0), BYTES);
            }
        },
    }
}

/// waitpid's status.
pub(crate) const FILL_STATUS: Story = fills::<4>();
/// Roles: waitpid's status, what the process used (wait4).
pub(crate) const FILL_STATUS_AND_USAGE: Story = Story {
    before: |call| {
        // Both are asked: asking clears the way.
        let has_usage = call.is_roomy(call.arg(1), USAGE_BYTES);
        watch_unless(call.is_roomy(call.arg(0), 4) && has_usage)
    },
    after: |call, result| {
        if result as i32 > 0 {
            call.write(call.arg(0), 4);
            call.write(call.arg(1), USAGE_BYTES);
        }
    },
};
const USAGE_BYTES: u64 = size_of::<libc::rusage>() as u64;

/// `time_t`, a pointer, the place in `fpos_t`.
pub(crate) const FILL_WORD: Story = fills::<8>();
/// Of `siginfo_t` what waitid's kernel fills.
pub(crate) const FILL_ENDING: Story = fills::<28>();
/// `struct termios`.
pub(crate) const FILL_TERMINAL: Story = fills::<60>();
/// Two descriptors.
pub(crate) const FILL_DESCRIPTORS: Story = fills::<8>();
/// `struct timeval`, `struct timespec`, `struct rlimit`: two words.
pub(crate) const FILL_PAIR: Story = fills::<16>();
/// `struct itimerval`, `struct itimerspec`, `struct tms`.
pub(crate) const FILL_TWO_PAIRS: Story = fills::<32>();
/// `struct stat`.
pub(crate) const FILL_STAT: Story = fills::<{ size_of::<libc::stat>() as u64 }>();
/// `struct statfs`.
pub(crate) const FILL_STATFS: Story = fills::<{ size_of::<libc::statfs>() as u64 }>();
/// `struct statvfs`.
pub(crate) const FILL_STATVFS: Story = fills::<{ size_of::<libc::statvfs>() as u64 }>();
/// `struct rusage`.
pub(crate) const FILL_USAGE: Story = fills::<USAGE_BYTES>();
/// `struct sysinfo`.
pub(crate) const FILL_SYSTEM: Story = fills::<{ size_of::<libc::sysinfo>() as u64 }>();
/// `struct statx`.
pub(crate) const FILL_STATX: Story = fills::<{ size_of::<libc::statx>() as u64 }>();
/// `struct utsname`.
pub(crate) const FILL_NAMES: Story = fills::<{ size_of::<libc::utsname>() as u64 }>();

/// Roles: the record, the name of what it is about (none).
const fn reads<const BYTES: u64>() -> Story {
    Story::told_before(|call| {
        if call.has(1) {
            call.read_whole_text(call.arg(1), Unit::Narrow);
        }
        read(call, call.arg(0), BYTES);
        Then::Go
    })
}

/// Null means none.
pub(super) fn read(call: &Call<'_>, address: u64, bytes: u64) {
    if address != 0 {
        call.read(address, bytes);
    }
}

/// Reads and writes. Null means none.
pub(super) fn update(call: &Call<'_>, address: u64, bytes: u64) {
    if address != 0 {
        call.write(address, bytes);
    }
}

/// `time_t`.
pub(crate) const READ_TIME: Story = reads::<8>();
/// Two words.
pub(crate) const READ_PAIR: Story = reads::<16>();
/// Two `struct timespec`, `struct timeval`.
pub(crate) const READ_TWO_PAIRS: Story = reads::<32>();
/// Of `struct termios` what there was before speeds had fields of their own.
pub(crate) const READ_TERMINAL: Story = reads::<36>();
/// Of `struct sigevent` what its kernel reads.
pub(crate) const READ_EVENT: Story = reads::<{ size_of::<libc::sigevent>() as u64 }>();
/// `struct tm`.
pub(crate) const READ_DATE: Story = reads::<TM_BYTES>();

const TM_BYTES: u64 = size_of::<libc::tm>() as u64;

/// Roles: the time, the date to fill (localtime_r).
pub(crate) const SPLIT_TIME: Story = Story::told_before(|call| {
    read(call, call.arg(0), 8);
    call.write(call.arg(1), TM_BYTES);
    Then::Go
});

/// Roles: the record, its bytes (bind, setsockopt): an unsigned int.
pub(crate) const READ_GIVEN: Story = Story::told_before(|call| {
    read(call, call.arg(0), u64::from(call.arg(1) as u32));
    Then::Go
});

/// Roles: the items, how many, the bytes of each (qsort).
pub(crate) const SORT: Story = Story::told_before(|call| {
    let bytes = call.arg(1).saturating_mul(call.arg(2));
    call.write(call.arg(0), bytes);
    Then::Go
});

/// `struct pollfd` has its descriptor, the events asked for, and those that came.
const POLL_BYTES: u64 = size_of::<libc::pollfd>() as u64;

/// Roles: what to wait for, how many, how long (none; ppoll). All is read, and of each the last part written.
pub(crate) const WAIT_FOR: Story = Story::told_before(|call| {
    if call.has(2) {
        read(call, call.arg(2), 16);
    }
    update(call, call.arg(0), call.arg(1).saturating_mul(POLL_BYTES));
    Then::Go
});

/// Roles: where events go, how many at most (epoll_wait).
pub(crate) const FILL_EVENTS: Story = Story {
    before: |call| {
        let most = u64::try_from(call.arg(1) as i32).unwrap_or(0);
        watch_unless(call.is_roomy(call.arg(0), most * EVENT_BYTES))
    },
    after: |call, result| {
        let came = u64::try_from(result as i32).unwrap_or(0);
        call.write(call.arg(0), came * EVENT_BYTES);
    },
};

const EVENT_BYTES: u64 = size_of::<libc::epoll_event>() as u64;

/// Roles: three sets of descriptors, one more than the highest, how long to wait (select). The kernel reads
/// and writes whole words.
pub(crate) const SELECT: Story = Story::told_before(|call| {
    let descriptors = u64::try_from(call.arg(3) as i32).unwrap_or(0);
    let bytes = descriptors.div_ceil(64) * 8;
    for role in 0..3 {
        update(call, call.arg(role), bytes);
    }
    read(call, call.arg(4), 16);
    Then::Go
});

/// Roles: where the groups go, how many at most (getgroups). A limit of 0 asks for their number alone.
pub(crate) const FILL_GROUPS: Story = Story {
    before: |call| {
        let most = u64::try_from(call.arg(1) as i32).unwrap_or(0);
        watch_unless(call.is_roomy(call.arg(0), most * GROUP_BYTES))
    },
    after: |call, result| {
        let came = u64::try_from(result as i32).unwrap_or(0);
        if call.arg(1) as i32 > 0 {
            call.write(call.arg(0), came * GROUP_BYTES);
        }
    },
};

const GROUP_BYTES: u64 = size_of::<libc::gid_t>() as u64;

/// Roles: the groups, how many (setgroups).
pub(crate) const READ_GROUPS: Story = Story::told_before(|call| {
    call.read(call.arg(0), call.arg(1).saturating_mul(GROUP_BYTES));
    Then::Go
});
