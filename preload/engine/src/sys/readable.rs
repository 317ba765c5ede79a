//! Reading memory of the program's that may turn out not to be readable: a guard page inside a mapping,
//! a file that was truncated under one, pages that another thread has just unmapped.
//!
//! Words are copied by the few instructions below. While [`Faults`] lives, a fault in them ends the copy
//! instead of the program: the handler sends the thread to the end of the function. Asking the kernel
//! to copy (`process_vm_readv`) was rejected: containers forbid it, and it costs a call each time.

use core::arch::global_asm;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use super::lock::Lock;
use super::signal::{self, Action, How, Set};
use super::{syscall, thread};

global_asm!(
    ".pushsection .text.ldt_copy_words, \"ax\", @progbits",
    ".hidden ldt_copy_words",
    ".globl ldt_copy_words",
    ".hidden ldt_copy_words_end",
    ".globl ldt_copy_words_end",
    ".type ldt_copy_words, @function",
    "ldt_copy_words:",
    "xor eax, eax",
    "test rdx, rdx",
    "jz ldt_copy_words_end",
    "2:",
    "mov rcx, [rdi + 8*rax]",
    "mov [rsi + 8*rax], rcx",
    "inc rax",
    "cmp rax, rdx",
    "jb 2b",
    "ldt_copy_words_end:",
    "ret",
    ".size ldt_copy_words, . - ldt_copy_words",
    ".popsection",
);

unsafe extern "C" {
    /// Gives how many words were copied; a fault ends it early.
    fn ldt_copy_words(from: u64, into: *mut u64, words: usize) -> usize;
    fn ldt_copy_words_end();
}

/// One word, copied by the kernel: for moments at which other threads run, whose faults must not be caught.
/// `None` where it cannot be read, or where a container forbids to ask.
#[must_use]
pub fn word(address: u64) -> Option<u64> {
    let mut word = 0u64;
    let into = [ptr::from_mut(&mut word) as usize, size_of::<u64>()];
    let from = [address as usize, size_of::<u64>()];
    let args = [
        thread::process_id() as usize,
        into.as_ptr() as usize,
        1,
        from.as_ptr() as usize,
        1,
        0,
    ];
    // SAFETY: two structures of address and length as the kernel expects; it writes `word` alone.
    let copied = unsafe { syscall(libc::SYS_process_vm_readv, &args) };
    (copied == Ok(size_of::<u64>())).then_some(word)
}

/// Whether a thread reads.
static READING: AtomicBool = AtomicBool::new(false);
/// The program's own dispositions meanwhile.
static BEFORE: Lock<Option<[Action; 2]>> = Lock::new(None);
const SIGNALS: [i32; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// While this lives, the calling thread may [`Faults::read`] whatever it likes. One at a time.
#[derive(Debug)]
pub struct Faults {
    mask: Set,
}

impl Faults {
    /// Takes over the signals of bad accesses. `None` when another thread reads already.
    #[must_use]
    pub fn catch() -> Option<Faults> {
        if READING.swap(true, Ordering::AcqRel) {
            return None;
        }
        let before = SIGNALS.map(signal::action);
        BEFORE.with(|kept| *kept = Some(before));
        // SAFETY: the handler touches registers of its own thread at instructions of ours only.
        let action = unsafe { Action::handler(on_fault) };
        for signal in SIGNALS {
            let _ = signal::set_action(signal, &action);
        }
        let both = SIGNALS.map(Set::of).into_iter().fold(Set(0), Set::with);
        let mask = signal::change_mask(How::Unblock, both);
        Some(Faults { mask })
    }

    /// Copies words from `address` on; gives how many there were before the first that cannot be read.
    #[inline]
    pub fn read(&self, address: u64, into: &mut [u64]) -> usize {
        // SAFETY: `into` is writable for its length; a fault on the other side ends the copy, by the
        // handler that is there as long as `self` is.
        unsafe { ldt_copy_words(address, into.as_mut_ptr(), into.len()) }
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        signal::change_mask(How::Set, self.mask);
        put_back();
        READING.store(false, Ordering::Release);
    }
}

/// Gives the program its dispositions back.
fn put_back() {
    if let Some(before) = BEFORE.with(Option::take) {
        for (signal, before) in SIGNALS.into_iter().zip(&before) {
            let _ = signal::set_action(signal, before);
        }
    }
}

/// A fault of the copy ends the copy. Any other one is the program's (a thread that could not be
/// stopped): its own handler comes back, and meets the fault when the instruction runs again.
unsafe extern "C" fn on_fault(_signal: i32, _info: *mut libc::siginfo_t, context: *mut c_void) {
    let context = context.cast::<libc::ucontext_t>();
    // SAFETY: the kernel hands over the interrupted registers.
    let ip = unsafe { &mut (*context).uc_mcontext.gregs[libc::REG_RIP as usize] };
    let code = ldt_copy_words as *const () as i64..ldt_copy_words_end as *const () as i64;
    if code.contains(ip) {
        *ip = code.end;
        return;
    }
    put_back();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::mem;

    /// A page is taken away from the middle of a mapping: what lies before it is read, and the thread
    /// lives on. The dispositions are what they were.
    #[test]
    fn a_page_that_cannot_be_read_ends_the_copy() {
        let memory = mem::allocate(3 * mem::PAGE_BYTES).expect("there is memory");
        // SAFETY: a mapping of this test's, and nobody's business but its own.
        let protected = unsafe {
            *memory.cast::<u64>().add(511) = 7;
            libc::mprotect(memory.add(4096).cast(), 4096, libc::PROT_NONE)
        };
        assert_eq!(protected, 0);
        let before = SIGNALS.map(signal::action);
        let faults = Faults::catch().expect("nobody else reads");
        let mut words = [1u64; 1024];
        assert_eq!(faults.read(memory as u64, &mut words), 512);
        assert_eq!(words[511], 7);
        assert_eq!(faults.read(memory as u64 + 4096, &mut words), 0);
        assert_eq!(faults.read(memory as u64 + 8192, &mut words[..512]), 512);
        assert_eq!(faults.read(16, &mut words), 0);
        drop(faults);
        assert_eq!(SIGNALS.map(signal::action), before);
    }
}
