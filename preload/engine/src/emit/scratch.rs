//! What packing a window needs: the encoder's model, room for columns, what is known of compressing them, a zstd
//! context in fixed memory, room for the frames. A few are shared by all threads; one that finds none free makes one.
//!
//! Invariant of the raw memory: a scratch is one zeroed mapping of `total_bytes`, laid out as model, habits,
//! columns, frames, zstd workspace, each 64-byte aligned; a pointer in `POOL` is a scratch that nobody
//! uses, and taking it out makes the taker its owner.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use ldt_trace::columns::{self, Encoded, Model};
use ldt_trace::header::{ALIGNMENT, window};

use super::press::{self, Habits};
use crate::sys::{arena, mem};

/// Bytes of the longest window, a thread's once it has filled its first one. Longer chunks compress better, since the models
/// start anew in each, and are limited by memory and by the ages of blocks, which have 16 bits.
pub(super) const LONG_WINDOW_BYTES: usize = 1 << 20;

/// How many words a window of so many bytes holds.
pub(super) const fn words_in(bytes: usize) -> usize {
    (bytes - window::HEADER_BYTES) / 8
}

/// Idle scratches kept; more are given back.
const POOLED: usize = 4;

const MODEL_BYTES: usize = size_of::<Model>().next_multiple_of(64);
const HABITS_BYTES: usize = size_of::<Habits>().next_multiple_of(64);
const COLUMNS_BYTES: usize = columns::bound(words_in(LONG_WINDOW_BYTES)).next_multiple_of(64);
const FRAMES_BYTES: usize = (COLUMNS_BYTES + COLUMNS_BYTES / 128 + 4096).next_multiple_of(64);
const _: () = assert!(align_of::<Model>() <= 64 && align_of::<Habits>() <= 64);

const HABITS_AT: usize = MODEL_BYTES;
const COLUMNS_AT: usize = HABITS_AT + HABITS_BYTES;
const FRAMES_AT: usize = COLUMNS_AT + COLUMNS_BYTES;
const WORKSPACE_AT: usize = FRAMES_AT + FRAMES_BYTES;

static POOL: [AtomicPtr<u8>; POOLED] = [const { AtomicPtr::new(ptr::null_mut()) }; POOLED];
/// Bytes of zstd's workspace, asked once.
static WORKSPACE_BYTES: AtomicUsize = AtomicUsize::new(0);

fn workspace_bytes() -> usize {
    match WORKSPACE_BYTES.load(Ordering::Relaxed) {
        0 => {
            let bytes = press::workspace_bytes();
            WORKSPACE_BYTES.store(bytes, Ordering::Relaxed);
            bytes
        }
        bytes => bytes,
    }
}

fn total_bytes() -> usize {
    WORKSPACE_AT + workspace_bytes()
}

/// The exclusive use of a scratch.
#[derive(Debug)]
pub struct Scratch {
    memory: *mut u8,
}

impl Scratch {
    /// A free one, or a new one; `None` when there is no memory.
    #[must_use]
    pub fn take() -> Option<Scratch> {
        let pooled = POOL
            .iter()
            .map(|slot| slot.swap(ptr::null_mut(), Ordering::AcqRel))
            .find(|memory| !memory.is_null());
        pooled
            .or_else(|| arena::pages(total_bytes()))
            .map(|memory| Scratch { memory })
    }

    /// Packs words: columns, then zstd frames. Gives what was encoded, the frames' length, and the
    /// frames with zeros up to the alignment of chunks.
    pub fn pack(&mut self, words: &[u64]) -> Option<(Encoded, usize, &[u8])> {
        let memory = self.memory;
        // SAFETY: see the invariant of the module; the parts do not overlap, and a zeroed `Model` and zeroed
        // `Habits` are valid.
        let (model, habits, columns, frames) = unsafe {
            (
                &mut *memory.cast::<Model>(),
                &mut *memory.add(HABITS_AT).cast::<Habits>(),
                core::slice::from_raw_parts_mut(memory.add(COLUMNS_AT), COLUMNS_BYTES),
                core::slice::from_raw_parts_mut(memory.add(FRAMES_AT), FRAMES_BYTES),
            )
        };
        model.lay_out(habits.layout());
        let encoded = columns::encode(words, model, columns)?;
        let columns = columns.get(..encoded.bytes)?;
        // SAFETY: the workspace is ours, aligned, and of the size that was asked for.
        let length = unsafe {
            let workspace = memory.add(WORKSPACE_AT);
            press::press(workspace, habits, columns, &encoded, frames)
        }?;
        let padded = length.next_multiple_of(ALIGNMENT as usize);
        frames.get_mut(length..padded)?.fill(0);
        Some((encoded, length, frames.get(..padded)?))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let kept = POOL.iter().any(|slot| {
            slot.compare_exchange(
                ptr::null_mut(),
                self.memory,
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok()
        });
        if !kept {
            // SAFETY: a mapping of this size that is ours.
            unsafe { mem::release(self.memory, total_bytes()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldt_trace::words;
    use ldt_trace::{Function, NodeId};

    /// Allocations at addresses and of sizes that nothing predicts, which is where columns differ most.
    fn unpredictable_words() -> Vec<u64> {
        let mut words = Vec::new();
        let mut random = 1u64;
        for _ in 0..20_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let (address, size) = (random >> 40 << 4, random >> 20 & 1023);
            words::put_alloc(
                &mut words,
                Function::Malloc,
                address,
                size,
                1,
                NodeId(7),
                None,
            );
        }
        words
    }

    #[test]
    fn frames_hold_the_words_in_each_way_and_are_smaller_than_one() {
        let words = unpredictable_words();
        let mut scratch = Scratch::take().expect("there is memory");
        // The first chunk is compressed one way, the second both ways, the third in the better one.
        for _ in 0..3 {
            holds_the_words(&mut scratch, &words);
        }
    }

    fn holds_the_words(scratch: &mut Scratch, words: &[u64]) {
        let (encoded, length, frames) = scratch.pack(words).expect("the words are well-formed");
        let mut columns = vec![0; encoded.bytes];
        let inflated = zstd_safe::decompress(&mut columns[..], &frames[..length]);
        assert_eq!(inflated, Ok(encoded.bytes));
        let mut again = Vec::new();
        let count = columns::COLUMNS;
        columns::decode(
            &columns,
            count,
            words.len(),
            &mut columns::Recall::boxed(),
            &mut again,
        )
        .expect("what was encoded is decoded");
        assert_eq!(again, words);
        let mut whole = vec![0; zstd_safe::compress_bound(columns.len())];
        let in_one = zstd_safe::compress(&mut whole[..], &columns, 1).expect("it compresses");
        assert!(length < in_one, "{length} bytes, {in_one} as one");
    }
}
