//! The limits that `ldt` runs under are meant for the command: a stack too small for `ldt` is no reason to die, and memory
//! that it does not get must end it as its other failures do.

use super::supervise::{self, SignalMask};
use crate::failure::{OWN_FAILURE, say};
use rustix::process::{Resource, getrlimit};
use signal_hook::consts::SIGABRT;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Below this the main thread's stack is not trusted: reading the command line takes more than 64 KiB.
const ENOUGH_STACK_BYTES: u64 = 1 << 20;
/// The stack it has instead, untouched until it is needed.
const STACK_BYTES: usize = 4 << 20;

/// Runs all that `ldt` does.
pub fn run(work: impl FnOnce() -> ExitCode + Send + 'static) -> ExitCode {
    fail_instead_of_aborting();
    let stack_bytes = getrlimit(Resource::Stack).current;
    if stack_bytes.is_none_or(|bytes| bytes >= ENOUGH_STACK_BYTES) {
        return work();
    }
    let started = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(work);
    let failed = |why: String| {
        say(&format!("{why}; raise the limit of the stack (ulimit -s)"));
        ExitCode::from(OWN_FAILURE)
    };
    match started.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => ExitCode::from(OWN_FAILURE),
        Err(error) => failed(format!("no thread can be started: {error}")),
    }
}

/// The standard library says which allocation failed, and aborts: 134 would be the command's.
fn fail_instead_of_aborting() {
    // What is ignored here is to be ignored in the command.
    if !supervise::is_in(SignalMask::Ignored, SIGABRT) {
        let always = Arc::new(AtomicBool::new(true));
        let _ = signal_hook::flag::register_conditional_shutdown(
            SIGABRT,
            i32::from(OWN_FAILURE),
            always,
        );
    }
}
