//! The options of check mode. They have the names of `ldt check`'s, with `_` for `-`.

use ldt_trace::StackName;

use super::Entry;
use super::values::{flag, one_of, size};

/// Which blocks lie against a guard page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardChoice {
    /// The first blocks of each call stack, then a share that keeps to a budget of time.
    Adaptive,
    /// Every block, while memory lasts.
    All,
    /// None.
    Off,
    /// Those of the call stacks in [`CheckOptions::pins`].
    Pinned,
}

impl GuardChoice {
    const WORDS: &[(&[u8], Self)] = &[
        (b"adaptive", Self::Adaptive),
        (b"all", Self::All),
        (b"off", Self::Off),
    ];
}

/// On which side of a guarded block the guard page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardSideChoice {
    /// A call stack's first block is guarded after its end, the next one before its start, and so on.
    Alternate,
    /// After the end.
    After,
    /// Before the start.
    Before,
    /// As chance, seeded with `seed`, has it.
    Random,
}

impl GuardSideChoice {
    const WORDS: &[(&[u8], Self)] = &[
        (b"alternate", Self::Alternate),
        (b"after", Self::After),
        (b"before", Self::Before),
        (b"random", Self::Random),
    ];
}

/// On which side blocks of a pinned call stack are guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinSide {
    /// After the end.
    After,
    /// Before the start.
    Before,
    /// In turn.
    Both,
}

/// A call stack whose blocks are guarded, each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Which.
    pub name: StackName,
    /// On which side.
    pub side: PinSide,
}

impl Pin {
    /// Its name in hexadecimal digits, and a sign that points to the side.
    fn parse(text: &[u8]) -> Option<Pin> {
        let (side, digits) = text.split_last()?;
        let side = match side {
            b'<' => PinSide::Before,
            b'>' => PinSide::After,
            b'=' => PinSide::Both,
            _ => return None,
        };
        let digits = core::str::from_utf8(digits).ok()?;
        let number = u64::from_str_radix(digits, 16).ok()?;
        Some(Pin {
            name: StackName::from_number(number),
            side,
        })
    }
}

/// How guard pages are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardMethodChoice {
    /// Markers where the kernel has them, else protected pages.
    Auto,
    /// Guard markers (Linux 6.13).
    Markers,
    /// Protected pages, within a budget of mappings.
    Mprotect,
}

impl GuardMethodChoice {
    const WORDS: &[(&[u8], Self)] = &[
        (b"auto", Self::Auto),
        (b"markers", Self::Markers),
        (b"mprotect", Self::Mprotect),
    ];
}

/// How much is said of leaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakCheckChoice {
    /// No leak check is made.
    No,
    /// Totals.
    Summary,
    /// Every record.
    Full,
}

impl LeakCheckChoice {
    const WORDS: &[(&[u8], Self)] = &[
        (b"no", Self::No),
        (b"summary", Self::Summary),
        (b"full", Self::Full),
        (b"yes", Self::Full),
    ];
}

/// What happens after an error has been reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// The run goes on.
    GoOn,
    /// A debugger is attached.
    Gdb,
    /// The process ends with a core.
    Core,
}

impl OnError {
    const WORDS: &[(&[u8], Self)] = &[
        (b"continue", Self::GoOn),
        (b"gdb", Self::Gdb),
        (b"core", Self::Core),
    ];
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOptions {
    /// Which blocks are guarded.
    pub guard: GuardChoice,
    /// Memory for guarded blocks; `None`: a quarter of what is free.
    pub guard_memory_bytes: Option<u64>,
    /// On which side.
    pub guard_side: GuardSideChoice,
    /// How.
    pub guard_method: GuardMethodChoice,
    /// The call stacks to guard, when it is only these.
    pub pins: Vec<Pin>,
    /// Seeds every choice made by chance.
    pub seed: u64,
    /// Guarded blocks end at the guard page to the byte.
    pub exact: bool,
    /// What no guard page covers at the ends of guarded blocks is watched, where the processor's watchpoints can be had.
    pub watchpoints: bool,
    /// Bytes of freed blocks that are held back.
    pub freelist_vol_bytes: u64,
    /// Bytes of redzone after a block, at least.
    pub redzone_size_bytes: u64,
    /// What new blocks are filled with.
    pub malloc_fill: Option<u8>,
    /// What freed blocks are filled with; `None`: a pattern that depends on the address.
    pub free_fill: Option<u8>,
    /// How much is said of leaks.
    pub leak_check: LeakCheckChoice,
    /// The process ends at its first error.
    pub halt_on_error: bool,
    /// Its exit code then.
    pub error_exitcode: u32,
    /// What happens after an error.
    pub on_error: OnError,
    /// Allocations are recorded as events as well.
    pub profile: bool,
    /// This signal makes a leak check; 0: none does.
    pub leak_signal: u32,
    /// This signal checks every redzone; 0: none does.
    pub check_signal: u32,
}

impl CheckOptions {
    pub(super) const fn defaults() -> Self {
        CheckOptions {
            guard: GuardChoice::Adaptive,
            guard_memory_bytes: None,
            guard_side: GuardSideChoice::Alternate,
            guard_method: GuardMethodChoice::Auto,
            pins: Vec::new(),
            seed: 1,
            exact: false,
            watchpoints: true,
            freelist_vol_bytes: 64 << 20,
            redzone_size_bytes: 16,
            malloc_fill: None,
            free_fill: None,
            leak_check: LeakCheckChoice::Full,
            halt_on_error: false,
            error_exitcode: 99,
            on_error: OnError::GoOn,
            profile: false,
            leak_signal: 0,
            check_signal: 0,
        }
    }
}

/// The options, in the order of the help.
pub(super) const CHECK_TABLE: &[Entry] = &[
    Entry {
        name: "guard",
        kind: "adaptive|all|off",
        default: "adaptive",
        help: "check: which blocks lie against a guard page",
        set: |options, value| one_of(value, GuardChoice::WORDS, &mut options.check.guard),
    },
    Entry {
        name: "guard_memory",
        kind: "SIZE (K, M, G)",
        default: "a quarter of what is free",
        help: "check: memory for guarded blocks",
        set: |options, value| {
            options.check.guard_memory_bytes = size(value);
            options.check.guard_memory_bytes.is_some()
        },
    },
    Entry {
        name: "guard_side",
        kind: "alternate|after|before|random",
        default: "alternate",
        help: "check: on which side of a block its guard page lies",
        set: |options, value| one_of(value, GuardSideChoice::WORDS, &mut options.check.guard_side),
    },
    Entry {
        name: "guard_method",
        kind: "auto|markers|mprotect",
        default: "auto",
        help: "check: how guard pages are made",
        set: |options, value| {
            one_of(
                value,
                GuardMethodChoice::WORDS,
                &mut options.check.guard_method,
            )
        },
    },
    Entry {
        name: "pin",
        kind: "NAME and < > or =,...",
        default: "none",
        help: "set by `ldt`: guard the blocks of these call stacks only",
        set: |options, value| {
            let parsed = value.split(|&byte| byte == b',').map(Pin::parse);
            let pins: Option<Vec<Pin>> = parsed.collect();
            options.check.pins = pins.unwrap_or_default();
            options.check.guard = GuardChoice::Pinned;
            !options.check.pins.is_empty()
        },
    },
    Entry {
        name: "seed",
        kind: "N",
        default: "1",
        help: "check: seeds the choice of guarded blocks",
        set: |options, value| number(value, &mut options.check.seed),
    },
    Entry {
        name: "exact",
        kind: "yes|no",
        default: "no",
        help: "check: guarded blocks end at the guard page to the byte",
        set: |options, value| flag(value, &mut options.check.exact),
    },
    Entry {
        name: "watchpoints",
        kind: "yes|no",
        default: "yes",
        help: "check: watch the ends of guarded blocks that no guard page covers, with the processor's four watchpoints",
        set: |options, value| flag(value, &mut options.check.watchpoints),
    },
    Entry {
        name: "freelist_vol",
        kind: "SIZE (K, M, G)",
        default: "64M",
        help: "check: bytes of freed blocks that are held back (the quarantine)",
        set: |options, value| number(value, &mut options.check.freelist_vol_bytes),
    },
    Entry {
        name: "redzone_size",
        kind: "16 to 4096",
        default: "16",
        help: "check: bytes of redzone after a block, at least",
        set: |options, value| {
            number(value, &mut options.check.redzone_size_bytes)
                && (16..=4096).contains(&options.check.redzone_size_bytes)
        },
    },
    Entry {
        name: "malloc_fill",
        kind: "HH (hexadecimal)",
        default: "none",
        help: "check: what new blocks are filled with",
        set: |options, value| {
            options.check.malloc_fill = hexadecimal(value);
            options.check.malloc_fill.is_some()
        },
    },
    Entry {
        name: "free_fill",
        kind: "HH (hexadecimal)",
        default: "a pattern",
        help: "check: what freed blocks are filled with",
        set: |options, value| {
            options.check.free_fill = hexadecimal(value);
            options.check.free_fill.is_some()
        },
    },
    Entry {
        name: "leak_check",
        kind: "no|summary|full",
        default: "full",
        help: "check: look for leaks at the end",
        set: |options, value| one_of(value, LeakCheckChoice::WORDS, &mut options.check.leak_check),
    },
    Entry {
        name: "halt_on_error",
        kind: "yes|no",
        default: "no",
        help: "check: end the process at its first error",
        set: |options, value| flag(value, &mut options.check.halt_on_error),
    },
    Entry {
        name: "error_exitcode",
        kind: "0 to 255",
        default: "99",
        help: "check: the exit code after halt_on_error",
        set: |options, value| {
            let mut code = 0;
            let known = number(value, &mut code) && code < 256;
            options.check.error_exitcode = code as u32;
            known
        },
    },
    Entry {
        name: "on_error",
        kind: "continue|gdb|core",
        default: "continue",
        help: "check: what happens after an error",
        set: |options, value| one_of(value, OnError::WORDS, &mut options.check.on_error),
    },
    Entry {
        name: "profile",
        kind: "yes|no",
        default: "no",
        help: "check: record every allocation as well",
        set: |options, value| flag(value, &mut options.check.profile),
    },
    Entry {
        name: "leak_signal",
        kind: "N",
        default: "0 (none)",
        help: "check: this signal makes a leak check",
        set: |options, value| signal(value, &mut options.check.leak_signal),
    },
    Entry {
        name: "check_signal",
        kind: "N",
        default: "0 (none)",
        help: "check: this signal checks every redzone",
        set: |options, value| signal(value, &mut options.check.check_signal),
    },
];

fn number(value: &[u8], into: &mut u64) -> bool {
    size(value).map(|number| *into = number).is_some()
}

fn signal(value: &[u8], into: &mut u32) -> bool {
    let mut number_of = 0;
    let known = number(value, &mut number_of) && number_of <= 64;
    *into = number_of as u32;
    known
}

fn hexadecimal(value: &[u8]) -> Option<u8> {
    let digits = core::str::from_utf8(value).ok()?;
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    u8::from_str_radix(digits, 16).ok()
}
