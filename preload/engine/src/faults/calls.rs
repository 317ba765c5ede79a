//! What the program calls to set handlers; beside it masks (`masks`) and alternate stacks (`stacks`). Where LDT does not keep
//! the signals for itself (profile mode) each goes straight on.
//!
//! All functions: `# Safety` as for the C function of the name.

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

/// The function beneath, as its type.
macro_rules! beneath {
    ($real:ident as fn($($argument:ty),*) -> $result:ty) => {{
        let address = Real::$real.address();
        // SAFETY: null, or the C library's function with this signature.
        unsafe {
            core::mem::transmute::<*mut core::ffi::c_void, Option<unsafe extern "C" fn($($argument),*) -> $result>>(address)
        }
    }};
}

mod masks;
mod stacks;

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr;

use super::watching::is_watching;
use super::{fatal, program, trap};
use crate::real::Real;
use crate::sys::signal::{self, Action, How, SA_RESTORER, Set};
use crate::{demand, recording};
use masks::change_mask;

pub use masks::{
    Waiting, pthread_attr_setsigmask_np, pthread_sigmask, sigblock, sighold, sigprocmask, sigrelse,
    sigsetmask, wait_with,
};
pub use stacks::sigaltstack;

type Handler = usize;
type Mask = libc::sigset_t;

/// What `signal` and its kin give for an error.
const ERROR: Handler = libc::SIG_ERR;
/// For `sigset`: block the signal.
const HOLD: Handler = 2;

/// Whether what the program asks for or sets stays as it is, since LDT has the signal and the program means the default.
pub(super) fn stays(number: c_int, handler: Option<Handler>) -> bool {
    demand::stays(number, handler) || trap::stays(number, handler) || fatal::stays(number, handler)
}

pub(super) fn fails(error: i32) -> c_int {
    // SAFETY: the calling thread's errno.
    unsafe { *libc::__errno_location() = error };
    -1
}

/// Signals 1 to 64 of libc's set, the rest of which is never used.
fn read_mask(mask: &Mask) -> Set {
    // SAFETY: libc's set begins with these 64 bits.
    Set(unsafe { *ptr::from_ref(mask).cast::<u64>() })
}

fn libc_mask(set: Set) -> Mask {
    let mut mask = MaybeUninit::<Mask>::zeroed();
    // SAFETY: zero is the empty set; its first 64 bits are signals 1 to 64.
    unsafe {
        *mask.as_mut_ptr().cast::<u64>() = set.0;
        mask.assume_init()
    }
}

/// Whether a watched signal is to be handled as the program's own matter. In a vfork child what is set
/// concerns the child, whose memory is the parent's: there the kernel is told.
pub(super) fn is_kept(number: c_int) -> bool {
    program::is_watched(number) && !recording::is_vfork_child()
}

/// `sigaction`.
pub unsafe extern "C" fn sigaction(
    number: c_int,
    new: *const libc::sigaction,
    old: *mut libc::sigaction,
) -> c_int {
    let Some(real) =
        beneath!(Sigaction as fn(c_int, *const libc::sigaction, *mut libc::sigaction) -> c_int)
    else {
        return fails(libc::ENOSYS);
    };
    if !is_watching() {
        // SAFETY: as the caller vouches.
        return unsafe { real(number, new, old) };
    }
    // SAFETY: the caller vouches for null or an action.
    let wanted = unsafe { new.as_ref() };
    if let Some(wanted) = wanted.filter(|wanted| has_handler(wanted.sa_sigaction)) {
        trap::blocked(read_mask(&wanted.sa_mask));
    }
    if stays(number, wanted.map(|wanted| wanted.sa_sigaction)) {
        if !old.is_null() {
            // SAFETY: the caller vouches for room for an action.
            unsafe { *old = libc_form(&Action::DEFAULT) };
        }
        return 0;
    }
    if is_kept(number) {
        let before = match wanted {
            Some(wanted) => program::set_action(number, kernel_form(wanted)),
            None => program::action(number),
        };
        if !old.is_null() {
            // SAFETY: the caller vouches for room for an action.
            unsafe { *old = libc_form(&before) };
        }
        return 0;
    }
    // What is told to the kernel of the mask, and told back, differs for every signal.
    let known = |mask: Set| program::handler_mask_in_program(number, mask);
    let mut before = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: a valid signal's action is filled in, else the call fails; so the mask is read before it is
    // replaced.
    let found = unsafe { real(number, ptr::null(), before.as_mut_ptr()) };
    // SAFETY: zero is a valid action, and so is what libc fills in.
    let mut before = unsafe { before.assume_init() };
    before.sa_mask = libc_mask(known(read_mask(&before.sa_mask)));
    if found == 0
        && let Some(wanted) = wanted
    {
        let mut changed = *wanted;
        let mask = program::handler_mask_in_kernel(number, read_mask(&wanted.sa_mask));
        changed.sa_mask = libc_mask(mask);
        // SAFETY: the program's action, but for the mask.
        let result = unsafe { real(number, &raw const changed, ptr::null_mut()) };
        if result != 0 {
            return result;
        }
        fatal::retake(number);
    }
    if found == 0 && !old.is_null() {
        // SAFETY: the caller vouches for room for an action.
        unsafe { *old = before };
    }
    found
}

/// What no mask can hold and no handler can be set for.
pub(super) const UNBLOCKABLE: Set = Set::of(libc::SIGKILL).with(Set::of(libc::SIGSTOP));

/// Whether that is a function of the program's.
pub(super) fn has_handler(handler: Handler) -> bool {
    !matches!(handler, libc::SIG_DFL | libc::SIG_IGN)
}

/// An action as the kernel would keep it.
fn kernel_form(action: &libc::sigaction) -> Action {
    Action {
        handler: action.sa_sigaction,
        flags: u64::from(action.sa_flags as u32) | SA_RESTORER,
        restorer: 0,
        mask: read_mask(&action.sa_mask).without(UNBLOCKABLE),
    }
}

fn libc_form(action: &Action) -> libc::sigaction {
    libc::sigaction {
        sa_sigaction: action.handler,
        sa_mask: libc_mask(action.mask),
        sa_flags: action.flags as c_int,
        sa_restorer: None,
    }
}

/// Sets a handler; gives the one before.
fn set_handler(number: c_int, handler: Handler, flags: c_int, mask: Set) -> Handler {
    let action = Action {
        handler,
        flags: u64::from(flags as u32) | SA_RESTORER,
        restorer: 0,
        mask,
    };
    program::set_action(number, action).handler
}

/// One argument after the signal's number, and a handler as the result.
macro_rules! set_a_handler {
    ($($(#[$doc:meta])* $name:ident => $real:ident, $flags:expr, $mask:expr;)*) => {$(
        $(#[$doc])*
        pub unsafe extern "C" fn $name(number: c_int, handler: Handler) -> Handler {
            if is_watching() && is_kept(number) && handler != ERROR {
                let (flags, mask): (fn(c_int) -> c_int, fn(c_int) -> Set) = ($flags, $mask);
                return set_handler(number, handler, flags(number), mask(number));
            }
            if stays(number, Some(handler)) {
                return libc::SIG_DFL;
            }
            let before = beneath!($real as fn(c_int, Handler) -> Handler)
                // SAFETY: as the caller vouches.
                .map_or(ERROR, |real| unsafe { real(number, handler) });
            fatal::retake(number);
            before
        }
    )*};
}

set_a_handler! {
    /// `signal`, which is `bsd_signal` and `ssignal` as well: the handler stays, its signal is blocked in it.
    signal => Signal, |number| if program::interrupts(number) { 0 } else { libc::SA_RESTART }, Set::of;
    /// `sysv_signal`: the handler serves once.
    sysv_signal => SysvSignal, |_| libc::SA_RESETHAND | libc::SA_NODEFER, |_| Set(0);
}

/// `sigset`: sets a handler and unblocks, or blocks.
pub unsafe extern "C" fn sigset(number: c_int, handler: Handler) -> Handler {
    // It concerns the mask as well: LDT gives the signal back.
    let _ = stays(number, Some(libc::SIG_IGN));
    if !is_watching() || !is_kept(number) || handler == ERROR {
        let before = beneath!(Sigset as fn(c_int, Handler) -> Handler)
            // SAFETY: as the caller vouches.
            .map_or(ERROR, |real| unsafe { real(number, handler) });
        fatal::retake(number);
        return before;
    }
    let itself = Set::of(number);
    let (how, before) = if handler == HOLD {
        (How::Block, program::action(number).handler)
    } else {
        (How::Unblock, set_handler(number, handler, 0, Set(0)))
    };
    let was_blocked = program::blocks(signal::mask(), number);
    change_mask(how, itself);
    if was_blocked { HOLD } else { before }
}

/// `sigignore`.
pub unsafe extern "C" fn sigignore(number: c_int) -> c_int {
    // Never the default: LDT gives the signal back.
    let _ = stays(number, Some(libc::SIG_IGN));
    if is_watching() && is_kept(number) {
        set_handler(number, libc::SIG_IGN, 0, Set(0));
        return 0;
    }
    match beneath!(Sigignore as fn(c_int) -> c_int) {
        // SAFETY: as the caller vouches.
        Some(real) => unsafe { real(number) },
        None => fails(libc::ENOSYS),
    }
}

/// `siginterrupt`.
pub unsafe extern "C" fn siginterrupt(number: c_int, interrupts: c_int) -> c_int {
    let _ = stays(number, Some(libc::SIG_IGN));
    if is_watching() && is_kept(number) {
        let restart = u64::from(libc::SA_RESTART as u32);
        program::set_interrupts(number, interrupts != 0);
        let action = program::action(number);
        let flags = if interrupts != 0 {
            action.flags & !restart
        } else {
            action.flags | restart
        };
        program::set_action(number, Action { flags, ..action });
        return 0;
    }
    let Some(real) = beneath!(Siginterrupt as fn(c_int, c_int) -> c_int) else {
        return fails(libc::ENOSYS);
    };
    // SAFETY: as the caller vouches.
    let result = unsafe { real(number, interrupts) };
    fatal::retake(number);
    result
}
