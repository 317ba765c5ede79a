//! The `ldt` command: parse, run, exit code. Everything else is in the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[ctor::ctor]
fn before_main() {
    ldt_analyzer::standard::keep_closed();
}

fn main() -> ExitCode {
    ldt_analyzer::cli::run(std::env::args_os())
}
