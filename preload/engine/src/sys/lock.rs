//! The one lock of the engine, for cold paths only (a new module, a new thread, memory of our own).
//!
//! It spins and yields: a futex could leave the program's thread asleep behind a thread that died.
//! It is never held while anything of the program's, libc's or the loader's runs, never on the event
//! path, and the guard of [`crate::reentry`] keeps a signal handler from meeting its own thread's.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use super::thread;

/// A value behind a spin lock.
#[derive(Debug, Default)]
pub struct Lock<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `with` gives out the value to one thread at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

const TRIES_BETWEEN_YIELDS: u32 = 64;
/// After so many a thread sleeps in between: one of real-time priority that only yields keeps a holder of lower
/// priority from its processor for ever.
const PATIENT_TRIES: u32 = 64 * TRIES_BETWEEN_YIELDS;
const NAP_NS: u64 = 50_000;

impl<T> Lock<T> {
    /// An open lock.
    pub const fn new(value: T) -> Self {
        Lock {
            taken: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `work` alone with the value.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        self.acquire();
        // SAFETY: `acquire` returned to this thread alone.
        let result = work(unsafe { &mut *self.value.get() });
        self.taken.store(false, Ordering::Release);
        result
    }

    /// Waits until nobody has the lock and takes it, without looking at the value: before a fork.
    pub fn acquire(&self) {
        let mut tries = 0u32;
        while self
            .taken
            .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
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
    }

    /// Opens the lock that [`Lock::acquire`] took.
    ///
    /// # Safety
    /// Only by the thread that took it, or by its copy in a forked child.
    pub unsafe fn open(&self) {
        self.taken.store(false, Ordering::Release);
    }

    /// Whether some thread is inside [`Lock::with`] this moment.
    pub fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }

    /// Opens the lock in a forked child, where the thread that held it does not exist.
    ///
    /// # Safety
    /// Only while the process has one thread, and outside [`Lock::with`].
    pub unsafe fn reopen_after_fork(&self) {
        self.taken.store(false, Ordering::Release);
    }
}
