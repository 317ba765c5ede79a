//! `libldt_calls.so`: the C library's functions that read and write memory for the program, each
//! checked before it is called. `ldt check` preloads it before `libldt.so`; profiling does without.
//!
//! Follow one `memcpy(to, from, 24)`: its export ([`exports`]) compares both pointers with the bounds
//! of LDT's heap and, when neither lies there, jumps to the C library's own. If both ranges lie inside blocks,
//! one question to libldt.so says so ([`quick`]), and that is all. Otherwise [`enter`] keeps
//! the registers ([`frame`]) and asks the function's story (a row of [`table`], told in [`stories`]) what the call
//! will read and write; [`heap`] has libldt.so say whether that is the program's, and report where it is
//! not. Then the registers are put back and the C library's own function is jumped to, so that it finds
//! exactly what the program gave it: its caller, its arguments, errno.
//!
//! A few calls tell only afterwards what they did (`read`, `fgets`, `scanf`): there the C library's
//! function is called, and the story ends with its result.
#![cfg_attr(
    test,
    allow(
        dead_code,
        reason = "a test that exported the C library's functions would call itself"
    )
)]

mod arguments;
mod beneath;
mod call;
mod enter;
#[cfg(not(test))]
mod exports;
mod format;
mod frame;
mod heap;
mod index;
mod lacking;
mod numbers;
mod origins;
#[cfg(not(test))]
mod quick;
mod readable;
mod resolve;
mod scan;
mod stories;
mod table;
mod va_list;

/// Runs when the library is loaded: from here on no call has to look its function up.
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = {
    extern "C" fn constructor() {
        resolve::all();
    }
    constructor
};
