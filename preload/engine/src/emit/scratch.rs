//! What packing a window needs: the encoder's model, room for columns, a zstd context in fixed
//! memory, room for the frame. A few are shared by all threads; one that finds none free makes one.
//!
//! Invariant of the raw memory: a scratch is one zeroed mapping of `TOTAL_BYTES`, laid out as model,
//! columns, frame, zstd workspace, each 64-byte aligned; a pointer in `POOL` is a scratch that nobody
//! uses, and taking it out makes the taker its owner.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use ldt_trace::columns::{self, Encoded, Model};
use ldt_trace::header::ALIGNMENT;
use zstd_safe::zstd_sys;

use super::window::WINDOW_WORDS;
use crate::sys::mem;

/// zstd's fastest ordinary level. Level 3 was measured at twice the time and 2% smaller.
const LEVEL: i32 = 1;
/// Idle scratches kept; more are given back.
const POOLED: usize = 4;

const MODEL_BYTES: usize = size_of::<Model>().next_multiple_of(64);
const COLUMNS_BYTES: usize = columns::bound(WINDOW_WORDS).next_multiple_of(64);
const FRAME_BYTES: usize = (COLUMNS_BYTES + COLUMNS_BYTES / 128 + 1024).next_multiple_of(64);
const _: () = assert!(align_of::<Model>() <= 64);

static POOL: [AtomicPtr<u8>; POOLED] = [const { AtomicPtr::new(ptr::null_mut()) }; POOLED];
/// Bytes of zstd's workspace, asked once.
static WORKSPACE_BYTES: AtomicUsize = AtomicUsize::new(0);

fn workspace_bytes() -> usize {
    match WORKSPACE_BYTES.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: a pure function.
            let bytes = unsafe { zstd_sys::ZSTD_estimateCCtxSize(LEVEL) }.next_multiple_of(64);
            WORKSPACE_BYTES.store(bytes, Ordering::Relaxed);
            bytes
        }
        bytes => bytes,
    }
}

fn total_bytes() -> usize {
    MODEL_BYTES + COLUMNS_BYTES + FRAME_BYTES + workspace_bytes()
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
            .or_else(|| mem::allocate(total_bytes()))
            .map(|memory| Scratch { memory })
    }

    /// Packs words: columns, then one zstd frame in which each column has blocks of its own. Gives what was encoded, the frame's length, and the
    /// frame with zeros up to the alignment of chunks.
    pub fn pack(&mut self, words: &[u64]) -> Option<(Encoded, usize, &[u8])> {
        // SAFETY: see the invariant of the module; the four parts do not overlap, and a zeroed
        // `Model` is valid.
        let (model, columns, frame, workspace) = unsafe {
            (
                &mut *self.memory.cast::<Model>(),
                core::slice::from_raw_parts_mut(self.memory.add(MODEL_BYTES), COLUMNS_BYTES),
                core::slice::from_raw_parts_mut(
                    self.memory.add(MODEL_BYTES + COLUMNS_BYTES),
                    FRAME_BYTES,
                ),
                self.memory.add(MODEL_BYTES + COLUMNS_BYTES + FRAME_BYTES),
            )
        };
        let encoded = columns::encode(words, model, columns)?;
        // SAFETY: the workspace is ours, aligned, and of the size that zstd asked for. A static context
        // allocates nothing.
        let context = unsafe { zstd_sys::ZSTD_initStaticCCtx(workspace.cast(), workspace_bytes()) };
        let columns = columns.get(..encoded.bytes)?;
        // SAFETY: the context was made from the workspace, which nobody else uses meanwhile.
        let length = unsafe { compress(context, columns, &encoded.cuts, frame) }?;
        let padded = length.next_multiple_of(ALIGNMENT as usize);
        frame.get_mut(length..padded)?.fill(0);
        Some((encoded, length, frame.get(..padded)?))
    }
}

/// One frame of `columns`, with a new block at each of the cuts; gives its length.
///
/// The calls that take a frame piece by piece are used, as those of the streaming interface copy
/// everything into a buffer of the workspace first. Their one condition holds: the pieces lie in one
/// memory, one behind the other.
///
/// # Safety
/// `context` is null or a valid context that nobody else uses.
unsafe fn compress(
    context: *mut zstd_sys::ZSTD_CCtx,
    columns: &[u8],
    cuts: &[usize],
    frame: &mut [u8],
) -> Option<usize> {
    if context.is_null() {
        return None;
    }
    // SAFETY: a pure function.
    let checked = |code: usize| (unsafe { zstd_sys::ZSTD_isError(code) } == 0).then_some(code);
    // SAFETY: no dictionary is given; the context is valid by the condition of this function.
    checked(unsafe {
        let parameters = zstd_sys::ZSTD_getParams(LEVEL, columns.len() as u64, 0);
        let length = columns.len() as u64;
        zstd_sys::ZSTD_compressBegin_advanced(context, ptr::null(), 0, parameters, length)
    })?;
    let (mut from, mut to) = (0, 0);
    for cut in cuts.iter().copied().filter(|cut| *cut < columns.len()) {
        let (piece, room) = (columns.get(from..cut)?, frame.get_mut(to..)?);
        if piece.is_empty() {
            continue;
        }
        // SAFETY: source and destination are separate slices of these lengths.
        to += checked(unsafe {
            zstd_sys::ZSTD_compressContinue(
                context,
                room.as_mut_ptr().cast(),
                room.len(),
                piece.as_ptr().cast(),
                piece.len(),
            )
        })?;
        from = cut;
    }
    let (piece, room) = (columns.get(from..)?, frame.get_mut(to..)?);
    // SAFETY: as above.
    to += checked(unsafe {
        zstd_sys::ZSTD_compressEnd(
            context,
            room.as_mut_ptr().cast(),
            room.len(),
            piece.as_ptr().cast(),
            piece.len(),
        )
    })?;
    Some(to)
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
    fn a_frame_in_pieces_holds_the_words_and_is_smaller_than_one_block() {
        let words = unpredictable_words();
        let mut scratch = Scratch::take().expect("there is memory");
        let (encoded, length, frame) = scratch.pack(&words).expect("the words are well-formed");
        let mut columns = vec![0; encoded.bytes];
        let inflated = zstd_safe::decompress(&mut columns[..], &frame[..length]);
        assert_eq!(inflated, Ok(encoded.bytes));
        let mut again = Vec::new();
        let count = columns::COLUMNS;
        columns::decode(
            &columns,
            count,
            words.len(),
            &mut Model::boxed(),
            &mut again,
        )
        .expect("what was encoded is decoded");
        assert_eq!(again, words);
        let mut whole = vec![0; zstd_safe::compress_bound(columns.len())];
        let in_one = zstd_safe::compress(&mut whole[..], &columns, LEVEL).expect("it compresses");
        assert!(length < in_one, "{length} bytes, {in_one} as one");
    }
}
