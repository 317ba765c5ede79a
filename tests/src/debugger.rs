//! gdb as the oracle for call stacks: it stops a program in the malloc of one size and walks the
//! stack with its own unwinder.

use std::path::Path;
use std::process::Command;

use crate::function_name::short_name;
use crate::installed::program;
use crate::run::run;

/// A frame that gdb shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GdbFrame {
    /// The function, as gdb names it.
    pub function: String,
    /// The line, where there is debugging information.
    pub line: Option<u32>,
}

/// What gdb runs. Tail calls that gdb only infers are left out: they are in no register or word of the
/// stack.
const WALK: &str = r"
import gdb
frame = gdb.newest_frame()
while frame is not None:
    if frame.type() != gdb.TAILCALL_FRAME and frame.type() != gdb.SIGTRAMP_FRAME:
        place = frame.find_sal()
        line = place.line if place.symtab is not None else 0
        print('FRAME\t%d\t%s' % (line, frame.name() or '?'))
    frame = frame.older()
";

/// The stack, innermost frame (malloc's caller) first and out to main, at the first call of malloc
/// with this size.
///
/// # Panics
/// When gdb does not get there.
#[must_use]
pub fn stack_at_malloc(of: &Path, size: u64) -> Vec<GdbFrame> {
    let script = tempfile::Builder::new()
        .suffix(".py")
        .tempfile()
        .expect("a temporary file can be made");
    std::fs::write(script.path(), WALK).expect("a temporary file can be written");
    let outcome = run(Command::new(program("gdb"))
        .args(["-nx", "-batch", "-iex", "set debuginfod enabled off"])
        .args([
            "-ex",
            "set breakpoint pending on",
            "-ex",
            "break main",
            "-ex",
            "run",
        ])
        .args(["-ex", &format!("break malloc if $rdi == {size}")])
        .args(["-ex", "continue", "-ex"])
        .arg(format!("source {}", script.path().display()))
        .args(["-ex", "kill"])
        .arg(of));
    let frames: Vec<GdbFrame> = outcome
        .stdout
        .lines()
        .filter_map(|line| {
            let mut fields = line.strip_prefix("FRAME\t")?.splitn(2, '\t');
            let line = fields.next()?.parse().ok().filter(|&line| line != 0);
            let function = fields.next()?.to_owned();
            Some(GdbFrame { function, line })
        })
        .skip(1)
        .collect();
    assert!(
        frames.iter().any(is_main),
        "gdb did not show a stack: {outcome:?}"
    );
    let end = frames.iter().position(is_main);
    frames[..=end.unwrap_or(0)].to_vec()
}

/// A Rust program's own main, the innermost, lies within another one, which the runtime starts.
fn is_main(frame: &GdbFrame) -> bool {
    short_name(&frame.function) == "main"
}
