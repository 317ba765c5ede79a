//! The calling thread: its identity, its name, its slot of thread-local memory.

use core::arch::{asm, global_asm};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use super::syscall;

/// What LDT keeps in thread-local memory. All zero is the state of a thread that has not been seen.
///
/// A `thread_local!` in a shared library goes through `__tls_get_addr`, which may allocate, and
/// registers destructors; this is a plain symbol in the initial-exec model.
#[derive(Debug)]
#[repr(C)]
pub struct Slot {
    /// The thread's state, null until its first event.
    pub thread: Cell<*mut u8>,
    /// Where the stack stood when LDT was entered on this thread; 0 when it is outside.
    pub inside_sp: Cell<u64>,
    /// The operator new or delete that is about to call malloc or free.
    pub pending: Operator,
    /// What [`Operator::sp`] of the pending one is when none is: 0, or [`TRIES_AGAIN`].
    pub idle: Cell<u64>,
    /// The operator new whose malloc failed last: it may ask again, when the new-handler has freed something.
    pub failed: Operator,
    /// The stack pointer at the entry of the malloc that failed.
    pub failed_sp: Cell<u64>,
    /// Its return address.
    pub failed_ip: Cell<u64>,
    /// What the thread's last vfork child built its environment in: address and bytes, or 0.
    pub childs_scratch: [Cell<u64>; 2],
    /// How many of LDT's locks the thread holds.
    pub locks: Cell<u64>,
    /// The signal by which the thread dies inside LDT, once it does.
    pub dying_by: Cell<u64>,
    /// The stack of the call of the C library's that an error was told of last, 0 where that call is known to be over.
    pub told_call: Cell<u64>,
    /// What is open in case for the call of the C library that the thread is in: from, and to, which is 0 for nothing.
    pub open_for_call: [Cell<u64>; 2],
}

/// No stack pointer: none is pending, but [`Slot::failed`] may ask again.
pub const TRIES_AGAIN: u64 = 1;

/// A call of an operator new or delete.
#[derive(Debug)]
#[repr(C)]
pub struct Operator {
    /// Its number in the format.
    pub function: Cell<u64>,
    /// The stack pointer at its entry, 0 when none is pending.
    pub sp: Cell<u64>,
    /// The frame pointer at its entry.
    pub bp: Cell<u64>,
    /// Its first argument: the bytes asked for, or the block.
    pub first: Cell<u64>,
    /// Its second argument, where it has one.
    pub second: Cell<u64>,
    /// Its third.
    pub third: Cell<u64>,
}

global_asm!(
    ".pushsection .tbss, \"awT\", @nobits",
    ".balign 16",
    ".globl ldt_thread_slot",
    ".hidden ldt_thread_slot",
    ".type ldt_thread_slot, @object",
    ".size ldt_thread_slot, 192",
    "ldt_thread_slot:",
    ".zero 192",
    ".popsection",
);
const _: () = assert!(size_of::<Slot>() == 192, "the assembly above reserves this");

/// Whether the process has one thread, as the C library knows: its own malloc leaves its locks alone then, so threads
/// that it has not heard of (made by a raw clone) could not use the heap without LDT either.
#[inline(always)]
#[must_use]
pub fn is_alone() -> bool {
    unsafe extern "C" {
        static __libc_single_threaded: libc::c_char;
    }
    // SAFETY: a variable of the C library's, which changes only before a thread is made.
    unsafe { (&raw const __libc_single_threaded).read_volatile() != 0 }
}

/// The calling thread's slot. Valid as long as the thread runs, and for it alone.
#[inline(always)]
#[must_use]
pub fn slot() -> &'static Slot {
    let address: *const Slot;
    // SAFETY: reads the thread pointer and a constant of the linker's; no memory that changes.
    unsafe {
        asm!(
            "mov {0}, qword ptr fs:[0]",
            "add {0}, qword ptr [rip + ldt_thread_slot@GOTTPOFF]",
            out(reg) address,
            options(pure, nomem, nostack),
        );
    }
    // SAFETY: the symbol is 192 zeroed bytes, a valid `Slot`, in memory that lives as long as the
    // thread; a `Slot` is not Sync, so the reference cannot leave the thread.
    unsafe { &*address }
}

/// The kernel's id of the calling thread.
#[must_use]
pub fn thread_id() -> u32 {
    // SAFETY: no arguments, no effect.
    unsafe { syscall(libc::SYS_gettid, &[]) }.unwrap_or(0) as u32
}

/// Whether a thread of this process with this id exists.
#[must_use]
pub fn is_alive(tid: u32) -> bool {
    // Sandboxes kill at the call below, also those of programs of one thread.
    if tid == thread_id() {
        return true;
    }
    let args = [process_id() as usize, tid as usize, 0];
    // SAFETY: signal 0 is only asked for, not sent.
    let asked = unsafe { syscall(libc::SYS_tgkill, &args) };
    asked != Err(libc::ESRCH)
}

/// The process id.
#[must_use]
pub fn process_id() -> u32 {
    // SAFETY: no arguments, no effect.
    unsafe { syscall(libc::SYS_getpid, &[]) }.unwrap_or(0) as u32
}

/// The parent's process id.
#[must_use]
pub fn parent_process_id() -> u32 {
    // SAFETY: no arguments, no effect.
    unsafe { syscall(libc::SYS_getppid, &[]) }.unwrap_or(0) as u32
}

/// Where `struct pthread` keeps the thread's number, in all versions of glibc on x86-64: behind a
/// header of 704 bytes and two links.
pub const TID_AT: u64 = 720;

/// Whether this process has the memory of the one that made it: a child of `vfork`, or of `clone` with `CLONE_VM`. libc's fork
/// writes the child's number into the control block, so others ask nobody.
#[must_use]
pub fn shares_memory_with_parent() -> bool {
    const KCMP_VM: usize = 1;
    // SAFETY: the calling thread's control block is larger than that.
    let noted = unsafe { *((pointer() + TID_AT) as *const u32) };
    if noted == thread_id() {
        return false;
    }
    let args = [
        process_id() as usize,
        parent_process_id() as usize,
        KCMP_VM,
        0,
        0,
    ];
    // SAFETY: numbers. Where it is refused, a child is taken for one with memory of its own, as most are.
    let compared = unsafe { syscall(libc::SYS_kcmp, &args) };
    compared == Ok(0)
}

/// Set for good once the program has entered a sandbox of system calls.
static IS_SANDBOXED: AtomicBool = AtomicBool::new(false);

/// Notes that the program enters a sandbox of system calls: it may kill at those that the program itself does not make.
pub fn enters_sandbox() {
    IS_SANDBOXED.store(true, Ordering::Relaxed);
}

/// Whether it has.
#[must_use]
pub fn is_sandboxed() -> bool {
    IS_SANDBOXED.load(Ordering::Relaxed)
}

/// The calling thread's name; NUL padded. In a sandbox it is not asked for: many kill at that, sshd's and Firefox's for two,
/// that let pass what LDT cannot do without.
#[must_use]
pub fn name() -> Option<[u8; 16]> {
    if is_sandboxed() {
        return None;
    }
    let mut name = [0u8; 16];
    let args = [libc::PR_GET_NAME as usize, name.as_mut_ptr() as usize];
    // SAFETY: the kernel writes at most 16 bytes.
    let _ = unsafe { syscall(libc::SYS_prctl, &args) };
    Some(name)
}

/// Ends the process at once, with every thread.
pub fn exit_process(code: i32) -> ! {
    loop {
        // SAFETY: does not come back.
        let _ = unsafe { syscall(libc::SYS_exit_group, &[code as usize]) };
    }
}

/// Ends the process by SIGABRT with its default action, so that a core is written where limits let it.
pub fn abort_with_core() -> ! {
    let default = [0u64; 4];
    let signal = libc::SIGABRT as usize;
    // SAFETY: the default action for a signal, as the kernel lays it out; unblocking and sending it.
    unsafe {
        let action = [signal, default.as_ptr() as usize, 0, size_of::<u64>()];
        let _ = syscall(libc::SYS_rt_sigaction, &action);
        let unblocked = 1u64 << (signal - 1);
        let mask = [
            libc::SIG_UNBLOCK as usize,
            &raw const unblocked as usize,
            0,
            size_of::<u64>(),
        ];
        let _ = syscall(libc::SYS_rt_sigprocmask, &mask);
        let _ = syscall(
            libc::SYS_tgkill,
            &[process_id() as usize, thread_id() as usize, signal],
        );
    }
    exit_process(128 + libc::SIGABRT)
}

/// Runs `gdb -p` on this process and waits for its end.
pub fn run_debugger() {
    let pid = process_id().to_string();
    let Ok(mut child) = std::process::Command::new("gdb")
        .args(["-q", "-p", &pid])
        .env_remove("LD_PRELOAD")
        .spawn()
    else {
        return;
    };
    // Where Yama lets only a parent trace its child, anybody may from now on.
    // SAFETY: plain arguments, no memory.
    let _ = unsafe { syscall(libc::SYS_prctl, &[0x5961_6d61, usize::MAX]) };
    let _ = child.wait();
}

/// The thread pointer: the address of the calling thread's control block, which holds itself first.
#[inline(always)]
#[must_use]
pub fn pointer() -> u64 {
    let pointer: u64;
    // SAFETY: reads the thread pointer; no memory that changes.
    unsafe {
        asm!(
            "mov {0}, qword ptr fs:[0]",
            out(reg) pointer,
            options(pure, nomem, nostack),
        );
    }
    pointer
}

/// Sleeps, or less when a signal comes.
pub fn nap(nanoseconds: u64) {
    let time = [nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000];
    // SAFETY: the kernel reads two words.
    let _ = unsafe { syscall(libc::SYS_nanosleep, &[time.as_ptr() as usize, 0]) };
}

/// Lets others run.
pub fn yield_now() {
    // SAFETY: no arguments, no effect on memory.
    let _ = unsafe { syscall(libc::SYS_sched_yield, &[]) };
}

/// A clock of the kernel's in nanoseconds, through libc's vDSO path, which takes no lock and leaves
/// `errno` alone for these clocks.
#[must_use]
pub fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: fills the structure; these clocks always exist.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Where glibc makes signal handlers return to, so that unwinding knows a signal frame when it meets
/// one. Found by setting a handler for a signal that nobody uses and asking the kernel for the
/// restorer that libc put beside it; the old disposition is put back.
#[must_use]
pub fn signal_restorer() -> u64 {
    /// The kernel's own structure, which the libc one hides.
    #[repr(C)]
    struct KernelAction {
        handler: usize,
        flags: u64,
        restorer: u64,
        mask: u64,
    }
    extern "C" fn nothing(_: i32) {}
    // The highest realtime signal but one: handlers there are rare, deliveries before main rarer.
    const SIGNAL: i32 = 63;
    let mut before = KernelAction {
        handler: 0,
        flags: 0,
        restorer: 0,
        mask: 0,
    };
    let mut ours = KernelAction {
        handler: 0,
        flags: 0,
        restorer: 0,
        mask: 0,
    };
    let kernel = |set: *const KernelAction, get: *mut KernelAction| {
        // SAFETY: both are null or a structure as the kernel lays it out; its mask has 8 bytes.
        unsafe {
            syscall(
                libc::SYS_rt_sigaction,
                &[
                    SIGNAL as usize,
                    set as usize,
                    get as usize,
                    size_of::<u64>(),
                ],
            )
        }
    };
    if kernel(ptr::null(), &raw mut before).is_err() {
        return 0;
    }
    // SAFETY: all zero is a valid `sigaction`; the handler does nothing.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        libc::sigaction(SIGNAL, &raw const action, ptr::null_mut());
    }
    let _ = kernel(ptr::null(), &raw mut ours);
    let _ = kernel(&raw const before, ptr::null_mut());
    ours.restorer
}
