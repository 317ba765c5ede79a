//! The process: when recording begins, what a fork changes; [`ending`] has how it ends, [`facts`] what the trace says
//! of it, [`room`] what becomes of one without memory.
//!
//! Recording begins with the first event, which usually comes from the loader, before any constructor;
//! [`recording`] keeps whether it has.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use ldt_trace::header::flag;

use crate::emit::{Window, trace_file};
use crate::findings::Reporter;
use crate::hooks::untraced;
use crate::options::{self, GuardChoice, Mode, Options};
use crate::recorder::{self, Recorder};
use crate::recording::{self, Start};
use crate::stacks::unwind::Unwind;
use crate::stacks::{Stacks, table};
use crate::sys::lock::Lock;
use crate::sys::thread::{self, Slot};
use crate::sys::{readable, wiped};
use crate::{blocks, clock, counts, demand, faults, findings, leaks, message, modes, modules, sys};

mod ending;
mod facts;
mod room;

pub(crate) use ending::is_ending;
pub use ending::{
    aborting, destructed, ending_by_signal, ending_in_order, ending_now, ending_quickly, ends_here,
    note_end,
};
use facts::LeftAlone;
pub use facts::libraries;

/// What outlives a fork.
struct Shared {
    options: Option<Options>,
    /// The trace file's path, absolute, with `%p` still in it.
    pattern: Vec<u8>,
    threads: u32,
    /// The recorders of all threads that are alive or whose end has not been dealt with yet.
    recorders: Vec<Known>,
    /// Where in that list to ask next whether a thread is still there.
    next_asked: usize,
    restorer: u64,
    key: Option<libc::pthread_key_t>,
    /// In a forked child: the recorder of the thread that forked, for the same thread in the child.
    forked: Option<Forked>,
}

/// See [`Shared::forked`].
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
    /// As far as is known: see [`Shared::off_the_dead`].
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

impl Shared {
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

static SHARED: Lock<Shared> = Lock::new(Shared {
    options: None,
    pattern: Vec::new(),
    threads: 0,
    recorders: Vec::new(),
    next_asked: 0,
    restorer: 0,
    key: None,
    forked: None,
});

/// Begins recording where that is due; gives whether this process records. The caller is inside the
/// guard.
#[cold]
pub fn ensure_started() -> bool {
    if recording::is_decided() {
        return recording::is_on();
    }
    match recording::take_start() {
        // A process may have been given as small a stack as a thread.
        Some(Start::First) => sys::roomy::run_with_room(start),
        Some(Start::InForkedChild) => {
            // SAFETY: other threads that it may have by now are turned away until it has begun.
            sys::roomy::run_with_room(|| unsafe { restart_after_fork() });
        }
        None => return false,
    }
    recording::started();
    recording::is_on()
}

fn start() {
    if !room::is_enough_to_start() {
        recording::stop();
        return;
    }
    if !wiped::begin() {
        message::say("not recording: this kernel cannot wipe memory on fork (Linux 4.14 can)");
        recording::stop();
        return;
    }
    let environment = facts::environment();
    let options = options::from_environment(environment);
    clock::choose();
    sys::pulse::follow(&[&options.pulse[..], b"\0"].concat());
    let pattern = facts::absolute_pattern(&options.output);
    if options.trace_children {
        untraced::configure(&options);
        let preload = environment.value(b"LD_PRELOAD=").unwrap_or_default();
        let inherited = Box::new((facts::own_libraries(preload), options.text.clone()));
        INHERITED.store(Box::into_raw(inherited), Ordering::Release);
    }
    SHARED.with(|shared| {
        shared.restorer = thread::signal_restorer();
        shared.pattern = pattern;
        shared.options = Some(options);
    });
    begin(0);
}

/// # Safety
/// Only in a forked child, from the first of its threads that comes to LDT.
unsafe fn restart_after_fork() {
    let parent = recording::process_id();
    // SAFETY: as the caller vouches: whoever held a lock does not exist here.
    unsafe {
        sys::arena::reopen_after_fork();
        SHARED.reopen_after_fork();
        modules::reopen_after_fork();
        trace_file::forget_after_fork();
        // In check mode the heap lives on, and its blocks name nodes of this table.
        if modes::is_checking() {
            table::inherit();
            recorder::forget_announced();
            blocks::fork::reopen_after_fork();
            blocks::fork::begin_child();
        } else {
            table::clear();
        }
        findings::forget_after_fork();
        leaks::pools::reopen_after_fork();
        leaks::poison::reopen_after_fork();
        leaks::request::forget_after_fork();
        demand::forget_after_fork();
    }
    counts::forget_after_fork();
    let mine = thread::slot()
        .thread
        .replace(ptr::null_mut())
        .cast::<Recorder>();
    let follow = SHARED.with(|shared| {
        let given_out = shared.threads;
        // SAFETY: this thread's own, or null.
        let own = unsafe { mine.as_ref() }.map(Recorder::thread);
        if mine.is_null() {
            shared.recorders.iter().for_each(Known::leave_thread);
        }
        for known in shared.recorders.drain(..) {
            if known.recorder == mine {
                shared.forked = Some(Forked(mine));
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
        shared.threads = 0;
        shared
            .options
            .as_ref()
            .is_some_and(|options| options.trace_children)
    });
    recorder::set_several_threads(false);
    if follow {
        begin(parent)
    } else {
        recording::stop()
    }
}

/// What a child's environment must have to be recorded: LDT's own libraries, first in LD_PRELOAD, and the value of
/// LDT_OPTIONS at this process's start. `None` when children are not followed. Takes no lock: a vfork child asks too.
pub fn inheritance() -> Option<(&'static [u8], &'static [u8])> {
    let inherited = INHERITED.load(Ordering::Acquire);
    // SAFETY: null, or leaked at the start and never changed.
    unsafe { inherited.as_ref() }.map(|(libraries, options)| (&libraries[..], &options[..]))
}

/// See [`inheritance`].
static INHERITED: AtomicPtr<(Vec<u8>, Vec<u8>)> = AtomicPtr::new(ptr::null_mut());

/// Opens the trace and records what kind of process this is.
fn begin(forked_from: u32) {
    recording::begin_process();
    let (skip, pattern, max_bytes, stack_check) = SHARED.with(|shared| {
        let Some(options) = shared.options.as_ref() else {
            return (Some(LeftAlone::Otherwise), Vec::new(), 0, false);
        };
        let skip = facts::is_skipped(options, forked_from != 0);
        // A fork of a shell is a part of it.
        if skip == Some(LeftAlone::ForItsName) && forked_from == 0 {
            facts::note_left_alone(options);
        }
        (
            skip,
            shared.pattern.clone(),
            options.max_trace_size_bytes,
            options.stack_check,
        )
    });
    if skip.is_some() {
        trace_file::discard();
        recording::stop();
        return;
    }
    recorder::set_stack_check(stack_check);
    let path = facts::expand(&pattern);
    let options = SHARED.with(|shared| shared.options.clone());
    if let Some(options) = options.filter(|options| options.mode == Mode::Check)
        && forked_from == 0
        && !begin_checking(&options)
    {
        return;
    }
    let created = trace_file::create(&path, max_bytes, forked_from).or_else(|error| {
        let elsewhere = facts::expand(&facts::temporary_pattern(&pattern));
        if elsewhere == path {
            return Err(error);
        }
        message::say(&format!(
            "{}; writing {} instead",
            trace_file::explain_creation(&path, error),
            String::from_utf8_lossy(&elsewhere)
        ));
        trace_file::create(&elsewhere, max_bytes, forked_from)
    });
    match created {
        Ok(()) => {
            if modes::is_checking() {
                let unprofiled = if modes::profiles() {
                    0
                } else {
                    flag::UNPROFILED
                };
                trace_file::set_flags(flag::CHECKED | unprofiled);
                demand::announce();
            }
            recording::begin();
        }
        Err(error) => {
            message::say(&format!(
                "not recording: {}",
                trace_file::explain_creation(&path, error)
            ));
            trace_file::discard();
            recording::stop();
        }
    }
}

/// Makes the heap ready for the first block; where that is impossible the process is left alone.
fn begin_checking(options: &Options) -> bool {
    if !blocks::start(&blocks::Config::from(&options.check)) {
        message::say("not checking: there is no address space for LDT's heap");
        recording::stop();
        return false;
    }
    blocks::pin(&options.check.pins);
    table::keep_parents();
    modes::set_profiles(options.check.profile);
    findings::configure(&options.check, options.launcher == 0);
    leaks::request::configure(&options.check);
    demand::configure(&options.check);
    modes::begin_checking();
    blocks::fork::register();
    let exact = if options.check.exact {
        faults::Exact::Yes
    } else {
        faults::Exact::No
    };
    faults::start(SHARED.with(|shared| shared.restorer), exact);
    if options.check.watchpoints && options.check.guard != GuardChoice::Off {
        faults::watch();
    }
    true
}

/// Whether a debugger or another tracer has this process.
#[must_use]
pub fn is_traced() -> bool {
    facts::is_traced()
}

/// The first two numbers of the kernel's release.
#[must_use]
pub fn kernel_version() -> (u32, u32) {
    facts::kernel_version()
}

/// The second number of glibc's version.
#[must_use]
pub fn glibc_minor() -> u32 {
    facts::glibc_minor()
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
    let (number, is_first, idle, restorer) = SHARED.with(|shared| {
        shared.threads += 1;
        let is_first = shared.threads == 1;
        // The kernel gave this thread its number anew, so whoever had it before is gone.
        for known in shared.recorders.iter_mut().filter(|known| known.tid == tid) {
            known.life = Life::Dead;
        }
        let number = match shared.threads - 1 {
            0 => leaks::left_behind::first_number(),
            later => later,
        };
        // A child's threads have numbers of their own: blocks still name the parent's.
        shared.threads = shared.threads.max(leaks::left_behind::numbers_end());
        (number, is_first, shared.off_the_dead(), shared.restorer)
    });
    if !is_first {
        recorder::set_several_threads(true);
    }
    // Making one takes more stack (framehop's cache is put together there) than a small thread has left.
    let made = sys::roomy::with_room(|| recorder_for(number, tid, idle, restorer));
    let Some(recorder) = made else {
        room::none_for_a_thread(is_first);
        return false;
    };
    slot.thread.set(recorder.cast());
    faults::thread_begins();
    let key = SHARED.with(|shared| {
        shared.recorders.push(Known {
            recorder,
            slot,
            tid,
            life: Life::Alive,
        });
        if shared.key.is_none() {
            let mut key = 0;
            // SAFETY: the destructor has the signature that is asked for. Creating a key touches one
            // word of libc's.
            let failed = unsafe { libc::pthread_key_create(&raw mut key, Some(thread_ends)) };
            shared.key = (failed == 0).then_some(key);
        }
        shared.key
    });
    if let Some(key) = key {
        // SAFETY: our key. For keys above 31 libc may allocate: served unrecorded, by the guard.
        unsafe { libc::pthread_setspecific(key, ptr::without_provenance(1)) };
    }
    if is_first {
        // SAFETY: just made, and this thread's own.
        sys::roomy::run_with_room(|| facts::record(unsafe { &mut *recorder }));
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
    if let Some(Forked(recorder)) = SHARED.with(|shared| shared.forked.take()) {
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
    let key = SHARED.with(|shared| shared.key);
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
    SHARED.with(|shared| {
        for known in shared
            .recorders
            .iter_mut()
            .filter(|known| known.recorder == recorder)
        {
            known.life = Life::Ending;
        }
    });
    slot.inside_sp.set(0);
}

/// The constructor: makes sure that a process without a single event leaves a trace too.
pub fn constructed() {
    let here = 0u8;
    drop(crate::reentry::enter(ptr::from_ref(&here) as u64));
    ending::watch_quick_exit();
}

/// Writes out what dead threads left in their windows.
fn finish_dead_threads() {
    let dead: Vec<Known> = SHARED.with(|shared| {
        let (dead, alive) = shared
            .recorders
            .iter()
            .partition(|known| known.life == Life::Dead || !thread::is_alive(known.tid));
        shared.recorders = alive;
        dead
    });
    for known in dead {
        // SAFETY: its thread is dead and it is off the list.
        unsafe { (*known.recorder).window.finish() };
    }
}

/// dlclose or the like has returned: finds out which modules went.
pub fn modules_may_be_gone(sp: u64) {
    if let Some(mut inside) = crate::reentry::enter(sp) {
        sys::roomy::run_with_room(|| {
            modules::sweep(&mut |start| inside.recorder().put_module_gone(start));
        });
    }
}
