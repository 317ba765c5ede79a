//! The functions that are checked, by number: in the order of the rows of [`crate::table`].

use crate::table::texts::with_every_function;

macro_rules! numbers {
    ($($name:ident $entered:tt $unit:ident ($($role:expr),*) $story:ident $(via $via:ident)?;)*) => {
        /// The functions by number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(non_camel_case_types, reason = "the names are the C library's")]
        #[repr(usize)]
        pub(crate) enum Index { $($name,)* }

        /// How many there are.
        pub(crate) const COUNT: usize = [$(Index::$name,)*].len();
    };
}
with_every_function!(numbers);
