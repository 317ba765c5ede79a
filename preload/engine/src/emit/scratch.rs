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

    /// Packs words: columns, then one zstd frame. Gives what was encoded, the frame's length, and the
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
        // SAFETY: the workspace is ours, aligned, and of the size that zstd asked for; source and
        // destination are separate slices of the lengths given. A static context allocates nothing.
        let length = unsafe {
            let context = zstd_sys::ZSTD_initStaticCCtx(workspace.cast(), workspace_bytes());
            if context.is_null() {
                return None;
            }
            zstd_sys::ZSTD_compressCCtx(
                context,
                frame.as_mut_ptr().cast(),
                frame.len(),
                columns.as_ptr().cast(),
                encoded.bytes,
                LEVEL,
            )
        };
        // SAFETY: a pure function.
        if unsafe { zstd_sys::ZSTD_isError(length) } != 0 {
            return None;
        }
        let padded = length.next_multiple_of(ALIGNMENT as usize);
        frame.get_mut(length..padded)?.fill(0);
        Some((encoded, length, frame.get(..padded)?))
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
