//! A long report on a terminal goes through a pager, as git's output does.
//!
//! `$LDT_PAGER`, else `$PAGER`, else `less` with git's own options: it ends by itself when all fits
//! on the screen, and leaves the text there. An empty name, or `cat`, is no pager.

use crate::standard;
use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const DEFAULT: &str = "less -FRX";
/// What `less` does when it is started from `$PAGER` without options of its own.
const LESS_OPTIONS: &str = "FRX";

/// The pager's command line; none where there is nobody to page for.
fn command(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    if !is_terminal {
        return None;
    }
    let command = variable("LDT_PAGER")
        .or_else(|| variable("PAGER"))
        .unwrap_or_else(|| DEFAULT.to_owned());
    let command = command.trim();
    (!command.is_empty() && command != "cat").then(|| command.to_owned())
}

fn start(command: &str) -> io::Result<Child> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        shell.env("LESS", LESS_OPTIONS);
    }
    shell.spawn()
}

/// Writes through the pager when standard output is a terminal, else straight to it. Who has seen
/// enough may stop reading.
pub(crate) fn write(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let command = command(io::stdout().is_terminal(), |name| std::env::var(name).ok());
    let result = match command.and_then(|command| start(&command).ok()) {
        Some(pager) => {
            let mut text = Vec::new();
            write(&mut text).and_then(|()| through(pager, &text))
        }
        None => {
            let mut out = io::BufWriter::new(standard::output()?);
            write(&mut out).and_then(|()| out.flush())
        }
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// What the shell ends with when a pager is not there, or cannot be executed.
const NO_PAGER: [i32; 2] = [126, 127];

/// Shows a text in a pager. Where there is none after all, the shell has said so, and the text follows.
fn through(mut pager: Child, text: &[u8]) -> io::Result<()> {
    // Ctrl-C is for the pager, which stays: without this the terminal would be left to two readers.
    let ignored = Arc::new(AtomicBool::new(false));
    let handler = signal_hook::flag::register(signal_hook::consts::SIGINT, ignored);
    let written = match pager.stdin.take() {
        Some(mut pipe) => pipe.write_all(text),
        None => Ok(()),
    };
    let ended = pager.wait();
    if let Ok(handler) = handler {
        signal_hook::low_level::unregister(handler);
    }
    let code = ended.as_ref().ok().and_then(|status| status.code());
    if code.is_some_and(|code| NO_PAGER.contains(&code)) {
        let mut out = io::stdout().lock();
        return out.write_all(text).and_then(|()| out.flush());
    }
    written.and(ended.map(|_| ()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(is_terminal: bool, set: &[(&str, &str)]) -> Option<String> {
        command(is_terminal, |name| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_pager_is_ours_then_everyones_then_less() {
        assert_eq!(chosen(true, &[]).as_deref(), Some("less -FRX"));
        assert_eq!(chosen(true, &[("PAGER", "more")]).as_deref(), Some("more"));
        let both = [("PAGER", "more"), ("LDT_PAGER", "most -s")];
        assert_eq!(chosen(true, &both).as_deref(), Some("most -s"));
        for none in ["", " ", "cat"] {
            assert_eq!(chosen(true, &[("LDT_PAGER", none)]), None);
        }
        assert_eq!(chosen(false, &both), None);
    }
}
