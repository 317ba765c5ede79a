//! Functions that read a text as far as they must: strcmp, strchr, strstr, strspn, strtok, strtol and
//! theirs. None of them may be taken to read on to the terminator: the text may have none.

use crate::call::{Call, Story, Then, Unit};
use crate::numbers::{self, Progress};
use crate::scan::{self, Case, Ends};

/// Roles: left, right, the most units.
pub(crate) const COMPARE_TEXTS: Story = Story::told_before(|call| compare(call, Case::Kept));

/// Roles: left, right, the most units.
pub(crate) const COMPARE_FOLDED: Story = Story::told_before(|call| compare(call, Case::Folded));

fn compare(call: &Call<'_>, case: Case) -> Then {
    let (left, right, limit) = (call.arg(0), call.arg(1), call.limit(2));
    let (left_room, right_room) = (call.units_of_room(left), call.units_of_room(right));
    let room = left_room.min(right_room);
    let units = room.min(limit);
    // SAFETY: within both rooms, and no further than the function itself.
    let ended =
        unsafe { scan::compare(left, right, units, call.unit(), case, Ends::Terminator) }.is_some();
    if !ended && units < limit {
        let at = if left_room <= right_room { left } else { right };
        call.too_short(at, room, call.unit());
    }
    Then::Go
}

/// Roles: the text, the character.
pub(crate) const FIND_CHARACTER: Story = Story::told_before(|call| {
    let (text, wanted) = (call.arg(0), call.arg(1) as u32);
    let room = call.units_of_room(text);
    // SAFETY: within the room.
    if room != u64::MAX && unsafe { scan::either(text, wanted, room, call.unit()) }.is_none() {
        call.too_short(text, room, call.unit());
    }
    Then::Go
});

/// Roles: the text, what is looked for in it.
pub(crate) const FIND_TEXT: Story = Story::told_before(|call| find(call, Case::Kept));

/// Roles: the text, what is looked for in it.
pub(crate) const FIND_FOLDED_TEXT: Story = Story::told_before(|call| find(call, Case::Folded));

fn find(call: &Call<'_>, case: Case) -> Then {
    let (text, unit) = (call.arg(0), call.unit());
    let wanted = call.read_text(call.arg(1), u64::MAX);
    let room = call.units_of_room(text);
    if room == u64::MAX || !wanted.ended || wanted.units == 0 {
        return Then::Go;
    }
    // In growing windows: what is looked for may be near, and the end of the text megabytes away.
    let mut window = 512.max(2 * wanted.units).min(room);
    loop {
        // SAFETY: within the room.
        let found = unsafe {
            scan::find(text, 0, window, unit).is_some()
                || scan::find_text(text, window, call.arg(1), wanted.units, unit, case).is_some()
        };
        if found {
            return Then::Go;
        }
        if window == room {
            call.too_short(text, room, unit);
            return Then::Go;
        }
        window = (2 * window).min(room);
    }
}

/// Roles: the text, the characters that are passed over.
pub(crate) const SKIP: Story = Story::told_before(|call| {
    skip(call, call.arg(0), Stops::Outside);
    Then::Go
});

/// Roles: the text, the characters that end it.
pub(crate) const SKIP_UNTIL: Story = Story::told_before(|call| {
    skip(call, call.arg(0), Stops::Inside);
    Then::Go
});

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stops {
    Inside,
    Outside,
}

/// A set of characters, in a text that has been found to end.
struct Set {
    narrow: [bool; 256],
    wide: Option<(u64, u64)>,
}

impl Set {
    fn new(call: &Call<'_>, text: u64, units: u64) -> Set {
        let mut narrow = [false; 256];
        if call.unit() == Unit::Wide {
            let wide = Some((text, units));
            return Set { narrow, wide };
        }
        for at in text..text + units {
            // SAFETY: a unit of the text before its terminator.
            narrow[usize::from(unsafe { *(at as *const u8) })] = true;
        }
        Set { narrow, wide: None }
    }

    fn has(&self, unit: u32) -> bool {
        match self.wide {
            None => self.narrow[unit as usize & 0xff],
            // SAFETY: units of the text before its terminator.
            Some((text, units)) => unsafe { scan::find(text, unit, units, Unit::Wide) }.is_some(),
        }
    }
}

/// Reads `text` up to a character of the set in role 1 (or one that is none); gives where that is.
fn skip(call: &Call<'_>, text: u64, stops: Stops) -> u64 {
    let set_text = call.read_text(call.arg(1), u64::MAX);
    if !set_text.ended {
        return text;
    }
    let set = Set::new(call, call.arg(1), set_text.units);
    let read = call.read_until(text, u64::MAX, |at| {
        // SAFETY: it may be read.
        let unit = unsafe { call.unit_at(at) };
        unit == 0 || set.has(unit) == (stops == Stops::Inside)
    });
    text + call.bytes(read.saturating_sub(1))
}

/// Roles: the text (null: go on in the last one), the delimiters, where a pointer to the rest is kept
/// (none: inside the C library).
pub(crate) const TOKEN: Story = Story::told_before(|call| {
    let mut text = call.arg(0);
    if text == 0 && call.has(2) && call.units_of_room(call.arg(2)) >= 8 {
        // SAFETY: the caller's pointer.
        text = unsafe { *(call.arg(2) as *const u64) };
    }
    if text != 0 {
        let token = skip(call, text, Stops::Outside);
        skip(call, token, Stops::Inside);
    }
    Then::Go
});

/// Roles: where the pointer to the text is kept, the delimiters (strsep).
pub(crate) const TOKEN_FROM: Story = Story::told_before(|call| {
    call.write(call.arg(0), 8);
    if call.arg(0) != 0 && call.units_of_room(call.arg(0)) >= 8 {
        // SAFETY: the caller's pointer.
        let text = unsafe { *(call.arg(0) as *const u64) };
        if text != 0 {
            skip(call, text, Stops::Inside);
        }
    }
    Then::Go
});

/// Roles: the text, where a pointer to its rest goes, the base (none: 10).
pub(crate) const WHOLE_NUMBER: Story = Story::told_before(|call| {
    let base = if call.has(2) { call.arg(2) as u32 } else { 10 };
    read_number(call, Progress::whole(base))
});

/// Roles: the text, where a pointer to its rest goes.
pub(crate) const NUMBER: Story = Story::told_before(|call| read_number(call, Progress::floating()));

fn read_number(call: &Call<'_>, mut progress: Progress) -> Then {
    if call.units_of_room(call.arg(0)) != u64::MAX {
        call.read_until(call.arg(0), u64::MAX, |at| {
            // SAFETY: it may be read.
            let unit = unsafe { call.unit_at(at) };
            progress.take(unit) == numbers::Step::Ends
        });
    }
    if call.has(1) && call.arg(1) != 0 {
        call.write(call.arg(1), 8);
    }
    Then::Go
}

/// Roles: the text (a64l): six digits at most, up to the first that is none.
pub(crate) const SIX_DIGITS: Story = Story::told_before(|call| {
    call.read_until(call.arg(0), 6, |at| {
        // SAFETY: it may be read.
        let unit = unsafe { call.unit_at(at) };
        !matches!(
            char::from_u32(unit),
            Some('.' | '/' | '0'..='9' | 'A'..='Z' | 'a'..='z')
        )
    });
    Then::Go
});
