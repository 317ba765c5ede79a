//! The project commands.
#![forbid(unsafe_code)]
fn main() {}
