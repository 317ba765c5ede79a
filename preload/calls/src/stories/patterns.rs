//! Patterns: regcomp, regexec, glob, wordexp.

use crate::call::{Story, Then, Unit};
use crate::heap;

use super::records::watch_unless;

/// regcomp fills a `regex_t` up to its bit fields.
const REGEX_BYTES: u64 = 57;
/// The byte of those, and the bit in it that says that nobody wants the matches.
const FIELDS_AT: u64 = 56;
const NO_MATCHES: u8 = 1 << 4;
/// `regexec` takes the text's bounds from the first match (`REG_STARTEND`).
const GIVES_BOUNDS: i32 = 4;
/// `regmatch_t`.
const MATCH_BYTES: u64 = 8;

/// Roles: the expression to fill, the pattern (regcomp).
pub(crate) const COMPILE: Story = Story::told_before(|call| {
    call.write(call.arg(0), REGEX_BYTES);
    call.read_whole_text(call.arg(1), Unit::Narrow);
    Then::Go
});

/// Roles: the expression, the text, how many matches are wanted, where they go, flags (regexec).
pub(crate) const MATCH: Story = Story {
    before: |call| {
        call.read(call.arg(0), REGEX_BYTES);
        if call.arg(4) as i32 & GIVES_BOUNDS == 0 {
            call.read_whole_text(call.arg(1), Unit::Narrow);
        }
        let bytes = call.arg(2).saturating_mul(MATCH_BYTES);
        watch_unless(call.is_roomy(call.arg(3), bytes))
    },
    after: |call, result| {
        let regex = call.arg(0);
        if result as i32 != 0 || heap::room(regex) < REGEX_BYTES {
            return;
        }
        // SAFETY: the function has just used it.
        let fields = unsafe { *((regex + FIELDS_AT) as *const u8) };
        if fields & NO_MATCHES == 0 {
            call.write(call.arg(3), call.arg(2).saturating_mul(MATCH_BYTES));
        }
    },
};

/// Roles: the pattern, where the words are counted and pointed to (glob, wordexp).
pub(crate) const EXPAND: Story = Story {
    before: |call| {
        call.read_whole_text(call.arg(0), Unit::Narrow);
        watch_unless(call.is_roomy(call.arg(1), 16))
    },
    after: |call, result| {
        if result as i32 == 0 {
            call.write(call.arg(1), 16);
        }
    },
};
