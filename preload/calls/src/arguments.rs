//! What the arguments of a function are like.

/// Bytes of the units that a function counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// `char`.
    Narrow = 1,
    /// `wchar_t`.
    Wide = 4,
}

/// An argument that a function of the family does not have.
pub(crate) const NONE: u8 = u8::MAX;

/// How a function takes its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    Fixed,
    /// A `va_list` follows the format.
    List,
    /// `...` follows the format.
    Variable,
}
