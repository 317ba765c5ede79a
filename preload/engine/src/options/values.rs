//! The values of options, read from text. What cannot be read leaves the option as it was.

/// A yes or a no.
pub(super) fn flag(value: &[u8], into: &mut bool) -> bool {
    *into = match value {
        b"1" | b"yes" | b"true" => true,
        b"0" | b"no" | b"false" => false,
        _ => return false,
    };
    true
}

/// A size in bytes with an optional K, M or G.
pub(super) fn size(value: &[u8]) -> Option<u64> {
    let (digits, unit) = match value.split_last()? {
        (b'K' | b'k', digits) => (digits, 1 << 10),
        (b'M' | b'm', digits) => (digits, 1 << 20),
        (b'G' | b'g', digits) => (digits, 1 << 30),
        _ => (value, 1u64),
    };
    core::str::from_utf8(digits)
        .ok()?
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(value: &[u8], words: &[(&[u8], T)], into: &mut T) -> bool {
    match words.iter().find(|(word, _)| *word == value) {
        Some((_, meaning)) => {
            *into = *meaning;
            true
        }
        None => false,
    }
}
