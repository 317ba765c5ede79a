//! The columns of a chunk side by side: while encoding, each grows in a region of its own; the result
//! is a table of lengths and the columns one after the other.

use super::{Content, Part};

/// What each column holds. The discriminant is its place in the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Column {
    /// One byte an event: what it is and what was predicted (see [`super::token`]).
    Tokens,
    /// Function numbers that were not predicted.
    Functions,
    /// Low bytes of sizes that were not predicted.
    SizeLow,
    /// High bytes of these sizes; 255 for the ones above 65,279, which stand in `Rest`.
    SizeHigh,
    /// Low bytes of places in the dictionary of stacks.
    StackLow,
    /// High bytes of these places.
    StackHigh,
    /// Stacks that the dictionary did not have: signed varint from the stack before.
    StackNew,
    /// Addresses of allocations that were not predicted: low bytes of the distance, in 16-byte units, from the last
    /// written address of the same region. Before version 3: signed varint from the allocation before.
    Addresses,
    /// Low bytes of how many allocations ago a freed block was allocated.
    AgeLow,
    /// High bytes of these ages.
    AgeHigh,
    /// Frees of blocks from before the chunk: low bytes of such distances. Before version 3: signed varint from the last
    /// such free of the same region.
    OldFrees,
    /// Stamps, since version 3 not those of frees: signed varint from the stamp before.
    Ticks,
    /// Numbers of stack nodes: signed varints of the id from the last id plus 1, of the distance to
    /// the parent from 1.
    NodeIds,
    /// Instruction pointers of stack nodes, 6 bytes each: whole, so that zstd finds repeated ones.
    NodeIps,
    /// Words of all that is rare, 8 bytes each.
    Rest,
    /// Low bytes of how many frees ago the block of an allocation was freed.
    FreedLow,
    /// High bytes of these.
    FreedHigh,
    /// In which region a written address is, if its token does not say: one of sixteen places. Before version 3 of frees
    /// alone.
    Regions,
    /// Tokens after frees, if they do not all stand in `Tokens`.
    TokensAfterFrees,
    /// Tokens after other events, and the first, in the same case.
    TokensAfterOthers,
    /// Stamps of frees.
    TicksOfFrees,
    /// The middle bytes of the distances in `Addresses`.
    AddressesMiddle,
    /// The high bytes.
    AddressesHigh,
    /// The middle bytes of the distances in `OldFrees`.
    OldFreesMiddle,
    /// The high bytes.
    OldFreesHigh,
    /// How many allocations lie between the freed block's and that of the block freed before it: one signed byte.
    Near,
}

impl Column {
    /// The columns of tokens after an event of each [`super::token::kind`].
    pub(super) const OF_TOKENS: [Column; 3] = [
        Column::Tokens,
        Column::TokensAfterFrees,
        Column::TokensAfterOthers,
    ];
    /// Columns of low and high bytes of the same numbers: they are as long as each other.
    pub(super) const PAIRS: [[Column; 2]; 4] =
        [Column::SIZE, Column::STACK, Column::AGE, Column::FREED];
    /// The columns of sizes.
    pub(super) const SIZE: [Column; 2] = [Column::SizeLow, Column::SizeHigh];
    /// The columns of places in the dictionary of stacks.
    pub(super) const STACK: [Column; 2] = [Column::StackLow, Column::StackHigh];
    /// The columns of ages, and of places in the table of addresses.
    pub(super) const AGE: [Column; 2] = [Column::AgeLow, Column::AgeHigh];
    /// The columns of how many frees ago.
    pub(super) const FREED: [Column; 2] = [Column::FreedLow, Column::FreedHigh];
    /// The columns of one byte each of distances to allocations, low first.
    pub(super) const OF_ADDRESSES: [Column; 3] = [
        Column::Addresses,
        Column::AddressesMiddle,
        Column::AddressesHigh,
    ];
    /// The same of blocks that are freed.
    pub(super) const OF_OLD_FREES: [Column; 3] = [
        Column::OldFrees,
        Column::OldFreesMiddle,
        Column::OldFreesHigh,
    ];
}

/// What three columns of bytes say when a distance does not fit them: it stands in `Rest`.
pub(super) const FAR: i64 = -1 << 23;

/// How many columns there are.
pub(super) const COLUMNS: usize = Column::Near as usize + 1;
/// How many there were in version 3 of the format: all up to `OldFreesHigh`.
pub(super) const COLUMNS_OF_VERSION_3: usize = Column::OldFreesHigh as usize + 1;
/// How many there were in version 2 of the format: all up to `Regions`.
pub(super) const COLUMNS_OF_VERSION_2: usize = Column::Regions as usize + 1;
/// How many there were in version 1 of the format: all up to `Rest`.
pub(super) const COLUMNS_OF_VERSION_1: usize = Column::Rest as usize + 1;
/// Bytes of the table of lengths before the columns.
pub(super) const TABLE_BYTES: usize = 4 * COLUMNS;

/// The most bytes that each column can get for every word encoded.
const BYTES_PER_WORD: [usize; COLUMNS] = [
    1, 1, 1, 1, 1, 1, 5, 1, 1, 1, 1, 10, 10, 3, 8, 1, 1, 1, 1, 1, 5, 1, 1, 1, 1, 1,
];
/// Room for what is not in proportion.
const SLACK: usize = 64;

const fn sum() -> usize {
    let mut total = 0;
    let mut index = 0;
    while index < COLUMNS {
        total += BYTES_PER_WORD[index];
        index += 1;
    }
    total
}

/// How long the memory of a [`Sheet`] for this many words must be.
pub(super) const fn bound(words: usize) -> usize {
    TABLE_BYTES + sum() * words + SLACK * COLUMNS
}

/// Columns that are being written.
pub(super) struct Sheet<'a> {
    columns: [&'a mut [u8]; COLUMNS],
    lengths: [usize; COLUMNS],
}

impl<'a> Sheet<'a> {
    /// Lays the regions out in `memory`, which needs [`bound`] bytes.
    pub(super) fn new(memory: &'a mut [u8], words: usize) -> Option<Sheet<'a>> {
        let mut rest = memory.get_mut(TABLE_BYTES..)?;
        let mut columns: [&mut [u8]; COLUMNS] = core::array::from_fn(|_| &mut [][..]);
        for (column, per_word) in columns.iter_mut().zip(BYTES_PER_WORD) {
            let (region, tail) = rest.split_at_mut_checked(per_word * words + SLACK)?;
            (*column, rest) = (region, tail);
        }
        Some(Sheet {
            columns,
            lengths: [0; COLUMNS],
        })
    }

    /// Appends a byte. A full column drops it, which [`Sheet::finish`] notices.
    #[inline(always)]
    pub(super) fn byte(&mut self, column: Column, byte: u8) {
        let column = column as usize;
        if let Some(place) = self.columns[column].get_mut(self.lengths[column]) {
            *place = byte;
        }
        self.lengths[column] += 1;
    }

    /// Appends a number of two bytes to a pair of columns. [`Sheet::finish`] knows that the second is as long as the first.
    #[inline(always)]
    pub(super) fn pair(&mut self, [low, high]: [Column; 2], number: u16) {
        let (low, high) = (low as usize, high as usize);
        let at = self.lengths[low];
        for (column, byte) in [low, high].into_iter().zip(number.to_le_bytes()) {
            if let Some(place) = self.columns[column].get_mut(at) {
                *place = byte;
            }
        }
        self.lengths[low] = at + 1;
    }

    /// Appends bytes.
    #[inline(always)]
    pub(super) fn bytes<const N: usize>(&mut self, column: Column, bytes: [u8; N]) {
        let column = column as usize;
        let at = self.lengths[column];
        if let Some(place) = self.columns[column].get_mut(at..at + N) {
            place.copy_from_slice(&bytes);
        }
        self.lengths[column] += N;
    }

    /// Appends a signed number, small ones in one byte.
    #[inline(always)]
    pub(super) fn signed(&mut self, column: Column, value: i64) {
        let mut rest = (value << 1 ^ value >> 63) as u64;
        while rest >= 0x80 {
            self.byte(column, rest as u8 | 0x80);
            rest >>= 7;
        }
        self.byte(column, rest as u8);
    }

    /// Appends a distance to columns of one byte each.
    #[inline(always)]
    pub(super) fn distance(&mut self, columns: [Column; 3], distance: i64) {
        let near = if (FAR + 1..-FAR).contains(&distance) {
            distance
        } else {
            self.bytes(Column::Rest, distance.to_le_bytes());
            FAR
        };
        let low = columns[0] as usize;
        let at = self.lengths[low];
        for (column, byte) in columns.into_iter().zip(near.to_le_bytes()) {
            if let Some(place) = self.columns[column as usize].get_mut(at) {
                *place = byte;
            }
        }
        self.lengths[low] = at + 1;
    }

    /// How long each column is; `None` when one overflowed its region.
    pub(super) fn finish(mut self) -> Option<[usize; COLUMNS]> {
        for columns in Column::PAIRS {
            self.lengths[columns[1] as usize] = self.lengths[columns[0] as usize];
        }
        for columns in [Column::OF_ADDRESSES, Column::OF_OLD_FREES] {
            for other in [columns[1], columns[2]] {
                self.lengths[other as usize] = self.lengths[columns[0] as usize];
            }
        }
        let fits = self
            .columns
            .iter()
            .zip(self.lengths)
            .all(|(column, length)| length <= column.len());
        fits.then_some(self.lengths)
    }
}

/// Moves the columns together behind their table; gives the bytes of the whole.
pub(super) fn compact(memory: &mut [u8], words: usize, lengths: [usize; COLUMNS]) -> Option<usize> {
    let mut from = TABLE_BYTES;
    let mut to = TABLE_BYTES;
    for (index, length) in lengths.into_iter().enumerate() {
        let table = memory.get_mut(4 * index..4 * index + 4)?;
        table.copy_from_slice(&u32::try_from(length).ok()?.to_le_bytes());
        if from + length > memory.len() {
            return None;
        }
        memory.copy_within(from..from + length, to);
        to += length;
        from += BYTES_PER_WORD[index] * words + SLACK;
    }
    Some(to)
}

/// A column smaller than this is not worth tables of its own.
const LEAST_PART_BYTES: usize = 1024;

/// What [`compact`] made, in pieces; see [`super::Encoded::parts`].
pub(super) fn parts(lengths: [usize; COLUMNS]) -> impl Iterator<Item = Part> {
    let mut begin = 0;
    let mut at = TABLE_BYTES;
    let mut column = 0;
    core::iter::from_fn(move || {
        // Up to the next column that stands alone.
        while column < COLUMNS && lengths[column] < LEAST_PART_BYTES {
            at += lengths[column];
            column += 1;
        }
        let place = begin..at;
        if !place.is_empty() {
            begin = at;
            return Some(Part {
                place,
                content: Content::Several,
            });
        }
        let length = *lengths.get(column)?;
        let content = if column == Column::NodeIps as usize {
            Content::Records
        } else {
            Content::Column(column as u32)
        };
        column += 1;
        at += length;
        begin = at;
        Some(Part {
            place: at - length..at,
            content,
        })
    })
}
