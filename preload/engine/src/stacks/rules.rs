//! What framehop's answer for an address comes to, as an equation: nearly all code is unwound by
//! adding a constant to sp and reading one or two words at constant distances.
//!
//! The equation is found by asking framehop twice, with made-up registers and a made-up stack, and
//! accepting only what explains both answers; anything else (what is counted from bp, CFA expressions that
//! read memory or mask bits) stays with framehop at every step. A step by equation takes about a quarter of framehop's
//! time (no 136-byte register file, no second look-up), and the table is 32 times larger than its
//! rule cache, which a compiler's many thousand frames overran.

use core::num::NonZeroU64;

use framehop::x86_64::{CacheX86_64, Reg, UnwindRegsX86_64};
use framehop::{FrameAddress, MustNotAllocateDuringUnwind, Unwinder};

use crate::modules::Module;
use crate::sys::mem;

/// What framehop keeps between steps.
pub type Cache = CacheX86_64<MustNotAllocateDuringUnwind>;

/// How to get from a frame to its caller: the caller's sp is the frame's and a constant, its ip the word
/// below that, its bp a word at a constant distance further down, or unchanged.
///
/// A rule is one word, eight to a line of the processor's cache: most of a step's time is waiting for its
/// rule. (24 bytes a rule, one place for each: 30% of a compiler's time in captures, and 97,000 rules asked
/// for again that another one had replaced.) From the top: what the hash leaves of the return address, then
/// the fields below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule(u64);

/// Where the caller's bp is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallerBp {
    /// It is the callee's.
    Unchanged,
    /// In the stack, so many words below the caller's sp.
    WordsBelow(u64),
}

const SP_WORDS_BITS: u32 = 13;
const BP_WORDS_BITS: u32 = 7;
const EPOCH_BITS: u32 = 6;
/// The return address has a rule: an empty place has none of these bits.
const IS_THERE: u64 = 1;
/// The rule is an equation: framehop need not be asked.
const IS_EQUATION: u64 = 1 << 1;
const READS_BP: u64 = 1 << 2;
const SP_WORDS_SHIFT: u32 = 3;
const BP_WORDS_SHIFT: u32 = SP_WORDS_SHIFT + SP_WORDS_BITS;
const EPOCH_SHIFT: u32 = BP_WORDS_SHIFT + BP_WORDS_BITS;
const TAG_SHIFT: u32 = EPOCH_SHIFT + EPOCH_BITS;

impl Rule {
    /// The address is known to have no equation.
    const ASK: Rule = Rule(IS_THERE);

    /// An equation; [`Rule::ASK`] where a number is too large.
    fn equation(sp_words: u64, bp: CallerBp, epoch: u16) -> Rule {
        let (flag, bp_words) = match bp {
            CallerBp::Unchanged => (0, 0),
            CallerBp::WordsBelow(words) => (READS_BP, words),
        };
        let epoch = u64::from(epoch);
        if sp_words >> SP_WORDS_BITS != 0
            || bp_words >> BP_WORDS_BITS != 0
            || epoch >> EPOCH_BITS != 0
        {
            return Rule::ASK;
        }
        Rule(
            IS_THERE
                | IS_EQUATION
                | flag
                | sp_words << SP_WORDS_SHIFT
                | bp_words << BP_WORDS_SHIFT
                | epoch << EPOCH_SHIFT,
        )
    }

    #[inline(always)]
    fn field(self, shift: u32, bits: u32) -> u64 {
        self.0 >> shift & ((1 << bits) - 1)
    }

    /// Whether the step can be made by this rule.
    #[inline(always)]
    #[must_use]
    pub fn is_equation(self) -> bool {
        self.0 & IS_EQUATION != 0
    }

    /// Bytes from the frame's sp to the caller's.
    #[inline(always)]
    #[must_use]
    pub fn sp_bytes(self) -> u64 {
        self.field(SP_WORDS_SHIFT, SP_WORDS_BITS) * 8
    }

    /// Bytes from the word that has the caller's bp up to the caller's sp; `None` where bp is unchanged.
    #[inline(always)]
    #[must_use]
    pub fn bp_bytes(self) -> Option<u64> {
        (self.0 & READS_BP != 0).then(|| self.field(BP_WORDS_SHIFT, BP_WORDS_BITS) * 8)
    }

    /// The epoch of the module that the address is in.
    #[inline(always)]
    #[must_use]
    pub fn epoch(self) -> u16 {
        self.field(EPOCH_SHIFT, EPOCH_BITS) as u16
    }
}

/// Places that begin with the same hash.
const WAYS: usize = 2;
const SET_BITS: u32 = 13;
const SETS: usize = 1 << SET_BITS;
const BYTES: usize = SETS * size_of::<[u64; WAYS]>();
const IP_BITS: u32 = 48;
const _: () = assert!(
    TAG_SHIFT + IP_BITS - SET_BITS == u64::BITS,
    "a tag tells addresses apart"
);

/// One thread's rules by return address; 128 KiB, touched as needed. (A quarter as many were overrun by
/// a compiler: 286 against 232 ns an allocation.)
///
/// Invariant of the raw memory: `sets` points to `SETS` sets in zeroed memory owned by this value; all
/// zero is an empty set.
#[derive(Debug)]
pub struct Rules {
    sets: *mut [u64; WAYS],
}

/// Where an address of 48 bits has its rule: the multiplication is a permutation of them, so that set and
/// tag together say which one it is.
#[derive(Clone, Copy)]
struct Place {
    set: usize,
    /// In the upper bits, as a rule has it.
    tag: u64,
}

impl Place {
    #[inline(always)]
    fn of(ip: u64) -> Place {
        let mixed = ip.wrapping_mul(0x9e37_79b9_7f4b);
        Place {
            set: (mixed >> (IP_BITS - SET_BITS)) as usize % SETS,
            tag: mixed << TAG_SHIFT,
        }
    }

    #[inline(always)]
    fn has(self, rule: u64) -> bool {
        (rule ^ self.tag) >> TAG_SHIFT == 0 && rule & IS_THERE != 0
    }
}

impl Rules {
    /// An empty table; `None` when there is no memory.
    #[must_use]
    pub fn new() -> Option<Rules> {
        Some(Rules {
            sets: mem::allocate(BYTES)?.cast(),
        })
    }

    /// Gives the memory back.
    pub fn release(&mut self) {
        // SAFETY: mapped by `new` with this size; the owner is being taken apart.
        unsafe { mem::release(self.sets.cast(), BYTES) };
    }

    /// Forgets all rules.
    pub fn clear(&mut self) {
        // SAFETY: our mapping; zero is valid.
        unsafe { mem::clear(self.sets.cast(), BYTES) };
    }

    #[inline(always)]
    fn set(&mut self, set: usize) -> &mut [u64; WAYS] {
        // SAFETY: see the invariant; a place's set is below `SETS`.
        unsafe { &mut *self.sets.add(set % SETS) }
    }

    /// The rule of this return address, if it is known.
    #[inline(always)]
    pub fn find(&mut self, ip: u64) -> Option<Rule> {
        let place = Place::of(ip);
        let [newer, older] = *self.set(place.set);
        let rule = if place.has(newer) { newer } else { older };
        (place.has(rule) && ip >> IP_BITS == 0).then_some(Rule(rule))
    }

    /// Keeps the rule of an address that has none yet, in the place of the older one.
    fn keep(&mut self, ip: u64, rule: Rule) {
        if ip >> IP_BITS != 0 {
            return;
        }
        let place = Place::of(ip);
        let set = self.set(place.set);
        *set = [rule.0 | place.tag, set[0]];
    }

    /// Asks framehop for the rule of an address in `module`, unless it is known.
    pub fn learn(&mut self, module: &Module, ip: NonZeroU64, cache: &mut Cache) {
        if self.find(ip.get()).is_none() {
            self.keep(ip.get(), derive(module, ip, cache));
        }
    }
}

/// What the made-up stack holds at an address: a value that is no register and no address of it.
fn token(address: u64) -> u64 {
    address ^ 0x0000_5a5a_0000_0000
}

/// One question to framehop: how far away is the caller's sp, and where is its bp. `None` for the outermost
/// frame and for what is no equation.
fn ask(
    module: &Module,
    ip: NonZeroU64,
    sp: u64,
    bp: u64,
    cache: &mut Cache,
) -> Option<(u64, CallerBp)> {
    let mut registers = UnwindRegsX86_64::new(ip.get(), sp, bp);
    let mut reads = 0;
    let mut read = |address| {
        reads += 1;
        Ok(token(address))
    };
    let caller = module
        .unwinder
        .unwind_frame(
            FrameAddress::ReturnAddress(ip),
            &mut registers,
            cache,
            &mut read,
        )
        .ok()??;
    let (caller_sp, caller_bp) = (registers.get(Reg::RSP), registers.get(Reg::RBP));
    let caller_bp = match (reads, caller_bp == bp) {
        (1, true) => CallerBp::Unchanged,
        (2, false) => CallerBp::WordsBelow(words(caller_sp.wrapping_sub(token(caller_bp)))?),
        _ => return None,
    };
    (caller == token(caller_sp.wrapping_sub(8)))
        .then_some((words(caller_sp.wrapping_sub(sp))?, caller_bp))
}

fn words(bytes: u64) -> Option<u64> {
    bytes.is_multiple_of(8).then_some(bytes / 8)
}

/// The rule for a return address in `module`.
///
/// framehop falls back on the frame pointer where it fails, and forgets that it did: what is counted from bp
/// is asked for anew each time. (Kept, it gave node's outermost frame a caller in half the runs.)
fn derive(module: &Module, ip: NonZeroU64, cache: &mut Cache) -> Rule {
    // Far apart, of different alignments, so that nothing counted from bp looks the same in both.
    const PROBES: [(u64, u64); 2] = [(0x1000_0008, 0x2000_0030), (0x1100_0050, 0x2300_0018)];
    let [first, second] = PROBES.map(|(sp, bp)| ask(module, ip, sp, bp, cache));
    match first {
        Some((sp_words, bp)) if first == second => Rule::equation(sp_words, bp, module.epoch),
        _ => Rule::ASK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule that tells which address it was made for, as far as it has room.
    fn marked(number: u64) -> Rule {
        Rule::equation(
            number & 0x1fff,
            CallerBp::WordsBelow(number >> 13 & 0x7f),
            0,
        )
    }

    #[test]
    fn an_address_finds_its_own_rule_or_none() {
        let mut rules = Rules::new().expect("there is memory");
        // Addresses a page and a word apart, so that many fall into each set.
        let address = |number: u64| 0x5555_0000_0000 + number * 0x1008;
        let count = 100_000;
        for number in 0..count {
            rules.keep(address(number), marked(number));
            assert_eq!(
                rules.find(address(number)).map(Rule::sp_bytes),
                Some(marked(number).sp_bytes())
            );
        }
        let mut found = 0;
        for number in 0..count {
            if let Some(rule) = rules.find(address(number)) {
                assert_eq!(rule.sp_bytes(), marked(number).sp_bytes(), "{number}");
                assert_eq!(rule.bp_bytes(), marked(number).bp_bytes(), "{number}");
                found += 1;
            }
            assert_eq!(rules.find(1 << IP_BITS | address(number)), None);
        }
        assert!(found > SETS / 2, "{found} are left");
        rules.release();
    }

    #[test]
    fn what_does_not_fit_is_asked_for() {
        for rule in [
            Rule::equation(1 << 13, CallerBp::Unchanged, 0),
            Rule::equation(2, CallerBp::WordsBelow(1 << 7), 0),
            Rule::equation(2, CallerBp::WordsBelow(2), 1 << 6),
        ] {
            assert_eq!(rule, Rule::ASK);
        }
        let rule = Rule::equation(0x1fff, CallerBp::WordsBelow(0x7f), 0x3f);
        assert!(rule.is_equation());
        assert_eq!(
            (rule.sp_bytes(), rule.bp_bytes(), rule.epoch()),
            (0x1fff * 8, Some(0x7f * 8), 0x3f)
        );
    }
}
