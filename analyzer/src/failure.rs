//! How `ldt` itself fails: one line that says what, where and how to mend it, and exit code 125.

use crate::report::style::printable;
use std::fmt;

/// The exit code for ldt's own failures.
pub const OWN_FAILURE: u8 = 125;

/// A failure that ends a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is said on standard error.
    pub message: String,
    /// What `ldt` exits with.
    pub code: u8,
}

impl Failure {
    /// A failure of ldt's own.
    #[must_use]
    pub fn own(message: impl Into<String>) -> Self {
        Failure {
            message: message.into(),
            code: OWN_FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Says something on standard error, each line marked as LDT's own. A closed standard error is no
/// reason to fail.
pub fn say(text: &str) {
    use std::io::Write as _;
    let mut stderr = std::io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(stderr, "ldt: {}", printable(line));
    }
}
