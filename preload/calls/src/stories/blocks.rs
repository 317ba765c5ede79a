//! Functions that are told how many bytes: memcpy, memset, memcmp, memchr and their families.

use crate::call::{Call, Story, Then};
use crate::scan::{self, Case, Ends};

/// Roles: to, from, units.
pub(crate) const COPY: Story = Story::told_before(|call| {
    let bytes = call.bytes(call.arg(2));
    call.disjoint(call.arg(0), bytes, call.arg(1), bytes);
    copy(call, bytes)
});

/// Roles: to, from, units. What overlaps is meant to.
pub(crate) const MOVE: Story = Story::told_before(|call| copy(call, call.bytes(call.arg(2))));

fn copy(call: &Call<'_>, bytes: u64) -> Then {
    call.read(call.arg(1), bytes);
    call.write(call.arg(0), bytes);
    Then::Go
}

/// Roles: to, from, units, the unit that ends it.
pub(crate) const COPY_UNTIL: Story = Story::told_before(|call| {
    let (from, limit, last) = (call.arg(1), call.arg(2), call.arg(3) as u8);
    // SAFETY: only given addresses that may be read.
    let units = call.read_until(from, limit, |at| unsafe { *(at as *const u8) } == last);
    call.disjoint(call.arg(0), units, from, units);
    call.write(call.arg(0), units);
    Then::Go
});

/// Roles: to, units.
pub(crate) const FILL: Story = Story::told_before(|call| {
    call.write(call.arg(0), call.bytes(call.arg(1)));
    Then::Go
});

/// Roles: left, right, units. A difference ends it.
pub(crate) const COMPARE: Story = Story::told_before(|call| {
    let (left, right, units) = (call.arg(0), call.arg(1), call.arg(2));
    let (left_room, right_room) = (call.units_of_room(left), call.units_of_room(right));
    let room = left_room.min(right_room);
    if room >= units {
        return Then::Go;
    }
    // SAFETY: within both rooms, and below what the function may look at.
    let found =
        unsafe { scan::compare(left, right, room, call.unit(), Case::Kept, Ends::Difference) };
    if found.is_none() {
        let (at, room) = if left_room <= right_room {
            (left, left_room)
        } else {
            (right, right_room)
        };
        call.too_short(at, room, call.unit());
    }
    Then::Go
});

/// Roles: from, what, units (none: it is there). What is found ends it.
pub(crate) const FIND: Story = Story::told_before(|call| {
    let (from, wanted, units) = (call.arg(0), call.arg(1) as u32, call.limit(2));
    let room = call.units_of_room(from);
    // SAFETY: within the room.
    if room < units && unsafe { scan::find(from, wanted, room, call.unit()) }.is_none() {
        call.too_short(from, room, call.unit());
    }
    Then::Go
});

/// Roles: from, units. It begins at the end.
pub(crate) const FIND_LAST: Story = Story::told_before(|call| {
    call.read(call.arg(0), call.bytes(call.arg(1)));
    Then::Go
});

/// Roles: from, its bytes, what, its bytes. What is found ends it.
pub(crate) const FIND_BLOCK: Story = Story::told_before(|call| {
    let (from, bytes, wanted, wanted_bytes) = (call.arg(0), call.arg(1), call.arg(2), call.arg(3));
    if wanted_bytes > bytes {
        return Then::Go;
    }
    call.read(wanted, wanted_bytes);
    let room = call.units_of_room(from);
    if room < bytes && call.units_of_room(wanted) >= wanted_bytes {
        // SAFETY: within both rooms.
        let found =
            unsafe { scan::find_text(from, room, wanted, wanted_bytes, call.unit(), Case::Kept) };
        if found.is_none() {
            call.too_short(from, room, call.unit());
        }
    }
    Then::Go
});
