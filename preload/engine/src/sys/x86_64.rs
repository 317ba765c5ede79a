//! What is particular to x86-64: system calls, the time stamp counter, the signal frame.

use core::arch::{asm, x86_64};

/// What the header of a program for this processor says.
pub const ELF_MACHINE: u16 = 62;

/// Makes a system call with up to six arguments; missing ones are 0.
///
/// # Safety
/// The call must be sound for these arguments, as its manual page says.
#[inline]
pub unsafe fn syscall(number: libc::c_long, args: &[usize]) -> Result<usize, i32> {
    let arg = |index: usize| args.get(index).copied().unwrap_or(0);
    let result: isize;
    // SAFETY: the caller vouches for the call; the clobbers are those of the kernel's interface.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") arg(0),
            in("rsi") arg(1),
            in("rdx") arg(2),
            in("r10") arg(3),
            in("r8") arg(4),
            in("r9") arg(5),
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    if (-4095..0).contains(&result) {
        Err(-result as i32)
    } else {
        Ok(result as usize)
    }
}

/// The time stamp counter, read after everything before it has completed. Without the fence it may be
/// read before a malloc has seen the block that another thread freed, or before a free has loaded the
/// pointer that another thread stored, and the events of one block would be out of order. Nothing is
/// needed behind it: a store becomes visible only after it retires, in order.
#[inline(always)]
#[must_use]
pub fn counter() -> u64 {
    // SAFETY: SSE2 and the counter are part of x86-64.
    unsafe {
        x86_64::_mm_lfence();
        x86_64::_rdtsc()
    }
}

/// Whether valgrind runs this process. It answers these instructions, which do nothing on a processor: the request
/// `RUNNING_ON_VALGRIND` of `valgrind.h`.
#[must_use]
pub fn is_under_valgrind() -> bool {
    const RUNNING_ON_VALGRIND: u64 = 0x1001;
    let request = [RUNNING_ON_VALGRIND, 0, 0, 0, 0, 0];
    let answer: u64;
    // SAFETY: turns a register round to where it was; valgrind reads the request and writes the answer's register.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rdi") 0,
            in("rax") request.as_ptr(),
            inlateout("rdx") 0u64 => answer,
            options(nostack),
        );
    }
    answer != 0
}

/// Whether the counter runs at a constant rate, in all power states (CPUID says so).
#[must_use]
pub fn counter_is_steady() -> bool {
    const INVARIANT: u32 = 1 << 8;
    x86_64::__cpuid(0x8000_0000).eax >= 0x8000_0007
        && x86_64::__cpuid(0x8000_0007).edx & INVARIANT != 0
}

/// The registers that functions keep for their callers, as they are now.
#[inline(always)]
#[must_use]
pub fn saved_registers() -> [u64; 6] {
    let mut saved = [0u64; 6];
    // SAFETY: stores six registers into an array of six words.
    unsafe {
        asm!(
            "mov [{0}], rbx",
            "mov [{0} + 8], rbp",
            "mov [{0} + 16], r12",
            "mov [{0} + 24], r13",
            "mov [{0} + 32], r14",
            "mov [{0} + 40], r15",
            in(reg) saved.as_mut_ptr(),
            options(nostack, preserves_flags),
        );
    }
    saved
}

/// The registers that unwinding needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// Instruction pointer.
    pub ip: u64,
    /// Stack pointer.
    pub sp: u64,
    /// Frame pointer.
    pub bp: u64,
}

impl Registers {
    /// A copy of registers that may have been stored a moment ago: see [`just_written`].
    #[inline(always)]
    #[must_use]
    pub fn just_written(&self) -> Registers {
        Registers {
            ip: just_written(&self.ip),
            sp: just_written(&self.sp),
            bp: just_written(&self.bp),
        }
    }
}

/// A word that may have been stored a moment ago, read by itself. The processor hands a store on to a load of the same
/// word before it is in the cache; for a load of two such words at once, which compilers make of a copy, it waits.
#[inline(always)]
#[must_use]
pub fn just_written(word: &u64) -> u64 {
    // SAFETY: a valid reference.
    unsafe { core::ptr::from_ref(word).read_volatile() }
}

/// The calling function's own registers.
#[inline(always)]
#[must_use]
pub fn registers_here() -> Registers {
    let (ip, sp, bp): (u64, u64, u64);
    // SAFETY: reads registers.
    unsafe {
        asm!(
            "lea {0}, [rip]",
            "mov {1}, rsp",
            "mov {2}, rbp",
            out(reg) ip,
            out(reg) sp,
            out(reg) bp,
            options(nomem, nostack, preserves_flags),
        );
    }
    Registers { ip, sp, bp }
}

/// Asks for memory that will be needed soon. Any address will do.
#[inline(always)]
pub fn prefetch(address: u64) {
    // SAFETY: a hint; it reads nothing that the program sees and never faults.
    unsafe { x86_64::_mm_prefetch::<{ x86_64::_MM_HINT_T0 }>(address as *const i8) };
}

/// Where a signal frame keeps the interrupted registers, as addresses of 8-byte words: ip, sp, bp.
/// `sp` is the stack pointer when the handler has returned into the restorer: it points at the
/// `ucontext_t`.
#[must_use]
pub fn restorer_registers(sp: u64) -> [u64; 3] {
    const GREGS: u64 = core::mem::offset_of!(libc::ucontext_t, uc_mcontext) as u64;
    let greg = |index: i32| sp.wrapping_add(GREGS + 8 * index as u64);
    [
        greg(libc::REG_RIP),
        greg(libc::REG_RSP),
        greg(libc::REG_RBP),
    ]
}
