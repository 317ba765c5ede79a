//! What a user can observe, through the real binaries. Here is what the tests stand on; the tests
//! themselves, one file a behaviour, are in `tests/`.
//!
//! [`samples`] builds a tiny program and [`claims`] reads from its first line what LDT must find;
//! [`run`] runs programs, [`memory_group`] with little memory, [`profile`] under LDT; [`report`] is what `ldt report --format json` says.
//! [`valgrind`], [`counting`] and [`debugger`] are the independent oracles; [`real`] holds a real program to
//! all of it.
#![forbid(unsafe_code)]

pub mod browser;
pub mod check_claims;
pub mod checked;
pub mod claims;
pub mod counting;
pub mod debugger;
pub mod function_name;
pub mod gate;
pub mod installed;
pub mod lost;
pub mod machine;
pub mod memory_group;
pub mod profile;
pub mod real;
pub mod report;
pub mod run;
pub mod samples;
pub mod valgrind;
