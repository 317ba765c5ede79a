//! What the kernel does with a signal, past libc: its own structure, its own call. LDT sets handlers for
//! moments only, and what the program sees of its dispositions must stay as it was.

use core::arch::naked_asm;
use core::ffi::c_void;
use core::ptr;

use super::syscall;

/// A handler as the kernel calls it: signal, `siginfo_t`, `ucontext_t`.
pub type Handler = unsafe extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void);

/// The kernel's `struct sigaction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Action {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

const SA_RESTORER: u64 = 0x0400_0000;
const MASK_BYTES: usize = 8;

/// Where handlers return to.
#[unsafe(naked)]
unsafe extern "C" fn restorer() {
    naked_asm!("mov eax, 15", "syscall")
}

impl Action {
    /// The program is not told.
    pub const IGNORE: Action = Action {
        handler: libc::SIG_IGN,
        flags: 0,
        restorer: 0,
        mask: 0,
    };

    /// Runs `handler` with every signal blocked, on the alternate stack where there is one;
    /// interrupted system calls go on where the kernel can make them.
    #[must_use]
    pub fn handler(handler: Handler) -> Action {
        let flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        Action {
            handler: handler as usize,
            flags: flags as u64 | SA_RESTORER,
            restorer: restorer as *const () as usize,
            mask: u64::MAX,
        }
    }

    /// The same, but other signals may come in between.
    #[must_use]
    pub fn open_handler(handler: Handler) -> Action {
        Action {
            mask: 0,
            ..Action::handler(handler)
        }
    }

    /// Whether nobody handles or ignores the signal.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.handler == libc::SIG_DFL
    }
}

/// The disposition of a signal.
#[must_use]
pub fn get(signal: i32) -> Option<Action> {
    let mut action = Action::default();
    let args = [
        signal as usize,
        0,
        ptr::from_mut(&mut action) as usize,
        MASK_BYTES,
    ];
    // SAFETY: the kernel fills the structure, which is laid out as it expects.
    unsafe { syscall(libc::SYS_rt_sigaction, &args) }.ok()?;
    Some(action)
}

/// Sets the disposition of a signal.
///
/// # Safety
/// The handler must be one that may run at any instruction of the program.
pub unsafe fn set(signal: i32, action: &Action) {
    let args = [
        signal as usize,
        ptr::from_ref(action) as usize,
        0,
        MASK_BYTES,
    ];
    // SAFETY: the structure is laid out as the kernel expects; as the caller vouches.
    let _ = unsafe { syscall(libc::SYS_rt_sigaction, &args) };
}

/// Lets these signals (bit 0 is signal 1) through on this thread; gives the mask before.
#[must_use]
pub fn unblock(signals: u64) -> u64 {
    change_mask(libc::SIG_UNBLOCK, signals)
}

/// Keeps these signals back on this thread; gives the mask before.
#[must_use]
pub fn block(signals: u64) -> u64 {
    change_mask(libc::SIG_BLOCK, signals)
}

/// Puts a mask back.
pub fn restore_mask(mask: u64) {
    let _ = change_mask(libc::SIG_SETMASK, mask);
}

fn change_mask(how: i32, mask: u64) -> u64 {
    let mut before = 0u64;
    let args = [
        how as usize,
        ptr::from_ref(&mask) as usize,
        ptr::from_mut(&mut before) as usize,
        MASK_BYTES,
    ];
    // SAFETY: the calling thread's mask; the kernel reads and writes 8 bytes.
    let _ = unsafe { syscall(libc::SYS_rt_sigprocmask, &args) };
    before
}

/// The bit of a signal in a mask.
#[must_use]
pub const fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}
