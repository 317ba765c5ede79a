//! What framehop's answer for an address comes to, as an equation: nearly all code is unwound by
//! adding a constant to sp or bp and reading one or two words at constant distances.
//!
//! The equation is found by asking framehop twice, with made-up registers and a made-up stack, and
//! accepting only what explains both answers; anything else (CFA expressions that read memory or mask
//! bits) stays with framehop at every step. A step by equation takes about a quarter of framehop's
//! time (no 136-byte register file, no second look-up), and the table is 32 times larger than its
//! rule cache, which a compiler's many thousand frames overran.

use core::num::NonZeroU64;

use framehop::x86_64::{CacheX86_64, Reg, UnwindRegsX86_64};
use framehop::{FrameAddress, MustNotAllocateDuringUnwind, Unwinder};

use crate::modules::Module;
use crate::sys::mem;

/// What framehop keeps between steps.
pub type Cache = CacheX86_64<MustNotAllocateDuringUnwind>;

/// Which register an equation starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Base {
    /// No equation: ask framehop.
    #[default]
    Unknown,
    /// The stack pointer.
    Sp,
    /// The frame pointer.
    Bp,
    /// For the caller's frame pointer: it is the callee's. For the caller's stack pointer: there is
    /// no caller, this is the outermost frame.
    None,
}

/// How to get from a frame to its caller: with `cfa = sp_base + sp_offset`, the caller's sp is `cfa`,
/// its ip is the word at `cfa - 8`, its bp the word at `bp_base + bp_offset` (or unchanged).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The return address; 0 in an empty entry.
    pub ip: u64,
    /// See the type.
    pub sp_offset: i32,
    /// See the type.
    pub bp_offset: i32,
    /// The epoch of the module that the address is in.
    pub epoch: u16,
    /// See the type.
    pub sp_base: Base,
    /// See the type.
    pub bp_base: Base,
}

const SLOTS: usize = 1 << 14;

/// One thread's rules by return address, direct-mapped; 384 KiB, touched as needed. (4,096
/// were overrun by a compiler: 286 against 232 ns an allocation.)
///
/// Invariant of the raw memory: `slots` points to `SLOTS` rules in zeroed memory owned by this value;
/// all zero is an empty rule.
#[derive(Debug)]
pub struct Rules {
    slots: *mut Rule,
}

impl Rules {
    /// An empty table; `None` when there is no memory.
    #[must_use]
    pub fn new() -> Option<Rules> {
        Some(Rules {
            slots: mem::allocate(SLOTS * size_of::<Rule>())?.cast(),
        })
    }

    /// Gives the memory back.
    pub fn release(&mut self) {
        // SAFETY: mapped by `new` with this size; the owner is being taken apart.
        unsafe { mem::release(self.slots.cast(), SLOTS * size_of::<Rule>()) };
    }

    /// Forgets all rules.
    pub fn clear(&mut self) {
        // SAFETY: our mapping; zero is valid.
        unsafe { mem::clear(self.slots.cast(), SLOTS * size_of::<Rule>()) };
    }

    /// The place of this return address; it holds its rule if `ip` says so.
    #[inline(always)]
    pub fn slot(&mut self, ip: u64) -> &mut Rule {
        let index = (ip.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as usize % SLOTS;
        // SAFETY: see the invariant; the index is below `SLOTS`.
        unsafe { &mut *self.slots.add(index) }
    }
}

/// What one question to framehop brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    End,
    /// The caller's sp, its bp, and the address that bp was read from (0 if it was not read).
    Caller {
        sp: u64,
        bp: u64,
        bp_address: u64,
    },
    Other,
}

/// What the made-up stack holds at an address: a value that is no register and no address of it.
fn token(address: u64) -> u64 {
    address ^ 0x0000_5a5a_0000_0000
}

fn ask(module: &Module, ip: NonZeroU64, sp: u64, bp: u64, cache: &mut Cache) -> Answer {
    let mut registers = UnwindRegsX86_64::new(ip.get(), sp, bp);
    let mut reads = 0;
    let mut read = |address| {
        reads += 1;
        Ok(token(address))
    };
    let result = module.unwinder.unwind_frame(
        FrameAddress::ReturnAddress(ip),
        &mut registers,
        cache,
        &mut read,
    );
    let (new_sp, new_bp) = (registers.get(Reg::RSP), registers.get(Reg::RBP));
    match result {
        Ok(None) if reads == 0 => Answer::End,
        Ok(Some(caller)) if caller == token(new_sp.wrapping_sub(8)) => {
            match (reads, new_bp == bp) {
                (1, true) => Answer::Caller {
                    sp: new_sp,
                    bp: new_bp,
                    bp_address: 0,
                },
                (2, false) => Answer::Caller {
                    sp: new_sp,
                    bp: new_bp,
                    bp_address: token(new_bp),
                },
                _ => Answer::Other,
            }
        }
        _ => Answer::Other,
    }
}

/// The rule for a return address in `module`, as far as it has one.
pub fn derive(module: &Module, ip: NonZeroU64, cache: &mut Cache) -> Rule {
    // Far apart, of different alignments, bp above sp as in a real frame.
    const PROBES: [(u64, u64); 2] = [(0x1000_0008, 0x2000_0030), (0x1100_0050, 0x2300_0018)];
    let mut rule = Rule {
        ip: ip.get(),
        epoch: module.epoch,
        ..Rule::default()
    };
    let answers = PROBES.map(|(sp, bp)| ask(module, ip, sp, bp, cache));
    if answers == [Answer::End; 2] {
        rule.sp_base = Base::None;
        return rule;
    }
    let explain = |value: [u64; 2]| -> Option<(Base, i32)> {
        [Base::Sp, Base::Bp].into_iter().find_map(|base| {
            let offset = |probe: usize| {
                let (sp, bp) = PROBES[probe];
                value[probe].wrapping_sub(if base == Base::Sp { sp } else { bp }) as i64
            };
            let small = i32::try_from(offset(0))
                .ok()
                .filter(|offset| offset.unsigned_abs() < 1 << 24);
            (offset(0) == offset(1))
                .then_some(small)
                .flatten()
                .map(|offset| (base, offset))
        })
    };
    let [
        Answer::Caller {
            sp: first_sp,
            bp_address: first_address,
            ..
        },
        Answer::Caller {
            sp: second_sp,
            bp_address: second_address,
            ..
        },
    ] = answers
    else {
        return rule;
    };
    let Some(sp) = explain([first_sp, second_sp]) else {
        return rule;
    };
    let bp = if (first_address, second_address) == (0, 0) {
        Some((Base::None, 0))
    } else {
        explain([first_address, second_address])
    };
    // framehop falls back on the frame pointer where it fails, and forgets that it did: an answer from
    // bp is asked for anew each time. (Kept, it gave node's outermost frame a caller in half the runs.)
    if sp.0 == Base::Bp {
        return rule;
    }
    if let Some(bp) = bp {
        (rule.sp_base, rule.sp_offset) = sp;
        (rule.bp_base, rule.bp_offset) = bp;
    }
    rule
}
