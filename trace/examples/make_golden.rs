//! Writes the golden trace anew. Only for a new format version: the file of the old one stays, as
//! `golden/v1.trace` does, because readers take every version up to their own.
//! Usage: `cargo run -p ldt-trace --example make_golden PATH`

#[path = "../golden/story.rs"]
mod story;

use std::path::Path;

fn main() {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: make_golden PATH");
        std::process::exit(2);
    };
    let path = Path::new(&path);
    if let Err(error) = story::write(path) {
        eprintln!(
            "make_golden: {}: {error}; give a path that can be written",
            path.display()
        );
        std::process::exit(1);
    }
}
