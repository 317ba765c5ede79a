//! What the tests of the heap share: a configuration, requests, a log of what the heap tells.

#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod model;

use std::sync::Once;

use ldt_engine::blocks::{self, Block, Config, Damage, Found, Free, Misuse, Request, Zeroed};
use ldt_engine::options::{GuardChoice, GuardMethodChoice, GuardSideChoice};
use ldt_trace::finding::{DetectedBy, ErrorKind, Use};
use ldt_trace::{Function, NodeId};

/// Something that the heap told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Misuse(ToldMisuse),
    Damage(ToldDamage),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToldMisuse {
    pub(crate) kind: ErrorKind,
    pub(crate) address: u64,
    pub(crate) block: Option<Block>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToldDamage {
    pub(crate) kind: ErrorKind,
    pub(crate) by: DetectedBy,
    pub(crate) block: Block,
    pub(crate) at: u64,
    pub(crate) found: Vec<u8>,
    pub(crate) expected: Vec<u8>,
}

/// Keeps everything that it is told.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) told: Vec<Told>,
}

impl Found for Log {
    fn misuse(&mut self, misuse: &Misuse) {
        self.told.push(Told::Misuse(ToldMisuse {
            kind: misuse.kind,
            address: misuse.address,
            block: misuse.block,
        }));
    }

    fn damage(&mut self, damage: &Damage<'_>) {
        self.told.push(Told::Damage(ToldDamage {
            kind: damage.kind,
            by: damage.by,
            block: damage.block,
            at: damage.at,
            found: damage.found.to_vec(),
            expected: damage.expected.to_vec(),
        }));
    }
}

pub(crate) fn config(guard: GuardChoice) -> Config {
    Config {
        guard,
        guard_side: GuardSideChoice::Alternate,
        guard_method: GuardMethodChoice::Auto,
        guard_memory_bytes: Some(1 << 40),
        quarantine_bytes: 64 << 20,
        redzone_bytes: 16,
        malloc_fill: None,
        free_fill: None,
        seed: 1,
        exact: false,
    }
}

/// Starts the heap, once for the process.
pub(crate) fn start(config: &Config) {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| assert!(blocks::start(config), "no memory"));
}

pub(crate) fn request(size: u64, alignment: u64) -> Request {
    Request {
        size,
        alignment,
        zeroed: Zeroed::No,
        allocated: Use {
            thread: 3,
            function: Function::Malloc,
            stack: NodeId(1),
        },
    }
}

pub(crate) fn free_by(function: Function) -> Free {
    Free {
        freed: Use {
            thread: 4,
            function,
            stack: NodeId(2),
        },
        size: None,
        alignment: None,
    }
}

/// Whether a byte can be read: asked of the kernel, which says so instead of sending a signal.
pub(crate) fn is_accessible(address: u64) -> bool {
    let mut ends = [0; 2];
    // SAFETY: fills two numbers.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    // SAFETY: the kernel checks the address.
    let written = unsafe { libc::write(ends[1], address as *const libc::c_void, 1) };
    for end in ends {
        // SAFETY: ours.
        unsafe { libc::close(end) };
    }
    written == 1
}

/// How many mappings the process has.
pub(crate) fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps")
        .expect("readable")
        .lines()
        .count()
}

/// Memory of the process.
pub(crate) fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("readable");
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|field| field.parse().ok())
        .expect("a number");
    pages * 4096
}
