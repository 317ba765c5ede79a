//! Functions that are given a place and leave a name, a line or a record there: strftime, realpath, gethostname,
//! strerror_r, getpwnam_r and theirs. What was left is looked at afterwards.

use crate::call::{Call, Story, Then, Unit};
use crate::scan;

use super::lines::text_written;
use super::records::{read, watch_unless};

fn is_roomy(call: &Call<'_>, place: usize, bytes: u64) -> bool {
    call.arg(place) == 0 || call.is_roomy(call.arg(place), bytes)
}

/// A text of `limit` bytes at most has been left in a place; it may have been cut before its terminator.
fn left(call: &Call<'_>, place: usize, limit: u64) {
    if call.arg(place) != 0 && limit != 0 {
        // SAFETY: the function has just written it, and guards have been lifted before.
        let units = unsafe { scan::terminator(call.arg(place), limit, Unit::Narrow) };
        call.write(call.arg(place), units.map_or(limit, |units| units + 1));
    }
}

/// Roles: to, bytes (gethostname, ttyname_r). The result is 0 when it has been filled.
pub(crate) const PLACE_IF_ZERO: Story = Story {
    before: |call| watch_unless(is_roomy(call, 0, call.arg(1))),
    after: |call, result| {
        if result as i32 == 0 {
            left(call, 0, call.arg(1));
        }
    },
};

/// Roles: to, bytes (the strerror_r of POSIX, which leaves a text whatever its result).
pub(crate) const PLACE_ANYWAY: Story = Story {
    before: |call| watch_unless(is_roomy(call, 0, call.arg(1))),
    after: |call, _| left(call, 0, call.arg(1)),
};

/// Roles: to, bytes (confstr, regerror). The result is how many would have been needed.
pub(crate) const PLACE_COUNTED: Story = Story {
    before: |call| watch_unless(is_roomy(call, 0, call.arg(1))),
    after: |call, result| {
        if call.arg(0) != 0 {
            call.write(call.arg(0), result.min(call.arg(1)));
        }
    },
};

/// The most bytes of a path.
const PATH_BYTES: u64 = libc::PATH_MAX as u64;

/// Roles: the path, to (realpath). Null makes it allocate.
pub(crate) const PLACE_RESOLVED: Story = Story {
    before: |call| {
        call.read_whole_text(call.arg(0), Unit::Narrow);
        watch_unless(is_roomy(call, 1, PATH_BYTES))
    },
    after: text_written,
};

/// Roles: to (asctime_r, ctime_r), the time or date. No date is longer.
const fn place_of_date<const BYTES: u64>() -> Story {
    Story {
        before: |call| {
            read(call, call.arg(1), BYTES);
            watch_unless(is_roomy(call, 0, 26))
        },
        after: text_written,
    }
}

const TM_BYTES: u64 = size_of::<libc::tm>() as u64;

/// asctime_r.
pub(crate) const PLACE_OF_DATE: Story = place_of_date::<TM_BYTES>();
/// ctime_r.
pub(crate) const PLACE_OF_TIME: Story = place_of_date::<8>();

/// Roles: to, the most units, the format, the date (strftime). The result is 0 when it did not fit.
pub(crate) const PRINT_DATE: Story = Story {
    before: |call| {
        call.read_text(call.arg(2), u64::MAX);
        read(call, call.arg(3), TM_BYTES);
        watch_unless(is_roomy(call, 0, call.bytes(call.arg(1))))
    },
    after: |call, result| {
        if result != 0 && call.arg(0) != 0 {
            call.write(call.arg(0), call.bytes(result + 1));
        }
    },
};

/// Roles: the record, where a pointer to it goes, the name (none; getpwnam_r). Null comes back where there is none.
const fn finds<const BYTES: u64>() -> Story {
    Story {
        before: |call| {
            if call.has(2) {
                call.read_whole_text(call.arg(2), Unit::Narrow);
            }
            let has_place = is_roomy(call, 0, BYTES);
            watch_unless(is_roomy(call, 1, 8) && has_place)
        },
        after: |call, result| {
            let found = call.arg(1);
            if found == 0 || result as i32 != 0 {
                return;
            }
            call.write(found, 8);
            // SAFETY: the function has just written it.
            if unsafe { (found as *const u64).read_unaligned() } != 0 {
                call.write(call.arg(0), BYTES);
            }
        },
    }
}

/// `struct passwd`.
pub(crate) const FIND_USER: Story = finds::<{ size_of::<libc::passwd>() as u64 }>();
/// `struct group`.
pub(crate) const FIND_USERS: Story = finds::<{ size_of::<libc::group>() as u64 }>();

/// Roles: to, the most pointers or doubles (backtrace, getloadavg). The result is how many there are.
pub(crate) const FILL_WORDS: Story = Story {
    before: |call| {
        let most = u64::try_from(call.arg(1) as i32).unwrap_or(0);
        watch_unless(is_roomy(call, 0, most * 8))
    },
    after: |call, result| {
        let came = u64::try_from(result as i32).unwrap_or(0);
        call.write(call.arg(0), came * 8);
    },
};

/// Roles: to, bytes, all of which are filled if any (getentropy).
pub(crate) const FILL_IF_ZERO: Story = Story {
    before: |call| watch_unless(is_roomy(call, 0, call.arg(1))),
    after: |call, result| {
        if result as i32 == 0 {
            call.write(call.arg(0), call.arg(1));
        }
    },
};

/// Roles: what is done, the name (prctl).
pub(crate) const NAME_THREAD: Story = Story {
    before: |call| match call.arg(0) as i32 {
        // The kernel keeps fifteen characters, and looks at no more.
        libc::PR_SET_NAME => {
            call.read_text(call.arg(1), NAME_BYTES - 1);
            Then::Go
        }
        libc::PR_GET_NAME => watch_unless(is_roomy(call, 1, NAME_BYTES)),
        _ => Then::Go,
    },
    after: |call, result| {
        if call.arg(0) as i32 == libc::PR_GET_NAME && result as i32 == 0 {
            call.write(call.arg(1), NAME_BYTES);
        }
    },
};

const NAME_BYTES: u64 = 16;
