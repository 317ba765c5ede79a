//! The quarantine: freed blocks in the order in which they were freed, for all threads; fenced ones stand in a
//! queue of their own.
//!
//! A thread collects a batch of freed blocks and hands it over under a lock; for what is then too
//! much it takes the oldest batches away, and lets their blocks go outside the lock.

use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

use super::{guarded, limits, mapped, settings};
use crate::modes::guard::taken_of_quarantine_bytes;
use crate::modes::quarantine::{
    BATCH_BLOCKS, batch_limit_bytes, common_volume_bytes, fenced_volume_bytes, idle_floor_bytes,
    idle_volume_bytes, volume_bytes, volume_in_groups_bytes,
};
use crate::options::GuardChoice;
use crate::stacks::table;
use crate::sys::lock::Lock;
use crate::sys::mem;

/// Freed blocks, oldest first.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Batch {
    next: *mut Batch,
    pub(super) count: u32,
    pub(super) weight_bytes: u64,
    pub(super) blocks: [u64; BATCH_BLOCKS],
}

impl Batch {
    pub(super) const EMPTY: Batch = Batch {
        next: ptr::null_mut(),
        count: 0,
        weight_bytes: 0,
        blocks: [0; BATCH_BLOCKS],
    };

    /// Adds a block; gives whether the batch is full now.
    #[inline(always)]
    pub(super) fn push(&mut self, address: u64, weight_bytes: u64) -> bool {
        if let Some(place) = self.blocks.get_mut(self.count as usize) {
            *place = address;
            self.count += 1;
            self.weight_bytes += weight_bytes;
        }
        self.count as usize == BATCH_BLOCKS
            || self.weight_bytes > BATCH_LIMIT_BYTES.load(Ordering::Relaxed)
    }

    pub(super) fn blocks(&self) -> &[u64] {
        &self.blocks[..(self.count as usize).min(BATCH_BLOCKS)]
    }
}

const PIECE_BATCHES: usize = 128;

pub(super) struct Queue {
    oldest: *mut Batch,
    newest: *mut Batch,
    unused: *mut Batch,
    weight_bytes: u64,
}

// SAFETY: batches on the queue belong to it, and it is used under its lock.
unsafe impl Send for Queue {}

/// The two queues, by [`Line`].
pub(super) static QUEUES: [Lock<Queue>; 2] = [const {
    Lock::new(Queue {
        oldest: ptr::null_mut(),
        newest: ptr::null_mut(),
        unused: ptr::null_mut(),
        weight_bytes: 0,
    })
}; 2];

/// Which queue a block stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// That of most blocks.
    Common = 0,
    /// That of fenced ones, which keep a page each.
    Fenced = 1,
}

static VOLUME_BYTES: AtomicU64 = AtomicU64::new(0);
static BATCH_LIMIT_BYTES: AtomicU64 = AtomicU64::new(0);
/// What each queue weighs, for who must not wait for its lock.
static WEIGHT_BYTES: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

pub(super) fn begin(configured_bytes: u64, memory_limit_bytes: Option<u64>) {
    let volume = volume_bytes(configured_bytes, memory_limit_bytes);
    VOLUME_BYTES.store(volume, Ordering::Relaxed);
    BATCH_LIMIT_BYTES.store(batch_limit_bytes(allowed_bytes()), Ordering::Relaxed);
}

/// What freed blocks may take: as the options say, less where memory is scarce.
pub(super) fn allowed_bytes() -> u64 {
    let volume = VOLUME_BYTES.load(Ordering::Relaxed);
    limits::groups_left_bytes().map_or(volume, |left| {
        volume_in_groups_bytes(volume, left, mapped::program_bytes())
    })
}

/// What the blocks of a queue may weigh now. What fenced blocks weigh, what is kept empty and what the table of call
/// stacks takes is memory that the options have promised for freed blocks, too.
fn volume_now_bytes(line: Line) -> u64 {
    let volume = allowed_bytes();
    let fenced = match line {
        Line::Fenced => return fenced_volume_bytes(volume),
        Line::Common if settings::guard() == GuardChoice::Adaptive => {
            let program_bytes = mapped::program_bytes();
            taken_of_quarantine_bytes(guarded::open_bytes(), program_bytes, volume)
        }
        Line::Common => 0,
    };
    common_volume_bytes(
        volume,
        fenced + table::bytes(),
        IDLE_BYTES.load(Ordering::Relaxed),
    )
}

/// Bytes of spans that are empty but kept, since what programs free they mostly want again: giving all
/// back at once cost a page fault for every 4 KiB that went through the quarantine.
static IDLE_BYTES: AtomicU64 = AtomicU64::new(0);

/// Whether a span of so many bytes that is empty now is kept; then it counts until [`end_idleness`].
pub(super) fn keeps_idle(bytes: u64) -> bool {
    let keeps = IDLE_BYTES.load(Ordering::Relaxed) + bytes <= idle_limit_bytes();
    if keeps {
        IDLE_BYTES.fetch_add(bytes, Ordering::Relaxed);
    }
    keeps
}

/// A span that was kept empty has blocks again, or goes.
pub(super) fn end_idleness(bytes: u64) {
    IDLE_BYTES.fetch_sub(bytes, Ordering::Relaxed);
}

/// How much empty memory is kept at hand: little beside the quarantine.
pub(super) fn idle_limit_bytes() -> u64 {
    let floor = idle_floor_bytes(limits::groups_left_bytes());
    idle_volume_bytes(allowed_bytes()).max(floor)
}

/// How much is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// What the options say.
    Volume,
    /// Nothing: memory is needed.
    Nothing,
}

impl Queue {
    fn unused(&mut self) -> Option<*mut Batch> {
        if self.unused.is_null() {
            let piece = mem::allocate(PIECE_BATCHES * size_of::<Batch>())?.cast::<Batch>();
            for index in 0..PIECE_BATCHES {
                // SAFETY: inside the new piece.
                let batch = unsafe { piece.add(index) };
                // SAFETY: as above, and all zero is an empty batch.
                unsafe { (*batch).next = self.unused };
                self.unused = batch;
            }
        }
        let batch = self.unused;
        // SAFETY: batches are never unmapped, and this one is the queue's.
        self.unused = unsafe { (*batch).next };
        Some(batch)
    }

    fn append(&mut self, batch: &Batch) -> bool {
        let Some(place) = self.unused() else {
            return false;
        };
        // SAFETY: `place` and `newest` are the queue's.
        unsafe {
            place.write(Batch {
                next: ptr::null_mut(),
                ..*batch
            });
            if self.newest.is_null() {
                self.oldest = place;
            } else {
                (*self.newest).next = place;
            }
        }
        self.newest = place;
        self.weight_bytes += batch.weight_bytes;
        true
    }

    fn pop(&mut self, into: &mut Batch) -> bool {
        let oldest = self.oldest;
        if oldest.is_null() {
            return false;
        }
        // SAFETY: batches on the queue are the queue's.
        unsafe {
            *into = *oldest;
            (*oldest).next = self.unused;
        }
        self.oldest = into.next;
        if self.oldest.is_null() {
            self.newest = ptr::null_mut();
        }
        self.unused = oldest;
        self.weight_bytes -= into.weight_bytes;
        true
    }
}

/// Hands a batch over. Afterwards `batch` holds the blocks that are to go next, which may be none
/// (`count` 0); then the caller asks again with these.
pub(super) fn exchange(batch: &mut Batch, line: Line, keep: Keep) {
    let volume = match keep {
        Keep::Volume => volume_now_bytes(line),
        Keep::Nothing => 0,
    };
    QUEUES[line as usize].with(|queue| {
        if batch.count > 0 && !queue.append(batch) {
            // No memory for the queue: the batch itself goes.
            return;
        }
        if queue.weight_bytes <= volume || !queue.pop(batch) {
            *batch = Batch::EMPTY;
        }
        WEIGHT_BYTES[line as usize].store(queue.weight_bytes, Ordering::Relaxed);
    });
}

/// Takes the next batch that is to go.
pub(super) fn next(batch: &mut Batch, line: Line, keep: Keep) -> bool {
    *batch = Batch::EMPTY;
    exchange(batch, line, keep);
    batch.count > 0
}

/// What the quarantine weighs. Takes no lock.
pub(super) fn weight_bytes() -> u64 {
    WEIGHT_BYTES
        .iter()
        .map(|weight| weight.load(Ordering::Relaxed))
        .sum()
}
