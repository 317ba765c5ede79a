//! A thread's window: the events that no chunk was made of yet, while their thread may be adding to them.

use super::source::Source;
use crate::header::{array, window as layout};
use std::io;

/// A window's header as it was at one moment.
pub(super) struct Window {
    pub(super) thread: u32,
    pub(super) tid: u32,
    pub(super) seq: u32,
}

/// Copies a window's header and words, retrying while its owner moves it on; `None` when it cannot
/// be one.
pub(super) fn window(
    source: &Source,
    offset: u64,
    words: &mut Vec<u64>,
) -> io::Result<Option<Window>> {
    // The owner can fill a window in less time than it takes to copy one, but not every time.
    const ATTEMPTS: usize = 16;
    for _ in 0..ATTEMPTS {
        words.clear();
        let Some(header) = source.array::<{ layout::HEADER_BYTES }>(offset)? else {
            return Ok(None);
        };
        let short = |at| u32::from_le_bytes(array(&header, at));
        let state = u64::from_le_bytes(array(&header, layout::STATE));
        let (seq, count) = ((state >> 32) as u32, state as u32);
        let capacity = short(layout::CAPACITY_WORDS);
        if header[..8] != layout::MAGIC || count > capacity || capacity > layout::MAX_CAPACITY_WORDS
        {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let begin = offset + layout::HEADER_BYTES as u64;
        if !source.read_vec(begin, count as usize * 8, &mut bytes)? {
            return Ok(None);
        }
        words.extend(
            bytes
                .chunks_exact(8)
                .map(|word| u64::from_le_bytes(array(word, 0))),
        );
        let after = source.array::<8>(offset + layout::STATE as u64)?;
        let after = u64::from_le_bytes(after.unwrap_or_default());
        if after >> 32 == state >> 32 {
            return Ok(Some(Window {
                thread: short(layout::THREAD),
                tid: short(layout::TID),
                seq,
            }));
        }
    }
    Ok(None)
}
