//! The options of every mode, as data: the parser, the help and the complaints read this table.

use super::check::CHECK_TABLE;
use super::values::{flag, one_of, size};
use super::{Entry, Mode};

/// All options.
pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().chain(CHECK_TABLE)
}

const TABLE: &[Entry] = &[
    Entry {
        name: "mode",
        kind: "profile|check",
        default: "profile",
        help: "what to do: record every allocation, or find errors and leaks",
        set: |options, value| {
            one_of(
                value,
                &[(b"profile", Mode::Profile), (b"check", Mode::Check)],
                &mut options.mode,
            )
        },
    },
    Entry {
        name: "output",
        kind: "PATH",
        default: "ldt.%e.%p.trace",
        help: "the trace file; %e executable, %p process id, %h host name",
        set: |options, value| {
            options.output = value.to_vec();
            !value.is_empty()
        },
    },
    Entry {
        name: "trace_children",
        kind: "yes|no",
        default: "yes",
        help: "record children made by fork and exec, each in a file of its own",
        set: |options, value| flag(value, &mut options.trace_children),
    },
    Entry {
        name: "trace_children_skip",
        kind: "GLOB,GLOB,...",
        default: "",
        help: "executables that are left alone",
        set: |options, value| {
            options.trace_children_skip = value
                .split(|&byte| byte == b',')
                .filter(|glob| !glob.is_empty())
                .map(<[u8]>::to_vec)
                .collect();
            true
        },
    },
    Entry {
        name: "own_folder",
        kind: "PATH",
        default: "none",
        help: "set by `ldt`: what lies below it is never left alone for its name",
        set: |options, value| {
            options.own_folder = value.to_vec();
            true
        },
    },
    Entry {
        name: "max_trace_size",
        kind: "SIZE (K, M, G)",
        default: "0 (no limit)",
        help: "stop recording when the trace file has this size",
        set: |options, value| {
            size(value)
                .map(|bytes| options.max_trace_size_bytes = bytes)
                .is_some()
        },
    },
    Entry {
        name: "stack_check",
        kind: "yes|no",
        default: "no",
        help: "compare the stack memo with plain unwinding at every event and count differences",
        set: |options, value| flag(value, &mut options.stack_check),
    },
    Entry {
        name: "launcher",
        kind: "PID",
        default: "0 (none)",
        help: "set by `ldt`: whose child the command itself is",
        set: |options, value| {
            size(value)
                .and_then(|pid| u32::try_from(pid).ok())
                .map(|pid| options.launcher = pid)
                .is_some()
        },
    },
    Entry {
        name: "pulse",
        kind: "PATH",
        default: "none",
        help: "set by `ldt`: where it keeps a word that changes every 10 ms, so that events after a pause have their time",
        set: |options, value| {
            options.pulse = value.to_vec();
            true
        },
    },
    Entry {
        name: "untraced",
        kind: "PATH",
        default: "none",
        help: "set by `ldt`: where programs that cannot be recorded are noted",
        set: |options, value| {
            options.untraced = value.to_vec();
            !value.is_empty()
        },
    },
    Entry {
        name: "verify",
        kind: "yes|no",
        default: "no",
        help: "set by `ldt`: say what is wrong with the options, and end at once",
        set: |options, value| flag(value, &mut options.verify),
    },
    Entry {
        name: "help",
        kind: "yes|no",
        default: "no",
        help: "print this table on standard error",
        set: |options, value| flag(value, &mut options.help),
    },
];
