//! The configuration in force, as plain loads for the event path. Set once, before the first block.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU64, Ordering};

use super::Config;
use crate::modes::guard::Ends;
use crate::modes::redzone::{BLOCK_ALIGNMENT, Pattern, REDZONE_MAX_BYTES};
use crate::options::{GuardChoice, GuardSideChoice};

const NO_FILL: u16 = 0x100;

static GUARD: AtomicU8 = AtomicU8::new(0);
static SIDE: AtomicU8 = AtomicU8::new(0);
static EXACT: AtomicBool = AtomicBool::new(false);
static REDZONE_BYTES: AtomicU64 = AtomicU64::new(BLOCK_ALIGNMENT);
static MALLOC_FILL: AtomicU16 = AtomicU16::new(NO_FILL);
static FREE_FILL: AtomicU16 = AtomicU16::new(NO_FILL);
static SEED: AtomicU64 = AtomicU64::new(0);

const GUARDS: [GuardChoice; 4] = [
    GuardChoice::Off,
    GuardChoice::Adaptive,
    GuardChoice::All,
    GuardChoice::Pinned,
];
const SIDES: [GuardSideChoice; 4] = [
    GuardSideChoice::Alternate,
    GuardSideChoice::After,
    GuardSideChoice::Before,
    GuardSideChoice::Random,
];

fn number_of<T: PartialEq>(all: &[T], one: &T) -> u8 {
    all.iter().position(|other| other == one).unwrap_or(0) as u8
}

pub(super) fn set(config: &Config) {
    GUARD.store(number_of(&GUARDS, &config.guard), Ordering::Relaxed);
    SIDE.store(number_of(&SIDES, &config.guard_side), Ordering::Relaxed);
    EXACT.store(config.exact, Ordering::Relaxed);
    let redzone = config
        .redzone_bytes
        .clamp(BLOCK_ALIGNMENT, REDZONE_MAX_BYTES)
        .next_multiple_of(BLOCK_ALIGNMENT);
    REDZONE_BYTES.store(redzone, Ordering::Relaxed);
    MALLOC_FILL.store(
        config.malloc_fill.map_or(NO_FILL, u16::from),
        Ordering::Relaxed,
    );
    FREE_FILL.store(
        config.free_fill.map_or(NO_FILL, u16::from),
        Ordering::Relaxed,
    );
    SEED.store(config.seed, Ordering::Relaxed);
}

#[inline(always)]
pub(super) fn guard() -> GuardChoice {
    GUARDS[usize::from(GUARD.load(Ordering::Relaxed)) % GUARDS.len()]
}

pub(super) fn side() -> GuardSideChoice {
    SIDES[usize::from(SIDE.load(Ordering::Relaxed)) % SIDES.len()]
}

pub(super) fn ends() -> Ends {
    if EXACT.load(Ordering::Relaxed) {
        Ends::Exact
    } else {
        Ends::Rounded
    }
}

#[inline(always)]
pub(super) fn redzone_bytes() -> u64 {
    REDZONE_BYTES.load(Ordering::Relaxed)
}

#[inline(always)]
pub(super) fn malloc_fill() -> Option<Pattern> {
    let fill = MALLOC_FILL.load(Ordering::Relaxed);
    (fill != NO_FILL).then(|| Pattern::of_byte(fill as u8))
}

#[inline(always)]
pub(super) fn freed_pattern() -> Pattern {
    let fill = FREE_FILL.load(Ordering::Relaxed);
    if fill == NO_FILL {
        Pattern::FREED
    } else {
        Pattern::of_byte(fill as u8)
    }
}

pub(super) fn seed() -> u64 {
    SEED.load(Ordering::Relaxed)
}
