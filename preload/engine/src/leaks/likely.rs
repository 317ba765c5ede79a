//! Pointers into a block's inside that are meant: valgrind's four heuristics, to the letter, so that the
//! counts of the kinds can be compared with valgrind's.

use super::seen::{Hit, Memory};

/// What is known of addresses that may be code or constant tables.
pub trait Code {
    /// The end of the readable file mapping that covers `address`.
    fn file_mapping_end(&self, address: u64) -> Option<u64>;
    /// Whether `address` lies in an executable file mapping.
    fn is_code(&self, address: u64) -> bool;
}

const WORD: u64 = 8;

/// Whether `word`, which points into the inside of `block`, counts as a pointer to its start.
pub(super) fn is_meant(
    word: u64,
    block: &Hit,
    memory: &(impl Memory + ?Sized),
    code: &dyn Code,
) -> bool {
    is_string(word, block, memory)
        || is_length_or_array(word, block, memory)
        || is_second_base(word, block, memory, code)
}

/// The text of a `std::string` of libstdc++'s old ABI: length, capacity, count of users, text, NUL.
fn is_string(word: u64, block: &Hit, memory: &(impl Memory + ?Sized)) -> bool {
    if word != block.start + 3 * WORD {
        return false;
    }
    let Some(capacity) = memory.word(block.start + WORD) else {
        return false;
    };
    let bytes = capacity.checked_add(3 * WORD + 1);
    bytes == Some(block.size)
        && memory
            .word(block.start)
            .is_some_and(|length| length <= capacity)
}

/// What follows a word that holds the number of the bytes after it (`length64`, as sqlite lays out its
/// blocks), or the number of the elements of an array with destructors (`newarray`).
fn is_length_or_array(word: u64, block: &Hit, memory: &(impl Memory + ?Sized)) -> bool {
    if word != block.start + WORD {
        return false;
    }
    let Some(count) = memory.word(block.start) else {
        return false;
    };
    // A length is an array of elements of one byte.
    count > 0 && (block.size - WORD).is_multiple_of(count)
}

/// A base class behind the first: both places hold a pointer to a table of functions.
fn is_second_base(
    word: u64,
    block: &Hit,
    memory: &(impl Memory + ?Sized),
    code: &dyn Code,
) -> bool {
    let is_table = |at: u64| {
        memory
            .word(at)
            .is_some_and(|table| is_table_of_functions(table, memory, code))
    };
    (word - block.start).is_multiple_of(WORD) && is_table(word) && is_table(block.start)
}

/// Words of a table that are looked at, and functions that must be among them.
const TABLE_WORDS: u64 = 20;
const TABLE_FUNCTIONS: usize = 2;

fn is_table_of_functions(table: u64, memory: &(impl Memory + ?Sized), code: &dyn Code) -> bool {
    if !table.is_multiple_of(WORD) || table < 4096 {
        return false;
    }
    let Some(end) = code.file_mapping_end(table) else {
        return false;
    };
    let mut functions = 0;
    for index in 0..=TABLE_WORDS {
        let at = table + index * WORD;
        if at + WORD > end {
            return false;
        }
        match memory.word(at) {
            Some(0) => {}
            Some(function) if code.is_code(function) => functions += 1,
            _ => return false,
        }
        if functions == TABLE_FUNCTIONS {
            return true;
        }
    }
    false
}
