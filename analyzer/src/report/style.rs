//! Colors, on a terminal that wants them.

use std::io::IsTerminal;

/// How text is marked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    is_colored: bool,
}

impl Style {
    /// No marks.
    #[must_use]
    pub fn plain() -> Self {
        Style::default()
    }

    /// Colors if `stream` is a terminal, and `NO_COLOR` does not forbid it.
    #[must_use]
    pub fn of(stream: &impl IsTerminal) -> Self {
        let is_forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Style {
            is_colored: stream.is_terminal() && !is_forbidden,
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
