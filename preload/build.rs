//! Links gcc's unwinder into the library, not its shared library to the library.
//!
//! Rust's standard library wants `libgcc_s.so.1`, which a C program would not load otherwise: with it every process
//! opens and maps a file more, takes seven page faults and runs a constructor of ten CPUID instructions, each
//! of which a virtual machine hands to its host (12 microseconds). A linker script of that name, found before the real
//! one, names the archive instead. What it holds is only used to print a backtrace: panics abort.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=Cargo.toml");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(folder.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n").expect("OUT_DIR can be written");
    println!("cargo:rustc-link-search=native={}", folder.display());
}
