//! The columns of a chunk side by side, while they are read.
//!
//! Each column has a place in the bytes of all. Whether it is still before the column's end is not asked
//! at each byte but once, when all is read ([`Reader::is_done`]): a column that is too short makes
//! nonsense of its neighbour's bytes, which nobody gets to see, because the chunk is then damaged.

use super::sheet::{COLUMNS, Column};
use super::token;

/// Columns that are being read.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: [usize; COLUMNS],
    ends: [usize; COLUMNS],
    /// By the column of low bytes: how far behind each of them its high byte is.
    to_high: [usize; COLUMNS],
    /// The same of middle bytes, by the column of the low ones.
    to_middle: [usize; COLUMNS],
    /// Where the next token stands, by the kind of the one before.
    tokens: [Column; 3],
    /// That of the next one.
    column: Column,
}

impl<'a> Reader<'a> {
    /// Takes so many columns apart; `None` when the table does not fit the bytes.
    pub(super) fn new(bytes: &'a [u8], count: usize) -> Option<Reader<'a>> {
        let mut end = 4 * count;
        let table = bytes.get(..end)?;
        let (mut at, mut ends) = ([bytes.len(); COLUMNS], [bytes.len(); COLUMNS]);
        for (column, length) in table.chunks_exact(4).enumerate() {
            *at.get_mut(column)? = end;
            let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
            end = end.checked_add(length)?;
            ends[column] = end;
        }
        let mut to_high = [0; COLUMNS];
        for [low, high] in Column::PAIRS {
            let (low, high) = (low as usize, high as usize);
            if ends[low] - at[low] != ends[high] - at[high] {
                return None;
            }
            to_high[low] = at[high] - at[low];
            // They are read with the low ones.
            at[high] = ends[high];
        }
        let mut to_middle = [0; COLUMNS];
        for [low, middle, high] in [Column::OF_ADDRESSES, Column::OF_OLD_FREES] {
            let (low, middle, high) = (low as usize, middle as usize, high as usize);
            // Older versions have but the low ones, of other content.
            if high < count {
                let length = ends[low] - at[low];
                if [middle, high]
                    .iter()
                    .any(|other| ends[*other] - at[*other] != length)
                {
                    return None;
                }
                (to_middle[low], to_high[low]) = (at[middle] - at[low], at[high] - at[low]);
                (at[middle], at[high]) = (ends[middle], ends[high]);
            }
        }
        // The first token is none that comes after an allocation.
        let others = Column::TokensAfterOthers as usize;
        let tokens = if at[others] == ends[others] {
            [Column::Tokens; 3]
        } else {
            Column::OF_TOKENS
        };
        (end == bytes.len()).then_some(Reader {
            bytes,
            at,
            ends,
            to_high,
            to_middle,
            tokens,
            column: tokens[token::kind(token::FIRST)],
        })
    }

    /// Whether every column has been read to its end, and no further.
    pub(super) fn is_done(&self) -> bool {
        self.at == self.ends
    }

    /// The next token, none at the end. Whoever takes it says of which kind it is, see [`Reader::took`].
    #[inline(always)]
    pub(super) fn next_token(&mut self) -> Option<u8> {
        let column = self.column as usize;
        let (at, end) = (&mut self.at[column], self.ends[column]);
        if *at >= end {
            return None;
        }
        let token = *self.bytes.get(*at)?;
        *at += 1;
        Some(token)
    }

    /// The last token was of this kind. Said where that is known without the token, so that looking for the next one does
    /// not wait for this one.
    #[inline(always)]
    pub(super) fn took(&mut self, kind: usize) {
        self.column = self.tokens[kind];
    }

    /// The next byte.
    #[inline(always)]
    pub(super) fn byte(&mut self, column: Column) -> Option<u8> {
        let at = &mut self.at[column as usize];
        let byte = *self.bytes.get(*at)?;
        *at += 1;
        Some(byte)
    }

    /// The next number of a pair of columns, named by that of the low bytes.
    #[inline(always)]
    pub(super) fn pair(&mut self, low: Column) -> Option<[u8; 2]> {
        let at = &mut self.at[low as usize];
        // The high byte is behind the low one: if it is there, so is the other.
        let high = *self.bytes.get(*at + self.to_high[low as usize])?;
        let low = *self.bytes.get(*at)?;
        *at += 1;
        Some([low, high])
    }

    /// The next signed number of three columns.
    #[inline(always)]
    pub(super) fn triple(&mut self, [low, ..]: [Column; 3]) -> Option<i64> {
        let (to_middle, to_high) = (self.to_middle[low as usize], self.to_high[low as usize]);
        let at = &mut self.at[low as usize];
        let high = *self.bytes.get(*at + to_high)?;
        let middle = *self.bytes.get(*at + to_middle)?;
        let low = *self.bytes.get(*at)?;
        *at += 1;
        // As the upper three bytes, so that the sign is theirs.
        Some(i64::from(i32::from_le_bytes([0, low, middle, high]) >> 8))
    }

    /// The next bytes.
    #[inline(always)]
    pub(super) fn bytes<const N: usize>(&mut self, column: Column) -> Option<[u8; N]> {
        let at = &mut self.at[column as usize];
        let bytes = self.bytes.get(*at..*at + N)?.try_into().ok()?;
        *at += N;
        Some(bytes)
    }

    /// The next signed number.
    #[inline(always)]
    pub(super) fn signed(&mut self, column: Column) -> Option<i64> {
        let mut value = 0u64;
        let mut shift = 0;
        loop {
            let byte = self.byte(column)?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some((value >> 1) as i64 ^ -((value & 1) as i64));
            }
            shift += 7;
            if shift > 63 {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::COLUMNS_OF_VERSION_1;
    use super::*;

    /// Columns of so many bytes each, all different.
    fn columns(lengths: [usize; COLUMNS]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for length in lengths {
            bytes.extend((length as u32).to_le_bytes());
        }
        bytes.extend((0..lengths.iter().sum::<usize>()).map(|place| place as u8));
        bytes
    }

    #[test]
    fn each_column_is_read_from_its_beginning_to_its_end() {
        let mut lengths = [0; COLUMNS];
        lengths[Column::Tokens as usize] = 1;
        lengths[Column::SizeLow as usize] = 2;
        lengths[Column::SizeHigh as usize] = 2;
        let bytes = columns(lengths);
        let mut reader = Reader::new(&bytes, COLUMNS).expect("it fits");
        assert_eq!(reader.pair(Column::SizeLow), Some([1, 3]));
        assert_eq!(reader.next_token(), Some(0));
        assert_eq!(reader.next_token(), None);
        assert!(!reader.is_done());
        assert_eq!(reader.pair(Column::SizeLow), Some([2, 4]));
        assert!(reader.is_done());
        assert_eq!(reader.pair(Column::SizeLow), None, "the bytes end here");
    }

    #[test]
    fn a_column_that_is_read_too_far_shows_at_the_end() {
        let mut lengths = [0; COLUMNS];
        lengths[Column::Functions as usize] = 1;
        lengths[Column::Ticks as usize] = 1;
        let bytes = columns(lengths);
        let mut reader = Reader::new(&bytes, COLUMNS).expect("it fits");
        for _ in 0..2 {
            assert!(reader.byte(Column::Functions).is_some());
        }
        assert!(reader.byte(Column::Ticks).is_some());
        assert!(!reader.is_done());
    }

    #[test]
    fn tables_that_do_not_fit_are_refused() {
        let mut lengths = [0; COLUMNS];
        lengths[Column::AgeLow as usize] = 2;
        assert!(
            Reader::new(&columns(lengths), COLUMNS).is_none(),
            "half a pair"
        );
        let bytes = columns([0; COLUMNS]);
        assert!(Reader::new(&bytes, COLUMNS + 1).is_none());
        assert!(Reader::new(&bytes[1..], COLUMNS).is_none());
        let first = &bytes[..4 * COLUMNS_OF_VERSION_1];
        assert!(Reader::new(first, COLUMNS_OF_VERSION_1).is_some_and(|reader| reader.is_done()));
    }
}
