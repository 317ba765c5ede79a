//! What the rest of this folder goes by: which signals are LDT's, and since when.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::sys::signal::Set;

/// The signals that LDT keeps for itself.
pub(super) const WATCHED: [i32; 2] = [libc::SIGSEGV, libc::SIGBUS];
pub(super) const WATCHED_SET: Set = Set::of(libc::SIGSEGV).with(Set::of(libc::SIGBUS));

/// Blocks end at the byte, so that some lie where vectors must not.
static EXACT: AtomicBool = AtomicBool::new(false);
static WATCHING: AtomicBool = AtomicBool::new(false);

/// Whether blocks end at the guard page to the byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exact {
    /// They do, and may lie anywhere.
    Yes,
    /// They lie at multiples of 16.
    No,
}

/// Whether blocks end at the byte.
pub(crate) fn is_exact() -> bool {
    EXACT.load(Ordering::Relaxed)
}

/// Whether the two signals are LDT's.
#[inline(always)]
#[must_use]
pub fn is_watching() -> bool {
    WATCHING.load(Ordering::Relaxed)
}

/// What [`is_exact`] says from now on.
pub(super) fn set_exact(exact: Exact) {
    EXACT.store(exact == Exact::Yes, Ordering::Relaxed);
}

/// The two signals are LDT's from now on.
pub(super) fn begin() {
    WATCHING.store(true, Ordering::Release);
}
