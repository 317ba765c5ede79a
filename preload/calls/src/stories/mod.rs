//! What each family of functions reads and writes: one story a family, told for `char` and `wchar_t`,
//! plain and `_chk` forms alike. [`crate::table`] says which function is of which family, and where
//! among its arguments each role stands.

mod addresses;
mod answers;
mod blocks;
mod controls;
mod conversions;
mod copies;
mod files;
mod lines;
mod patterns;
mod places;
mod print;
mod programs;
mod records;
mod requests;
mod scanf;
mod searches;
mod texts;

pub(crate) use addresses::{LOOK_UP, NAME_ADDRESS, PARSE_ADDRESS, PRINT_ADDRESS};
pub(crate) use answers::{READ_OF_ADDRESS, READ_OF_DATE};
pub(crate) use blocks::{COMPARE, COPY, COPY_UNTIL, FILL, FIND, FIND_BLOCK, FIND_LAST, MOVE};
pub(crate) use controls::{CONTROL, CONTROL_QUEUE, CONTROL_SEMAPHORES, CONTROL_SHARED};
pub(crate) use conversions::{
    FROM_CHARACTER, HELD_TO_NARROW, HELD_TO_WIDE, RECODE, SWAP_PAIRS, TO_CHARACTER, TO_NARROW,
    TO_WIDE, WIDTH,
};
pub(crate) use copies::{
    APPEND, APPEND_AT_MOST, APPEND_WITHIN, CONVERT, COPY_PADDED, COPY_TEXT, COPY_WITHIN,
};
pub(crate) use files::{
    READ, READ_ITEMS, RECEIVE_MESSAGE, RECEIVE_MESSAGES, RECEIVE_VECTOR, SEND_MESSAGE,
    SEND_MESSAGES, SEND_VECTOR, WRITE, WRITE_ITEMS,
};
pub(crate) use lines::{GET_LINE, NAME_LINK, NAME_PLACE, READ_LINE};
pub(crate) use patterns::{COMPILE, EXPAND, MATCH};
pub(crate) use places::{
    FILL_IF_ZERO, FILL_WORDS, FIND_USER, FIND_USERS, NAME_THREAD, PLACE_ANYWAY, PLACE_COUNTED,
    PLACE_IF_ZERO, PLACE_OF_DATE, PLACE_OF_TIME, PLACE_RESOLVED, PRINT_DATE,
};
pub(crate) use print::PRINT;
pub(crate) use programs::{EXECUTE, EXECUTE_LISTED};
pub(crate) use records::{
    FILL_DESCRIPTORS, FILL_ENDING, FILL_EVENTS, FILL_GROUPS, FILL_NAMES, FILL_PAIR, FILL_STAT,
    FILL_STATFS, FILL_STATUS, FILL_STATUS_AND_USAGE, FILL_STATVFS, FILL_STATX, FILL_SYSTEM,
    FILL_TERMINAL, FILL_TWO_PAIRS, FILL_USAGE, FILL_WORD, READ_DATE, READ_EVENT, READ_GIVEN,
    READ_GROUPS, READ_PAIR, READ_TERMINAL, READ_TIME, READ_TWO_PAIRS, SELECT, SORT, SPLIT_TIME,
    WAIT_FOR,
};
pub(crate) use requests::{
    ADJUST_CLOCK, CONTROL_EVENTS, CONTROL_FILE, FILL_IDS, FILL_TO_LENGTH, LEND_BUFFER,
    MOVE_OFFSETS, NAME_VALUE, READ_OPERATIONS, RECEIVE_FROM, RECEIVE_QUEUED, SEND_QUEUED,
    SET_ACTION, SET_MASK, SET_STACK, SET_TIMER, SET_VALUE, WAIT_FOR_SIGNAL,
};
pub(crate) use scanf::SCAN;
pub(crate) use searches::{
    COMPARE_FOLDED, COMPARE_TEXTS, FIND_CHARACTER, FIND_FOLDED_TEXT, FIND_TEXT, NUMBER, SIX_DIGITS,
    SKIP, SKIP_UNTIL, TOKEN, TOKEN_FROM, WHOLE_NUMBER,
};
pub(crate) use texts::{LENGTH, TWO_TEXTS};
