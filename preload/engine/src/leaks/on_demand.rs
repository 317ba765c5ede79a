//! Leak checks that are asked for while the program runs: it calls `ldt_leak_check`, or [`crate::demand`] asks for one, at a
//! signal, or for `ldt leaks` from outside.

use super::request;
use super::standing::Standing;
use crate::modes;
use crate::reentry::enter;

/// `ldt_leak_check`: gives the bytes that are definitely lost. `saved` is what the caller had in the registers that functions keep,
/// `sp` is as [`crate::hooks`] says.
pub extern "C" fn called(saved: &[u64; 6], sp: u64) -> u64 {
    enter_and_run(sp, &Standing::new(sp, saved), b"ldt_leak_check")
}

/// Makes a check now. `standing` is where the calling thread, which is outside LDT, left the program.
pub fn make(standing: &Standing, reason: &[u8]) {
    enter_and_run(standing.sp, standing, reason);
}

fn enter_and_run(sp: u64, standing: &Standing, reason: &[u8]) -> u64 {
    if !modes::is_checking() {
        return 0;
    }
    request::wait_for_turn();
    match enter(sp) {
        Some(mut inside) => request::run(inside.recorder(), standing, reason),
        None => {
            request::give_up();
            0
        }
    }
}
