//! Which memory an instruction was about to touch when it faulted. The kernel tells one address, the
//! first byte that could not be reached; where the access begins, how long it is and what it does is in the
//! instruction and its registers.

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, MemorySize, Mnemonic, OpAccess,
    OpKind, Register, UsedMemory,
};
use ldt_trace::finding::Access;

use crate::diagnose::Touch;

/// The longest instruction.
pub(super) const MAX_INSTRUCTION_BYTES: usize = 15;
/// The direction flag: string instructions go downwards.
const DIRECTION_FLAG: u64 = 1 << 10;
/// FXSAVE, and what XSAVE has before its optional parts.
const LEGACY_SAVE_BYTES: u64 = 512;

/// The registers of interrupted code, as far as addresses are made of them.
pub(super) trait Machine {
    /// A general register by its number: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, …
    fn general(&self, number: usize) -> u64;
    /// The flags.
    fn flags(&self) -> u64;
    /// A lane of `bytes` bytes of a vector register.
    fn vector_lane(&self, number: usize, lane: usize, bytes: usize) -> Option<u64>;
    /// How much XSAVE writes.
    fn xsave_bytes(&self) -> u64;
}

/// What an instruction did to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MemoryAccess {
    /// Which bytes.
    pub(super) touch: Touch,
    /// What.
    pub(super) access: Access,
}

/// The access of the instruction `code` at `ip` that could not reach `fault`; `was_write` is what the
/// processor said of it. `None` where the instruction has no such access (or is none that is known).
#[must_use]
pub(super) fn access_at(
    fault: u64,
    was_write: Option<bool>,
    ip: u64,
    code: &[u8],
    machine: &impl Machine,
) -> Option<MemoryAccess> {
    if let Some(tested) = bit_test(fault, was_write, ip, code, machine) {
        return Some(tested);
    }
    each_access(ip, code, machine, &mut |found| {
        let Touch { address, .. } = found.touch;
        let reaches = address <= fault && fault < found.touch.end();
        let agrees = match (was_write, found.access) {
            (Some(true), access) => access == Access::Write,
            (Some(false), _) | (None, _) => true,
        };
        (reaches && agrees).then(|| MemoryAccess {
            access: was_write.map_or(found.access, said),
            ..found
        })
    })
}

/// The byte that a bit test with the bit's number in a register is about (bt, bts, btr, btc): the number
/// reaches as far as it likes beyond the operand. The processor touches the whole word around that byte, which
/// the program has not asked for.
fn bit_test(
    fault: u64,
    was_write: Option<bool>,
    ip: u64,
    code: &[u8],
    machine: &impl Machine,
) -> Option<MemoryAccess> {
    let instruction = Decoder::with_ip(64, code, ip, DecoderOptions::NONE).decode();
    let is_bit_test = matches!(
        instruction.mnemonic(),
        Mnemonic::Bt | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc
    );
    if !is_bit_test || instruction.op0_kind() != OpKind::Memory {
        return None;
    }
    if instruction.op1_kind() != OpKind::Register {
        return None;
    }
    let number = instruction.op1_register();
    let value = machine.general(number.full_register().number());
    let bit = match number.size() {
        2 => i64::from(value as i16),
        4 => i64::from(value as i32),
        _ => value as i64,
    };
    let base = instruction.virtual_address(0, 0, |register, _, _| match register {
        Register::ES | Register::CS | Register::SS | Register::DS => Some(0),
        _ if register.is_gpr() => Some(machine.general(register.full_register().number())),
        _ => None,
    })?;
    let word_bytes = number.size() as i64;
    let word = base.wrapping_add_signed(bit.div_euclid(8 * word_bytes) * word_bytes);
    let reaches = word <= fault && fault - word < word_bytes as u64;
    reaches.then(|| MemoryAccess {
        touch: Touch {
            address: base.wrapping_add_signed(bit.div_euclid(8)),
            size: 1,
        },
        access: was_write.map_or(Access::Unknown, said),
    })
}

/// The first access of the instruction that `is_meant` picks: where the kernel tells no
/// address (it tells none of addresses that cannot exist).
#[must_use]
pub(super) fn access_where(
    ip: u64,
    code: &[u8],
    machine: &impl Machine,
    is_meant: impl Fn(Touch) -> bool,
) -> Option<MemoryAccess> {
    each_access(ip, code, machine, &mut |found| {
        is_meant(found.touch).then_some(found)
    })
}

/// What the processor said of a page fault.
#[must_use]
pub(super) fn said(was_write: bool) -> Access {
    if was_write {
        Access::Write
    } else {
        Access::Read
    }
}

/// Gives every access of an instruction to `pick`, until it picks one.
fn each_access(
    ip: u64,
    code: &[u8],
    machine: &impl Machine,
    pick: &mut dyn FnMut(MemoryAccess) -> Option<MemoryAccess>,
) -> Option<MemoryAccess> {
    let mut decoder = Decoder::with_ip(64, code, ip, DecoderOptions::NONE);
    let instruction = decoder.decode();
    if instruction.is_invalid() {
        return None;
    }
    let mut factory = InstructionInfoFactory::new();
    for memory in factory.info(&instruction).used_memory() {
        for lane in 0..lanes(&instruction, memory) {
            let Some(touch) = touch(&instruction, memory, lane, machine) else {
                continue;
            };
            let found = MemoryAccess {
                touch,
                access: access(memory.access()),
            };
            if let Some(picked) = pick(found) {
                return Some(picked);
            }
        }
    }
    None
}

/// In how many places a gather or scatter reaches; 1 for all others.
fn lanes(instruction: &Instruction, memory: &UsedMemory) -> usize {
    match memory.vsib_size() as usize {
        0 => 1,
        bytes => instruction.memory_index().size() / bytes,
    }
}

/// Where a lane of an operand lies, by the registers as they stand.
pub(super) fn address(memory: &UsedMemory, lane: usize, machine: &impl Machine) -> Option<u64> {
    memory.virtual_address(lane, |register, lane, bytes| {
        if register.is_vector_register() {
            return machine.vector_lane(register.number(), lane, bytes);
        }
        match register {
            Register::ES | Register::CS | Register::SS | Register::DS | Register::RIP => Some(0),
            _ if register.is_gpr() => Some(machine.general(register.full_register().number())),
            _ => None,
        }
    })
}

fn touch(
    instruction: &Instruction,
    memory: &UsedMemory,
    lane: usize,
    machine: &impl Machine,
) -> Option<Touch> {
    let address = address(memory, lane, machine)?;
    let size = match instruction.mnemonic() {
        Mnemonic::Xsave
        | Mnemonic::Xsave64
        | Mnemonic::Xsavec
        | Mnemonic::Xsavec64
        | Mnemonic::Xsaveopt
        | Mnemonic::Xsaveopt64
        | Mnemonic::Xsaves
        | Mnemonic::Xsaves64
        | Mnemonic::Xrstor
        | Mnemonic::Xrstor64
        | Mnemonic::Xrstors
        | Mnemonic::Xrstors64 => machine.xsave_bytes(),
        Mnemonic::Fxsave | Mnemonic::Fxsave64 | Mnemonic::Fxrstor | Mnemonic::Fxrstor64 => {
            LEGACY_SAVE_BYTES
        }
        // Of a repeated instruction that is all of it, which has no fixed size.
        _ if memory.memory_size() == MemorySize::Unknown => instruction.memory_size().size() as u64,
        _ => memory.memory_size().size() as u64,
    };
    let repeats = instruction.is_string_instruction()
        && (instruction.has_rep_prefix() || instruction.has_repne_prefix());
    let upwards = machine.flags() & DIRECTION_FLAG == 0;
    let stops_early = matches!(
        instruction.mnemonic(),
        Mnemonic::Scasb
            | Mnemonic::Scasw
            | Mnemonic::Scasd
            | Mnemonic::Scasq
            | Mnemonic::Cmpsb
            | Mnemonic::Cmpsw
            | Mnemonic::Cmpsd
            | Mnemonic::Cmpsq
    );
    // Downwards, or until something is found, only the next element is certain.
    let size = if repeats && upwards && !stops_early {
        const RCX: usize = 1;
        size.saturating_mul(machine.general(RCX).max(1))
    } else {
        size
    };
    Some(Touch { address, size })
}

/// What an operand's access does.
pub(super) fn access(operand: OpAccess) -> Access {
    match operand {
        OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite => {
            Access::Write
        }
        OpAccess::Read | OpAccess::CondRead => Access::Read,
        _ => Access::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Registers that hold what a test says: general register n holds `0x1000 * (n + 1)`.
    struct Plain {
        flags: u64,
        count: u64,
    }

    impl Machine for Plain {
        fn general(&self, number: usize) -> u64 {
            match number {
                1 => self.count,
                _ => 0x1000 * (number as u64 + 1),
            }
        }
        fn flags(&self) -> u64 {
            self.flags
        }
        fn vector_lane(&self, number: usize, lane: usize, bytes: usize) -> Option<u64> {
            // Lane n of register 2 holds n * 0x100.
            (number == 2 && bytes == 4).then_some(lane as u64 * 0x100)
        }
        fn xsave_bytes(&self) -> u64 {
            2696
        }
    }

    const RAX: u64 = 0x1000;
    const RSP: u64 = 0x5000;
    const RSI: u64 = 0x7000;
    const RDI: u64 = 0x8000;

    fn told(fault: u64, was_write: bool, code: &[u8]) -> Option<(u64, u64, Access)> {
        let machine = Plain { flags: 0, count: 5 };
        access_at(fault, Some(was_write), 0x40_0000, code, &machine)
            .map(|found| (found.touch.address, found.touch.size, found.access))
    }

    use Access::{Read, Write};

    #[test]
    fn loads_and_stores_have_their_size() {
        // mov byte ptr [rax], 1; mov rcx, [rax + 16]; movzx ecx, word ptr [rax]
        assert_eq!(told(RAX, true, &[0xc6, 0, 1]), Some((RAX, 1, Write)));
        assert_eq!(
            told(RAX + 16, false, &[0x48, 0x8b, 0x48, 0x10]),
            Some((RAX + 16, 8, Read))
        );
        assert_eq!(told(RAX, false, &[0x0f, 0xb7, 0x08]), Some((RAX, 2, Read)));
    }

    #[test]
    fn the_access_begins_before_the_byte_that_faulted() {
        // mov rcx, [rax], the last four bytes of which are out of reach.
        assert_eq!(
            told(RAX + 4, false, &[0x48, 0x8b, 0x08]),
            Some((RAX, 8, Read))
        );
        assert_eq!(told(RAX + 8, false, &[0x48, 0x8b, 0x08]), None);
    }

    #[test]
    fn what_changes_memory_is_told_by_the_processor() {
        // add dword ptr [rax], ecx
        assert_eq!(told(RAX, true, &[0x01, 0x08]), Some((RAX, 4, Write)));
        assert_eq!(told(RAX, false, &[0x01, 0x08]), Some((RAX, 4, Read)));
    }

    #[test]
    fn copies_tell_their_two_sides_apart() {
        // rep movsb; rep movsq
        assert_eq!(told(RSI, false, &[0xf3, 0xa4]), Some((RSI, 5, Read)));
        assert_eq!(told(RDI, true, &[0xf3, 0x48, 0xa5]), Some((RDI, 40, Write)));
        // rep stosd, and downwards.
        assert_eq!(told(RDI, true, &[0xf3, 0xab]), Some((RDI, 20, Write)));
        let downwards = Plain {
            flags: DIRECTION_FLAG,
            count: 5,
        };
        let found = access_at(RDI, Some(true), 0, &[0xf3, 0xab], &downwards);
        assert_eq!(found.map(|found| found.touch.size), Some(4));
        // repne scasb may stop at any byte.
        assert_eq!(told(RDI, false, &[0xf2, 0xae]), Some((RDI, 1, Read)));
    }

    #[test]
    fn vectors_and_saves_have_theirs() {
        // movups [rax], xmm0; vmovdqu ymm0, [rax]; vmovdqu64 zmm0, [rax]
        assert_eq!(told(RAX, true, &[0x0f, 0x11, 0x00]), Some((RAX, 16, Write)));
        assert_eq!(
            told(RAX + 20, false, &[0xc5, 0xfe, 0x6f, 0x00]),
            Some((RAX, 32, Read))
        );
        assert_eq!(
            told(RAX, false, &[0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x00]),
            Some((RAX, 64, Read))
        );
        // xsave [rax]; fxsave [rax]
        assert_eq!(
            told(RAX, true, &[0x0f, 0xae, 0x20]),
            Some((RAX, 2696, Write))
        );
        assert_eq!(
            told(RAX, true, &[0x0f, 0xae, 0x00]),
            Some((RAX, 512, Write))
        );
    }

    #[test]
    fn gathers_are_told_by_lane() {
        // vpgatherdd xmm0, [rax + xmm2*1], xmm1: lane 3 is at rax + 0x300.
        let code = [0xc4, 0xe2, 0x71, 0x90, 0x04, 0x10];
        assert_eq!(
            told(RAX + 0x300, false, &code),
            Some((RAX + 0x300, 4, Read))
        );
        // vpscatterdd [rax + zmm2*1]{k1}, zmm0: lane 15.
        let code = [0x62, 0xf2, 0x7d, 0x49, 0xa0, 0x04, 0x10];
        assert_eq!(
            told(RAX + 0xf02, true, &code),
            Some((RAX + 0xf00, 4, Write))
        );
    }

    #[test]
    fn calls_and_pushes_use_the_stack() {
        // push rax; call [rax]
        assert_eq!(told(RSP - 8, true, &[0x50]), Some((RSP - 8, 8, Write)));
        assert_eq!(told(RAX, false, &[0xff, 0x10]), Some((RAX, 8, Read)));
    }

    #[test]
    fn an_address_that_cannot_exist_is_found_without_the_kernel() {
        let machine = Plain { flags: 0, count: 0 };
        // mov rcx, [rax + rdi*8 + 0x10]
        let code = [0x48, 0x8b, 0x4c, 0xf8, 0x10];
        let found = access_where(0, &code, &machine, |touch| touch.address > 0x10_000);
        let touch = found.map(|found| found.touch);
        assert_eq!(
            touch,
            Some(Touch {
                address: RAX + RDI * 8 + 16,
                size: 8
            })
        );
    }

    /// A test of a bit far from the operand reaches for the word that the bit is in; the program is about
    /// its byte.
    #[test]
    fn a_bit_test_is_about_one_byte() {
        // bts dword ptr [rax], ecx
        let code = [0x0f, 0xab, 0x08];
        let of = |bit: i32, fault| {
            let machine = Plain {
                flags: 0,
                count: u64::from(bit as u32),
            };
            access_at(fault, Some(true), 0, &code, &machine)
                .map(|found| (found.touch.address, found.touch.size))
        };
        assert_eq!(of(43, RAX + 4), Some((RAX + 5, 1)));
        assert_eq!(of(43, RAX + 7), Some((RAX + 5, 1)));
        assert_eq!(of(-1, RAX - 4), Some((RAX - 1, 1)));
        assert_eq!(of(-33, RAX - 8), Some((RAX - 5, 1)));
    }

    #[test]
    fn bytes_that_are_no_instruction_have_no_access() {
        assert_eq!(told(RAX, true, &[0x06]), None);
        assert_eq!(told(RAX, true, &[]), None);
    }
}
