//! Which memory is the stack that the thread is running on: the only memory that unwinding may read.
//!
//! A thread runs on its own stack, on an alternate signal stack, or on any number of coroutine stacks.
//! The mapping that contains the stack pointer is looked up ([`mappings`]) once for each and remembered, a few at a time; a munmap by the program makes them forgotten.

use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use super::mappings;
use crate::sys::mem;
use crate::sys::signal::read_memory;
use crate::sys::thread;

const REMEMBERED: usize = 32;

/// Raised whenever the program unmaps memory.
static UNMAPPED: AtomicU64 = AtomicU64::new(0);

/// Tells that the program is about to unmap memory, in which a stack may have been.
#[inline(always)]
pub fn unmapped() {
    UNMAPPED.fetch_add(1, Ordering::Relaxed);
}

/// framehop takes 3.5 KiB, and what a signal handler needs should be left; and the lowest page of the mapping may be a guard
/// (glibc since 2.42).
const TIGHT_BYTES: u64 = 16 << 10;

/// The stacks that one thread was seen running on. All zero is the empty state.
#[derive(Debug, Default)]
pub struct Bounds {
    low: u64,
    high: u64,
    /// The current stack is the thread's own, which cannot be unmapped while it runs.
    own: bool,
    known: [(u64, u64); REMEMBERED],
    next: usize,
    unmapped: u64,
}

impl Bounds {
    /// The current stack.
    #[inline(always)]
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.low..self.high
    }

    /// Whether an 8-byte word at `address` lies in the current stack, not below `floor`.
    #[inline(always)]
    #[must_use]
    pub fn allows(&self, address: u64, floor: u64) -> bool {
        address >= floor && address <= self.high.wrapping_sub(8)
    }

    /// Whether there is little left of the current stack below `sp`.
    #[must_use]
    pub fn is_tight(&self, sp: u64) -> bool {
        sp.wrapping_sub(self.low) < TIGHT_BYTES
    }

    /// Makes the stack that contains `sp` the current one; gives whether it was another one, or
    /// `None` when `sp` points nowhere.
    #[inline(always)]
    pub fn follow(&mut self, sp: u64) -> Option<bool> {
        let current = sp >= self.low && sp < self.high;
        if current && (self.own || self.unmapped == UNMAPPED.load(Ordering::Relaxed)) {
            return Some(false);
        }
        self.switch(sp)
    }

    /// The same for code that a fault interrupted, which may have run off the end of its stack: gives
    /// the lowest address that can be read. What is made current is good for one walk only.
    pub fn follow_interrupted(&mut self, sp: u64) -> Option<u64> {
        let mut word = [0; 8];
        if read_memory(sp, &mut word) == word.len() {
            self.follow(sp)?;
            return Some(sp);
        }
        let stack = mappings::readable_above(sp)?;
        (self.low, self.high) = (sp.min(stack.start), stack.end);
        self.own = false;
        Some(sp.max(stack.start))
    }

    #[cold]
    #[inline(never)]
    fn switch(&mut self, sp: u64) -> Option<bool> {
        let before = self.range();
        let unmapped = UNMAPPED.load(Ordering::Relaxed);
        if self.unmapped != unmapped {
            self.known = [(0, 0); REMEMBERED];
            self.unmapped = unmapped;
        }
        let known = self
            .known
            .iter()
            .find(|known| (known.0..known.1).contains(&sp))
            .copied();
        let (low, high) = match known {
            Some(range) => range,
            None => {
                let range = stack_containing(sp)?;
                self.known[self.next % REMEMBERED] = (range.start, range.end);
                self.next += 1;
                (range.start, range.end)
            }
        };
        (self.low, self.high) = (low, high);
        // glibc keeps a thread's control block at the top of the stack that it made for it.
        let own = |address: u64| (low..high).contains(&address);
        self.own = own(thread_pointer()) || own(main_stack_address());
        Some(before != self.range())
    }
}

/// The main stack may have this much, at the least: the kernel keeps other mappings that far away from its end.
const GROWTH_BYTES: u64 = 128 << 20;
/// So much nearer to another mapping it does not grow.
const GAP_BYTES: u64 = 1 << 20;
/// Without a limit other mappings are made far below, and those that are there tell little of where.
const FURTHER_BYTES: u64 = 64 << 30;

/// How far down the main stack, of which so much is mapped now, may grow: `limit_bytes` in all, and not as far as other
/// mappings, of which the next one below ends at `below`. Other stacks must not seem to lie in it.
fn lowest(mapped: &Range<u64>, limit_bytes: Option<u64>, below: u64) -> u64 {
    let further = mapped.start.saturating_sub(FURTHER_BYTES);
    let by_limit = limit_bytes.map_or(further, |bytes| mapped.end.saturating_sub(bytes));
    by_limit
        .max(further)
        .max(below.saturating_add(GAP_BYTES))
        .min(mapped.start)
}

fn stack_containing(sp: u64) -> Option<Range<u64>> {
    let mapping = mappings::containing(sp)?;
    let is_main = mapping.contains(&main_stack_address());
    let low = match mapping.end.saturating_sub(GROWTH_BYTES) {
        low if is_main && low <= mapping.start => low,
        // A deep one of a program that was given more. To ask anew at each event took 50 µs of CPU time.
        _ if is_main => lowest(
            &mapping,
            mem::resource_limit(libc::RLIMIT_STACK),
            mappings::end_below(mapping.start),
        ),
        _ => mapping.start,
    };
    Some(low..mapping.end)
}

/// Whether `sp` lies elsewhere than in the stack that the calling thread began with: in a coroutine's, in one that a
/// runtime has made for itself.
#[must_use]
pub fn is_made_by_program(sp: u64) -> bool {
    let main = main_stack_address();
    if (main.saturating_sub(GROWTH_BYTES)..=main).contains(&sp) {
        return false;
    }
    stack_containing(sp)
        .is_some_and(|stack| !stack.contains(&thread_pointer()) && !stack.contains(&main))
}

/// Whether a frame is the process's first one, with which the kernel has begun at the main stack's end: nothing lies
/// outside it. Of the loader's (`_dl_start_user`, under which constructors run) no unwind data says so.
pub(super) fn is_first_frame(sp: u64) -> bool {
    /// What the entry code takes off for alignment, or pops.
    const NEAR_BYTES: u64 = 64;
    sp.abs_diff(main_stack_address()) <= NEAR_BYTES
}

fn thread_pointer() -> u64 {
    core::ptr::from_ref(thread::slot()) as u64
}

/// An address in the main thread's stack.
fn main_stack_address() -> u64 {
    unsafe extern "C" {
        static __libc_stack_end: *const u8;
    }
    // SAFETY: set by the loader before anything else runs, never changed.
    unsafe { __libc_stack_end as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_that_has_grown_far_goes_on_as_far_as_it_may() {
        const MIB: u64 = 1 << 20;
        let end = 0x7fff_0000_0000;
        let mapped = end - 200 * MIB..end;
        let limit = Some(1000 * MIB);
        assert_eq!(lowest(&mapped, limit, end - 3000 * MIB), end - 1000 * MIB);
        assert_eq!(lowest(&mapped, limit, end - 300 * MIB), end - 299 * MIB);
        assert_eq!(lowest(&mapped, None, 0), mapped.start - FURTHER_BYTES);
        // A limit that was lowered since.
        assert_eq!(lowest(&mapped, Some(8 * MIB), 0), mapped.start);
    }
}
