//! The options of every mode, as data: the parser, the help and the complaints read this table.

use super::check::CHECK_TABLE;
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
        name: "help",
        kind: "yes|no",
        default: "no",
        help: "print this table on standard error",
        set: |options, value| flag(value, &mut options.help),
    },
];

/// A yes or a no.
pub(super) fn flag(value: &[u8], into: &mut bool) -> bool {
    *into = match value {
        b"1" | b"yes" | b"true" => true,
        b"0" | b"no" | b"false" => false,
        _ => return false,
    };
    true
}

/// A size in bytes with an optional K, M or G.
pub(super) fn size(value: &[u8]) -> Option<u64> {
    let (digits, unit) = match value.split_last()? {
        (b'K' | b'k', digits) => (digits, 1 << 10),
        (b'M' | b'm', digits) => (digits, 1 << 20),
        (b'G' | b'g', digits) => (digits, 1 << 30),
        _ => (value, 1u64),
    };
    core::str::from_utf8(digits)
        .ok()?
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(value: &[u8], words: &[(&[u8], T)], into: &mut T) -> bool {
    match words.iter().find(|(word, _)| *word == value) {
        Some((_, meaning)) => {
            *into = *meaning;
            true
        }
        None => false,
    }
}
