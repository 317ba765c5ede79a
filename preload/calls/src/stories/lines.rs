//! Functions that leave a text in memory and say only that they did: fgets, getcwd, getline and theirs.

use crate::call::{Call, Story, Then, Unit};
use crate::readable;
use crate::scan;

fn watch_unless(roomy: bool) -> Then {
    if roomy { Then::Go } else { Then::Watch }
}

pub(super) fn text_written(call: &mut Call<'_>, result: u64) {
    if result == 0 {
        return;
    }
    // SAFETY: the function has just written a terminator, and guards have been lifted before.
    let units = unsafe { scan::terminator(result, u64::MAX, call.unit()) };
    call.write(result, call.bytes(units.unwrap_or(0) + 1));
}

/// Roles: to, the most units with the terminator (none: no limit).
pub(crate) const READ_LINE: Story = Story {
    before: |call| {
        let then = watch_unless(call.is_roomy(call.arg(0), call.bytes(line_limit(call))));
        if then == Then::Watch {
            let (words, bytes) = behind(call);
            call.keep([words[0], words[1], bytes]);
        }
        then
    },
    after: |call, result| {
        text_written(call, result);
        if result != 0 {
            line_written_beyond(call, result);
        }
    },
};

/// The first bytes behind the block that a line is read to, as many as any redzone has: nobody else's.
fn behind(call: &Call<'_>) -> ([u64; 2], u64) {
    let mut words = [0; 2];
    let end = call.arg(0) + call.room_of(call.arg(0), Unit::Narrow);
    let bytes = readable::copy(end, size_of_val(&words) as u64, &mut words);
    (words, bytes)
}

/// A line may have a NUL inside, behind which [`text_written`] has not looked: what has changed behind the block was written,
/// and all before it.
fn line_written_beyond(call: &Call<'_>, line: u64) {
    let ([low, high], bytes) = behind(call);
    let [low_before, high_before, bytes_before] = call.kept();
    let changed = u128::from(high ^ high_before) << 64 | u128::from(low ^ low_before);
    if changed == 0 || bytes != bytes_before {
        return;
    }
    let last = u64::from(changed.ilog2() / 8);
    let in_line = call.room_of(line, Unit::Narrow) + last;
    let units = in_line / call.bytes(1);
    // SAFETY: the function has written there, and a terminator at the end.
    let rest = unsafe { scan::terminator(line + call.bytes(units), u64::MAX, call.unit()) };
    call.write(line, call.bytes(units + rest.unwrap_or(0) + 1));
}

/// `fgets` takes an int, and nothing when it is negative.
fn line_limit(call: &Call<'_>) -> u64 {
    if call.has(1) {
        u64::try_from(call.arg(1) as i32).unwrap_or(0)
    } else {
        u64::MAX
    }
}

/// Roles: to, bytes (getcwd). Null for the first makes it allocate.
pub(crate) const NAME_PLACE: Story = Story {
    before: |call| watch_unless(call.is_roomy(call.arg(0), call.limit(1))),
    after: text_written,
};

/// Roles: the path, to, bytes (readlink).
pub(crate) const NAME_LINK: Story = Story {
    before: |call| {
        call.read_whole_text(call.arg(0), Unit::Narrow);
        watch_unless(call.is_roomy(call.arg(1), call.arg(2)))
    },
    after: |call, result| {
        call.write(call.arg(1), u64::try_from(result as i64).unwrap_or(0));
    },
};

/// Roles: where the pointer to the line is kept, where its size is kept (getline).
pub(crate) const GET_LINE: Story = Story {
    before: |call| {
        let (line, size) = (call.arg(0), call.arg(1));
        call.write(line, 8);
        call.write(size, 8);
        if line == 0 || size == 0 || call.units_of_room(line) < 8 || call.units_of_room(size) < 8 {
            return Then::Go;
        }
        // SAFETY: the caller's pointer and size, which the function reads too.
        let (line, size) = unsafe { (*(line as *const u64), *(size as *const u64)) };
        watch_unless(line == 0 || call.is_roomy(line, size))
    },
    after: |call, result| {
        if let Ok(read) = u64::try_from(result as i64) {
            // SAFETY: the function has just written it.
            let line = unsafe { *(call.arg(0) as *const u64) };
            call.write(line, read + 1);
        }
    },
};
