//! Waking a checked process that sleeps, by the signal that it has named in its trace.
//!
//! A handler makes poll, sleep and their kin end early. The process makes such a call again when it knows what
//! its thread waited in, which only others can see: it is told before the signal is sent. Where that cannot be seen,
//! or the signal would be taken for one of the program's own, the process is left asleep.

use ldt_trace::header::{WAITERS, Waiter, offset};
use rustix_libc_wrappers::process::SignalExt as _;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

/// Calls that wait for signals and give them to the program: rt_sigtimedwait and rt_sigsuspend on x86-64.
const FOR_SIGNALS: [u32; 2] = [128, 130];

/// A thread that would take the signal.
#[derive(Debug, PartialEq, Eq)]
enum Doing {
    /// It runs, or waits in no system call.
    Running,
    /// It waits in this one.
    Waiting(Waiter),
}

/// Sends the signal; gives why not, in words.
pub(super) fn wake(trace: &File, pid: u32) -> Result<(), String> {
    let number = signal_of(trace).map_err(|error| error.to_string())?;
    if number == 0 {
        return Err(
            "it has a handler of its own for the signal; LDT_OPTIONS=leak_signal=N names another"
                .into(),
        );
    }
    let mut tids = threads(pid).map_err(|error| error.to_string())?;
    // The kernel gives a signal to the first thread, unless that one blocks it.
    tids.sort_by_key(|&tid| (tid != pid, tid));
    let mut waiters = Vec::new();
    let mut has_taker = false;
    for tid in tids {
        if blocked(pid, tid).is_none_or(|mask| mask & 1 << (number - 1) != 0) {
            continue;
        }
        has_taker = true;
        match doing(pid, tid)? {
            Doing::Waiting(waiter) if FOR_SIGNALS.contains(&waiter.call) => {
                return Err(format!(
                    "its thread {tid} waits for signals, and would take ours for one of the program's"
                ));
            }
            Doing::Waiting(waiter) => waiters.push(waiter),
            Doing::Running => {}
        }
    }
    if !has_taker {
        return Err(format!(
            "all its threads block signal {number}; LDT_OPTIONS=leak_signal=N names another one"
        ));
    }
    waiters.truncate(WAITERS);
    let mut table = vec![0; WAITERS * Waiter::BYTES];
    for (place, waiter) in table.chunks_exact_mut(Waiter::BYTES).zip(&waiters) {
        place.copy_from_slice(&waiter.encode());
    }
    trace
        .write_all_at(&table, offset::WAITERS as u64)
        .map_err(|error| error.to_string())?;
    send(pid, number)
}

fn signal_of(trace: &File) -> std::io::Result<i32> {
    let mut word = [0; 4];
    trace.read_exact_at(&mut word, offset::LEAK_SIGNAL as u64)?;
    let number = i32::from_le_bytes(word);
    Ok(if (1..=64).contains(&number) {
        number
    } else {
        0
    })
}

fn send(pid: u32, number: i32) -> Result<(), String> {
    let process = rustix::process::Pid::from_raw(pid.cast_signed());
    let signal = rustix::process::Signal::from_raw(number);
    let (Some(process), Some(signal)) = (process, signal) else {
        return Err(format!("there is no signal {number}"));
    };
    rustix::process::kill_process(process, signal)
        .map_err(|error| format!("signal {number} cannot be sent: {error}"))
}

fn threads(pid: u32) -> std::io::Result<Vec<u32>> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"))?;
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect())
}

/// The signals that a thread blocks; `None` when it is gone.
fn blocked(pid: u32, tid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).ok()?;
    let field = |name| {
        status
            .lines()
            .find_map(|line: &str| line.strip_prefix(name))
    };
    let is_gone = field("State:").is_none_or(|state| state.trim().starts_with(['Z', 'X']));
    let mask = u64::from_str_radix(field("SigBlk:")?.trim(), 16).ok()?;
    (!is_gone).then_some(mask)
}

fn doing(pid: u32, tid: u32) -> Result<Doing, String> {
    match fs::read_to_string(format!("/proc/{pid}/task/{tid}/syscall")) {
        Ok(line) => Ok(read_call(tid, &line).map_or(Doing::Running, Doing::Waiting)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Doing::Running),
        Err(error) => Err(format!(
            "what its threads wait in cannot be seen ({error}); run ldt leaks as root"
        )),
    }
}

/// `7 0x7ffd… 0x1 … SP IP`: number, six arguments, stack pointer, instruction pointer. `running` and `-1 …`
/// are no call.
fn read_call(tid: u32, line: &str) -> Option<Waiter> {
    let mut words = line.split_ascii_whitespace();
    let call = words.next()?.parse().ok()?;
    let ip = words.next_back()?.strip_prefix("0x")?;
    Some(Waiter {
        tid,
        call,
        ip: u64::from_str_radix(ip, 16).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_with_where_it_goes_on() {
        let line = "7 0x7ffd7c5b0 0x1 0xffffffff 0x0 0x0 0x0 0x7ffd7c590 0x7f12a4f0d15f\n";
        let waiter = Waiter {
            tid: 12,
            call: 7,
            ip: 0x7f12_a4f0_d15f,
        };
        assert_eq!(read_call(12, line), Some(waiter));
        for no_call in ["running\n", "-1 0x7ffd7c590 0x7f12a4f0d15f\n", ""] {
            assert_eq!(read_call(12, no_call), None, "{no_call}");
        }
    }
}
