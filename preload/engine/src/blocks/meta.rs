//! What is known of one block: 16 bytes, apart from the blocks, so that the program's stray writes do
//! not reach it.
//!
//! ```text
//!  word 0   size 17 | alignment 4 | allocated by 5 | freed by 6 | state 3 | placing 3 |
//!           allocating thread 19 | freeing thread, high 7
//!  word 1   allocating stack 26 | freeing stack 26 | freeing thread, low 12
//! ```
//!
//! While a block is live, the lowest bit of the freeing stack says that a leak check has met it.
//!
//! The state changes by compare-exchange of word 0 (a plain one while there is one thread), so that of two frees at
//! once one is the double free. Readers take no lock; what they see of a block that is just changing hands may be a mixture of
//! before and after, which is as true as anything said about such a block.

use core::sync::atomic::{AtomicU64, Ordering};

use ldt_trace::finding::Use;
use ldt_trace::{Function, NodeId};

use super::report::Guarding;
use crate::modes::guard::Side;
use crate::sys::thread;

/// How far a slot has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// Never used.
    Empty = 0,
    /// The program's.
    Live = 1,
    /// Being freed: not filled yet.
    Freeing = 2,
    /// In the quarantine.
    Freed = 3,
    /// Out of the quarantine, remembered until somebody gets the slot.
    Past = 4,
    /// As never used, but for a page that is open: [`super::fenced`].
    Blank = 5,
}

impl State {
    fn from_bits(bits: u64) -> State {
        match bits {
            1 => State::Live,
            2 => State::Freeing,
            3 => State::Freed,
            4 => State::Past,
            5 => State::Blank,
            _ => State::Empty,
        }
    }
}

/// How a block is placed in its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Placing {
    /// At the slot's start, between redzones.
    Plain = 0,
    /// Against the guard page behind it, its end rounded up to 16.
    After = 1,
    /// Against the guard page before it.
    Before = 2,
    /// Against the guard page behind it, to the byte.
    AfterExact = 3,
}

impl Placing {
    pub(super) fn guarding(self) -> Guarding {
        match self {
            Placing::Plain => Guarding::None,
            Placing::After | Placing::AfterExact => Guarding::After,
            Placing::Before => Guarding::Before,
        }
    }

    pub(super) fn side(self) -> Side {
        match self {
            Placing::Before => Side::Before,
            _ => Side::After,
        }
    }
}

const SIZE_BITS: u32 = 17;
const ALIGNMENT_SHIFT: u32 = SIZE_BITS;
const FUNCTION_SHIFT: u32 = ALIGNMENT_SHIFT + 4;
const FREED_BY_SHIFT: u32 = FUNCTION_SHIFT + 5;
const STATE_SHIFT: u32 = FREED_BY_SHIFT + 6;
const PLACING_SHIFT: u32 = STATE_SHIFT + 3;
const THREAD_SHIFT: u32 = PLACING_SHIFT + 3;
const THREAD_BITS: u32 = 19;
const FREEING_HIGH_SHIFT: u32 = THREAD_SHIFT + THREAD_BITS;
const STACK_BITS: u32 = 26;
const FREEING_LOW_SHIFT: u32 = 2 * STACK_BITS;
const FREEING_LOW_BITS: u32 = 12;
const STATE_MASK: u64 = 7 << STATE_SHIFT;

const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// Thread numbers above this are given as this.
#[inline(always)]
fn thread_bits(thread: u32) -> u64 {
    u64::from(thread).min(mask(THREAD_BITS))
}

/// See the module. All zero is a slot that was never used.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Meta {
    first: AtomicU64,
    second: AtomicU64,
}
const _: () = assert!(
    size_of::<Meta>() == 16,
    "as the overhead of a block is reckoned"
);

/// A copy of the first word, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts(u64);

impl Facts {
    /// The word itself.
    pub(super) fn into_word(self) -> u64 {
        self.0
    }

    /// The way back.
    pub(super) fn from_word(word: u64) -> Facts {
        Facts(word)
    }

    #[inline(always)]
    pub(super) fn state(self) -> State {
        State::from_bits(self.0 >> STATE_SHIFT & 7)
    }

    /// The size; of a large block its span knows better.
    #[inline(always)]
    pub(super) fn size(self) -> u64 {
        self.0 & mask(SIZE_BITS)
    }

    #[inline(always)]
    pub(super) fn alignment(self) -> u64 {
        1 << (self.0 >> ALIGNMENT_SHIFT & 15)
    }

    #[inline(always)]
    pub(super) fn placing(self) -> Placing {
        match self.0 >> PLACING_SHIFT & 7 {
            1 => Placing::After,
            2 => Placing::Before,
            3 => Placing::AfterExact,
            _ => Placing::Plain,
        }
    }

    #[inline(always)]
    pub(super) fn is_live(self) -> bool {
        self.0 & STATE_MASK == (State::Live as u64) << STATE_SHIFT
    }

    /// Whether it is live and was asked for without an alignment.
    #[inline(always)]
    pub(super) fn is_live_and_plain(self) -> bool {
        const ALIGNMENT_MASK: u64 = mask(4) << ALIGNMENT_SHIFT;
        self.0 & (STATE_MASK | ALIGNMENT_MASK) == (State::Live as u64) << STATE_SHIFT
    }

    #[inline(always)]
    pub(super) fn function_code(self) -> u8 {
        (self.0 >> FUNCTION_SHIFT & 31) as u8
    }

    pub(super) fn function(self) -> Function {
        Function::from_code(self.function_code()).unwrap_or(Function::Malloc)
    }
}

impl Meta {
    #[inline(always)]
    pub(super) fn facts(&self) -> Facts {
        Facts(self.first.load(Ordering::Acquire))
    }

    /// The slot has a block now. Only by the thread that has the slot.
    #[inline(always)]
    pub(super) fn begin(&self, size: u64, alignment: u64, placing: Placing, allocated: &Use) {
        let shift = u64::from(alignment.trailing_zeros() & 15);
        let first = size & mask(SIZE_BITS)
            | shift << ALIGNMENT_SHIFT
            | (allocated.function as u64 & 31) << FUNCTION_SHIFT
            | (State::Live as u64) << STATE_SHIFT
            | (placing as u64) << PLACING_SHIFT
            | thread_bits(allocated.thread) << THREAD_SHIFT;
        let second = u64::from(allocated.stack.0) & mask(STACK_BITS);
        self.second.store(second, Ordering::Relaxed);
        self.first.store(first, Ordering::Release);
    }

    /// Live becomes Freeing, for one caller only; the others are told what it is instead.
    #[inline(always)]
    pub(super) fn end(&self, live: Facts, freed: &Use) -> Result<(), Facts> {
        let thread = thread_bits(freed.thread);
        let first = live.0 & !STATE_MASK
            | (State::Freeing as u64) << STATE_SHIFT
            | (freed.function as u64 & 63) << FREED_BY_SHIFT
            | thread >> FREEING_LOW_BITS << FREEING_HIGH_SHIFT;
        self.change(live.0, first)?;
        let second = self.second.load(Ordering::Relaxed) & mask(STACK_BITS)
            | (u64::from(freed.stack.0) & mask(STACK_BITS)) << STACK_BITS
            | (thread & mask(FREEING_LOW_BITS)) << FREEING_LOW_SHIFT;
        self.second.store(second, Ordering::Relaxed);
        Ok(())
    }

    /// Changes the first word, if it is what it was. A locked instruction waits for all that was written before,
    /// which was a seventh of a free's time: where nobody else can come in between, it is done without.
    #[inline(always)]
    fn change(&self, from: u64, to: u64) -> Result<(), Facts> {
        if !thread::is_alone() {
            let changed =
                self.first
                    .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
            return changed.map(|_| ()).map_err(Facts);
        }
        let now = self.first.load(Ordering::Acquire);
        if now != from {
            return Err(Facts(now));
        }
        self.first.store(to, Ordering::Release);
        Ok(())
    }

    /// Sets the state of a slot that is the caller's alone.
    #[inline(always)]
    pub(super) fn set(&self, state: State) {
        let first = self.first.load(Ordering::Relaxed) & !STATE_MASK;
        self.first
            .store(first | (state as u64) << STATE_SHIFT, Ordering::Release);
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.first.store(0, Ordering::Release);
        self.second.store(0, Ordering::Relaxed);
    }

    /// Forgets everything but that the slot's page is open.
    pub(super) fn blank(&self) {
        let blank = (State::Blank as u64) << STATE_SHIFT;
        self.first.store(blank, Ordering::Release);
        self.second.store(0, Ordering::Relaxed);
    }

    /// Notes that a leak check has met the live block; gives whether one had before. A free that comes in
    /// between is not disturbed.
    pub(super) fn meet(&self) -> bool {
        const MET: u64 = 1 << STACK_BITS;
        let before = self.second.load(Ordering::Acquire);
        if before & MET != 0 || !self.facts().is_live() {
            return before & MET != 0;
        }
        let _ = self.second.compare_exchange(
            before,
            before | MET,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        false
    }

    /// Who allocated the block.
    pub(super) fn allocated(&self, facts: Facts) -> Use {
        let second = self.second.load(Ordering::Relaxed);
        Use {
            thread: (facts.0 >> THREAD_SHIFT & mask(THREAD_BITS)) as u32,
            function: facts.function(),
            stack: NodeId((second & mask(STACK_BITS)) as u32),
        }
    }

    /// Who freed it, if somebody has.
    pub(super) fn freed(&self, facts: Facts) -> Option<Use> {
        let function = Function::from_code((facts.0 >> FREED_BY_SHIFT & 63) as u8)?;
        let second = self.second.load(Ordering::Relaxed);
        let high = facts.0 >> FREEING_HIGH_SHIFT << FREEING_LOW_BITS;
        Some(Use {
            thread: (high | second >> FREEING_LOW_SHIFT & mask(FREEING_LOW_BITS)) as u32,
            function,
            stack: NodeId((second >> STACK_BITS & mask(STACK_BITS)) as u32),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_use() -> impl Strategy<Value = Use> {
        (0u32..1 << THREAD_BITS, 1u8..20, 0u32..1 << STACK_BITS).prop_filter_map(
            "a function",
            |(thread, code, stack)| {
                let function = Function::from_code(code).filter(|&f| (f as u8) < 32)?;
                Some(Use {
                    thread,
                    function,
                    stack: NodeId(stack),
                })
            },
        )
    }

    proptest! {
        #[test]
        fn everything_comes_back(
            size in 0u64..=65536,
            shift in 0u32..13,
            allocated in any_use(),
            freed in any_use(),
        ) {
            let meta = Meta::default();
            prop_assert_eq!(meta.facts().state(), State::Empty);
            meta.begin(size, 1 << shift, Placing::AfterExact, &allocated);
            let facts = meta.facts();
            prop_assert_eq!(facts.size(), size);
            prop_assert_eq!(facts.alignment(), 1 << shift);
            prop_assert_eq!(facts.placing(), Placing::AfterExact);
            prop_assert_eq!(meta.allocated(facts), allocated);
            prop_assert_eq!(meta.freed(facts), None);
            prop_assert!(facts.is_live());
            prop_assert!(!meta.meet());
            prop_assert!(meta.meet());
            prop_assert_eq!(meta.allocated(facts), allocated);
            prop_assert_eq!(meta.freed(facts), None);
            prop_assert_eq!(meta.end(facts, &freed), Ok(()));
            prop_assert!(meta.end(facts, &freed).is_err());
            meta.set(State::Freed);
            let facts = meta.facts();
            prop_assert_eq!(facts.state(), State::Freed);
            prop_assert_eq!(meta.allocated(facts), allocated);
            prop_assert_eq!(meta.freed(facts), Some(freed));
            prop_assert_eq!(facts.size(), size);
        }
    }

    #[test]
    fn all_freeing_functions_fit() {
        for &function in Function::ALL {
            assert!((function as u8) < 64);
        }
    }
}
