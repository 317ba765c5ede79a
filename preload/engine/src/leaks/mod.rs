//! Leaks by reachability: the blocks that the program cannot reach any more, found inside the process,
//! at its end and as often as asked for.
//!
//! 1. [`request`] says when: at the end, or [`on_demand`]: by `ldt.h`, by a signal, from outside. [`standing`] is where the
//!    calling thread left the program.
//! 2. [`crate::sys::others`] stops the other threads and notes their registers.
//! 3. [`roots`] are the memory that is no heap, from [`maps`], less what [`stacks`] says is dead; and what the program has
//!    [`lent`] to the kernel.
//! 4. [`mark`] follows pointers from there, with [`likely`] ones into the inside of blocks taken for what
//!    they mean; [`cliques`] parts what is lost into definite and indirect. [`heap`] and [`pools`] are the
//!    blocks. What threads had that a fork left behind counts as reachable ([`left_behind`]).
//! 5. [`records`] groups them; [`crate::findings`] writes them down.
//!
//! Nothing here allocates from the program's heap, and nobody holds a lock of LDT's while the others
//! stand still: the memory for marking comes from the kernel.

pub mod cliques;
mod heap;
pub mod left_behind;
mod lent;
mod likely;
pub mod maps;
pub mod mark;
pub mod on_demand;
pub mod poison;
pub mod pools;
pub mod records;
pub mod request;
pub mod roots;
pub mod seen;
pub mod stacks;
pub mod standing;

use core::ops::Range;

use ldt_trace::finding::LeakKind;
use ldt_trace::{LeakCheck, LeakRecord};

use crate::modules::Image;
use crate::recorder::Recorder;
use crate::sys::others::Others;
use crate::sys::pagemap::each_touched;
use crate::sys::proc;
use crate::sys::readable::Faults;
use crate::sys::{arena, mem, own, signal, system, thread};
use crate::{blocks, early, findings, message};
use cliques::Following;
use heap::Heap;
use maps::Maps;
use mark::Marking;
use records::{Counted, Record, Records};
use roots::Asked;
use seen::Blocks as _;
use stacks::Guards;
use standing::Standing;

/// What a check takes at most for each block: its mark and its place among those that wait, what hangs off it, and its
/// place in the list of what is lost, which is copied when it grows.
const BYTES_A_BLOCK: usize =
    size_of::<mark::Mark>() + size_of::<u32>() + size_of::<Following>() + 3 * size_of::<u64>();
/// For each mapping: the ranges that it adds to the roots, which are copied when they grow.
const BYTES_A_MAPPING: usize = 4 * size_of::<(Range<u64>, Asked)>();
const NO_ROOM: &str = "the process may not have the memory for one; raise its limits";
/// And for the records, at most programs' sizes.
const RECORDS_BYTES: usize = 1 << 20;

/// What a check found.
struct Findings {
    records: Vec<Record>,
    blocks: u64,
    bytes: u64,
    unresponsive_threads: u32,
    monotonic_ns: u64,
    pause_ns: u64,
}

/// Looks for leaks now and writes down what it finds. `standing` is where the calling thread left the
/// program. The caller is inside the guard, holds no lock, and is alone here.
/// Gives the bytes that are definitely lost.
fn check(recorder: &mut Recorder, number: u32, standing: &Standing, reason: &[u8]) -> u64 {
    let found = match find(standing) {
        Ok(found) => found,
        Err(why) => {
            message::say_parts(&["no leak check: ", why]);
            recorder.put_meta("no_leak_check", why.as_bytes());
            return 0;
        }
    };
    let check = LeakCheck {
        id: number,
        monotonic_ns: found.monotonic_ns,
        pause_ns: found.pause_ns,
        records: found.records.len() as u32,
        blocks: found.blocks,
        bytes: found.bytes,
        unresponsive_threads: found.unresponsive_threads,
        reason,
    };
    let records: Vec<LeakRecord> = found
        .records
        .iter()
        .map(|record| LeakRecord {
            check: number,
            kind: record.kind,
            allocated: record.allocated,
            blocks: record.blocks,
            bytes: record.bytes,
            indirect_blocks: record.following.blocks,
            indirect_bytes: record.following.bytes,
            example: record.example,
            survivors: record.survivors,
        })
        .collect();
    findings::put_leaks(recorder, &check, &records);
    let definite = |record: &&LeakRecord| record.kind == LeakKind::Definite;
    records
        .iter()
        .filter(definite)
        .map(|record| record.bytes)
        .sum()
}

fn find(standing: &Standing) -> Result<Findings, &'static str> {
    let begun = thread::clock_ns(libc::CLOCK_MONOTONIC);
    let others = stop_others()?;
    let monotonic_ns = thread::clock_ns(libc::CLOCK_MONOTONIC);
    // `/proc/self` is the first thread's, and empty where that has left.
    let maps = Maps::parse(&proc::read(b"/proc/thread-self/maps\0").unwrap_or_default());
    if maps.is_empty() && !mem::has_room(RECORDS_BYTES) {
        return Err(NO_ROOM);
    }
    if maps.is_empty() {
        return Err(
            "/proc/self/maps cannot be read; mount /proc where the program runs, or raise its limit of open files",
        );
    }
    let memory = Faults::catch().ok_or("another one is under way")?;
    let heap = Heap::number();
    let tables = heap.numbers() * BYTES_A_BLOCK + maps.len() * BYTES_A_MAPPING;
    if !mem::has_room(tables + RECORDS_BYTES) {
        return Err(NO_ROOM);
    }
    let mut marking = Marking::new(&heap, &memory, &maps);
    mark_roots(&mut marking, &maps, &memory, &others, standing);
    if left_behind::are_any() {
        heap.each_allocated(|block, allocated| {
            if left_behind::allocated(&allocated) {
                marking.roots(&[block.start]);
            }
        });
    }
    marking.follow();
    let cliques = marking.part_lost();
    let mut records = Records::default();
    let (mut blocks, mut bytes) = (0, 0);
    heap.each_allocated(|block, allocated| {
        blocks += 1;
        bytes += block.size;
        let kind = marking.kind(block.number);
        let following = match kind {
            LeakKind::Definite => cliques.of(block.number),
            _ => Following::default(),
        };
        records.add(
            kind,
            &Counted {
                allocated,
                address: block.start,
                bytes: block.size,
                following,
                survives: heap.meet(block.number),
            },
        );
    });
    let unresponsive_threads = others.unresponsive();
    drop(memory);
    drop(others);
    Ok(Findings {
        records: records.sorted(),
        blocks,
        bytes,
        unresponsive_threads,
        monotonic_ns,
        pause_ns: thread::clock_ns(libc::CLOCK_MONOTONIC) - begun,
    })
}

/// A mapping of LDT's own, less what the program has mapped over it: its pointers count.
fn less_mapped(own: Range<u64>) -> Vec<Range<u64>> {
    let mut left = Vec::new();
    let mut at = own.start;
    blocks::each_mapped(&own, &mut |mapped| {
        left.push(at..mapped.start);
        at = mapped.end;
    });
    left.push(at..own.end);
    left
}

/// How often the others are let go again because one of them holds the lock of LDT's memory.
const TRIES: usize = 20;

fn stop_others() -> Result<Others, &'static str> {
    for _ in 0..TRIES {
        let others = Others::stop()
            .ok_or("/proc/self/task cannot be read; mount /proc where the program runs, or raise its limit of open files")?;
        if !arena::is_busy() {
            return Ok(others);
        }
        drop(others);
        thread::yield_now();
    }
    Err("another thread does not come out of LDT")
}

/// Marks what registers, stacks and all other memory lead to.
fn mark_roots(
    marking: &mut Marking<'_, Heap, Faults>,
    maps: &Maps,
    memory: &Faults,
    others: &Others,
    standing: &Standing,
) {
    let own_block = thread::pointer();
    let mut holes: Vec<Range<u64>> = own::all().flat_map(less_mapped).collect();
    holes.extend(own_module());
    holes.extend(poison::all());
    let own_depth = (standing.sp, standing.red_zone_bytes);
    holes.extend(stacks::dead_below(own_depth, own_block, maps, memory));
    marking.roots(&standing.registers);
    marking.roots(&signal::given_stacks());
    let mut control_blocks = vec![own_block];
    for stopped in others
        .threads
        .iter()
        .filter_map(|other| other.registers.as_ref())
    {
        holes.extend(stacks::dead_below(
            (stopped.sp, stacks::RED_ZONE_BYTES),
            stopped.control_block,
            maps,
            memory,
        ));
        marking.roots(&stopped.all);
        marking.roots(&stopped.given_stacks);
        control_blocks.push(stopped.control_block);
    }
    let is_own = |address: u64| own::all().any(|range| range.contains(&address));
    let guards = if system::glibc_minor() >= 42 {
        Guards::Markers
    } else {
        Guards::Mappings
    };
    let caller = (own_block, thread::thread_id());
    for ended in stacks::ended(maps, memory, caller, guards, is_own) {
        if !control_blocks.contains(&ended.control_block) {
            if !left_behind::are_any() {
                holes.push(ended.stack);
            }
            control_blocks.push(ended.control_block);
        }
    }
    for control_block in control_blocks {
        marking.roots(stacks::table_of_storage(control_block, memory).as_slice());
        holes.push(own_variables(control_block));
    }
    for (range, asked) in roots::ranges(maps, holes) {
        match asked {
            Asked::All => marking.root(range.start, range.end),
            Asked::WhatIsPresent => {
                each_touched(range, &mut |present| {
                    marking.root(present.start, present.end)
                });
            }
        }
    }
    marking.roots(&lent::words());
    // Blocks that calls got while the allocator beneath was being looked up lie inside LDT's module.
    let early = early::used();
    marking.root(early.start, early.end);
}

/// LDT's own variables.
fn own_module() -> Option<Range<u64>> {
    static HERE: u8 = 0;
    Image::range_containing(core::ptr::from_ref(&HERE) as u64)
}

/// LDT's own thread-local variables, of the thread with this control block: they hold, among others,
/// whatever stood in registers when an operator was called.
fn own_variables(control_block: u64) -> Range<u64> {
    let slot = core::ptr::from_ref(thread::slot());
    let start = control_block.wrapping_add((slot as u64).wrapping_sub(thread::pointer()));
    start..start.wrapping_add(size_of_val(thread::slot()) as u64)
}

#[cfg(test)]
mod tests;
