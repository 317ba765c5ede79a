//! `ldt check`: a command with every heap error reported as it happens, leaks at the end, and an exit code that a
//! gate can trust.
//!
//! The story of a run: [`settings`] is what was asked for; [`launch`] prepares the environment and
//! runs the command; meanwhile [`follow`] reads the growing traces ([`watch`]) of all its
//! processes, has their findings judged ([`judge`]) and told ([`tell`]). In the end
//! [`verdict`] makes one exit code of it all, and [`outputs`] writes the files.

mod again;
pub mod baseline;
pub mod follow;
pub mod judge;
pub mod launch;
pub mod merge;
pub mod outputs;
pub mod place;
pub mod print;
pub mod settings;
pub mod shown;
pub mod suppress;
pub mod tell;
pub mod test_name;
mod told_exactly;
pub mod valgrind;
pub mod verdict;
pub mod watch;

pub use launch::run;
