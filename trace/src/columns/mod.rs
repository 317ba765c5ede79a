//! Words sorted by meaning: what a chunk holds, before compression and after decompression.

mod counters;

pub use counters::Counters;

use crate::words::Words;

/// What the encoder learnt while it ran; private to this module. All zero bytes are a valid model.
#[derive(Clone)]
#[repr(C)]
pub struct Model {
    reserved: [u64; 8 << 10],
}

impl Model {
    /// A fresh model, for those who can allocate. The engine casts zeroed memory instead.
    #[must_use]
    pub fn boxed() -> Box<Model> {
        Box::new(Model {
            reserved: [0; 8 << 10],
        })
    }
}

/// What [`encode`] made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// Bytes of columns, from the start of `out`.
    pub bytes: usize,
    /// What the words held.
    pub counters: Counters,
}

/// How long `out` must be for [`encode`] to succeed with this many words. Only the front of it is
/// touched in practice.
#[must_use]
pub const fn bound(words: usize) -> usize {
    words * 8 + 64
}

/// Turns words into columns. `None` when the words are malformed or `out` is shorter than
/// [`bound`].
pub fn encode(words: &[u64], model: &mut Model, out: &mut [u8]) -> Option<Encoded> {
    let _ = &mut model.reserved;
    let mut counters = Counters::default();
    let mut events = Words::new(words, 0);
    for item in &mut events {
        counters.add(&item);
    }
    if events.damaged() {
        return None;
    }
    let out = out.get_mut(..words.len() * 8)?;
    for (place, word) in out.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    Some(Encoded {
        bytes: out.len(),
        counters,
    })
}

/// Why columns could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Turns columns back into words, at most `max_words`, appended to `words`.
pub fn decode(
    bytes: &[u8],
    max_words: usize,
    model: &mut Model,
    words: &mut Vec<u64>,
) -> Result<(), Malformed> {
    let _ = &mut model.reserved;
    if !bytes.len().is_multiple_of(8) || bytes.len() / 8 > max_words {
        return Err(Malformed("columns of a wrong length"));
    }
    words.extend(
        bytes
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default())),
    );
    Ok(())
}
