//! Functions that read whole texts: strlen, strdup, puts, strcoll and theirs.

use crate::call::{Story, Then};

/// Roles: the text, the most units of it.
pub(crate) const LENGTH: Story = Story::told_before(|call| {
    // Of a text outside the heap nothing is to be known, and a wild pointer may be the kernel's to refuse.
    if call.units_of_room(call.arg(0)) != u64::MAX {
        call.read_text(call.arg(0), call.limit(1));
    }
    Then::Go
});

/// Roles: one text, the other.
pub(crate) const TWO_TEXTS: Story = Story::told_before(|call| {
    call.read_whole_text(call.arg(0), call.unit());
    call.read_whole_text(call.arg(1), call.unit());
    Then::Go
});
