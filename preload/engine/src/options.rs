//! The options of the running program: one table, read once from `LDT_OPTIONS`.
//!
//! The value is taken from `/proc/thread-self/environ`, not from `getenv`: the first event may come from the
//! loader, before libc has set up the environment, and a program may have changed it since. Where there is no `/proc` it is
//! libc's all the same: a program to be checked would be profiled.

mod check;
mod table;
mod values;

pub use check::{
    CheckOptions, GuardChoice, GuardMethodChoice, GuardSideChoice, LeakCheckChoice, OnError, Pin,
    PinSide,
};

use crate::message;
use crate::sys::environment;
use crate::sys::file::file_name;
use crate::sys::proc;
use crate::sys::thread;
use table::entries;

/// What `verify=yes` ends with where something is wrong: the code of `ldt` for failures of its own.
const UNSOUND: i32 = 125;

/// What each option sets, in the words of `LDT_OPTIONS=help=1`.
struct Entry {
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    help: &'static str,
    set: fn(&mut Options, &[u8]) -> bool,
}

/// What LDT does in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every allocation is recorded; the allocator is the program's own.
    Profile,
    /// Blocks come from LDT's heap, which finds errors and leaks.
    Check,
}

/// The options in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// What concerns check mode alone.
    pub check: CheckOptions,
    /// Pattern of the trace file's path, empty for the default one.
    pub output: Vec<u8>,
    /// Record children made by fork and exec.
    pub trace_children: bool,
    /// Executables (glob patterns of file names) that are not recorded.
    pub trace_children_skip: Vec<Vec<u8>>,
    /// Executables below this folder are recorded whatever they are called; empty for none.
    pub own_folder: Vec<u8>,
    /// Recording stops when the trace file has this many bytes; 0 for no limit.
    pub max_trace_size_bytes: u64,
    /// Compare the memo with plain unwinding at every event.
    pub stack_check: bool,
    /// The process id of the launcher, 0 for none: a process whose parent it is, is the command
    /// itself and not a child.
    pub launcher: u32,
    /// The file of the launcher's pulse, empty for none.
    pub pulse: Vec<u8>,
    /// Where programs that the library cannot get into are noted, empty for nowhere.
    pub untraced: Vec<u8>,
    /// Print the table of options.
    pub help: bool,
    /// Say what is wrong with the options, and end.
    pub verify: bool,
    /// The text that was parsed, for the trace.
    pub text: Vec<u8>,
}

impl Options {
    const fn defaults() -> Self {
        Options {
            mode: Mode::Profile,
            check: CheckOptions::defaults(),
            output: Vec::new(),
            trace_children: true,
            trace_children_skip: Vec::new(),
            own_folder: Vec::new(),
            max_trace_size_bytes: 0,
            stack_check: false,
            launcher: 0,
            pulse: Vec::new(),
            untraced: Vec::new(),
            help: false,
            verify: false,
            text: Vec::new(),
        }
    }

    /// Whether children with this executable are left alone for its name.
    pub fn leaves_alone(&self, executable: &[u8]) -> bool {
        let name = file_name(executable);
        let mut globs = self.trace_children_skip.iter();
        globs.any(|glob| glob_matches(glob, name)) && !is_own(&self.own_folder, executable)
    }
}

/// Whether an executable lies below the folder of the user's own programs. What lies in a hidden folder there
/// (`.cargo`, `.venv`) was put there by a tool.
pub(crate) fn is_own(folder: &[u8], executable: &[u8]) -> bool {
    let below = executable.strip_prefix(folder).unwrap_or_default();
    !folder.is_empty() && below.starts_with(b"/") && !below.windows(2).any(|two| two == b"/.")
}

/// Cuts `key=value:key="va:lue"` into pairs.
fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = text;
    core::iter::from_fn(move || {
        while rest.first() == Some(&b':') {
            rest = &rest[1..];
        }
        if rest.is_empty() {
            return None;
        }
        let mut quoted = false;
        let end = rest
            .iter()
            .position(|&byte| {
                quoted ^= byte == b'"';
                byte == b':' && !quoted
            })
            .unwrap_or(rest.len());
        let (pair, tail) = rest.split_at(end);
        rest = tail;
        let equals = pair
            .iter()
            .position(|&byte| byte == b'=')
            .unwrap_or(pair.len());
        let value = pair.get(equals + 1..).unwrap_or_default();
        let value = value
            .strip_prefix(b"\"")
            .and_then(|v| v.strip_suffix(b"\""))
            .unwrap_or(value);
        Some((&pair[..equals], value))
    })
}

/// Parses the text; each thing that cannot be used is told to `complain`, and the rest is used.
#[must_use]
pub fn parse(text: &[u8], mut complain: impl FnMut(&str)) -> Options {
    let mut options = Options::defaults();
    options.text = text.to_vec();
    for (key, value) in pairs(text) {
        let (key_text, value_text) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
        match entries().find(|entry| entry.name.as_bytes() == key) {
            _ if value.contains(&b'"') => complain(&format!(
                "LDT_OPTIONS: {key_text} has a quote that is not closed, or not around all of its value: {value_text}"
            )),
            Some(entry) if (entry.set)(&mut options, value) => {}
            Some(entry) => complain(&format!(
                "LDT_OPTIONS: {key_text} does not take \"{value_text}\"; it takes {}",
                entry.kind
            )),
            None => {
                let names: Vec<&str> = entries().map(|entry| entry.name).collect();
                complain(&format!(
                    "LDT_OPTIONS: no option {key_text}; there are {}",
                    names.join(", ")
                ));
            }
        }
    }
    options
}

/// The options that this environment asks for. Complaints and help go to standard
/// error.
#[must_use]
pub fn from_environment(environment: &Environment) -> Options {
    let mut is_sound = true;
    let options = parse(
        environment.value(b"LDT_OPTIONS=").unwrap_or_default(),
        |what| {
            is_sound = false;
            message::say(what);
        },
    );
    if options.verify {
        thread::exit_process(if is_sound { 0 } else { UNSOUND });
    }
    if options.help {
        message::say("options, for LDT_OPTIONS=key=value:key=value");
        for entry in entries() {
            message::say(&format!(
                "  {:<20} {:<16} {} [default: {}]",
                entry.name, entry.kind, entry.help, entry.default
            ));
        }
    }
    options
}

/// The environment as it was when the program started.
#[derive(Debug)]
pub struct Environment(Vec<u8>);

impl Environment {
    /// Asks the kernel: libc's copy may have been changed, or not be there yet.
    #[must_use]
    pub fn at_start() -> Environment {
        let shown = proc::read(b"/proc/thread-self/environ\0");
        Environment(shown.unwrap_or_else(environment::of_libc))
    }

    /// The value of the variable whose name and equals sign are `prefix`.
    #[must_use]
    pub fn value(&self, prefix: &[u8]) -> Option<&[u8]> {
        self.0
            .split(|&byte| byte == 0)
            .find_map(|variable| variable.strip_prefix(prefix))
    }
}

/// Whether `name` matches `glob`, in which `*` is any run of bytes and `?` any one.
#[must_use]
pub fn glob_matches(glob: &[u8], name: &[u8]) -> bool {
    match (glob.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            glob_matches(rest, name) || !name.is_empty() && glob_matches(glob, &name[1..])
        }
        (Some((b'?', rest)), Some((_, tail))) => glob_matches(rest, tail),
        (Some((want, rest)), Some((have, tail))) => want == have && glob_matches(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_colons_are_quoted() {
        let options = parse(
            b"output=\"/a:b/%p\":stack_check=1:max_trace_size=2K",
            |text| panic!("{text}"),
        );
        assert_eq!(options.output, b"/a:b/%p");
        assert!(options.stack_check);
        assert_eq!(options.max_trace_size_bytes, 2048);
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_used() {
        let mut said = Vec::new();
        let options = parse(b"stack_check=maybe:colour=red:trace_children=no", |text| {
            said.push(text.to_owned())
        });
        assert_eq!(said.len(), 2);
        assert!(
            said[0].contains("stack_check")
                && said[0].contains("maybe")
                && said[0].contains("yes|no")
        );
        assert!(said[1].contains("colour") && said[1].contains("max_trace_size"));
        assert!(!options.trace_children && !options.stack_check);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told() {
        let mut said = Vec::new();
        let options = parse(b"stack_check=yes:output=\"/a:mode=check", |text| {
            said.push(text.to_owned())
        });
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("output") && said[0].contains("quote"));
        assert!(options.stack_check && options.output.is_empty());
    }

    #[test]
    fn own_programs_are_not_left_alone_for_their_names() {
        let options = parse(
            b"trace_children_skip=sort,cc:own_folder=/home/me/app",
            |text| panic!("{text}"),
        );
        assert!(options.leaves_alone(b"/usr/bin/sort"));
        assert!(options.leaves_alone(b"/home/me/application/sort"));
        assert!(options.leaves_alone(b"/home/me/app/.venv/bin/sort"));
        assert!(!options.leaves_alone(b"/home/me/app/tests/sort"));
        assert!(!options.leaves_alone(b"/usr/bin/sorted"));
    }

    #[test]
    fn globs_match_as_in_a_shell() {
        assert!(glob_matches(b"py*", b"python3.11"));
        assert!(glob_matches(b"?c*1", b"gcc-11"));
        assert!(!glob_matches(b"bash", b"bashful"));
        assert!(glob_matches(b"*", b""));
    }
}
