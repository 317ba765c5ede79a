//! Where a thread left the program for LDT.

use super::stacks::RED_ZONE_BYTES;
use crate::recorder::Recorder;
use crate::sys::file::file_name;
use crate::sys::lock::Lock;
use crate::sys::{registers_here, saved_registers, thread};

/// Where a thread left the program for LDT: nothing below `sp` and its red zone is the program's.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The stack pointer.
    pub sp: u64,
    /// What is alive below it: nothing where the program has called, [`RED_ZONE_BYTES`] where it was interrupted.
    pub red_zone_bytes: u64,
    /// Registers that still hold the program's values; what is left over is 0.
    pub registers: [u64; REGISTERS],
}

/// As many as a signal frame has.
const REGISTERS: usize = 23;

/// Where a thread called a function that ends the process, and which thread it was.
static EXITING: Lock<Option<(u32, Standing)>> = Lock::new(None);

/// The calling thread has called `exit` or `quick_exit`.
pub fn exiting(standing: Standing) {
    EXITING.with(|exiting| *exiting = Some((thread::thread_id(), standing)));
}

impl Standing {
    /// At the entry of a function that the program called, with the registers that functions keep.
    #[must_use]
    pub fn new(sp: u64, saved: &[u64; 6]) -> Standing {
        let mut registers = [0; REGISTERS];
        registers[..saved.len()].copy_from_slice(saved);
        Standing {
            sp,
            red_zone_bytes: 0,
            registers,
        }
    }

    /// Where a signal has interrupted the program.
    #[must_use]
    pub fn interrupted(sp: u64, registers: [u64; REGISTERS]) -> Standing {
        Standing {
            sp,
            red_zone_bytes: RED_ZONE_BYTES,
            registers,
        }
    }

    /// In an exit handler: where the program called `exit`. Where it did not (main has returned; libc
    /// ends the process by itself), the first frame that is neither LDT's nor libc's: what lies
    /// below is dead, and full of what main has left there.
    pub fn at_exit(recorder: &mut Recorder) -> Standing {
        let exiting = EXITING.with(|exiting| exiting.clone());
        if let Some((tid, standing)) = exiting
            && tid == thread::thread_id()
        {
            return standing;
        }
        let here = registers_here();
        let outside = recorder.frame_outside(here, &mut |module| is_of_the_end(module));
        // The first of libc's frames may have saved registers of the program's there.
        Standing::interrupted(outside.sp, [0; REGISTERS])
    }

    /// The calling function's, inside LDT, with the address of a local variable of that function. What prologues between the program
    /// and it have saved lies above, and so does what their frames hold besides.
    #[inline(always)]
    #[must_use]
    pub fn here(local: *const u8) -> Standing {
        Standing::new(local as u64, &saved_registers())
    }
}

/// Whether frames of this module between an exit handler and the program are of no account.
fn is_of_the_end(path: &[u8]) -> bool {
    let name = file_name(path);
    [&b"libc."[..], b"libc-", b"libldt", b"ld-linux", b"ld-"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// See [`Lock::reopen_after_fork`].
///
/// # Safety
/// As there.
pub unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { EXITING.reopen_after_fork() };
}
