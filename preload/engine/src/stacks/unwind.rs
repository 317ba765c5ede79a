//! One step of unwinding: from the registers in a frame to those in its caller.

use core::num::NonZeroU64;

use framehop::x86_64::{CacheX86_64, Reg, UnwindRegsX86_64};
use framehop::{FrameAddress, MustNotAllocateDuringUnwind, Unwinder};

use super::bounds::Bounds;
use crate::modules::{self, Module};
use crate::sys::{Registers, restorer_registers};

/// What framehop keeps between steps.
pub type Cache = CacheX86_64<MustNotAllocateDuringUnwind>;

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

/// The words that a step read; together with the registers they determine its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
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
    cache: Cache,
    last: Option<&'static Module>,
    restorer: u64,
}

impl Unwind {
    /// For one thread; `restorer` is [`crate::sys::thread::signal_restorer`].
    #[must_use]
    pub fn new(bounds: Bounds, restorer: u64) -> Self {
        Unwind {
            bounds,
            cache: Cache::new_in(),
            last: None,
            restorer,
        }
    }

    /// The module of a frame's code.
    #[inline(always)]
    pub fn module(
        &mut self,
        frame: &Frame,
        announce: &mut dyn FnMut(&Module),
    ) -> Option<&'static Module> {
        let lookup = frame.registers.ip.wrapping_sub(u64::from(!frame.exact));
        if let Some(module) = self.last
            && lookup >= module.start
            && lookup < module.end
            && module.is_live()
        {
            return Some(module);
        }
        let module = modules::find(lookup, announce)?;
        self.last = Some(module);
        Some(module)
    }

    /// One step outwards. Reads only the current stack, at or above `floor`.
    pub fn step(
        &mut self,
        frame: &Frame,
        module: Option<&'static Module>,
        floor: u64,
        reads: &mut Reads,
    ) -> Step {
        let before = frame.registers;
        if before.ip == self.restorer && !frame.exact {
            return self.leave_signal_handler(before.sp, floor, reads);
        }
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
        let (ip, sp, bp) = if let Some(module) = module {
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
                Ok(Some(ip)) => (ip, registers.get(Reg::RSP), registers.get(Reg::RBP)),
                Ok(None) => return Step::End,
                Err(_) => return Step::Lost,
            }
        } else {
            // No object file brought this code: just-in-time compilers keep frame pointers.
            match (read(before.bp), read(before.bp.wrapping_add(8))) {
                (Ok(bp), Ok(ip)) => (ip, before.bp + 16, bp),
                _ => return Step::Lost,
            }
        };
        if ip == 0 {
            return Step::End;
        }
        if sp <= before.sp {
            return Step::Lost;
        }
        Step::Caller(Frame {
            registers: Registers { ip, sp, bp },
            exact: false,
            epoch: 0,
        })
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
