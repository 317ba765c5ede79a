//! What is wrong with a part of a trace, said in one line.

use std::fmt;

/// A part of the file that could not be read, or that should be there and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where in the file, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
}

impl Damage {
    pub(super) fn new(offset: u64, what: impl Into<String>) -> Self {
        Damage {
            offset,
            what: what.into(),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "at byte {}: {}", self.offset, self.what)
    }
}

impl std::error::Error for Damage {}
