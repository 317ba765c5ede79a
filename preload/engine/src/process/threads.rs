//! The threads of the process: each has a recorder from its first event on, which the next new thread takes over when it is
//! gone.

use core::ffi::c_void;
use core::ptr;

use crate::emit::Window;
use crate::findings::Reporter;
use crate::recorder::{self, Recorder};
use crate::stacks::Stacks;
use crate::stacks::unwind::Unwind;
use crate::sys::lock::Lock;
use crate::sys::thread::{self, Slot};
use crate::sys::{childs_scratch, readable, roomy};
use crate::{faults, leaks, modes, recording};

use super::{facts, room};

/// The list of them all.
struct Threads {
    /// How many there were.
    count: u32,
    /// The recorders of all threads that are alive or whose end has not been dealt with yet.
    recorders: Vec<Known>,
    /// Where in that list to ask next whether a thread is still there.
    next_asked: usize,
    restorer: u64,
    key: Option<libc::pthread_key_t>,
    /// In a forked child: the recorder of the thread that forked, for the same thread in the child.
    forked: Option<Forked>,
}

static THREADS: Lock<Threads> = Lock::new(Threads {
    count: 0,
    recorders: Vec::new(),
    next_asked: 0,
    restorer: 0,
    key: None,
    forked: None,
});

/// Recording begins: what is found out once for all threads.
pub(super) fn begin() {
    THREADS.with(|threads| threads.restorer = thread::signal_restorer());
}

/// Where the kernel lets signal handlers return to: the frame behind it is the interrupted one.
pub(super) fn restorer() -> u64 {
    THREADS.with(|threads| threads.restorer)
}

/// Leaves the parent's threads behind.
///
/// # Safety
/// Only in a forked child, from the first of its threads that comes to LDT.
pub(super) unsafe fn begin_child() {
    // SAFETY: as the caller vouches: whoever held it does not exist here.
    unsafe { THREADS.reopen_after_fork() };
    let mine = thread::slot()
        .thread
        .replace(ptr::null_mut())
        .cast::<Recorder>();
    THREADS.with(|threads| {
        let given_out = threads.count;
        // SAFETY: this thread's own, or null.
        let own = unsafe { mine.as_ref() }.map(Recorder::thread);
        if mine.is_null() {
            threads.recorders.iter().for_each(Known::leave_thread);
        }
        for known in threads.recorders.drain(..) {
            if known.recorder == mine {
                threads.forked = Some(Forked(mine));
                continue;
            }
            if known.life == Life::Alive && modes::is_checking() {
                leaks::left_behind::note(given_out, own);
            }
            // SAFETY: the parent's recorders, copied by the fork; their threads do not exist here.
            let mut recorder = unsafe { known.recorder.read() };
            // Other threads' caches may have been copied in the middle of a change: they are left.
            core::mem::forget(recorder.heap.take());
            recorder.into_window().abandon();
        }
        threads.count = 0;
    });
    recorder::set_several_threads(false);
}

/// See [`Threads::forked`].
struct Forked(*mut Recorder);
// SAFETY: moved between threads as a number; the child's first thread takes it, and it was that thread's.
unsafe impl Send for Forked {}

/// A recorder as the list of all threads knows it. Only its own thread looks inside, or whoever has
/// taken it off the list after the thread's death.
#[derive(Clone, Copy)]
struct Known {
    recorder: *mut Recorder,
    /// Of the thread, in its own storage.
    slot: *const Slot,
    tid: u32,
    life: Life,
}

/// How far a thread has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    /// As far as is known: see [`Threads::off_the_dead`].
    Alive,
    /// It has run its destructors; it may still free what libc keeps for it.
    Ending,
    Dead,
}
// SAFETY: moved between threads as a number; see the type.
unsafe impl Send for Known {}

impl Known {
    /// Whether the thread is gone.
    fn is_dead(&self) -> bool {
        self.life == Life::Dead || self.life == Life::Ending && !thread::is_alive(self.tid)
    }

    /// Takes the recorder from its thread, in a forked child that another thread begins than the one that forked: that
    /// one lives on, and would go on with what is its parent's. Which one it is only it knows, so all are asked that still
    /// have in their storage what they had there at the fork; a thread's that is gone may by now be anything else.
    fn leave_thread(&self) {
        let entry = self.slot.addr() + core::mem::offset_of!(Slot, thread);
        if readable::word(entry as u64) == Some(self.recorder.addr() as u64) {
            // SAFETY: it is a slot as it was left at the fork: of the thread that forked, which cannot be inside LDT before
            // this child records, or of one that does not exist here, whose memory nobody has taken yet.
            unsafe { (*self.slot).thread.set(ptr::null_mut()) };
        }
    }
}

/// So many threads are asked for when a new one comes: more than one, so that the list grows no further than
/// threads live at once, and few, since each is a system call.
const ASKED_A_THREAD: usize = 8;

impl Threads {
    /// Takes the recorder of a dead thread off the list.
    ///
    /// A thread whose first event is what libc itself frees at its end has no destructor of ours any more that
    /// would tell: the kernel is asked for some of those that seem alive, in turn. Threads that do nothing but come
    /// and go would leave a window each otherwise.
    fn off_the_dead(&mut self) -> Option<Known> {
        let told = self.recorders.iter().position(Known::is_dead);
        let dead = told.or_else(|| {
            let count = self.recorders.len();
            (0..ASKED_A_THREAD.min(count)).find_map(|_| {
                self.next_asked = (self.next_asked + 1) % count;
                let tid = self.recorders[self.next_asked].tid;
                (!thread::is_alive(tid)).then_some(self.next_asked)
            })
        })?;
        Some(self.recorders.swap_remove(dead))
    }
}

/// Gives the calling thread a recorder if it has none; the caller is inside the guard.
#[cold]
pub fn ensure_thread(slot: &Slot) -> bool {
    if !slot.thread.get().is_null() {
        return true;
    }
    if room::is_used_up() {
        return false;
    }
    let tid = thread::thread_id();
    let (number, is_first, idle, restorer) = THREADS.with(|threads| {
        threads.count += 1;
        let is_first = threads.count == 1;
        // The kernel gave this thread its number anew, so whoever had it before is gone.
        for known in threads
            .recorders
            .iter_mut()
            .filter(|known| known.tid == tid)
        {
            known.life = Life::Dead;
        }
        let number = match threads.count - 1 {
            0 => leaks::left_behind::first_number(),
            later => later,
        };
        // A child's threads have numbers of their own: blocks still name the parent's.
        threads.count = threads.count.max(leaks::left_behind::numbers_end());
        (number, is_first, threads.off_the_dead(), threads.restorer)
    });
    if !is_first {
        recorder::set_several_threads(true);
    }
    // Making one takes more stack (framehop's cache is put together there) than a small thread has left.
    let made = roomy::with_room(|| recorder_for(number, tid, idle, restorer));
    let Some(recorder) = made else {
        room::none_for_a_thread(is_first);
        return false;
    };
    slot.thread.set(recorder.cast());
    faults::thread_begins();
    let key = THREADS.with(|threads| {
        threads.recorders.push(Known {
            recorder,
            slot,
            tid,
            life: Life::Alive,
        });
        if threads.key.is_none() {
            let mut key = 0;
            // SAFETY: the destructor has the signature that is asked for. Creating a key touches one
            // word of libc's.
            let failed = unsafe { libc::pthread_key_create(&raw mut key, Some(thread_ends)) };
            threads.key = (failed == 0).then_some(key);
        }
        threads.key
    });
    if let Some(key) = key {
        // SAFETY: our key. For keys above 31 libc may allocate: served unrecorded, by the guard.
        unsafe { libc::pthread_setspecific(key, ptr::without_provenance(1)) };
    }
    if is_first {
        // SAFETY: just made, and this thread's own.
        roomy::run_with_room(|| facts::record(unsafe { &mut *recorder }));
    }
    true
}

/// A recorder for the calling thread: one that a thread has left, or a new one.
fn recorder_for(
    number: u32,
    tid: u32,
    idle: Option<Known>,
    restorer: u64,
) -> Option<*mut Recorder> {
    if let Some(idle) = idle {
        // SAFETY: its thread is dead and it is off the list, so it is this thread's now.
        unsafe { (*idle.recorder).begin(number, tid) };
        return Some(idle.recorder);
    }
    let window = Window::create(number, tid)?;
    if let Some(Forked(recorder)) = THREADS.with(|threads| threads.forked.take()) {
        // SAFETY: this thread's own from before the fork, and off the list.
        unsafe { (*recorder).begin_child(window) };
        return Some(recorder);
    }
    let stacks = Unwind::new(restorer).and_then(Stacks::new)?;
    let recorder = Box::into_raw(Box::new(Recorder::new(window, stacks)));
    // SAFETY: just made, and this thread's own.
    unsafe { (*recorder).begin(number, tid) };
    Some(recorder)
}

/// libc runs the destructors of thread-specific data up to four times, as long as some value is set;
/// the last time is the latest that a thread can be seen.
const DESTRUCTOR_ROUNDS: usize = 4;

/// Hands over what check mode keeps for a thread, which ends.
fn leave(recorder: &mut Recorder) {
    if let Some(mut heap) = recorder.heap.take() {
        heap.flush(&mut Reporter::unplaced(recorder));
        recorder.heap = Some(heap);
        recorder.counts.hand_over();
    }
}

unsafe extern "C" fn thread_ends(round: *mut c_void) {
    let slot = thread::slot();
    if slot.inside_sp.get() != 0 || !recording::is_of_this_process() {
        return;
    }
    let key = THREADS.with(|threads| threads.key);
    if let Some(key) = key
        && round.addr() < DESTRUCTOR_ROUNDS
    {
        // SAFETY: our key.
        unsafe { libc::pthread_setspecific(key, ptr::without_provenance(round.addr() + 1)) };
        return;
    }
    // libc itself frees a little after this; the recorder serves until the thread is gone. The next
    // new thread takes it over.
    let recorder = slot.thread.get().cast::<Recorder>();
    if recorder.is_null() || recording::is_forked_child() {
        return;
    }
    slot.inside_sp.set(core::ptr::from_ref(&slot) as u64);
    // SAFETY: this thread's recorder; the guard keeps others of this thread out.
    unsafe {
        (*recorder).put_name();
        leave(&mut *recorder);
    }
    faults::thread_ends();
    childs_scratch::release();
    THREADS.with(|threads| {
        for known in threads
            .recorders
            .iter_mut()
            .filter(|known| known.recorder == recorder)
        {
            known.life = Life::Ending;
        }
    });
    slot.inside_sp.set(0);
}

/// Writes out what dead threads left in their windows.
pub(super) fn finish_dead_threads() {
    let dead: Vec<Known> = THREADS.with(|threads| {
        let (dead, alive) = threads
            .recorders
            .iter()
            .partition(|known| known.life == Life::Dead || !thread::is_alive(known.tid));
        threads.recorders = alive;
        dead
    });
    for known in dead {
        // SAFETY: its thread is dead and it is off the list.
        unsafe { (*known.recorder).window.finish() };
    }
}
