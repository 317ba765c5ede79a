//! Frees whose stamps are a little too early.
//!
//! A thread that takes over another's block and frees it reads the counter before the real free,
//! but the processor may read it before the block's address has even arrived from the other core:
//! a fence there would cost every free of every program. The stamp can so precede that of the
//! allocation by some hundred cycles. Such a free finds no block; it is kept for a moment, in case
//! its block comes.

use ldt_trace::Tick;

/// How long a free waits. A processor looks ahead by a few hundred instructions; ticks are tens of
/// nanoseconds.
const PATIENCE_TICKS: u64 = 16;
/// More than this at once are frees of blocks from before recording began.
const MAX_WAITING: usize = 64;

#[derive(Clone, Copy, Debug)]
struct EarlyFree {
    address: u64,
    thread: usize,
    tick: Tick,
}

/// Frees that found no block a moment ago.
#[derive(Debug, Default)]
pub(super) struct EarlyFrees {
    waiting: Vec<EarlyFree>,
}

impl EarlyFrees {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A free found no block.
    pub(super) fn add(&mut self, address: u64, thread: usize, tick: Tick) {
        self.expire(tick);
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push(EarlyFree {
                address,
                thread,
                tick,
            });
        }
    }

    /// A block came: gives the thread that has freed it already. A thread's own events are in
    /// order, so that is always another one.
    #[cold]
    pub(super) fn take(&mut self, address: u64, thread: usize, tick: Tick) -> Option<usize> {
        self.expire(tick);
        let is_it = |early: &EarlyFree| early.address == address && early.thread != thread;
        let place = self.waiting.iter().position(is_it)?;
        Some(self.waiting.swap_remove(place).thread)
    }

    fn expire(&mut self, now: Tick) {
        self.waiting
            .retain(|early| now.saturating_sub(early.tick) <= PATIENCE_TICKS);
    }
}
