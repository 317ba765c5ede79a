//! Starting programs: the vectors of execve and posix_spawn, and the texts that they point to.
//!
//! The kernel reads them, and says EFAULT of what it cannot; so they are read through it here too.

use crate::call::{Call, Story, Then, Unit};
use crate::readable;

const WORD: u64 = 8;
/// Words that are asked for at once.
const KEPT_WORDS: u64 = 32;

/// A vector of texts, up to its null pointer.
fn read_vector(call: &Call<'_>, vector: u64) {
    if vector == 0 {
        return;
    }
    let room = call.room_of(vector, Unit::Narrow) / WORD;
    let mut kept = [0u64; KEPT_WORDS as usize];
    let mut words = 0;
    while words < room {
        let wanted = KEPT_WORDS.min(room - words);
        let at = vector.wrapping_add(words * WORD);
        let there = readable::copy(at, wanted * WORD, &mut kept) / WORD;
        for &text in &kept[..there as usize] {
            if text == 0 {
                return;
            }
            call.read_whole_text(text, Unit::Narrow);
        }
        if there < wanted {
            return;
        }
        words += there;
    }
    call.read(vector, (room + 1) * WORD);
}

/// Roles: the program, its arguments, its environment (none; execve, posix_spawn).
pub(crate) const EXECUTE: Story = Story::told_before(|call| {
    call.read_whole_text(call.arg(0), Unit::Narrow);
    for role in (1..3).filter(|&role| call.has(role)) {
        read_vector(call, call.arg(role));
    }
    Then::Go
});

/// Roles: none, none, the program; its arguments follow, up to a null pointer (execl).
pub(crate) const EXECUTE_LISTED: Story = Story::told_before(|call| {
    call.read_whole_text(call.arg(2), Unit::Narrow);
    let mut list = call.list();
    loop {
        // SAFETY: a null pointer ends them.
        let text = unsafe { list.integer() };
        if text == 0 {
            return Then::Go;
        }
        call.read_whole_text(text, Unit::Narrow);
    }
});
