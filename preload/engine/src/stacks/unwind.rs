//! One step of unwinding: from the registers in a frame to those in its caller.

use core::num::NonZeroU64;

use framehop::x86_64::{Reg, UnwindRegsX86_64};
use framehop::{FrameAddress, Unwinder};

use super::bounds::{Bounds, is_first_frame};
use super::rules::{Cache, Rules};
use crate::modules::{self, Module};
use crate::sys::{Registers, arena, just_written, restorer_registers, roomy};

/// How many words of the stack a step may read and still be remembered by the memo.
pub const READS: usize = 2;

/// A word of the stack that a step read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Its address.
    pub address: u64,
    /// What was there.
    pub value: u64,
}

impl Read {
    /// A copy of what may have been stored a moment ago: see [`just_written`].
    #[inline(always)]
    #[must_use]
    pub fn just_written(&self) -> Read {
        Read {
            address: just_written(&self.address),
            value: just_written(&self.value),
        }
    }
}

/// What a step out of a frame does with the frame pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum BpUse {
    /// The result depends on it, or may.
    #[default]
    Needs,
    /// It is handed on to the caller's frame as it is.
    HandsOn,
    /// The caller's comes from the stack; this frame's is of no account.
    Restores,
}

/// The words that a step read; together with the registers they determine its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Whether the frame pointer takes part in that.
    pub bp: BpUse,
    /// The words, the first `count` of them.
    pub words: [Read; READS],
    /// How many were read; more than [`READS`] were not all kept.
    pub count: usize,
}

/// A frame: registers, and whether ip is that of an interrupted instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Registers in the frame.
    pub registers: Registers,
    /// `ip` is exact (the innermost frame of an interrupted context), not a return address.
    pub exact: bool,
    /// The epoch of the module that `ip` is in.
    pub epoch: u16,
}

/// Where a step led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the caller.
    Caller(Frame),
    /// The outermost frame has been reached.
    End,
    /// The caller cannot be found.
    Lost,
}

/// Everything that unwinding on one thread needs.
#[allow(missing_debug_implementations, reason = "framehop's cache has none")]
pub struct Unwind {
    /// The stack being walked.
    pub bounds: Bounds,
    rules: Rules,
    /// Apart, since this value is handed on, and that is 16 KiB.
    cache: Box<Cache>,
    restorer: u64,
}

impl Unwind {
    /// For one thread; `restorer` is [`crate::sys::thread::signal_restorer`]. `None` when there is no
    /// memory.
    #[must_use]
    pub fn new(restorer: u64) -> Option<Self> {
        let rules = Rules::new()?;
        // A box that finds no memory ends the program.
        if !arena::has_room(2 * size_of::<Cache>()) {
            return None;
        }
        Some(Unwind {
            bounds: Bounds::default(),
            rules,
            cache: Box::new(Cache::new_in()),
            restorer,
        })
    }

    /// Gives the memory back.
    pub fn release(&mut self) {
        self.rules.release();
    }

    /// Forgets what was concluded from the tables of modules that are gone.
    pub fn forget(&mut self) {
        self.rules.clear();
    }

    /// Reads a word of the stack, if it is one.
    #[inline(always)]
    fn read(&self, address: u64, floor: u64) -> Option<u64> {
        // SAFETY: a word of the stack that this thread is running on, above its stack pointer.
        self.bounds
            .allows(address, floor)
            .then(|| unsafe { (address as *const u64).read_unaligned() })
    }

    /// One step outwards, with what it read. Reads only the current stack, at or above `floor`. Gives
    /// the epoch of the frame's module as well.
    ///
    /// All by value: words that are written one by one and read again in pairs cost the processor more than
    /// the rest of the step.
    #[inline(always)]
    pub fn step(
        &mut self,
        frame: Frame,
        floor: u64,
        announce: &mut dyn FnMut(&Module),
    ) -> (Step, Reads, u16) {
        let Registers { ip, sp, bp } = frame.registers;
        let rule = match self.rules.find(ip) {
            Some(rule) if rule.is_equation() && !frame.exact => rule,
            _ => return self.step_slowly(frame, floor, announce),
        };
        let epoch = rule.epoch();
        let caller_sp = sp.wrapping_add(rule.sp_bytes());
        let address = caller_sp.wrapping_sub(8);
        let Some(caller_ip) = self.read(address, floor) else {
            return (Step::Lost, Reads::default(), epoch);
        };
        let first = Read {
            address,
            value: caller_ip,
        };
        let (caller_bp, reads) = match rule.bp_bytes() {
            None => {
                let reads = Reads {
                    bp: BpUse::HandsOn,
                    words: [first; READS],
                    count: 1,
                };
                (bp, reads)
            }
            Some(below) => {
                let address = caller_sp.wrapping_sub(below);
                let Some(value) = self.read(address, floor) else {
                    return (Step::Lost, Reads::default(), epoch);
                };
                let reads = Reads {
                    bp: BpUse::Restores,
                    words: [first, Read { address, value }],
                    count: 2,
                };
                (value, reads)
            }
        };
        let caller = Registers {
            ip: caller_ip,
            sp: caller_sp,
            bp: caller_bp,
        };
        (arrive(sp, caller), reads, epoch)
    }

    #[inline(never)]
    fn step_slowly(
        &mut self,
        frame: Frame,
        floor: u64,
        announce: &mut dyn FnMut(&Module),
    ) -> (Step, Reads, u16) {
        let mut reads = Reads::default();
        let ip = frame.registers.ip;
        if ip == self.restorer && !frame.exact {
            let step = self.leave_signal_handler(frame.registers.sp, floor, &mut reads);
            return (step, reads, 0);
        }
        let module = modules::find(ip.wrapping_sub(u64::from(!frame.exact)), announce);
        let epoch = module.map_or(0, |module| module.epoch);
        let here = 0u8;
        let is_tight = self.bounds.is_tight(core::ptr::from_ref(&here) as u64);
        let mut step_and_learn = || {
            let step = self.step_plainly(&frame, module, floor, &mut reads);
            if let (Some(module), Some(ip), false) = (module, NonZeroU64::new(ip), frame.exact) {
                self.rules.learn(module, ip, &mut self.cache);
            }
            step
        };
        let step = if is_tight {
            roomy::with_room(|| Some(step_and_learn())).unwrap_or(Step::Lost)
        } else {
            step_and_learn()
        };
        (step, reads, epoch)
    }

    /// One step by framehop, or along frame pointers where no module brought the code.
    pub fn step_plainly(
        &mut self,
        frame: &Frame,
        module: Option<&Module>,
        floor: u64,
        reads: &mut Reads,
    ) -> Step {
        let before = frame.registers;
        let bounds = &self.bounds;
        let mut read = |address: u64| {
            if !bounds.allows(address, floor) {
                return Err(());
            }
            // SAFETY: a word of the stack that this thread is running on, above its stack pointer.
            let value = unsafe { (address as *const u64).read_unaligned() };
            if let Some(slot) = reads.words.get_mut(reads.count) {
                *slot = Read { address, value };
            }
            reads.count += 1;
            Ok(value)
        };
        let Some(module) = module else {
            // No object file brought this code: just-in-time compilers keep frame pointers.
            return match (read(before.bp), read(before.bp.wrapping_add(8))) {
                (Ok(bp), Ok(ip)) => arrive(
                    before.sp,
                    Registers {
                        ip,
                        sp: before.bp + 16,
                        bp,
                    },
                ),
                _ => Step::Lost,
            };
        };
        let address = if frame.exact {
            FrameAddress::InstructionPointer(before.ip)
        } else {
            let Some(ip) = NonZeroU64::new(before.ip) else {
                return Step::End;
            };
            FrameAddress::ReturnAddress(ip)
        };
        let mut registers = UnwindRegsX86_64::new(before.ip, before.sp, before.bp);
        match module
            .unwinder
            .unwind_frame(address, &mut registers, &mut self.cache, &mut read)
        {
            Ok(Some(ip)) => {
                let (sp, bp) = (registers.get(Reg::RSP), registers.get(Reg::RBP));
                arrive(before.sp, Registers { ip, sp, bp })
            }
            Ok(None) => Step::End,
            Err(_) if is_first_frame(before.sp) => Step::End,
            Err(_) => Step::Lost,
        }
    }

    /// One step without rules, for comparison.
    pub fn step_unremembered(&mut self, frame: &mut Frame, floor: u64, reads: &mut Reads) -> Step {
        let ip = frame.registers.ip;
        if ip == self.restorer && !frame.exact {
            return self.leave_signal_handler(frame.registers.sp, floor, reads);
        }
        let module = modules::find(ip.wrapping_sub(u64::from(!frame.exact)), &mut |_| ());
        frame.epoch = module.map_or(0, |module| module.epoch);
        self.step_plainly(frame, module, floor, reads)
    }

    /// framehop knows no signal frames: the interrupted registers are in the kernel's frame.
    fn leave_signal_handler(&mut self, sp: u64, floor: u64, reads: &mut Reads) -> Step {
        // Never verified, always walked again: a handler is no hot path.
        reads.count = READS + 1;
        let words = restorer_registers(sp);
        if words
            .iter()
            .any(|&address| !self.bounds.allows(address, floor))
        {
            return Step::Lost;
        }
        // SAFETY: words of the stack that this thread is running on, above its stack pointer.
        let [ip, sp, bp] = words.map(|address| unsafe { (address as *const u64).read_unaligned() });
        Step::Caller(Frame {
            registers: Registers { ip, sp, bp },
            exact: true,
            epoch: 0,
        })
    }
}

/// A caller must be further out; a null return address marks the end.
#[inline(always)]
fn arrive(sp: u64, caller: Registers) -> Step {
    if caller.ip == 0 {
        Step::End
    } else if caller.sp <= sp {
        Step::Lost
    } else {
        Step::Caller(Frame {
            registers: caller,
            exact: false,
            epoch: 0,
        })
    }
}
