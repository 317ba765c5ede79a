//! The `ldt-valgrind` command: LDT behind valgrind's command line. Everything is in the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

#[ctor::ctor]
fn before_main() {
    ldt_analyzer::standard::keep_closed();
}

fn main() -> ExitCode {
    ldt_analyzer::check::valgrind::run(std::env::args_os())
}
