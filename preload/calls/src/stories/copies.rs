//! Functions that copy texts: strcpy, strncpy, strcat, strlcpy, strxfrm and theirs. A text copied onto itself overlaps: no
//! compiler makes such calls, and `strcat(p, p)` never ends.

use crate::call::{Call, Story, Text, Then};

/// Roles: to, from.
pub(crate) const COPY_TEXT: Story = Story::told_before(|call| {
    let text = call.read_text(call.arg(1), u64::MAX);
    call.wholly_disjoint(call.arg(0), text.bytes, call.arg(1), text.bytes);
    call.write(call.arg(0), text.bytes);
    Then::Go
});

/// Roles: to, from, units: the rest is filled with zeros.
pub(crate) const COPY_PADDED: Story = Story::told_before(|call| {
    let bytes = call.bytes(call.arg(2));
    let text = call.read_text(call.arg(1), call.arg(2));
    call.wholly_disjoint(call.arg(0), bytes, call.arg(1), text.bytes);
    call.write(call.arg(0), bytes);
    Then::Go
});

/// Roles: to, from.
pub(crate) const APPEND: Story = Story::told_before(|call| {
    let added = call.read_text(call.arg(1), u64::MAX);
    append(call, added)
});

/// Roles: to, from, the most units taken of it.
pub(crate) const APPEND_AT_MOST: Story = Story::told_before(|call| {
    let added = call.read_text(call.arg(1), call.arg(2));
    append(call, added)
});

fn append(call: &Call<'_>, added: Text) -> Then {
    let to = call.arg(0);
    let before = call.read_text(to, u64::MAX);
    if before.ended {
        let all = before.units + added.units + 1;
        call.wholly_disjoint(to, call.bytes(all), call.arg(1), added.bytes);
        call.write(to + call.bytes(before.units), call.bytes(added.units + 1));
    }
    Then::Go
}

/// Roles: to, from, units of the destination (strlcpy).
pub(crate) const COPY_WITHIN: Story = Story::told_before(|call| {
    let text = call.read_text(call.arg(1), u64::MAX);
    let written = call.bytes(call.arg(2).min(text.units + 1));
    call.wholly_disjoint(call.arg(0), written, call.arg(1), text.bytes);
    call.write(call.arg(0), written);
    Then::Go
});

/// Roles: to, from, units of the destination (strlcat).
pub(crate) const APPEND_WITHIN: Story = Story::told_before(|call| {
    let (to, limit) = (call.arg(0), call.arg(2));
    let added = call.read_text(call.arg(1), u64::MAX);
    let before = call.read_text(to, limit);
    if before.ended {
        let written = (limit - before.units).min(added.units + 1);
        call.write(to + call.bytes(before.units), call.bytes(written));
    }
    Then::Go
});

/// Roles: to, from, units of the destination (strxfrm): the result says how many it wanted to write. If
/// they were too many, what it wrote is nobody's business.
pub(crate) const CONVERT: Story = Story {
    before: |call| {
        call.read_text(call.arg(1), u64::MAX);
        if call.is_roomy(call.arg(0), call.bytes(call.arg(2))) {
            Then::Go
        } else {
            Then::Watch
        }
    },
    after: |call, result| {
        if result < call.arg(2) {
            call.write(call.arg(0), call.bytes(result + 1));
        }
    },
};
