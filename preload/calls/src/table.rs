//! Every function that is checked: one row each, in [`texts`] and [`system`].
//!
//! A row says how its export is entered (the registers whose pointers decide whether there is anything
//! to check; `always`; with a `list` of arguments; or `variable` ones), what units it counts in, where
//! among its arguments the roles of its story stand, and the story. A function whose arguments vary and
//! whose result is wanted is called through another that takes a list. The commonest functions name a
//! question of [`crate::quick`] behind the registers, which spares most calls the story.

pub(crate) mod system;
pub(crate) mod texts;

use core::ffi::CStr;

use crate::arguments::{Arguments, NONE, Unit};
use crate::call::Entry;
use crate::index::{COUNT, Index};
use crate::stories;
use texts::with_every_function;

const fn roles<const N: usize>(given: [u8; N]) -> [u8; 6] {
    let mut roles = [NONE; 6];
    let mut at = 0;
    while at < N {
        roles[at] = given[at];
        at += 1;
    }
    roles
}

/// A name of the C library as a C string.
const fn name(with_terminator: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(with_terminator.as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("a name has no terminator inside"),
    }
}

/// Whether one of `parts` stands in a name.
const fn has_part(name: &str, parts: &[&str]) -> bool {
    let name = name.as_bytes();
    let mut which = 0;
    while which < parts.len() {
        let part = parts[which].as_bytes();
        let mut at = 0;
        while at + part.len() <= name.len() {
            let mut same = 0;
            while same < part.len() && name[at + same] == part[same] {
                same += 1;
            }
            if same == part.len() {
                return true;
            }
            at += 1;
        }
        which += 1;
    }
    false
}

/// The second number of the glibc that brought a function; 0 for those that every one has that LDT runs on.
const fn since_minor(name: &str) -> u32 {
    if has_part(name, &["__isoc23_", "lcpy", "lcat"]) {
        38
    } else if has_part(name, &["pidfd_spawn"]) {
        39
    } else if has_part(name, &["__inet_"]) {
        42
    } else if has_part(name, &["memset_explicit"]) {
        43
    } else {
        0
    }
}

macro_rules! arguments {
    (list) => {
        Arguments::List
    };
    (variable) => {
        Arguments::Variable
    };
    ($other:tt) => {
        Arguments::Fixed
    };
}

macro_rules! via {
    () => {
        None
    };
    ($via:ident) => {
        Some(Index::$via as usize)
    };
}

macro_rules! entries {
    ($($name:ident $entered:tt $unit:ident ($($role:expr),*) $story:ident $(via $via:ident)?;)*) => {
        /// The functions, by the numbers of [`Index`].
        pub(crate) static TABLE: [Entry; COUNT] = [$(Entry {
            name: name(concat!(stringify!($name), "\0")),
            arguments: arguments!($entered),
            unit: Unit::$unit,
            roles: roles([$($role),*]),
            story: stories::$story,
            via: via!($($via)?),
            since_minor: since_minor(stringify!($name)),
        },)*];
    };
}
with_every_function!(entries);
