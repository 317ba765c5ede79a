//! Running the command as `env` would: same terminal, same process group, its exit code.
//!
//! SIGINT and SIGQUIT come from the terminal to the whole group: the command decides what to do
//! with them, `ldt` waits. TERM, HUP, USR1 and USR2 are sent to one process, so they are passed
//! on. One loop hears of signals and of the command's end: the command is only reaped there, so a
//! signal can never go to a stranger that got its number.

use super::refusal;
use crate::failure::Failure;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use rustix::time::{ClockId, clock_gettime};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// Not found.
const NOT_FOUND: u8 = 127;
/// Found, but cannot be executed.
const NOT_EXECUTABLE: u8 = 126;
const ENOEXEC: i32 = 8;
const FORWARDED: [i32; 4] = [SIGTERM, SIGHUP, SIGUSR1, SIGUSR2];

/// How the command ended, and which process it was.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// Its process id.
    pub pid: u32,
    /// Its status.
    pub status: ExitStatus,
    /// CLOCK_MONOTONIC when that was known, ns.
    pub monotonic_ns: u64,
}

impl Ended {
    /// The exit code that a shell would show.
    #[must_use]
    pub fn code(&self) -> u8 {
        let of_signal = self.status.signal().map(|signal| 128 + signal);
        let code = self.status.code().or(of_signal);
        code.and_then(|code| u8::try_from(code).ok())
            .unwrap_or(u8::MAX)
    }
}

/// Runs the command to its end. `script` is how to run it when it is a script without `#!`.
pub fn run(mut command: Command, script: impl FnOnce() -> Command) -> Result<Ended, Failure> {
    // Handled signals are back at their default in the command, ignored ones stay ignored there:
    // what was ignored before must not be handled here.
    let handled: Vec<i32> = FORWARDED
        .into_iter()
        .chain([SIGINT, SIGQUIT])
        .filter(|signal| !is_in(SignalMask::Ignored, *signal))
        .chain([SIGCHLD])
        .collect();
    let mut signals = Signals::new(&handled)
        .map_err(|error| Failure::own(format!("signals cannot be handled: {error}")))?;
    let child = match command.spawn() {
        Err(error) if error.raw_os_error() == Some(ENOEXEC) => {
            if let Some(why) = refusal::no_script(command.get_program()) {
                return Err(Failure {
                    message: why,
                    code: NOT_EXECUTABLE,
                });
            }
            script().spawn()
        }
        other => other,
    };
    let child = child.map_err(|error| cannot_run(&command, &error))?;
    if is_in(SignalMask::Blocked, SIGCHLD) {
        watch_for_the_end(&child, &signals)?;
    }
    wait(child, &mut signals)
}

fn wait(mut child: Child, signals: &mut Signals) -> Result<Ended, Failure> {
    let pid = child.id();
    let failed =
        |error: io::Error| Failure::own(format!("the command cannot be waited for: {error}"));
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(Ended {
                pid,
                status,
                monotonic_ns: monotonic_ns(),
            });
        }
        for signal in signals.wait() {
            let forwarded = FORWARDED
                .contains(&signal)
                .then(|| Signal::from_named_raw(signal))
                .flatten();
            let target = i32::try_from(pid).ok().and_then(Pid::from_raw);
            if let (Some(signal), Some(target)) = (forwarded, target) {
                // It may have ended just now: that is what comes next.
                let _ = kill_process(target, signal);
            }
        }
    }
}

fn monotonic_ns() -> u64 {
    let now = Duration::try_from(clock_gettime(ClockId::Monotonic));
    now.map_or(0, |now| u64::try_from(now.as_nanos()).unwrap_or(0))
}

/// Lets the signals' loop turn at the command's end: who started `ldt` has blocked the signal that tells it (as those do
/// who wait for it by `signalfd`), and the command is to find the mask as it was.
fn watch_for_the_end(child: &Child, signals: &Signals) -> Result<(), Failure> {
    let handle = signals.handle();
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let watch = move || {
        // It is reaped by the loop.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let wait = || pid.map(|pid| waitid(WaitId::Pid(pid), options));
        while matches!(wait(), Some(Err(rustix::io::Errno::INTR))) {}
        handle.close();
    };
    let started = std::thread::Builder::new().spawn(watch);
    let failed = |error| {
        Failure::own(format!(
            "the command cannot be waited for: SIGCHLD is blocked, and there is no thread: {error}"
        ))
    };
    started.map(|_| ()).map_err(failed)
}

/// A set of signals that the kernel shows of this process.
#[derive(Clone, Copy, Debug)]
pub enum SignalMask {
    /// Those that are ignored.
    Ignored,
    /// Those that the calling thread blocks.
    Blocked,
}

/// Whether `signal` is in the set.
#[must_use]
pub fn is_in(which: SignalMask, signal: i32) -> bool {
    let name = match which {
        SignalMask::Ignored => "SigIgn:",
        SignalMask::Blocked => "SigBlk:",
    };
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(name));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or(0) >> (signal - 1) & 1 == 1
}

fn cannot_run(command: &Command, error: &io::Error) -> Failure {
    let name = command.get_program().to_string_lossy();
    let (code, why) = match error.kind() {
        io::ErrorKind::NotFound => (NOT_FOUND, refusal::not_found(command.get_program())),
        io::ErrorKind::PermissionDenied => (NOT_EXECUTABLE, "permission denied".to_owned()),
        // A fork's failure as a rule, of which the program is innocent.
        io::ErrorKind::OutOfMemory | io::ErrorKind::WouldBlock => {
            return Failure::own(format!(
                "{name}: no process can be started: {error}; raise the limits of memory and processes (ulimit -a)"
            ));
        }
        _ => (NOT_EXECUTABLE, error.to_string()),
    };
    Failure {
        message: format!("{name}: {why}"),
        code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the kernel had no memory for another process, the program was said not to be executable.
    #[test]
    fn what_keeps_a_command_from_running_has_its_own_code() {
        let (enoent, eagain, enomem, eacces, enoexec) = (2, 11, 12, 13, ENOEXEC);
        for (error, code) in [
            (enoent, NOT_FOUND),
            (eacces, NOT_EXECUTABLE),
            (enoexec, NOT_EXECUTABLE),
            (eagain, 125),
            (enomem, 125),
        ] {
            let failure = cannot_run(
                &Command::new("/no/program"),
                &io::Error::from_raw_os_error(error),
            );
            assert_eq!(failure.code, code, "{}", failure.message);
        }
    }
}
