//! Which blocks `--guard=adaptive` guards, and how: a pure function of the seed and of what the program asks for.
//!
//! A **full** guard costs system calls and a page fault: after its release the block's pages are inaccessible, so
//! that a use after free is caught at the instruction. A **fenced** block lies against a guard page that is always
//! there, in a page that stays open when the block is freed: once there are such pages it costs no system call, and
//! overruns are caught as well. So a call stack's first block is guarded in any case, fully while there is credit for it;
//! of the later ones the first few, as credit comes in, and then a share, which is large at first.

use super::guard::{PAGE, Side};
use crate::options::GuardSideChoice;

/// How a block is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Its pages become inaccessible when it is freed.
    Fully,
    /// Its page stays open.
    Fenced,
    /// Not at all: it has redzones.
    Plain,
}

/// What guarding a block fully is reckoned to cost: opening and closing its slot, and a page fault a page.
/// Measured once on one machine; a fixed number, so that the same seed gives the same choice again.
#[must_use]
pub const fn cost_ns(size: u64) -> i64 {
    8_000 + 700 * (size / PAGE) as i64
}

/// The same for a fenced block, whose page is there already: filling and comparing it.
const FENCED_COST_NS: i64 = 1_500;

/// What a program earns for guarding with each block that it asks for: a tenth of what it is reckoned
/// to spend on the block.
const EARNED_NS: i64 = 20;
/// And a nanosecond more for so many bytes.
const BYTES_A_NS: u64 = 100;
/// What a program may spend on guards before it has earned anything.
pub const FIRST_CREDIT_NS: i64 = 10_000_000;
/// What moving a watchpoint to a block and away again is reckoned to cost.
const WATCH_COST_NS: i64 = 12_000;
/// What a program may spend on that before it has earned anything, and what it earns with each block: a quarter of what
/// it earns for guards.
pub const WATCH_FIRST_CREDIT_NS: i64 = 72 * WATCH_COST_NS;
const WATCH_EARNED_NS: i64 = EARNED_NS / 4;
/// A thread keeps no more than this, so that a long quiet time is not followed by a burst.
const CREDIT_MAX_NS: i64 = 10 * FIRST_CREDIT_NS;
/// The blocks of a stack that are due: two after their ends, two before their starts.
const DUE: u8 = 4;
/// Of the later blocks one in so many is tried; their earnings pay for a fence, and now and then for more.
const SHARE: u32 = 100;
/// It begins with every one, and halves after so many that were tried: so a short program, which could not spend its first
/// credit otherwise, has most of its blocks guarded.
const TRIED_AT_A_SHARE: u32 = 128;
/// Blocks of new stacks that are let pass once there was no memory for one.
const PASSED: u32 = 64;

/// A forked child with many siblings tries one of so many stacks, on the average.
const SHARED_STACKS: u64 = 4;

/// Chooses which blocks are guarded, for one thread.
#[derive(Clone, Debug)]
pub struct Chooser {
    random: u64,
    credit_ns: i64,
    watch_credit_ns: i64,
    until_sample: u32,
    /// One later block in so many is tried now.
    share: u32,
    /// And how many are yet to be tried at that share.
    left_at_share: u32,
    /// Blocks of new stacks that are yet to be let pass.
    passing: u32,
    /// Whether the process's first credit is known to be spent.
    pool_is_empty: bool,
    /// Whether other processes try the same stacks.
    shares_stacks: bool,
}

impl Chooser {
    /// For the thread with this number.
    #[must_use]
    pub fn new(seed: u64, thread: u64) -> Self {
        // splitmix64, so that neighbouring seeds are not alike, and never 0.
        let mut state = (seed ^ thread.rotate_left(32)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Chooser {
            random: state | 1,
            credit_ns: 0,
            watch_credit_ns: 0,
            until_sample: 1,
            share: 1,
            left_at_share: TRIED_AT_A_SHARE,
            passing: 0,
            pool_is_empty: false,
            shares_stacks: false,
        }
    }

    /// Goes on in a forked child that has many siblings. Most of its stacks are theirs too: together they try all of
    /// them, and each a share, with what it earns itself.
    pub fn begin_one_of_many(&mut self) {
        self.credit_ns = 0;
        self.pool_is_empty = true;
        self.shares_stacks = true;
        self.share = SHARE;
        self.let_siblings_try();
    }

    /// Lets the blocks of some new stacks pass.
    fn let_siblings_try(&mut self) {
        if self.shares_stacks {
            self.passing = ((self.next() >> 33) % (2 * SHARED_STACKS - 1)) as u32;
        }
    }

    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// Counts a block, and tells whether it may have to be guarded, as far as its stack goes (`tried` blocks
    /// of it have been guarded): then [`Chooser::choose`] says whether it is.
    #[inline(always)]
    pub fn is_due(&mut self, tried: u8, size: u64) -> bool {
        self.credit_ns += EARNED_NS + (size / BYTES_A_NS) as i64;
        if tried < DUE {
            return self.is_early_due(tried);
        }
        self.until_sample -= 1;
        if self.until_sample != 0 {
            return false;
        }
        self.until_sample = 1 + (self.next() >> 33) as u32 % (2 * self.share - 1);
        let earned = i64::from(self.share) * WATCH_EARNED_NS;
        self.watch_credit_ns = (self.watch_credit_ns + earned).min(WATCH_FIRST_CREDIT_NS);
        self.left_at_share -= 1;
        if self.left_at_share == 0 {
            self.left_at_share = TRIED_AT_A_SHARE;
            self.share = (2 * self.share).min(SHARE);
        }
        true
    }

    /// The same for one of a stack's first blocks.
    #[inline]
    fn is_early_due(&mut self, tried: u8) -> bool {
        if tried > 0 {
            return !self.pool_is_empty || self.credit_ns >= least(tried);
        }
        let passes = self.passing > 0;
        self.passing -= u32::from(passes);
        !passes
    }

    /// How a block that is due is guarded, which it pays for. `pool` gives up to so many nanoseconds of what
    /// the process has left of its first credit. A stack's first block goes before other stacks'
    /// second ones, and these before later ones: what may be left over grows with `tried`.
    pub fn choose(&mut self, tried: u8, size: u64, mut pool: impl FnMut(i64) -> i64) -> How {
        let is_fenceable = (1..=PAGE).contains(&size);
        if tried == 0 {
            self.let_siblings_try();
        }
        if self.pay(cost_ns(size), kept(tried), &mut pool) {
            return How::Fully;
        }
        match tried {
            // Every stack is tried, whatever credit is left: this is not paid for.
            0 if is_fenceable => How::Fenced,
            0 => How::Fully,
            // The third and the fourth wait until they can be guarded fully: so that a use after free is caught.
            2..DUE => How::Plain,
            _ if is_fenceable && self.pay(FENCED_COST_NS, kept_for_fence(tried), &mut pool) => {
                How::Fenced
            }
            _ => How::Plain,
        }
    }

    /// Whether one more end of a block may be watched, which is paid for then. `pool` as with [`Chooser::choose`]; one of
    /// many siblings has none.
    pub fn pays_for_watch(&mut self, mut pool: impl FnMut(i64) -> i64) -> bool {
        if self.watch_credit_ns < WATCH_COST_NS && !self.shares_stacks {
            self.watch_credit_ns += pool(WATCH_COST_NS - self.watch_credit_ns);
        }
        let pays = self.watch_credit_ns >= WATCH_COST_NS;
        if pays {
            self.watch_credit_ns -= WATCH_COST_NS;
        }
        pays
    }

    /// There was no memory to guard a block.
    pub fn has_no_memory(&mut self) {
        self.passing = PASSED;
    }

    /// Pays, if so much is left over then.
    fn pay(&mut self, cost: i64, keep: i64, pool: &mut impl FnMut(i64) -> i64) -> bool {
        let wanted = cost + keep - self.credit_ns;
        if wanted > 0 && !self.pool_is_empty {
            let given = pool(wanted);
            self.pool_is_empty = given < wanted;
            self.credit_ns += given;
        }
        self.credit_ns = self.credit_ns.min(CREDIT_MAX_NS);
        if self.credit_ns < cost + keep {
            return false;
        }
        self.credit_ns -= cost;
        true
    }

    /// The side for a stack's next block.
    pub fn side(&mut self, choice: GuardSideChoice, tried: u8) -> Side {
        let after = match choice {
            GuardSideChoice::After => true,
            GuardSideChoice::Before => false,
            GuardSideChoice::Alternate => tried & 1 == 0,
            GuardSideChoice::Random => self.next() >> 40 & 1 == 0,
        };
        if after { Side::After } else { Side::Before }
    }
}

/// What must be left over when a block is guarded fully.
const fn kept(tried: u8) -> i64 {
    match tried {
        0 => 0,
        1 => FIRST_CREDIT_NS / 8,
        2..DUE => FIRST_CREDIT_NS / 4,
        _ => FIRST_CREDIT_NS / 2,
    }
}

/// And when it is fenced.
const fn kept_for_fence(tried: u8) -> i64 {
    match tried {
        0..DUE => 0,
        _ => FIRST_CREDIT_NS / 16,
    }
}

/// The credit below which a stack's second or later block need not be asked about.
const fn least(tried: u8) -> i64 {
    match tried {
        2..DUE => kept(tried) + cost_ns(0),
        _ => FENCED_COST_NS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of each stack that were guarded, and what that is reckoned to have cost beside the first blocks.
    struct Run {
        guarded: Vec<u64>,
        fully: u64,
        cost: i64,
    }

    /// Runs a program of `allocations` blocks from `stacks` stacks in turn.
    fn run(stacks: usize, allocations: usize, seed: u64) -> Run {
        let mut chooser = Chooser::new(seed, 0);
        let mut pool = FIRST_CREDIT_NS;
        let mut tried = vec![0u8; stacks];
        let mut run = Run {
            guarded: vec![0; stacks],
            fully: 0,
            cost: 0,
        };
        for index in 0..allocations {
            let stack = index % stacks;
            if !chooser.is_due(tried[stack], 100) {
                continue;
            }
            let how = chooser.choose(tried[stack], 100, |want| {
                let given = want.min(pool);
                pool -= given;
                given
            });
            match how {
                How::Plain => continue,
                How::Fully => {
                    run.fully += 1;
                    run.cost += cost_ns(100);
                }
                How::Fenced if tried[stack] > 0 => run.cost += FENCED_COST_NS,
                How::Fenced => {}
            }
            run.guarded[stack] += 1;
            tried[stack] = (tried[stack] + 1).min(0x7e);
        }
        run
    }

    #[test]
    fn the_first_block_of_every_stack_is_guarded() {
        for stacks in [1, 1_000, 100_000] {
            let run = run(stacks, stacks, 1);
            assert!(run.guarded.iter().all(|&count| count == 1));
            assert!(run.cost <= FIRST_CREDIT_NS + stacks as i64 * (EARNED_NS + 1));
        }
    }

    #[test]
    fn the_budget_is_kept_and_spent() {
        for stacks in [10, 1_000, 10_000] {
            let run = run(stacks, 5_000_000, 1);
            let earned = 5_000_000 * (EARNED_NS + 1);
            assert!(run.guarded.iter().all(|&count| count >= 2));
            assert!(run.cost <= FIRST_CREDIT_NS + earned);
            assert!(run.cost >= earned / 2, "{stacks}: {}", run.cost);
            let guarded: u64 = run.guarded.iter().sum();
            assert!(run.fully > 2_500 && guarded > 30_000, "{guarded}");
        }
    }

    /// Of 300 blocks of one stack most are guarded, of 3,000 fewer, and none takes more than half of the first credit.
    #[test]
    fn a_short_program_has_most_of_its_blocks_guarded() {
        let (short, longer) = (run(1, 300, 1), run(1, 3_000, 1));
        assert!(short.guarded[0] > 200, "{:?}", short.guarded);
        assert!(
            (300..1_000).contains(&longer.guarded[0]),
            "{:?}",
            longer.guarded
        );
        assert!(longer.cost <= FIRST_CREDIT_NS / 2);
    }

    #[test]
    fn a_seed_gives_the_same_choice_again() {
        let same = |seed| run(7, 100_000, seed).guarded;
        assert_eq!(same(5), same(5));
        assert_ne!(same(5), same(6));
    }

    #[test]
    fn without_memory_new_stacks_are_let_pass() {
        let mut chooser = Chooser::new(1, 0);
        assert!(chooser.is_due(0, 100));
        chooser.has_no_memory();
        let due = (0..1_000).filter(|_| chooser.is_due(0, 100)).count();
        assert_eq!(due, 1_000 - PASSED as usize);
    }

    #[test]
    fn siblings_try_all_stacks_together_and_each_a_share() {
        let mut chooser = Chooser::new(1, 0);
        let tries: Vec<[bool; 50]> = (0..40)
            .map(|_| {
                let mut child = chooser.clone();
                chooser.next();
                child.begin_one_of_many();
                core::array::from_fn(|_| {
                    child.is_due(0, 100) && child.choose(0, 100, |_| 0) == How::Fenced
                })
            })
            .collect();
        for stack in 0..50 {
            assert!(tries.iter().any(|child| child[stack]), "{stack}");
        }
        let tried: usize = tries
            .iter()
            .flatten()
            .map(|&tried| usize::from(tried))
            .sum();
        assert!((400..600).contains(&tried), "{tried} of 2000");
    }

    #[test]
    fn watching_costs_the_first_credit_and_a_fortieth_of_what_is_earned() {
        let mut chooser = Chooser::new(1, 0);
        let mut pool = WATCH_FIRST_CREDIT_NS;
        let mut watched = 0;
        let blocks = 5_000_000;
        for _ in 0..blocks {
            chooser.is_due(DUE, 100);
            watched += i64::from(chooser.pays_for_watch(|want| {
                let given = want.min(pool);
                pool -= given;
                given
            }));
        }
        let (first, earned) = (WATCH_FIRST_CREDIT_NS, blocks * WATCH_EARNED_NS);
        assert!(watched * WATCH_COST_NS <= first + earned * 11 / 10);
        assert!(watched * WATCH_COST_NS >= first + earned * 9 / 10);
    }

    #[test]
    fn sides_alternate_from_after() {
        let mut chooser = Chooser::new(1, 0);
        let sides: Vec<Side> = (0..4)
            .map(|tried| chooser.side(GuardSideChoice::Alternate, tried))
            .collect();
        assert_eq!(
            sides,
            [Side::After, Side::Before, Side::After, Side::Before]
        );
    }
}
