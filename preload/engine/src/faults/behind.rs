//! What an instruction has done that has just ended: a watchpoint stops a thread behind it, with the registers as the
//! instruction has left them.
//!
//! Instructions cannot be read backwards, so those of the function are read from its start. The registers that made
//! the address may be gone (`mov eax, [rax]`): then the value that was loaded tells where from, since a redzone's
//! bytes vary with their addresses; failing that, the place beside the block that is aligned as the access would be.

use core::ops::Range;

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfo, InstructionInfoFactory, MemorySize,
    Mnemonic, OpAccess, OpKind, Register, UsedMemory,
};

use super::decode::{self, Machine, MemoryAccess};
use crate::diagnose::Touch;

/// What was done where.
#[derive(Debug)]
pub(super) struct Done<'a> {
    /// Where the function begins.
    pub(super) function: u64,
    /// Its code, up to where the thread stands.
    pub(super) code: &'a [u8],
    /// The instruction there, which a repeated one is still: it is interrupted between two elements.
    pub(super) next: &'a [u8],
    /// The bytes one of which was touched.
    pub(super) watched: &'a Range<u64>,
    /// The block that they lie beside.
    pub(super) block: &'a Range<u64>,
}

/// The access and the address of its instruction; `None` where that is not certain. `machine` has the registers after
/// it, `byte_at` reads memory.
pub(super) fn access(
    done: &Done,
    machine: &impl Machine,
    byte_at: &dyn Fn(u64) -> Option<u8>,
) -> Option<(u64, MemoryAccess)> {
    let instruction = unfinished(done, machine).or_else(|| last_instruction(done))?;
    if touches_more_than_it_uses(&instruction) {
        return None;
    }
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(&instruction);
    let found = info.used_memory().iter().find_map(|memory| {
        let bytes = bytes_of(&instruction, memory);
        let is_known = bytes > 0 && memory.vsib_size() == 0;
        let address =
            is_known.then(|| address(done, &instruction, info, memory, machine, byte_at))??;
        Some(MemoryAccess {
            touch: Touch {
                address,
                size: bytes,
            },
            access: decode::access(memory.access()),
        })
    })?;
    Some((instruction.ip(), found))
}

/// The instruction that ends where the thread stands.
fn last_instruction(done: &Done) -> Option<Instruction> {
    let mut decoder = Decoder::with_ip(64, done.code, done.function, DecoderOptions::NONE);
    let mut last = None;
    while decoder.can_decode() {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            return None;
        }
        last = Some(instruction);
    }
    let end = done.function + done.code.len() as u64;
    last.filter(|instruction: &Instruction| instruction.next_ip() == end)
}

/// The repeated instruction that the thread stands at, if it has begun.
fn unfinished(done: &Done, machine: &impl Machine) -> Option<Instruction> {
    const RCX: usize = 1;
    let at = done.function + done.code.len() as u64;
    let instruction = Decoder::with_ip(64, done.next, at, DecoderOptions::NONE).decode();
    let repeats = instruction.is_string_instruction()
        && (instruction.has_rep_prefix() || instruction.has_repne_prefix());
    (repeats && machine.general(RCX) != 0).then_some(instruction)
}

/// How much one access touches; of a repeated instruction one element.
fn bytes_of(instruction: &Instruction, memory: &UsedMemory) -> u64 {
    let size = match memory.memory_size() {
        MemorySize::Unknown => instruction.memory_size(),
        size => size,
    };
    size.size() as u64
}

/// The processor may stop for parts of a vector that a mask leaves alone, and for a line of the cache that is flushed.
fn touches_more_than_it_uses(instruction: &Instruction) -> bool {
    instruction.has_op_mask()
        || matches!(
            instruction.mnemonic(),
            Mnemonic::Clflush
                | Mnemonic::Clflushopt
                | Mnemonic::Clwb
                | Mnemonic::Maskmovdqu
                | Mnemonic::Maskmovq
                | Mnemonic::Vmaskmovdqu
                | Mnemonic::Vmaskmovps
                | Mnemonic::Vmaskmovpd
                | Mnemonic::Vpmaskmovd
                | Mnemonic::Vpmaskmovq
        )
}

fn address(
    done: &Done,
    instruction: &Instruction,
    info: &InstructionInfo,
    memory: &UsedMemory,
    machine: &impl Machine,
    byte_at: &dyn Fn(u64) -> Option<u8>,
) -> Option<u64> {
    let bytes = bytes_of(instruction, memory);
    let touches = |address: u64| {
        address < done.watched.end && done.watched.start < address.saturating_add(bytes)
    };
    let is_changed = |register: Register| {
        register != Register::None
            && info.used_registers().iter().any(|used| {
                used.register().full_register() == register.full_register()
                    && !matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
            })
    };
    if !is_changed(memory.base()) && !is_changed(memory.index()) {
        return decode::address(memory, 0, machine).filter(|&address| touches(address));
    }
    let loaded = loaded(instruction, bytes, machine);
    let has_value = |address: u64| {
        let bytes_there = (address..address + bytes).map(byte_at);
        loaded.is_some_and(|loaded| {
            bytes_there
                .zip(loaded.to_le_bytes())
                .all(|(there, loaded)| there == Some(loaded))
        })
    };
    let first = done.watched.start.saturating_sub(bytes - 1);
    let candidates = || (first..done.watched.end).filter(|&address| touches(address));
    let nearest = |is_meant: &dyn Fn(u64) -> bool| {
        candidates()
            .filter(|&address| is_meant(address))
            .min_by_key(|&address| distance(address..address + bytes, done.block))
    };
    nearest(&has_value).or_else(|| nearest(&|address| address.is_multiple_of(bytes)))
}

/// The value that a plain load has put into a general register, as far as it lay in memory.
fn loaded(instruction: &Instruction, bytes: u64, machine: &impl Machine) -> Option<u64> {
    let is_load = matches!(
        instruction.mnemonic(),
        Mnemonic::Mov | Mnemonic::Movzx | Mnemonic::Movsx | Mnemonic::Movsxd
    ) && instruction.op0_kind() == OpKind::Register
        && instruction.op1_kind() == OpKind::Memory;
    let register = instruction.op0_register();
    let is_high = matches!(
        register,
        Register::AH | Register::BH | Register::CH | Register::DH
    );
    let is_known = is_load && register.is_gpr() && !is_high && bytes <= 8;
    is_known.then(|| machine.general(register.full_register().number()))
}

/// How far an access is from the block; one that touches it is the farthest: it is likely another's.
fn distance(access: Range<u64>, block: &Range<u64>) -> u64 {
    if access.start >= block.end {
        access.start - block.end
    } else if access.end <= block.start {
        block.start - access.end
    } else {
        u64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldt_trace::finding::Access;
    use ldt_trace::finding::Access::{Read, Write};
    use proptest::prelude::*;

    /// Registers after the instruction: general register n holds `0x1000 * (n + 1)`, but for rax, rcx and rsi.
    #[derive(Clone, Copy)]
    struct After {
        rax: u64,
        rcx: u64,
        rsi: u64,
    }

    impl Machine for After {
        fn general(&self, number: usize) -> u64 {
            match number {
                0 => self.rax,
                1 => self.rcx,
                6 => self.rsi,
                _ => 0x1000 * (number as u64 + 1),
            }
        }
        fn flags(&self) -> u64 {
            0
        }
        fn vector_lane(&self, _: usize, _: usize, _: usize) -> Option<u64> {
            None
        }
        fn xsave_bytes(&self) -> u64 {
            0
        }
    }

    const FUNCTION: u64 = 0x40_0000;
    const RDX: u64 = 0x3000;
    /// A block of 40 bytes and what is watched behind it.
    const BLOCK: Range<u64> = 0x2fd8..0x3000;
    const WATCHED: Range<u64> = 0x3000..0x3008;

    /// Bytes that differ from one another, as far as it matters here.
    fn byte_at(address: u64) -> Option<u8> {
        Some((address.wrapping_mul(37) ^ 0x80) as u8)
    }

    fn value_at(address: u64, bytes: u64) -> u64 {
        (0..bytes).fold(0, |value, index| {
            value | u64::from(byte_at(address + index).unwrap_or(0)) << (8 * index)
        })
    }

    fn told(code: &[u8], next: &[u8], after: After) -> Option<(u64, u64, u64, Access)> {
        let done = Done {
            function: FUNCTION,
            code,
            next,
            watched: &WATCHED,
            block: &BLOCK,
        };
        access(&done, &after, &byte_at)
            .map(|(ip, found)| (ip, found.touch.address, found.touch.size, found.access))
    }

    const AFTER: After = After {
        rax: 0,
        rcx: 0,
        rsi: 0x7000,
    };

    #[test]
    fn the_last_instruction_of_the_code_is_meant() {
        // push rbp; mov eax, [rdx]
        let code = [0x55, 0x8b, 0x02];
        assert_eq!(told(&code, &[], AFTER), Some((FUNCTION + 1, RDX, 4, Read)));
        // mov byte ptr [rdx + 7], 1, and one that reaches no watched byte.
        assert_eq!(
            told(&[0xc6, 0x42, 7, 1], &[], AFTER),
            Some((FUNCTION, RDX + 7, 1, Write))
        );
        assert_eq!(told(&[0xc6, 0x42, 8, 1], &[], AFTER), None);
    }

    #[test]
    fn code_that_does_not_end_with_an_instruction_tells_nothing() {
        assert_eq!(told(&[0x8b], &[], AFTER), None);
        assert_eq!(told(&[], &[], AFTER), None);
        // No instruction in 64-bit code.
        assert_eq!(told(&[0x06, 0x8b, 0x02], &[], AFTER), None);
        // nop
        assert_eq!(told(&[0x90], &[], AFTER), None);
    }

    #[test]
    fn an_overwritten_register_is_made_up_for_by_the_value() {
        for address in WATCHED.start - 3..WATCHED.end {
            // mov eax, [rax]
            let after = After {
                rax: value_at(address, 4),
                ..AFTER
            };
            let found = told(&[0x8b, 0x00], &[], after);
            assert_eq!(found, Some((FUNCTION, address, 4, Read)));
        }
        // movzx eax, byte ptr [rax]
        let after = After {
            rax: value_at(0x3005, 1),
            ..AFTER
        };
        let found = told(&[0x0f, 0xb6, 0x00], &[], after);
        assert_eq!(found, Some((FUNCTION, 0x3005, 1, Read)));
    }

    #[test]
    fn failing_that_the_place_beside_the_block_is_meant() {
        // add eax, [rax]
        let found = told(&[0x03, 0x00], &[], AFTER);
        assert_eq!(found, Some((FUNCTION, 0x3000, 4, Read)));
        // mov eax, [rax], of memory that has changed since.
        let found = told(&[0x8b, 0x00], &[], AFTER);
        assert_eq!(found, Some((FUNCTION, 0x3000, 4, Read)));
    }

    #[test]
    fn a_repeated_instruction_is_still_under_way() {
        // rep movsb with some to go; without any it has ended, and the thread stands at the next.
        let halfway = After {
            rcx: 5,
            rsi: 0x3001,
            ..AFTER
        };
        let found = told(&[0x90], &[0xf3, 0xa4], halfway);
        assert_eq!(found.map(|(ip, ..)| ip), Some(FUNCTION + 1));
        let done = After { rcx: 0, ..halfway };
        let found = told(&[0xf3, 0xa4], &[0x90], done);
        assert_eq!(found.map(|(ip, ..)| ip), Some(FUNCTION));
    }

    #[test]
    fn masked_vectors_are_let_pass() {
        // vmaskmovps [rdx], ymm1, ymm0; vmovdqu8 [rdx]{k1}, zmm0
        assert_eq!(told(&[0xc4, 0xe2, 0x75, 0x2e, 0x02], &[], AFTER), None);
        assert_eq!(
            told(&[0x62, 0xf1, 0x7f, 0x49, 0x7f, 0x02], &[], AFTER),
            None
        );
    }

    proptest! {
        /// Whatever the code: no panic, and what is told touches a watched byte.
        #[test]
        fn what_is_told_touches_what_is_watched(
            code in prop::collection::vec(any::<u8>(), 0..24), next in prop::collection::vec(any::<u8>(), 0..15),
            rax in any::<u64>(), rcx in any::<u64>(),
        ) {
            if let Some((_, address, bytes, _)) = told(&code, &next, After { rax, rcx, ..AFTER }) {
                prop_assert!(address < WATCHED.end && WATCHED.start < address.saturating_add(bytes));
            }
        }
    }
}
