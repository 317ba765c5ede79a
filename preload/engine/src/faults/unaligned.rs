//! `--exact` puts a block where it ends at the guard page to the byte, so that it need not lie at a multiple
//! of 16. Code that the compiler has taught otherwise then faults, in instructions whose only purpose in
//! life is to insist on alignment. Each has a twin that does the same and does not insist: the first
//! fault of such an instruction replaces it in place, by one byte.
//!
//! An instruction that computes with memory has no twin; it runs [`aside`]. What cannot be helped that way
//! either (a 16-byte compare-and-exchange, XSAVE) crashes, and the report names the block.

use iced_x86::{Decoder, DecoderOptions, Mnemonic};

use super::access::misaligned;
use super::decode::{MAX_INSTRUCTION_BYTES, MemoryAccess};
use super::{aside, stopped};
use crate::diagnose::Touch;
use crate::sys::code::replace_byte;
use crate::sys::signal::read_memory;
use crate::sys::signal_frame::Frame;

/// A byte of an instruction, and what it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    offset: usize,
    byte: u8,
}

/// Replaces the instruction that faulted, if misalignment was the reason and it has a twin; gives whether it
/// did, and the instruction can run again.
pub(super) fn mend(frame: &mut Frame) -> bool {
    let ip = frame.registers().ip;
    let mut code = [0; MAX_INSTRUCTION_BYTES];
    let bytes = read_memory(ip, &mut code);
    let code = &code[..bytes];
    let Some(wanted) = misaligned(frame, ip, code) else {
        return false;
    };
    match twin(code) {
        Some(Change { offset, byte }) => replace_byte(ip + offset as u64, byte).is_ok(),
        // Another thread was faster.
        None if is_twin(code) => true,
        None => aside::run(frame, code, &wanted) || runs_out(frame, &wanted),
    }
}

/// An access that is not only misaligned but leaves its block: gives whether the run can go on after the
/// report.
fn runs_out(frame: &mut Frame, wanted: &MemoryAccess) -> bool {
    let Touch { address, size } = wanted.touch;
    let mut byte = [0];
    let unreadable = (address..address + size).find(|&at| read_memory(at, &mut byte) == 0);
    unreadable.is_some_and(|fault| stopped::open(frame, fault))
}

/// What makes an instruction its twin that does not insist on alignment.
fn twin(code: &[u8]) -> Option<Change> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let instruction = decoder.decode();
    let opcode = opcode_offset(code)?;
    let change = |byte| {
        Some(Change {
            offset: opcode,
            byte,
        })
    };
    const LOAD: u8 = 0x10;
    const STORE: u8 = 0x11;
    let is_load = match instruction.mnemonic() {
        // In the encodings without EVEX a move of integers and one of floating point numbers differ in
        // nothing but the opcode, so one byte does for all of them.
        Mnemonic::Movaps
        | Mnemonic::Movapd
        | Mnemonic::Movdqa
        | Mnemonic::Vmovaps
        | Mnemonic::Vmovapd
        | Mnemonic::Vmovdqa => matches!(code.get(opcode), Some(0x28 | 0x6f)),
        // Written past the caches: a hint, which gets lost.
        Mnemonic::Movntps | Mnemonic::Movntpd | Mnemonic::Movntdq => false,
        Mnemonic::Vmovntps | Mnemonic::Vmovntpd | Mnemonic::Vmovntdq if !is_evex(code) => false,
        Mnemonic::Vmovdqa32 | Mnemonic::Vmovdqa64 => return evex_prefix(code),
        _ => return None,
    };
    change(if is_load { LOAD } else { STORE })
}

/// Whether the instruction is one that never insists.
fn is_twin(code: &[u8]) -> bool {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    matches!(
        decoder.decode().mnemonic(),
        Mnemonic::Movups
            | Mnemonic::Movupd
            | Mnemonic::Vmovups
            | Mnemonic::Vmovupd
            | Mnemonic::Vmovdqu32
            | Mnemonic::Vmovdqu64
    )
}

/// The two of EVEX have twins that differ in the mandatory prefix, two bits of the prefix's third byte.
fn evex_prefix(code: &[u8]) -> Option<Change> {
    const PREFIX_BITS: u8 = 3;
    const F3: u8 = 2;
    let offset = code.iter().position(|&byte| byte == EVEX)? + 2;
    let byte = code.get(offset)? & !PREFIX_BITS | F3;
    Some(Change { offset, byte })
}

const EVEX: u8 = 0x62;

fn is_evex(code: &[u8]) -> bool {
    code.get(legacy_prefixes(code)) == Some(&EVEX)
}

fn legacy_prefixes(code: &[u8]) -> usize {
    const PREFIXES: [u8; 11] = [
        0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65,
    ];
    code.iter()
        .take_while(|byte| PREFIXES.contains(byte))
        .count()
}

/// Where the opcode is, in the map of two-byte opcodes.
fn opcode_offset(code: &[u8]) -> Option<usize> {
    let start = legacy_prefixes(code);
    let offset = match code.get(start)? {
        0xc5 => start + 2,
        0xc4 => start + 3,
        &EVEX => start + 4,
        0x40..=0x4f => start + 2,
        _ => start + 1,
    };
    (offset < code.len()).then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each with the twin's name; after the opcode comes `[rbx + 0x8]` or `[r11 + 0x8]` and register 3.
    const TWINS: &[(&[u8], Mnemonic)] = &[
        (&[0x0f, 0x28, 0x5b, 8], Mnemonic::Movups),
        (&[0x0f, 0x29, 0x5b, 8], Mnemonic::Movups),
        (&[0x45, 0x0f, 0x29, 0x5b, 8], Mnemonic::Movups),
        (&[0x66, 0x0f, 0x28, 0x5b, 8], Mnemonic::Movupd),
        (&[0x66, 0x45, 0x0f, 0x29, 0x5b, 8], Mnemonic::Movupd),
        (&[0x66, 0x0f, 0x6f, 0x5b, 8], Mnemonic::Movupd),
        (&[0x66, 0x0f, 0x7f, 0x5b, 8], Mnemonic::Movupd),
        (&[0x66, 0x44, 0x0f, 0x7f, 0x5b, 8], Mnemonic::Movupd),
        (&[0x0f, 0x2b, 0x5b, 8], Mnemonic::Movups),
        (&[0x66, 0x0f, 0x2b, 0x5b, 8], Mnemonic::Movupd),
        (&[0x66, 0x0f, 0xe7, 0x5b, 8], Mnemonic::Movupd),
        (&[0xc5, 0xf8, 0x28, 0x5b, 8], Mnemonic::Vmovups),
        (&[0xc5, 0xfc, 0x29, 0x5b, 8], Mnemonic::Vmovups),
        (&[0xc5, 0xf9, 0x28, 0x5b, 8], Mnemonic::Vmovupd),
        (&[0xc4, 0xc1, 0x7d, 0x29, 0x5b, 8], Mnemonic::Vmovupd),
        (&[0xc5, 0xf9, 0x6f, 0x5b, 8], Mnemonic::Vmovupd),
        (&[0xc5, 0xfd, 0x7f, 0x5b, 8], Mnemonic::Vmovupd),
        (&[0xc4, 0xc1, 0x7d, 0x6f, 0x5b, 8], Mnemonic::Vmovupd),
        (&[0xc5, 0xfd, 0xe7, 0x5b, 8], Mnemonic::Vmovupd),
        (&[0x62, 0xf1, 0x7c, 0x48, 0x28, 0x5b, 8], Mnemonic::Vmovups),
        (&[0x62, 0xf1, 0xfd, 0x48, 0x29, 0x5b, 8], Mnemonic::Vmovupd),
        (
            &[0x62, 0xf1, 0x7d, 0x48, 0x6f, 0x5b, 8],
            Mnemonic::Vmovdqu32,
        ),
        (
            &[0x62, 0xf1, 0xfd, 0x48, 0x7f, 0x5b, 8],
            Mnemonic::Vmovdqu64,
        ),
    ];

    #[test]
    fn a_twin_has_the_same_operands() {
        for &(code, name) in TWINS {
            let before = Decoder::with_ip(64, code, 0, 0).decode();
            let Change { offset, byte } = twin(code).unwrap_or_else(|| panic!("{before:?}"));
            let mut changed = code.to_vec();
            changed[offset] = byte;
            let after = Decoder::with_ip(64, &changed, 0, 0).decode();
            assert!(is_twin(&changed) && !is_twin(code));
            assert_eq!(after.mnemonic(), name, "{code:x?}");
            assert_ne!(after.mnemonic(), before.mnemonic());
            assert_eq!(after.len(), before.len());
            for operand in 0..2 {
                assert_eq!(after.op_kind(operand), before.op_kind(operand), "{code:x?}");
                assert_eq!(
                    after.op_register(operand),
                    before.op_register(operand),
                    "{code:x?}"
                );
            }
            assert_eq!(after.memory_base(), before.memory_base());
            assert_eq!(
                after.memory_displacement64(),
                before.memory_displacement64()
            );
        }
    }

    #[test]
    fn what_computes_has_none() {
        // paddd xmm3, [rbx + 8]; mulps xmm3, [rbx + 8]; cmpxchg16b [rbx + 8]
        assert_eq!(twin(&[0x66, 0x0f, 0xfe, 0x5b, 8]), None);
        assert_eq!(twin(&[0x0f, 0x59, 0x5b, 8]), None);
        assert_eq!(twin(&[0x48, 0x0f, 0xc7, 0x4b, 8]), None);
        assert_eq!(twin(&[]), None);
    }
}
