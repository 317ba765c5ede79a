//! The process: when recording begins, what a fork changes; [`threads`] has its threads, [`ending`] how it ends, [`facts`]
//! what the trace says of it, [`room`] what becomes of one without memory.
//!
//! Recording begins with the first event, which usually comes from the loader, before any constructor;
//! [`recording`] keeps whether it has.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use ldt_trace::header::flag;

use crate::emit::trace_file;
use crate::hooks::untraced;
use crate::options::{self, GuardChoice, Mode, Options};
use crate::recorder;
use crate::recording::{self, Start};
use crate::stacks::table;
use crate::sys::lock::Lock;
use crate::sys::wiped;
use crate::{blocks, clock, counts, demand, faults, findings, leaks, message, modes, modules, sys};

mod ending;
mod facts;
mod room;
mod threads;

pub(crate) use ending::is_ending;
pub use ending::{
    aborting, destructed, ending_by_signal, ending_in_order, ending_now, ending_quickly, ends_here,
};
use facts::LeftAlone;
pub use facts::libraries;
pub use threads::ensure_thread;

/// What outlives a fork.
struct Shared {
    options: Option<Options>,
    /// The trace file's path, absolute, with `%p` still in it.
    pattern: Vec<u8>,
}

static SHARED: Lock<Shared> = Lock::new(Shared {
    options: None,
    pattern: Vec::new(),
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
    threads::begin();
    SHARED.with(|shared| {
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
        leaks::standing::reopen_after_fork();
        demand::forget_after_fork();
        faults::begin_child();
    }
    counts::forget_after_fork();
    // SAFETY: as the caller vouches.
    unsafe { threads::begin_child() };
    let follow = SHARED.with(|shared| {
        let options = shared.options.as_ref();
        options.is_some_and(|options| options.trace_children)
    });
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
    faults::start(threads::restorer(), exact);
    if options.check.watchpoints && options.check.guard != GuardChoice::Off {
        faults::watch();
    }
    true
}

/// The constructor: makes sure that a process without a single event leaves a trace too.
pub fn constructed() {
    let here = 0u8;
    drop(crate::reentry::enter(ptr::from_ref(&here) as u64));
    ending::watch_quick_exit();
}

/// dlclose or the like has returned: finds out which modules went.
pub fn modules_may_be_gone(sp: u64) {
    if let Some(mut inside) = crate::reentry::enter(sp) {
        sys::roomy::run_with_room(|| {
            modules::sweep(&mut |start| inside.recorder().put_module_gone(start));
        });
    }
}
