//! The one lock of the engine, for cold paths only (a new module, a new thread, memory of our own).
//!
//! It spins and yields: a futex could leave the program's thread asleep behind a thread that died.
//! It is never held while anything of the program's, libc's or the loader's runs, never on the event
//! path, and the guard of [`crate::reentry`] keeps a signal handler from meeting its own thread's. But for the report of a
//! crash inside LDT, which ends where it meets one.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::file::{self, Fd};
use super::{signal, thread};

const ENDS_HERE: &[u8] =
    b"ldt: a fatal signal came while LDT was at work: what it can tell of it ends here\n";

/// No thread's address.
const FREE: usize = 0;

/// Ends the process by the signal that the thread dies by: what it would tell next is behind a lock that it holds itself, and
/// half changed.
#[cold]
fn dies(slot: &thread::Slot) -> ! {
    file::write_stream(Fd(2), ENDS_HERE);
    let number = slot.dying_by.get() as i32;
    // The number is valid.
    let _ = signal::set_action(number, &signal::Action::DEFAULT);
    signal::change_mask(signal::How::Unblock, signal::Set::of(number));
    signal::send_again(number, &[0; 16]);
    loop {
        thread::nap(NAP_NS);
    }
}

/// A value behind a spin lock.
#[derive(Debug, Default)]
pub struct Lock<T> {
    /// Whose it is: the address of the thread's slot, 0 for nobody's.
    owner: AtomicUsize,
    value: UnsafeCell<T>,
}

// SAFETY: `with` gives out the value to one thread at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

const TRIES_BETWEEN_YIELDS: u32 = 64;
/// After so many a thread sleeps in between: one of real-time priority that only yields keeps a holder of lower
/// priority from its processor for ever.
const PATIENT_TRIES: u32 = 64 * TRIES_BETWEEN_YIELDS;
const NAP_NS: u64 = 50_000;
/// Who has it may in turn wait for a lock of the dying thread's: after a second or so that is what it is.
const MOST_TRIES_TO_DIE: u32 = PATIENT_TRIES + 20_000 * TRIES_BETWEEN_YIELDS;

impl<T> Lock<T> {
    /// An open lock.
    pub const fn new(value: T) -> Self {
        Lock {
            owner: AtomicUsize::new(FREE),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `work` alone with the value.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        self.acquire();
        // SAFETY: `acquire` returned to this thread alone.
        let result = work(unsafe { &mut *self.value.get() });
        self.release();
        result
    }

    /// Waits until nobody has the lock and takes it, without looking at the value: before a fork.
    pub fn acquire(&self) {
        let slot = thread::slot();
        let me = ptr::from_ref(slot).addr();
        let mut tries = 0u32;
        while self
            .owner
            .compare_exchange_weak(FREE, me, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            if slot.dying_by.get() != 0 && slot.locks.get() != 0 {
                let is_mine = self.owner.load(Ordering::Relaxed) == me;
                if is_mine || tries > MOST_TRIES_TO_DIE {
                    dies(slot);
                }
            }
            tries = tries.saturating_add(1);
            if tries.is_multiple_of(TRIES_BETWEEN_YIELDS) {
                if tries < PATIENT_TRIES {
                    thread::yield_now();
                } else {
                    thread::nap(NAP_NS);
                }
            }
            core::hint::spin_loop();
        }
        slot.locks.set(slot.locks.get() + 1);
    }

    fn release(&self) {
        self.owner.store(FREE, Ordering::Release);
        let locks = &thread::slot().locks;
        locks.set(locks.get().saturating_sub(1));
    }

    /// Opens the lock that [`Lock::acquire`] took.
    ///
    /// # Safety
    /// Only by the thread that took it, or by its copy in a forked child.
    pub unsafe fn open(&self) {
        self.release();
    }

    /// Whether some thread is inside [`Lock::with`] this moment.
    pub fn is_taken(&self) -> bool {
        self.owner.load(Ordering::Acquire) != FREE
    }

    /// Opens the lock in a forked child, where the thread that held it does not exist.
    ///
    /// # Safety
    /// Only while the process has one thread, and outside [`Lock::with`].
    pub unsafe fn reopen_after_fork(&self) {
        self.owner.store(FREE, Ordering::Release);
    }
}
