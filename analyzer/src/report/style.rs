//! How text looks: colors, on a terminal that wants them, and lines as wide as the terminal is.

use rustix::fd::AsFd;
use rustix::termios::tcgetwinsize;
use std::borrow::Cow;
use std::io::IsTerminal;

/// Narrower terminals get lines of this width: less says nothing.
const LEAST_COLUMNS: usize = 60;
/// Of a name that is too long, at least so much is left.
const LEAST_NAME: usize = 12;

/// How text is marked, and how wide it may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    is_colored: bool,
    /// Columns of the terminal; none for files and pipes, where nothing is shortened.
    columns: Option<usize>,
}

/// A text that a program chose, fit for a terminal and for a line: control characters are escaped.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().fold(String::new(), |mut all, letter| {
        if letter.is_control() {
            all.extend(letter.escape_default());
        } else {
            all.push(letter);
        }
        all
    });
    Cow::Owned(escaped)
}

/// What is shown of a line of a file that is not what it should be, which may be anything.
#[must_use]
pub fn excerpt(line: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String = line.chars().take(MOST).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    printable(&shown).into_owned()
}

impl Style {
    /// No marks.
    #[must_use]
    pub fn plain() -> Self {
        Style::default()
    }

    /// Colors if `stream` is a terminal that has them, and `NO_COLOR` does not forbid it.
    #[must_use]
    pub fn of(stream: &(impl IsTerminal + AsFd)) -> Self {
        let is_forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let is_terminal = stream.is_terminal();
        Style {
            is_colored: is_terminal && !is_forbidden,
            columns: is_terminal.then(|| columns(stream)),
        }
    }

    /// A name in a line that has so many characters beside it, shortened in the middle when the line
    /// would be wider than the terminal: what a long C++ name is about stands at its ends.
    #[must_use]
    pub fn fitted(self, name: &str, beside: usize) -> String {
        let Some(columns) = self.columns else {
            return name.to_owned();
        };
        shortened(name, columns.saturating_sub(beside).max(LEAST_NAME))
    }

    /// Whether a text that has so many characters beside it stays in its line.
    #[must_use]
    pub fn is_whole(self, text: &str, beside: usize) -> bool {
        self.columns
            .is_none_or(|columns| text.chars().count() + beside <= columns)
    }

    /// A name that may take so much of a line of a terminal.
    #[must_use]
    pub fn capped(self, name: &str, most: usize) -> String {
        match self.columns {
            Some(_) => shortened(name, most),
            None => name.to_owned(),
        }
    }

    fn mark(self, code: &str, text: &str) -> String {
        if self.is_colored {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// A heading.
    #[must_use]
    pub fn heading(self, text: &str) -> String {
        self.mark("1", text)
    }

    /// A figure that matters.
    #[must_use]
    pub fn figure(self, text: &str) -> String {
        self.mark("36", text)
    }

    /// What is there for completeness.
    #[must_use]
    pub fn faint(self, text: &str) -> String {
        self.mark("2", text)
    }

    /// What must not be missed.
    #[must_use]
    pub fn warning(self, text: &str) -> String {
        self.mark("33", text)
    }
}

fn columns(stream: &impl AsFd) -> usize {
    // A terminal that does not say has 0; it may be any.
    let told = tcgetwinsize(stream).map_or(0, |size| usize::from(size.ws_col));
    match told {
        0 => 80,
        told => told.max(LEAST_COLUMNS),
    }
}

fn shortened(name: &str, most: usize) -> String {
    let length = name.chars().count();
    if length <= most {
        return name.to_owned();
    }
    let kept = most.saturating_sub(1);
    let (first, last) = (kept.div_ceil(2), kept / 2);
    let first: String = name.chars().take(first).collect();
    let last: String = name.chars().skip(length - last).collect();
    format!("{first}…{last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(shortened("abcdefghij", 10), "abcdefghij");
        assert_eq!(shortened("abcdefghij", 7), "abc…hij");
        assert_eq!(shortened("äöüäöüäöü", 4), "äö…ü");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a b"), "a b");
        assert_eq!(printable("a\x1b[1m\nb"), r"a\u{1b}[1m\nb");
    }

    #[test]
    fn files_get_all_of_a_name() {
        let name = "x".repeat(5000);
        assert_eq!(Style::plain().fitted(&name, 70), name);
        let narrow = Style {
            is_colored: false,
            columns: Some(80),
        };
        assert_eq!(narrow.fitted(&name, 30).chars().count(), 50);
        assert_eq!(narrow.fitted(&name, 300).chars().count(), LEAST_NAME);
    }
}
