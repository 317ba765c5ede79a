//! The `ldt` command.
#![forbid(unsafe_code)]
fn main() {}
