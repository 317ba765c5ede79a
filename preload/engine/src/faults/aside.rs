//! An instruction that computes with a vector in memory and insists on its alignment has no twin that would do
//! with any address. It runs aside: on an aligned copy of what it reads, from a copy of itself.
//!
//! ```text
//! the instruction       its base register moved, so that it reads the copy
//! mov base, …           the register as it was
//! jmp …                 back behind the original
//! ```
//!
//! Every run costs a fault; compilers write such instructions only where they know the alignment, so the
//! place is rare. Rejected: a single step under the trap flag, for which SIGTRAP would have to be taken
//! from the program and its debugger.

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, OpAccess, OpKind,
    Register,
};

use super::decode::{MAX_INSTRUCTION_BYTES, MemoryAccess};
use crate::sys::code::{self, DATA_BYTES};
use crate::sys::signal::read_memory;
use crate::sys::signal_frame::{Frame, GENERAL, General};

/// Sends the interrupted code aside; gives whether that could be done. `wanted` is what the instruction reads.
pub(super) fn run(frame: &mut Frame, code: &[u8], wanted: &MemoryAccess) -> bool {
    let ip = frame.registers().ip;
    let Some((instruction, base)) = movable(ip, code) else {
        return false;
    };
    let mut data = [0; DATA_BYTES];
    let Some(data) = data.get_mut(..wanted.touch.size as usize) else {
        return false;
    };
    if read_memory(wanted.touch.address, data) < data.len() {
        return false;
    }
    let number = base.number();
    let Some(&register) = GENERAL.get(number) else {
        return false;
    };
    let before = frame.general(General(register));
    let program = Program::new(
        &code[..instruction.len()],
        number as u8,
        before,
        instruction.next_ip(),
    );
    let Some(place) = code::put_aside(data, program.bytes()) else {
        return false;
    };
    let moved = place.data.wrapping_sub(wanted.touch.address);
    frame.set_general(General(register), before.wrapping_add(moved));
    frame.set_general(General(libc::REG_RIP), place.code);
    true
}

/// The instruction with its base register, if moving that register moves what it reads and nothing else.
fn movable(ip: u64, code: &[u8]) -> Option<(Instruction, Register)> {
    let mut decoder = Decoder::with_ip(64, code, ip, DecoderOptions::NONE);
    let instruction = decoder.decode();
    let base = instruction.memory_base();
    if instruction.is_invalid()
        || instruction.flow_control() != FlowControl::Next
        || !base.is_gpr64()
        || instruction.memory_index() == base
    {
        return None;
    }
    let is_base = |operand: u32| {
        instruction.op_kind(operand) == OpKind::Register
            && instruction.op_register(operand).full_register() == base
    };
    if (0..instruction.op_count()).any(is_base) {
        return None;
    }
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(&instruction);
    let [memory] = info.used_memory() else {
        return None;
    };
    let only_reads = memory.access() == OpAccess::Read
        && matches!(memory.segment(), Register::DS | Register::SS);
    let only_base = info
        .used_registers()
        .iter()
        .all(|used| used.register().full_register() != base || used.access() == OpAccess::Read);
    (only_reads && only_base).then_some((instruction, base))
}

/// What runs aside.
struct Program {
    bytes: [u8; Program::MAX_BYTES],
    length: usize,
}

impl Program {
    const MAX_BYTES: usize = MAX_INSTRUCTION_BYTES + 10 + 14;

    fn new(instruction: &[u8], base: u8, before: u64, next_ip: u64) -> Program {
        let mut program = Program {
            bytes: [0; Program::MAX_BYTES],
            length: 0,
        };
        program.put(instruction);
        // mov base, imm64: REX.W, and REX.B for the upper eight registers.
        program.put(&[0x48 | base >> 3, 0xb8 | base & 7]);
        program.put(&before.to_le_bytes());
        // jmp [rip + 0]
        program.put(&[0xff, 0x25, 0, 0, 0, 0]);
        program.put(&next_ip.to_le_bytes());
        program
    }

    fn put(&mut self, bytes: &[u8]) {
        // An instruction is at most as long as there is room for.
        if let Some(place) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            place.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Code, Mnemonic};

    fn base_of(code: &[u8]) -> Option<Register> {
        movable(0x1000, code).map(|(_, base)| base)
    }

    #[test]
    fn arithmetic_on_memory_can_be_moved_by_its_base() {
        // paddd xmm0, [rdi]; mulps xmm9, [r13 + rax*4 + 8]; pshufb xmm1, [rsp + 8]
        assert_eq!(base_of(&[0x66, 0x0f, 0xfe, 0x07]), Some(Register::RDI));
        assert_eq!(
            base_of(&[0x45, 0x0f, 0x59, 0x4c, 0x85, 8]),
            Some(Register::R13)
        );
        assert_eq!(
            base_of(&[0x66, 0x0f, 0x38, 0x00, 0x4c, 0x24, 8]),
            Some(Register::RSP)
        );
    }

    #[test]
    fn what_cannot_be_moved_is_refused() {
        // paddd xmm0, [rip + 8]; paddd xmm0, [rdi + rdi]; cmpxchg16b [rdi]; call [rdi]; movsq
        assert_eq!(base_of(&[0x66, 0x0f, 0xfe, 0x05, 8, 0, 0, 0]), None);
        assert_eq!(base_of(&[0x66, 0x0f, 0xfe, 0x04, 0x3f]), None);
        assert_eq!(base_of(&[0x48, 0x0f, 0xc7, 0x0f]), None);
        assert_eq!(base_of(&[0xff, 0x17]), None);
        assert_eq!(base_of(&[0x48, 0xa5]), None);
        // mov rdi, [rdi]
        assert_eq!(base_of(&[0x48, 0x8b, 0x3f]), None);
        // paddd xmm0, fs:[rdi]
        assert_eq!(base_of(&[0x64, 0x66, 0x0f, 0xfe, 0x07]), None);
    }

    #[test]
    fn the_program_puts_the_register_back_and_returns() {
        for (base, register) in [(7, Register::RDI), (12, Register::R12)] {
            let program = Program::new(
                &[0x66, 0x0f, 0xfe, 0x07],
                base,
                0x1122_3344_5566_7788,
                0x4004,
            );
            let mut decoder = Decoder::with_ip(64, program.bytes(), 0, DecoderOptions::NONE);
            assert_eq!(decoder.decode().mnemonic(), Mnemonic::Paddd);
            let back = decoder.decode();
            assert_eq!(back.code(), Code::Mov_r64_imm64);
            assert_eq!(back.op_register(0), register);
            assert_eq!(back.immediate64(), 0x1122_3344_5566_7788);
            let jump = decoder.decode();
            assert_eq!(jump.code(), Code::Jmp_rm64);
            let at = jump.memory_displacement64() as usize;
            assert_eq!(program.bytes()[at..], 0x4004u64.to_le_bytes());
        }
    }
}
