//! The access to memory that interrupted code wanted, and what lies where it went.

use ldt_trace::finding::BlockFacts;

use super::cause::SI_KERNEL;
use super::decode::{self, MAX_INSTRUCTION_BYTES, Machine, MemoryAccess};
use crate::blocks;
use crate::diagnose::Touch;
use crate::sys::signal::read_memory;
use crate::sys::signal_frame::{Frame, GENERAL, General, xsave_bytes};

/// The block at an address and the nearest on both sides.
pub(super) fn candidates(address: u64) -> [Option<BlockFacts>; 3] {
    let [before, after] = blocks::neighbours(address);
    [blocks::find(address), before, after].map(|block| block.map(|block| block.facts))
}

/// What lies around an address, as far as it can be read: where it begins and how many bytes.
pub(crate) fn surroundings(address: u64, into: &mut [u8; 64]) -> (u64, usize) {
    let start = (address & !15).saturating_sub(32);
    match read_memory(start, into) {
        0 => {
            let start = address & !15;
            (start, read_memory(start, &mut into[..32]))
        }
        bytes => (start, bytes),
    }
}

/// The access that could not be made.
pub(super) fn of(frame: &Frame) -> Option<MemoryAccess> {
    let ip = frame.registers().ip;
    let mut code = [0; MAX_INSTRUCTION_BYTES];
    let bytes = read_memory(ip, &mut code);
    let code = &code[..bytes];
    if frame.code() == SI_KERNEL {
        // Not canonical: the upper 17 bits differ.
        let cannot_exist = |touch: Touch| !matches!(touch.address as i64 >> 47, 0 | -1);
        return decode::access_where(ip, code, frame, cannot_exist)
            .or_else(|| misaligned(frame, ip, code));
    }
    decode::access_at(frame.address(), frame.was_write(), ip, code, frame)
}

/// The access of an instruction to a block of LDT's, if it is not aligned to its own size.
pub(super) fn misaligned(frame: &Frame, ip: u64, code: &[u8]) -> Option<MemoryAccess> {
    decode::access_where(ip, code, frame, |touch| {
        touch.size.is_power_of_two()
            && touch.size >= 16
            && !touch.address.is_multiple_of(touch.size)
            && blocks::is_ours(touch.address)
    })
}

impl Machine for Frame {
    fn general(&self, number: usize) -> u64 {
        GENERAL
            .get(number)
            .map_or(0, |&register| Frame::general(self, General(register)))
    }

    fn flags(&self) -> u64 {
        Frame::general(self, General(libc::REG_EFL))
    }

    fn vector_lane(&self, number: usize, lane: usize, bytes: usize) -> Option<u64> {
        Frame::vector_lane(self, number, lane, bytes)
    }

    fn xsave_bytes(&self) -> u64 {
        xsave_bytes()
    }
}
