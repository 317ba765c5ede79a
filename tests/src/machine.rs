//! What this machine has that not every one has.

use std::process::Command;
use std::sync::OnceLock;

use crate::run::{Ending, run};
use crate::samples::{Sample, Variant};

/// Whether the kernel lends the processor's watchpoints: virtual machines, containers and
/// `kernel.perf_event_paranoid` may forbid it. A program of its own asks, without LDT.
#[must_use]
pub fn lends_watchpoints() -> bool {
    static LENDS: OnceLock<bool> = OnceLock::new();
    *LENDS.get_or_init(|| {
        let program = Sample::named("tools/watchpoints.c").build(Variant::PLAIN);
        run(&mut Command::new(program)).ending == Ending::Code(0)
    })
}
