//! Functions whose answer depends on every character that they read, and on nothing else: strptime, inet_aton.
//!
//! Where their text has no terminator in its block, they are asked about copies of it that go on in different
//! ways: if the answers differ, the character behind the block has been looked at.

use crate::beneath;
use crate::call::{Call, Story, Then, Unit};

/// Longer texts are nothing to these functions.
const MOST_BYTES: usize = 256;

/// The call reads a text as far as the answer that `ask` gets for it tells.
fn read_for_answer(call: &Call<'_>, text: u64, ask: impl Fn(u64) -> u64) {
    let room = call.room_of(text, Unit::Narrow) as usize;
    if room == 0 {
        return call.too_short(text, 0, Unit::Narrow);
    }
    if room > MOST_BYTES || call.ends_within(text, u64::MAX, Unit::Narrow) {
        return;
    }
    let mut copy = [0u8; MOST_BYTES + 2];
    for (at, byte) in copy[..room].iter_mut().enumerate() {
        // SAFETY: within the block.
        *byte = unsafe { *(text as *const u8).add(at) };
    }
    let answer = ask(copy.as_ptr() as u64);
    let depends = (1..=u8::MAX).any(|next| {
        copy[room] = next;
        ask(copy.as_ptr() as u64) != answer
    });
    if depends {
        call.too_short(text, room as u64, Unit::Narrow);
    }
}

/// Roles: the text, where its date goes, the format (strptime).
pub(crate) const READ_OF_DATE: Story = Story::told_before(|call| {
    let format = call.arg(2);
    let text = call.read_text(format, u64::MAX);
    if text.ended && text.units > 0 {
        read_for_answer(call, call.arg(0), |copy| {
            let mut date = [0u64; size_of::<libc::tm>() / 8];
            // SAFETY: texts that end, and room for a date.
            let end = unsafe { beneath::strptime(copy, format, date.as_mut_ptr() as u64) };
            end.wrapping_sub(copy)
        });
    }
    Then::Go
});

/// Roles: the text, where the address goes (none for inet_addr).
pub(crate) const READ_OF_ADDRESS: Story = Story {
    before: |call| {
        read_for_answer(call, call.arg(0), |copy| {
            let mut address = 0u64;
            // SAFETY: a text that ends, and room for an address.
            let is_one = unsafe { beneath::inet_aton(copy, &raw mut address as u64) };
            is_one as u64
        });
        super::records::watch_unless(!call.has(1) || call.is_roomy(call.arg(1), 4))
    },
    after: |call, result| {
        if call.has(1) && call.arg(1) != 0 && result as i32 == 1 {
            call.write(call.arg(1), 4);
        }
    },
};
