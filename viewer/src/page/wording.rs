//! Makes any text fit to be drawn: nothing that XML forbids or that turns a line around, and no
//! longer than there is room for. C++ names of 100 KB and command lines with line breaks come by.

/// `text` on one line, without the characters that XML 1.0 forbids and without direction overrides,
/// with which a program's name could make a picture say something else than it does.
pub(crate) fn printable(text: &str) -> String {
    let show = |letter| match letter {
        '\t' | '\n' | '\r' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        other if other.is_control() => '\u{fffd}',
        other => other,
    };
    text.chars().map(show).collect()
}

/// `text` with as much of its middle replaced by `…` as makes it fit into `room`: both the start (the program,
/// the namespace) and the end (the last argument, the function) tell things apart.
pub(crate) fn shorten_middle(text: &str, room: f64, width_of: impl Fn(&str) -> f64) -> String {
    // No letter of the font that has a width is narrower than this, so longer texts need no look.
    const NARROWEST_LETTER_PX: f64 = 1.5;
    let most_letters = (room.max(0.0) / NARROWEST_LETTER_PX) as usize + 2;
    let fits_whole = text.char_indices().nth(most_letters).is_none() && width_of(text) <= room;
    if fits_whole {
        return text.to_owned();
    }
    let head: Vec<char> = text.chars().take(most_letters).collect();
    let tail: Vec<char> = text.chars().rev().take(most_letters).collect();
    let letters = most_letters.min(text.chars().count().saturating_sub(1));
    let keep = |kept: usize| -> String {
        let (first, last) = (&head[..kept.div_ceil(2)], &tail[..kept / 2]);
        let ends = first
            .iter()
            .copied()
            .chain(['…'])
            .chain(last.iter().rev().copied());
        ends.collect()
    };
    // The largest number of letters that fits, found by halving the unknown span.
    let (mut fits, mut fails) = (0, letters + 1);
    while fails - fits > 1 {
        let middle = fits.midpoint(fails);
        if width_of(&keep(middle)) <= room {
            fits = middle;
        } else {
            fails = middle;
        }
    }
    keep(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ten_px_a_letter(text: &str) -> f64 {
        text.chars().count() as f64 * 10.0
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        assert_eq!(shorten_middle("ten", 30.0, ten_px_a_letter), "ten");
    }

    #[test]
    fn both_ends_of_a_long_text_stay() {
        let long = format!("begin{}end", "x".repeat(5_000));
        assert_eq!(shorten_middle(&long, 80.0, ten_px_a_letter), "begi…end");
    }

    #[test]
    fn no_room_leaves_the_sign_alone() {
        assert_eq!(shorten_middle("word", 0.0, ten_px_a_letter), "…");
        assert_eq!(shorten_middle("", 0.0, ten_px_a_letter), "");
    }

    #[test]
    fn forbidden_and_misleading_characters_are_replaced() {
        assert_eq!(
            printable("a\nb\u{1}c\u{202e}d<é"),
            "a b\u{fffd}c\u{fffd}d<é"
        );
    }
}
