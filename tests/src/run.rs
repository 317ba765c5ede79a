//! Running a program to its end: its output, and how it ended.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A program that runs longer than this hangs: it is killed and the test fails. No test asserts a
/// time; this only keeps a deadlock from stopping the whole suite, however busy the machine is.
const HANGS_AFTER: Duration = Duration::from_secs(300);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Ending {
    fn of(status: ExitStatus) -> Ending {
        match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Code(code),
            (None, Some(signal)) => Ending::Signal(signal),
            (None, None) => unreachable!("a status is a code or a signal"),
        }
    }

    /// The exit code that `ldt` passes on for a program that ended so.
    #[must_use]
    pub fn as_launcher_code(self) -> i32 {
        match self {
            Ending::Code(code) => code,
            Ending::Signal(signal) => 128 + signal,
        }
    }
}

/// What a program printed and how it ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The standard output.
    pub stdout: String,
    /// The standard error.
    pub stderr: String,
    /// The end.
    pub ending: Ending,
}

impl Outcome {
    /// The lines of standard error that are not LDT's own.
    #[must_use]
    pub fn own_stderr(&self) -> String {
        self.stderr
            .lines()
            .filter(|line| !line.starts_with("ldt: ") && !line.starts_with("=="))
            .map(|line| format!("{line}\n"))
            .collect()
    }
}

/// Runs `command` until it and all of its descendants that hold its output have ended. Standard
/// input is empty.
///
/// # Panics
/// When the program cannot be started, or hangs.
pub fn run(command: &mut Command) -> Outcome {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {shown}: {error}"));
    let group = rustix::process::Pid::from_child(&child);
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let (Ok(stdout), Ok(stderr)) = (
        stdout.recv_timeout(HANGS_AFTER),
        stderr.recv_timeout(HANGS_AFTER),
    ) else {
        // Best effort: the test fails either way.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        panic!("{shown} hangs: its output was still open after {HANGS_AFTER:?}");
    };
    let status = child.wait().expect("a child can be waited for");
    Outcome {
        stdout,
        stderr,
        ending: Ending::of(status),
    }
}

/// Reads a pipe to its end in the background.
fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        }
        // The receiver is gone only when the test has already failed.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
