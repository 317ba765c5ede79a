//! Stacks of threads: which part of them is alive.
//!
//! What lies below a thread's stack pointer is what calls that returned have left, and no root; nor is
//! the stack of a thread that ended, which glibc keeps for the next one. Above the stack pointer, up to
//! the end, lie the frames, the thread-local variables and the thread's control block.
//!
//! Where a stack begins and ends is told by the control block (`struct pthread`), in fields whose place
//! depends on glibc's version: two words in a row, an address below the block and the size that leads
//! from there to its end, both whole pages. They are searched for, so the version does not matter; where they are not found,
//! the whole mapping counts as alive.

use core::ops::Range;

use super::maps::{Kind, Maps};
use super::seen::Memory;
use crate::sys::mem::PAGE_BYTES;
use crate::sys::pagemap::each_touched;
use crate::sys::thread::TID_AT;

/// What the ABI lets a function use below its stack pointer.
pub const RED_ZONE_BYTES: u64 = 128;
/// What stands there when the thread has ended, and when it has been joined as well.
const NO_THREAD: [u32; 2] = [0, u32::MAX];
/// `struct pthread` has about 2,300 bytes.
const CONTROL_BLOCK_WORDS: usize = 288;
const CONTROL_BLOCK_ALIGNMENT: u64 = 64;
/// The control block lies this near to the stack's end.
const MOST_AFTER_BLOCK: u64 = 16 << 10;
/// Stacks of ended threads are looked for in this much of a mapping; what lies behind counts as alive.
const SEARCHED_BYTES: u64 = 64 << 20;
/// The same where stacks lie side by side in one mapping: of what was ever touched.
const SEARCHED_APART_BYTES: u64 = 8 << 30;

/// A stack as glibc laid it out: the thread's control block lies at its upper end. Whole pages, the first
/// of them mapped: two words that happen to add up, such as a small number and a pointer into the block,
/// are not taken for a stack.
fn extent(control_block: u64, maps: &Maps, memory: &impl Memory) -> Option<Range<u64>> {
    const PAGE: u64 = PAGE_BYTES as u64;
    let mut words = [0u64; CONTROL_BLOCK_WORDS];
    let read = memory.read(control_block, &mut words);
    words[..read].windows(2).find_map(|pair| {
        let (start, bytes) = (pair[0], pair[1]);
        let end = start.checked_add(bytes)?;
        let whole_pages = start.is_multiple_of(PAGE) && bytes.is_multiple_of(PAGE);
        let near = end > control_block && end - control_block <= MOST_AFTER_BLOCK;
        let is_stack = whole_pages && near && start < control_block && bytes >= PAGE;
        (is_stack && maps.covering(start).is_some()).then_some(start..end)
    })
}

/// The dead part of the stack of a thread that stands at `sp`, with what is alive below that. Nothing, when it runs on
/// another stack than its own.
#[must_use]
pub fn dead_below(
    (sp, red_zone_bytes): (u64, u64),
    control_block: u64,
    maps: &Maps,
    memory: &impl Memory,
) -> Option<Range<u64>> {
    let alive_from = sp.saturating_sub(red_zone_bytes);
    let (mapping, _) = maps.covering(sp)?;
    if mapping.kind == Kind::Stack {
        return Some(mapping.start..alive_from);
    }
    let stack = extent(control_block, maps, memory)?;
    (stack.contains(&sp) && stack.start < alive_from).then_some(stack.start..alive_from)
}

/// The table of a thread's dynamic thread-local storage, as the control block names it: by its second
/// entry. Nothing else points to it, so without this it would be possibly lost in every program with
/// threads, as it is under valgrind.
#[must_use]
pub fn table_of_storage(control_block: u64, memory: &impl Memory) -> Option<u64> {
    const ENTRY_BYTES: u64 = 16;
    memory.word(control_block + 8)?.checked_sub(ENTRY_BYTES)
}

/// A thread that has ended, and whose stack glibc keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The stack.
    pub stack: Range<u64>,
    /// Its control block.
    pub control_block: u64,
}

/// What parts the stacks of threads from what lies beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guards {
    /// Inaccessible mappings, so that each stack has a mapping of its own.
    Mappings,
    /// Marks of the kernel's inside a mapping (glibc since 2.42), which stacks share with each other and what else is there.
    Markers,
}

/// Looks for the stacks of ended threads: behind a guard page, a control block that names itself and
/// has no thread's number any more. `own` is the control block of the calling thread, whose number is
/// `tid`: where it does not have it at its place, nothing is found. Mappings that begin where
/// `is_no_stack` says so are passed over.
#[must_use]
pub fn ended(
    maps: &Maps,
    memory: &impl Memory,
    (own, tid): (u64, u32),
    guards: Guards,
    is_no_stack: impl Fn(u64) -> bool,
) -> Vec<Ended> {
    let number = |control_block: u64| memory.word(control_block + TID_AT).map(|word| word as u32);
    if number(own) != Some(tid) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for mapping in maps.iter() {
        let guarded = guards == Guards::Markers
            || maps
                .covering(mapping.start)
                .and_then(|(_, before)| before)
                .is_some_and(|before| before.end == mapping.start && !before.readable);
        if !guarded || !mapping.writable || mapping.shared || mapping.kind != Kind::Anonymous {
            continue;
        }
        // LDT's heap begins behind an inaccessible page too. Its guard pages fault one by one: 125,000
        // faults, a second, in a program with 160 guarded blocks.
        if crate::blocks::is_ours(mapping.start) {
            continue;
        }
        if is_no_stack(mapping.start) {
            continue;
        }
        let extent_bytes = match guards {
            Guards::Mappings => SEARCHED_BYTES,
            Guards::Markers => SEARCHED_APART_BYTES,
        };
        let end = mapping.end.min(mapping.start + extent_bytes);
        let mut left_bytes = SEARCHED_BYTES;
        each_touched(mapping.start..end, &mut |range| {
            let mut at = range.start;
            let until = range.end.min(range.start + left_bytes);
            left_bytes -= until - range.start;
            while at < until {
                let Some(head) = memory.word(at) else {
                    at = (at + 1).next_multiple_of(PAGE_BYTES as u64);
                    continue;
                };
                if head == at
                    && names_itself(at, memory)
                    && number(at).is_some_and(|number| NO_THREAD.contains(&number))
                    && let Some(stack) = extent(at, maps, memory)
                    && stack.end <= mapping.end
                {
                    found.push(Ended {
                        stack,
                        control_block: at,
                    });
                }
                at += CONTROL_BLOCK_ALIGNMENT;
            }
        });
    }
    found
}

/// `tcbhead_t`: itself, the table of thread-local storage, itself.
fn names_itself(at: u64, memory: &impl Memory) -> bool {
    let mut head = [0u64; 3];
    memory.read(at, &mut head) == 3 && head[0] == at && head[2] == at
}
