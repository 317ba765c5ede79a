//! What a fork needs: nobody may be inside the heap's locks when the process is copied.
//!
//! [`register`] has libc call [`prepare`] before a fork and [`resume`] in the parent and in the child. As
//! it is registered first (`../hooks/forks.rs` sees to that), `prepare` comes last and `resume` first: handlers of the program's may
//! allocate.
//! A child of a raw `clone`, which asks nobody, calls [`reopen_after_fork`] instead: what another thread
//! had half done under a lock stays as it was. Either child calls [`begin_child`] besides.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::quarantine::QUEUES;
use super::runs::RUNS;
use super::shelves::{SHELVES, large_lock};
use super::tables::PIECE;
use super::{counters, guarding, left_out, siblings, stacks, unwritten, watch};
use crate::sys::signal::{self, How, Set};
use crate::sys::thread;

/// Set while the thread that forks has all locks.
static PREPARED: AtomicBool = AtomicBool::new(false);

/// Its mask of signals before it took them: only who has them reads and writes it. A handler that ran while it has
/// them would wait for ever for the first lock that it needs; the kernel runs it right there, since a fork that
/// is interrupted begins anew.
static MASK: AtomicU64 = AtomicU64::new(0);

/// Signals of faults, which cannot wait; LDT's own code between makes none.
const FAULTS: Set = Set::of(libc::SIGSEGV)
    .with(Set::of(libc::SIGBUS))
    .with(Set::of(libc::SIGTRAP))
    .with(Set::of(libc::SIGILL))
    .with(Set::of(libc::SIGFPE));

/// Has libc prepare every fork from now on.
pub fn register() {
    unsafe extern "C" fn before() {
        unwritten::forking();
        siblings::note_fork();
        // A signal handler that forks on a thread inside LDT, which may have one of the locks: waiting for
        // it would be for ever.
        if thread::slot().inside_sp.get() == 0 {
            let mask = signal::change_mask(How::Block, Set::ALL.without(FAULTS));
            prepare();
            MASK.store(mask.0, Ordering::Relaxed);
            PREPARED.store(true, Ordering::Relaxed);
        }
    }
    /// Opens the locks; gives whether they were taken.
    unsafe fn after() -> bool {
        let is_prepared = PREPARED.swap(false, Ordering::Relaxed);
        if is_prepared {
            let mask = Set(MASK.load(Ordering::Relaxed));
            // SAFETY: taken by `before` on this thread.
            unsafe { resume() };
            signal::change_mask(How::Set, mask);
        }
        is_prepared
    }
    unsafe extern "C" fn in_the_parent() {
        // SAFETY: as libc calls it.
        if unsafe { after() } && siblings::are_many(siblings::forks()) {
            watch::stop();
        }
    }
    unsafe extern "C" fn in_the_child() {
        unwritten::begin_child();
        // SAFETY: as libc calls it in the parent.
        unsafe { after() };
    }
    // SAFETY: functions without arguments, in a library that is never unloaded. Where libc has no room
    // for them, forks are as those of a raw `clone`.
    let _ = unsafe { libc::pthread_atfork(Some(before), Some(in_the_parent), Some(in_the_child)) };
}

/// Waits for all locks and takes them, in the order in which they are taken elsewhere.
pub fn prepare() {
    for shelf in &SHELVES {
        shelf.acquire();
    }
    large_lock().acquire();
    PIECE.acquire();
    RUNS.acquire();
    for queue in &QUEUES {
        queue.acquire();
    }
    watch::acquire();
}

/// Opens the locks that [`prepare`] took.
///
/// # Safety
/// Only after [`prepare`] on the same thread, or its copy in the child.
pub unsafe fn resume() {
    // SAFETY: as the caller vouches.
    unsafe {
        watch::open();
        for queue in &QUEUES {
            queue.open();
        }
        RUNS.open();
        PIECE.open();
        large_lock().open();
        for shelf in &SHELVES {
            shelf.open();
        }
    }
}

/// Opens the locks in a child that was forked without [`prepare`].
///
/// # Safety
/// Only while the process has one thread, outside all locks.
pub unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { resume() };
}

/// Starts counting anew in a forked child, and tries every call stack again. The blocks stay, but for what the child lacks.
pub fn begin_child() {
    left_out::begin_child();
    stacks::forget();
    counters::forget();
    let number = siblings::begin_child();
    guarding::begin_child(number);
    watch::begin_child();
    if siblings::are_many(number) {
        watch::stop();
    }
}
