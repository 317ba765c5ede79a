//! Which word of the heap a value was read from, where it is one that LDT's patterns had there.

use super::{settings, walk};
use crate::modes::redzone::Pattern;

/// The address whose word of a redzone, or of a freed block, this value is. A pattern's words differ from address to
/// address in 40 bits and more, so there is one such address or none: also where something else lies there by now.
/// Looks at as many numbers as the heap has words.
#[must_use]
pub fn word_of(value: u64) -> Option<u64> {
    [Pattern::REDZONE, settings::freed_pattern()]
        .into_iter()
        .filter(|pattern| pattern.could_be(value))
        .find_map(|pattern| find(pattern, value))
}

fn find(pattern: Pattern, value: u64) -> Option<u64> {
    let mut found = None;
    walk::each_descriptor(&mut |span| {
        let mut words = span.range().step_by(size_of::<u64>());
        found = found.or_else(|| words.find(|&address| pattern.word(address) == value));
    });
    found
}
