//! Handlers of LDT's own. They are set for moments only, past libc, and what the program sees of its dispositions must
//! stay as it was.

use core::arch::naked_asm;
use core::ffi::c_void;

use super::signal::{Action, SA_RESTORER, Set};

/// A handler as the kernel calls it: signal, `siginfo_t`, `ucontext_t`.
type Handler = unsafe extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void);

/// Where handlers return to.
#[unsafe(naked)]
unsafe extern "C" fn restorer() {
    naked_asm!("mov eax, 15", "syscall")
}

impl Action {
    /// The program is not told.
    pub const IGNORE: Action = Action {
        handler: libc::SIG_IGN,
        ..Action::DEFAULT
    };

    /// Runs `handler` with every signal blocked, on the alternate stack where there is one;
    /// interrupted system calls go on where the kernel can make them.
    ///
    /// # Safety
    /// The handler must be one that may run at any instruction of the program.
    #[must_use]
    pub unsafe fn handler(handler: Handler) -> Action {
        let flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        Action {
            handler: handler as usize,
            flags: flags as u64 | SA_RESTORER,
            restorer: restorer as *const () as usize,
            mask: Set::ALL,
        }
    }

    /// The same, but other signals may come in between.
    ///
    /// # Safety
    /// As for [`Action::handler`].
    #[must_use]
    pub unsafe fn open_handler(handler: Handler) -> Action {
        Action {
            mask: Set(0),
            // SAFETY: as the caller vouches.
            ..unsafe { Action::handler(handler) }
        }
    }

    /// Whether the kernel drops the signal.
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        self.handler == libc::SIG_IGN
    }

    /// Whether nobody handles or ignores the signal.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.handler == libc::SIG_DFL
    }
}
