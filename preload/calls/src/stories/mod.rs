//! What each family of functions reads and writes: one story a family, told for `char` and `wchar_t`,
//! plain and `_chk` forms alike. [`crate::table`] says which function is of which family, and where
//! among its arguments each role stands.

mod blocks;
mod copies;
mod files;
mod lines;
mod print;
mod records;
mod requests;
mod scanf;
mod searches;
mod texts;

pub(crate) use blocks::{COMPARE, COPY, COPY_UNTIL, FILL, FIND, FIND_BLOCK, FIND_LAST, MOVE};
pub(crate) use copies::{
    APPEND, APPEND_AT_MOST, APPEND_WITHIN, CONVERT, COPY_PADDED, COPY_TEXT, COPY_WITHIN,
};
pub(crate) use files::{
    READ, READ_ITEMS, RECEIVE_MESSAGE, RECEIVE_VECTOR, SEND_MESSAGE, SEND_VECTOR, WRITE,
    WRITE_ITEMS,
};
pub(crate) use lines::{GET_LINE, NAME_LINK, NAME_PLACE, READ_LINE};
pub(crate) use print::PRINT;
pub(crate) use records::{
    CONTROL, FILL_DESCRIPTORS, FILL_EVENTS, FILL_GROUPS, FILL_NAMES, FILL_PAIR, FILL_STAT,
    FILL_STATFS, FILL_STATUS, FILL_STATVFS, FILL_STATX, FILL_SYSTEM, FILL_TIME, FILL_TWO_PAIRS,
    FILL_USAGE, READ_DATE, READ_GIVEN, READ_PAIR, READ_TIME, READ_TWO_PAIRS, SELECT, SORT,
    SPLIT_TIME, WAIT_FOR,
};
pub(crate) use requests::{
    CONTROL_EVENTS, FILL_IDS, FILL_TO_LENGTH, MOVE_OFFSETS, NAME_VALUE, READ_MESSAGES,
    READ_OPERATIONS, RECEIVE_FROM, RECEIVE_QUEUED, SEND_QUEUED, SET_TIMER, SET_VALUE,
};
pub(crate) use scanf::SCAN;
pub(crate) use searches::{
    COMPARE_FOLDED, COMPARE_TEXTS, FIND_CHARACTER, FIND_FOLDED_TEXT, FIND_TEXT, NUMBER, SKIP,
    SKIP_UNTIL, TOKEN, TOKEN_FROM, WHOLE_NUMBER,
};
pub(crate) use texts::{LENGTH, TWO_TEXTS};
