//! Functions that convert characters: mbstowcs, wcstombs, iconv, their kin for single characters, swab and wcswidth.
//!
//! How far a text is read that has no terminator in its block depends on what it says: the C library's own
//! functions are asked about the part that is there.

use crate::beneath;
use crate::call::{Call, Story, Then, Unit};

use super::records::{update, watch_unless};

/// What these functions give for a text that says nothing.
const INVALID: u64 = u64::MAX;

/// `mbstate_t`, as at the beginning of a text.
type State = u64;

/// Which way a text is converted.
trait Direction {
    const SOURCE: Unit;
    const RESULT: Unit;

    /// The units that so many units of a text become, not counting a last one that is cut.
    fn measured(from: u64, units: u64, state: State) -> u64;
}

struct ToWide;
struct ToNarrow;

impl Direction for ToWide {
    const SOURCE: Unit = Unit::Narrow;
    const RESULT: Unit = Unit::Wide;

    fn measured(from: u64, units: u64, mut state: State) -> u64 {
        // SAFETY: the caller's text, as far as its block goes; nothing is stored.
        unsafe { beneath::mbsnrtowcs(0, &raw const from as u64, units, 0, &raw mut state as u64) }
    }
}

impl Direction for ToNarrow {
    const SOURCE: Unit = Unit::Wide;
    const RESULT: Unit = Unit::Narrow;

    fn measured(from: u64, units: u64, mut state: State) -> u64 {
        // SAFETY: as above.
        unsafe { beneath::wcsnrtombs(0, &raw const from as u64, units, 0, &raw mut state as u64) }
    }
}

/// Where the text to convert is.
trait Source {
    fn address(call: &Call<'_>) -> u64;

    /// Whether a terminator was written behind `made` units.
    fn has_ended(call: &Call<'_>, made: u64) -> bool;
}

/// In the argument.
struct Given;
/// Where the argument points, and moved on by the call: null once the terminator has been met.
struct Held;

impl Source for Given {
    fn address(call: &Call<'_>) -> u64 {
        call.arg(1)
    }

    fn has_ended(call: &Call<'_>, made: u64) -> bool {
        made < call.arg(2)
    }
}

impl Source for Held {
    fn address(call: &Call<'_>) -> u64 {
        word_at(call, call.arg(1)).unwrap_or(0)
    }

    fn has_ended(call: &Call<'_>, _made: u64) -> bool {
        Held::address(call) == 0
    }
}

/// The caller's word at an address, if it lies there whole.
fn word_at(call: &Call<'_>, address: u64) -> Option<u64> {
    (address != 0 && call.room_of(address, Unit::Narrow) >= 8)
        // SAFETY: a pointer or a count that the function itself reads.
        .then(|| unsafe { (address as *const u64).read_unaligned() })
}

/// Whatever `ask` leaves in errno, the program finds what was there.
pub(super) fn keeping_errno<T>(ask: impl FnOnce() -> T) -> T {
    // SAFETY: the calling thread's own.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let kept = unsafe { *errno };
    let answer = ask();
    // SAFETY: as above.
    unsafe { *errno = kept };
    answer
}

fn before<S: Source, D: Direction>(call: &mut Call<'_>) -> Then {
    let (to, from) = (call.arg(0), S::address(call));
    let most_made = if to == 0 { u64::MAX } else { call.arg(2) };
    let most_read = call.limit(3);
    if from != 0 && most_made != 0 && !call.ends_within(from, most_read, D::SOURCE) {
        let room = call.room_of(from, D::SOURCE);
        let state = if call.has(4) {
            word_at(call, call.arg(4))
        } else {
            None
        };
        let made = keeping_errno(|| D::measured(from, room, state.unwrap_or(0)));
        if made != INVALID && made < most_made {
            call.too_short(from, room, D::SOURCE);
        }
    }
    let bytes = most_made.saturating_mul(D::RESULT as u64);
    watch_unless(to == 0 || call.is_roomy(to, bytes))
}

fn after<S: Source, D: Direction>(call: &mut Call<'_>, made: u64) {
    if made != INVALID && call.arg(0) != 0 {
        let units = made + u64::from(S::has_ended(call, made));
        call.write(call.arg(0), units.saturating_mul(D::RESULT as u64));
    }
}

/// Roles: to (null: only count), from, the most units that are made, that are read (none), the state (none).
const fn converts<S: Source, D: Direction>() -> Story {
    Story {
        before: before::<S, D>,
        after: after::<S, D>,
    }
}

/// mbstowcs.
pub(crate) const TO_WIDE: Story = converts::<Given, ToWide>();
/// mbsrtowcs, mbsnrtowcs.
pub(crate) const HELD_TO_WIDE: Story = converts::<Held, ToWide>();
/// wcstombs.
pub(crate) const TO_NARROW: Story = converts::<Given, ToNarrow>();
/// wcsrtombs, wcsnrtombs.
pub(crate) const HELD_TO_NARROW: Story = converts::<Held, ToNarrow>();

/// No character has more bytes, in any of the C library's tables.
const MOST_BYTES: u64 = 16;
/// What mbrtowc gives for the beginning of a character.
const CUT: i32 = -2;

/// Roles: from, the most bytes, where the character goes (none; mbrtowc, mblen). Without a text nothing is read.
pub(crate) const FROM_CHARACTER: Story = Story {
    before: |call| {
        if call.arg(0) == 0 || call.arg(1) == 0 {
            return Then::Go;
        }
        let is_roomy = call.is_roomy(call.arg(0), call.arg(1).min(MOST_BYTES));
        let has_place = !call.has(2) || call.arg(2) == 0 || call.is_roomy(call.arg(2), 4);
        watch_unless(is_roomy && has_place)
    },
    after: |call, result| {
        let read = match result as i32 {
            CUT => call.arg(1).min(MOST_BYTES),
            bytes => u64::try_from(bytes).unwrap_or(1).max(1),
        };
        call.read(call.arg(0), read);
        if result as i32 >= 0 && call.has(2) && call.arg(2) != 0 {
            call.write(call.arg(2), 4);
        }
    },
};

/// Roles: to (wcrtomb). Null means none.
pub(crate) const TO_CHARACTER: Story = Story {
    before: |call| watch_unless(call.arg(0) == 0 || call.is_roomy(call.arg(0), MOST_BYTES)),
    after: |call, result| {
        if call.arg(0) != 0 {
            call.write(call.arg(0), u64::try_from(result as i32).unwrap_or(0));
        }
    },
};

/// Roles: where the pointer to the text is kept, its bytes left, where the pointer to the result is kept, its bytes
/// left (iconv). All four move on by what was done.
pub(crate) const RECODE: Story = Story {
    before: |call| {
        for role in 0..4 {
            update(call, call.arg(role), 8);
        }
        let [from, left, to, most] =
            [0, 1, 2, 3].map(|role| word_at(call, call.arg(role)).unwrap_or(0));
        if from == 0 || to == 0 {
            return Then::Go;
        }
        call.keep([from, to, 0]);
        // Both are asked: asking clears the way.
        let is_roomy = call.is_roomy(from, left);
        watch_unless(call.is_roomy(to, most) && is_roomy)
    },
    after: |call, result| {
        let [from, to, _] = call.kept();
        let moved = |role: usize, start: u64| {
            word_at(call, call.arg(role))
                .unwrap_or(start)
                .wrapping_sub(start)
        };
        let (read, written) = (moved(0, from), moved(2, to));
        // SAFETY: the calling thread's own.
        let errno = unsafe { *libc::__errno_location() };
        let left = word_at(call, call.arg(1)).unwrap_or(0);
        // A character that is none has been looked at, but is not passed over.
        let looked_at =
            result == INVALID && matches!(errno, libc::EILSEQ | libc::EINVAL) && left > 0;
        call.read(from, read + u64::from(looked_at));
        call.write(to, written);
    },
};

/// Roles: from, to, bytes (swab): pairs of them, and none if there are fewer than none.
pub(crate) const SWAP_PAIRS: Story = Story::told_before(|call| {
    let bytes = u64::try_from(call.arg(2) as i64).unwrap_or(0) & !1;
    call.read(call.arg(0), bytes);
    call.write(call.arg(1), bytes);
    Then::Go
});

/// Roles: the text, the most units (wcswidth). It ends at a character that cannot be printed, too.
pub(crate) const WIDTH: Story = Story::told_before(|call| {
    let (text, limit) = (call.arg(0), call.arg(1));
    if !call.ends_within(text, limit, Unit::Wide) {
        let room = call.room_of(text, Unit::Wide);
        // SAFETY: so much of a live block.
        if unsafe { beneath::wcswidth(text, room) } >= 0 {
            call.too_short(text, room, Unit::Wide);
        }
    }
    Then::Go
});
