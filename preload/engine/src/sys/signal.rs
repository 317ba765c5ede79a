//! Signals as the kernel has them: dispositions, masks, alternate stacks. The wrappers of libc are
//! exported by LDT itself, and hide from the program what is said here.

use core::arch::{asm, global_asm};
use core::cell::Cell;
use core::ops::Range;
use core::ptr;

use super::{mem, syscall};

/// A set of signals: signal N is bit N - 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Set(pub u64);

impl Set {
    /// Bytes of a set for the kernel.
    const BYTES: usize = size_of::<Set>();
    /// Every signal.
    pub const ALL: Set = Set(u64::MAX);

    /// The set of one signal; of none for a number that is no signal's.
    #[must_use]
    pub const fn of(signal: i32) -> Set {
        match signal {
            1..=64 => Set(1 << (signal - 1)),
            _ => Set(0),
        }
    }

    /// Whether they have a signal in common.
    #[must_use]
    pub const fn meets(self, other: Set) -> bool {
        self.0 & other.0 != 0
    }

    /// The signals of either.
    #[must_use]
    pub const fn with(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }

    /// The signals of the first that the second has not.
    #[must_use]
    pub const fn without(self, other: Set) -> Set {
        Set(self.0 & !other.0)
    }
}

/// What happens on a signal, laid out as the kernel has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Action {
    /// The handler, or `SIG_DFL`, `SIG_IGN`.
    pub handler: usize,
    /// `SA_…`.
    pub flags: u64,
    /// Where the handler returns to.
    pub restorer: usize,
    /// Blocked while it runs.
    pub mask: Set,
}

impl Action {
    /// The kernel's default.
    pub const DEFAULT: Action = Action {
        handler: libc::SIG_DFL,
        flags: 0,
        restorer: 0,
        mask: Set(0),
    };

    /// Whether a flag is set.
    #[must_use]
    pub const fn has(&self, flag: i32) -> bool {
        self.flags & flag as u32 as u64 != 0
    }
}

/// The flag that libc sets beside a restorer.
pub const SA_RESTORER: u64 = 0x0400_0000;

fn sigaction(signal: i32, new: *const Action, old: *mut Action) -> Result<(), i32> {
    let args = [signal as usize, new as usize, old as usize, Set::BYTES];
    // SAFETY: both are null or an action as the kernel lays it out. What a new handler does is the
    // business of whoever sets it.
    unsafe { syscall(libc::SYS_rt_sigaction, &args) }.map(|_| ())
}

/// The kernel's disposition for a signal.
#[must_use]
pub fn action(signal: i32) -> Action {
    try_action(signal).unwrap_or(Action::DEFAULT)
}

/// The same for a number that may be no signal's.
pub fn try_action(signal: i32) -> Result<Action, i32> {
    let mut action = Action::DEFAULT;
    sigaction(signal, ptr::null(), &raw mut action).map(|()| action)
}

/// Sets the kernel's disposition.
pub fn set_action(signal: i32, action: &Action) -> Result<(), i32> {
    sigaction(signal, action, ptr::null_mut())
}

/// How a mask is changed: the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum How {
    /// Adds.
    Block = libc::SIG_BLOCK as usize,
    /// Takes away.
    Unblock = libc::SIG_UNBLOCK as usize,
    /// Replaces.
    Set = libc::SIG_SETMASK as usize,
}

/// Changes the calling thread's mask in the kernel; gives the one before.
pub fn change_mask(how: How, set: Set) -> Set {
    let mut before = Set(0);
    let args = [
        how as usize,
        &raw const set as usize,
        &raw mut before as usize,
        Set::BYTES,
    ];
    // SAFETY: two sets of the size that is given.
    let _ = unsafe { syscall(libc::SYS_rt_sigprocmask, &args) };
    before
}

/// The calling thread's mask in the kernel.
#[must_use]
pub fn mask() -> Set {
    change_mask(How::Block, Set(0))
}

/// Whether every page of a range can be written by a plain store; the words at the pages' edges are
/// overwritten. It is the kernel that writes, and that answers instead of sending a signal; unlike
/// `process_vm_writev` it lets a stack grow.
#[must_use]
pub fn make_writable(range: Range<u64>) -> bool {
    let page = mem::PAGE_BYTES as u64;
    let writes = |address: u64| {
        let args = [How::Block as usize, 0, address as usize, Set::BYTES];
        // SAFETY: the caller owns the range, or it is not mapped, which is an error.
        unsafe { syscall(libc::SYS_rt_sigprocmask, &args) }.is_ok()
    };
    let Some(mut at) = range.end.checked_sub(8) else {
        return false;
    };
    // From above, the way a stack grows.
    while at > range.start {
        if !writes(at) {
            return false;
        }
        at = (at & !(page - 1)).wrapping_sub(8);
    }
    writes(range.start)
}

/// Reads memory that may not be there; gives how many bytes could be read, from the start.
#[must_use]
pub fn read_memory(address: u64, into: &mut [u8]) -> usize {
    let local = [into.as_mut_ptr() as usize, into.len()];
    let remote = [address as usize, into.len()];
    let args = [
        super::thread::process_id() as usize,
        local.as_ptr() as usize,
        1,
        remote.as_ptr() as usize,
        1,
        0,
    ];
    // SAFETY: writes to the buffer only; a bad address to read from is an error.
    match unsafe { syscall(libc::SYS_process_vm_readv, &args) } {
        Ok(bytes) => bytes,
        // Sandboxes forbid the call.
        Err(libc::EPERM | libc::ENOSYS) => read_if_there(address, into),
        Err(_) => 0,
    }
}

/// The same, page by page: what is there is asked of the kernel, then read. Should another thread unmap it
/// in between, the fault is LDT's.
fn read_if_there(address: u64, into: &mut [u8]) -> usize {
    let page = mem::PAGE_BYTES as u64;
    let mut done = 0;
    while done < into.len() {
        let at = address.wrapping_add(done as u64);
        let page_end = (at & !(page - 1)).wrapping_add(page);
        let bytes = (into.len() - done).min(page_end.wrapping_sub(at) as usize);
        if !is_readable(at.min(page_end.wrapping_sub(8))) {
            break;
        }
        // SAFETY: the page can be read, as the kernel has just found; the buffer has room for the bytes.
        unsafe { ptr::copy_nonoverlapping(at as *const u8, into[done..].as_mut_ptr(), bytes) };
        done += bytes;
    }
    done
}

/// Whether the eight bytes at an address can be read: the kernel reads a mask there, to change the thread's in a
/// way that does not exist.
fn is_readable(address: u64) -> bool {
    const NO_SUCH_WAY: usize = 99;
    let args = [NO_SUCH_WAY, address as usize, 0, Set::BYTES];
    // SAFETY: fails in any case, before anything is changed.
    let refused = unsafe { syscall(libc::SYS_rt_sigprocmask, &args) };
    refused == Err(libc::EINVAL)
}

/// An alternate signal stack, laid out as the kernel has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct AlternateStack {
    /// Its lowest address.
    pub start: u64,
    /// `SS_…`.
    pub flags: i32,
    /// Its bytes.
    pub bytes: u64,
}

impl AlternateStack {
    /// No alternate stack.
    pub const NONE: AlternateStack = AlternateStack {
        start: 0,
        flags: libc::SS_DISABLE,
        bytes: 0,
    };

    /// Whether there is one.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.flags & libc::SS_DISABLE == 0 && self.bytes != 0
    }

    /// Whether a stack pointer is on it.
    #[must_use]
    pub fn contains(&self, sp: u64) -> bool {
        // As the kernel has it: the stack pointer is one past the newest byte.
        self.is_enabled() && sp > self.start && sp - self.start <= self.bytes
    }

    /// One past its highest address.
    #[must_use]
    pub fn top(&self) -> u64 {
        self.start + self.bytes
    }
}

fn sigaltstack(new: *const AlternateStack, old: *mut AlternateStack) -> Result<(), i32> {
    // SAFETY: both are null or a stack as the kernel lays it out.
    unsafe { syscall(libc::SYS_sigaltstack, &[new as usize, old as usize]) }.map(|_| ())
}

/// The calling thread's alternate stack in the kernel.
#[must_use]
pub fn alternate_stack() -> AlternateStack {
    let mut stack = AlternateStack::NONE;
    let _ = sigaltstack(ptr::null(), &raw mut stack);
    stack
}

/// Where the alternate stacks begin that the program has given for the calling thread: the kernel's, and one that is too small
/// for it. 0 for none. Often nobody else has a pointer to them.
#[must_use]
pub fn given_stacks() -> [u64; 2] {
    [alternate_stack().start, slot().small_stack[0].get()]
}

/// Sets the calling thread's alternate stack in the kernel.
pub fn set_alternate_stack(stack: &AlternateStack) -> Result<(), i32> {
    sigaltstack(stack, ptr::null_mut())
}

/// How many bytes the kernel's signal frame takes at most on this processor.
#[must_use]
pub fn frame_bytes() -> u64 {
    const AT_MINSIGSTKSZ: u64 = 51;
    // SAFETY: reads libc's copy of the auxiliary vector; 0 where the kernel says nothing.
    match unsafe { libc::getauxval(AT_MINSIGSTKSZ) } {
        0 => libc::MINSIGSTKSZ as u64 * 2,
        bytes => bytes,
    }
}

/// What came with a signal: the kernel's `siginfo_t`, unread.
pub type Info = [u64; 16];

/// Sends a signal to the calling thread, as if it came again from where it came from.
pub fn send_again(signal: i32, info: &Info) {
    let args = [
        super::thread::process_id() as usize,
        super::thread::thread_id() as usize,
        signal as usize,
        info.as_ptr() as usize,
    ];
    // SAFETY: 128 bytes, as the kernel wants them. The kernel allows any code to oneself.
    let _ = unsafe { syscall(libc::SYS_rt_tgsigqueueinfo, &args) };
}

/// The same to the process, for any of its threads that does not block it.
pub fn send_process_again(signal: i32, info: &Info) {
    // By the thread's number, which stands for the process here as its own does: "oneself" is the thread.
    let args = [
        super::thread::thread_id() as usize,
        signal as usize,
        info.as_ptr() as usize,
    ];
    // SAFETY: as above.
    let _ = unsafe { syscall(libc::SYS_rt_sigqueueinfo, &args) };
}

/// What a thread keeps for signals, in thread-local memory of the kind of [`super::thread::Slot`]. All
/// zero is the state of a thread that has not been seen.
#[derive(Debug)]
#[repr(C)]
pub struct SignalSlot {
    /// One past LDT's own stack for the fault handler, 0 when the thread has none. The handler's entry
    /// reads this and the next field.
    pub stack_top: Cell<u64>,
    /// The lowest address of that stack.
    pub stack_bottom: Cell<u64>,
    /// The handler is at work.
    pub busy: Cell<u64>,
    /// Where the last fault that was mended happened.
    pub last_ip: Cell<u64>,
    /// What it accessed, every bit the other way round: thread-local memory is looked at for leaks, and must not
    /// hold an address of the program's.
    pub last_address: Cell<u64>,
    /// How often in a row.
    pub repeats: Cell<u64>,
    /// The program's alternate stack when it is too small for the kernel to use: start, bytes.
    pub small_stack: [Cell<u64>; 2],
    /// Where the program's alternate stack begins that the kernel has; 0 without one.
    pub large_stack: Cell<u64>,
    /// Of the two signals whose bits in the kernel's mask are lent out: those that the program blocks.
    pub lent_blocked: Cell<u64>,
    /// Which masks below were handed out last.
    pub next_mask: Cell<u64>,
    /// Masks on their way into a system call.
    pub masks: [Cell<u64>; 4],
    /// Of LDT's own signals those that were sent while the program had them blocked: the kernel blocks them as well.
    pub left_pending: Cell<u64>,
    /// What was opened for the instruction that is being stepped; zero where nothing is.
    pub steps: [Cell<[u64; 2]>; 2],
    /// The mask that holds again after it.
    pub step_mask: Cell<u64>,
}

global_asm!(
    ".pushsection .tbss, \"awT\", @nobits",
    ".balign 16",
    ".globl ldt_signal_slot",
    ".hidden ldt_signal_slot",
    ".type ldt_signal_slot, @object",
    ".size ldt_signal_slot, 168",
    "ldt_signal_slot:",
    ".zero 168",
    ".popsection",
);
const _: () = assert!(
    size_of::<SignalSlot>() == 168,
    "the assembly above reserves this"
);

/// The calling thread's.
#[must_use]
pub fn slot() -> &'static SignalSlot {
    let address: *const SignalSlot;
    // SAFETY: reads the thread pointer and a constant of the linker's; no memory that changes.
    unsafe {
        asm!(
            "mov {0}, qword ptr fs:[0]",
            "add {0}, qword ptr [rip + ldt_signal_slot@GOTTPOFF]",
            out(reg) address,
            options(pure, nomem, nostack),
        );
    }
    // SAFETY: zeroed bytes of this size, a valid `SignalSlot`, in memory that lives as long as the
    // thread; it is not Sync, so the reference cannot leave the thread.
    unsafe { &*address }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways to read stop at the first byte that is not there.
    #[test]
    fn reading_ends_where_memory_does() {
        let memory = mem::allocate(2 * mem::PAGE_BYTES).expect("there is memory");
        // SAFETY: a mapping of this test's.
        unsafe {
            *memory.add(4090) = 7;
            libc::mprotect(memory.add(4096).cast(), 4096, libc::PROT_NONE);
        }
        let before = mask();
        for read in [read_memory, read_if_there] {
            let mut bytes = [1; 64];
            assert_eq!(read(memory as u64 + 4086, &mut bytes), 10);
            assert_eq!(bytes[..10], [0, 0, 0, 0, 7, 0, 0, 0, 0, 0]);
            assert_eq!(read(memory as u64 + 4096, &mut bytes), 0);
            assert_eq!(read(8, &mut bytes), 0);
            assert_eq!(read(u64::MAX - 3, &mut bytes), 0);
            assert_eq!(read(memory as u64, &mut bytes), 64);
        }
        assert_eq!(mask(), before);
    }

    #[test]
    fn only_memory_that_is_there_can_be_made_writable() {
        let memory = mem::allocate(3 * mem::PAGE_BYTES).expect("there is memory") as u64;
        // SAFETY: a mapping of this test's.
        unsafe { libc::mprotect((memory + 8192) as *mut _, 4096, libc::PROT_NONE) };
        assert!(make_writable(memory..memory + 8192));
        assert!(make_writable(memory + 100..memory + 200));
        assert!(!make_writable(memory + 4096..memory + 8200));
        assert!(!make_writable(memory + 8192..memory + 8300));
    }
}
