//! Stopping the other threads without ptrace, which containers and debuggers forbid: each gets a
//! real-time signal, whose handler notes its registers and waits.
//!
//! The program must not notice. The signal is one that it neither handles nor blocks (a thread that
//! waits for signals with a signalfd blocks them; it is sent another; one that blocks all that a program can, as runtimes' helpers do,
//! is sent the C library's own for cancellation, as long as no thread was ever cancelled), nor waits for with sigwait; its disposition is
//! ours for the moment only, and is set to "ignore" before the program gets it back, which makes the kernel drop what is
//! still pending. `errno` is not touched. System calls that the kernel does not restart by itself after
//! a handler (sleeping, polling) are started again by the handler, which knows from `/proc` what the
//! thread waited in.
//!
//! A thread inside LDT answers that it is busy and is asked again: while threads stand still, nobody
//! holds a lock of LDT's. One that blocks the signal for long, or does not answer in time, goes on running;
//! its registers are not known and its whole stack counts.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::signal::{self, Action, Set};
use super::{file, interrupted, readable, syscall, thread};

/// Registers that may hold a pointer: all general ones.
pub const REGISTERS: usize = 17;

/// What is known of another thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The kernel's number.
    pub tid: u32,
    /// Its registers, when it stands still.
    pub registers: Option<Stopped>,
    /// It has ended, and only the kernel still lists it.
    pub ended: bool,
}

impl Other {
    fn silent(tid: u32) -> Other {
        Other {
            tid,
            registers: None,
            ended: false,
        }
    }
}

/// Where a thread stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// The general registers, the instruction pointer and the stack pointer among them.
    pub all: [u64; REGISTERS],
    /// The stack pointer.
    pub sp: u64,
    /// The thread pointer: the address of its control block.
    pub control_block: u64,
    /// Its alternate signal stacks: see [`signal::given_stacks`].
    pub given_stacks: [u64; 2],
}

/// How a thread has answered.
const ASKED: u32 = 0;
const BUSY: u32 = 1;
const STANDS: u32 = 2;
const LEFT: u32 = 3;

struct Seat {
    tid: u32,
    /// The number of the stop that the thread was asked for.
    stop: u32,
    answer: AtomicU32,
    /// The system call that it waited in when it was asked (its number + 1; 0: none), and where.
    call: AtomicU64,
    call_ip: AtomicU64,
    registers: [AtomicU64; REGISTERS],
    sp: AtomicU64,
    control_block: AtomicU64,
    given_stacks: [AtomicU64; 2],
}

impl Seat {
    fn new(tid: u32, stop: u32) -> Seat {
        Seat {
            tid,
            stop,
            answer: AtomicU32::new(ASKED),
            call: AtomicU64::new(0),
            call_ip: AtomicU64::new(0),
            registers: [const { AtomicU64::new(0) }; REGISTERS],
            sp: AtomicU64::new(0),
            control_block: AtomicU64::new(0),
            given_stacks: [const { AtomicU64::new(0) }; 2],
        }
    }
}

/// Seats of all threads that were asked in one round, by number.
struct Round {
    seats: Vec<Seat>,
    next: AtomicPtr<Round>,
}

/// The rounds of the stop under way, newest first; null when there is none.
static ROUNDS: AtomicPtr<Round> = AtomicPtr::new(ptr::null_mut());
/// The rounds of the last stop, once it is over: a thread may still be on its way out of the handler.
static LEAVING: AtomicPtr<Round> = AtomicPtr::new(ptr::null_mut());
/// Threads stand still while this is the number of the stop that they were asked for: the word that they wait on. It is even
/// between two stops.
static STANDING: AtomicU32 = AtomicU32::new(0);

/// The other threads, standing still until this is dropped.
#[derive(Debug)]
pub struct Others {
    /// All of them.
    pub threads: Vec<Other>,
    /// What was sent, and its disposition before: one signal, and another for those who block that.
    signals: Vec<(i32, Action)>,
}

/// How long to wait for the next thread that answers: a thread that waits in the kernel for a disk may take its
/// time, and one that is stopped by a debugger never answers. Where hundreds run on a few processors, each comes in its
/// turn, and so does the thread that asks: no time is set for all of them.
const PATIENCE_NS: u64 = 2_000_000_000;
/// How long a busy thread is left alone before it is asked again.
const NAP_NS: u64 = 50_000;

impl Others {
    /// Stops all other threads. `None` when their list is not to be had. The caller holds no lock, and
    /// no other thread is in this function.
    #[must_use]
    pub fn stop() -> Option<Others> {
        let me = thread::thread_id();
        let mut others = Others {
            threads: Vec::new(),
            signals: Vec::new(),
        };
        let mut new = threads_but(me)?;
        if new.is_empty() {
            return Some(others);
        }
        wait_for_the_last_stop();
        // Odd in any case: a thread that ran on may have forked while others stood.
        let stop = STANDING.load(Ordering::Relaxed).wrapping_add(1) | 1;
        STANDING.store(stop, Ordering::SeqCst);
        let signal = others.take_signal(&[]);
        let mut deaf = Vec::new();
        // Threads that were being made while the others were stopped come in later rounds.
        while !new.is_empty() {
            deaf.extend(others.round(&new, signal));
            let is_known = |tid: u32| {
                others.threads.iter().any(|other| other.tid == tid)
                    || deaf.iter().any(|&(known, _)| known == tid)
            };
            new = threads_but(me)?;
            new.retain(|&tid| !is_known(tid));
        }
        if !deaf.is_empty() {
            let (tids, masks): (Vec<u32>, Vec<Set>) = deaf.into_iter().unzip();
            let signal = others.take_signal(&masks);
            for (tid, _) in others.round(&tids, signal) {
                others.threads.push(Other::silent(tid));
            }
        }
        Some(others)
    }

    /// Makes a signal ours for the moment that is in the fewest of these sets.
    fn take_signal(&mut self, masks: &[Set]) -> Option<i32> {
        let (signal, before) = choose_signal(masks)?;
        self.signals.push((signal, before));
        // SAFETY: the handler stores registers and waits; that can be done at any instruction.
        let action = unsafe { Action::handler(stand) };
        let _ = signal::set_action(signal, &action);
        Some(signal)
    }

    /// Threads whose registers are not known although they run.
    #[must_use]
    pub fn unresponsive(&self) -> u32 {
        let silent = |other: &&Other| other.registers.is_none() && !other.ended;
        self.threads.iter().filter(silent).count() as u32
    }

    /// Asks these threads to stop and waits for them. Gives those that are deaf to the signal, with all that they are deaf to;
    /// all of them, where there is none.
    ///
    /// Each is asked as soon as its mask is known: while hundreds run on a few processors, what is read of one costs a turn of
    /// all, and those who stand still take none.
    fn round(&mut self, tids: &[u32], signal: Option<i32>) -> Vec<(u32, Set)> {
        let stop = STANDING.load(Ordering::Relaxed);
        let round = Box::into_raw(Box::new(Round {
            seats: tids.iter().map(|&tid| Seat::new(tid, stop)).collect(),
            next: AtomicPtr::new(ROUNDS.load(Ordering::Relaxed)),
        }));
        ROUNDS.store(round, Ordering::Release);
        // SAFETY: freed after `drop` alone.
        let seats = unsafe { &(*round).seats };
        let mut ended: Vec<bool> = vec![false; seats.len()];
        let mut waiting: Vec<usize> = Vec::new();
        // Those of them that blocked everything when they were asked: what they block for long shows when that is over.
        let mut momentary: Vec<usize> = Vec::new();
        let mut deaf: Vec<(u32, Set)> = Vec::new();
        for (index, seat) in seats.iter().enumerate() {
            match state_of(seat.tid) {
                State::Ended => ended[index] = true,
                State::Lives { blocked, wait } => {
                    let awaited = awaited_signals(wait.as_ref());
                    match signal {
                        Some(signal) if can_be_asked(blocked, awaited, signal) => {
                            seat.ask(signal, wait.as_ref());
                            waiting.push(index);
                            if is_for_moments(blocked) {
                                momentary.push(index);
                            }
                        }
                        _ => deaf.push((seat.tid, blocked.with(awaited))),
                    }
                }
            }
        }
        let soon = || thread::clock_ns(libc::CLOCK_MONOTONIC) + PATIENCE_NS;
        let mut deadline = soon();
        while !waiting.is_empty() && thread::clock_ns(libc::CLOCK_MONOTONIC) < deadline {
            let silent = waiting.len();
            waiting.retain(|&index| {
                let seat = &seats[index];
                match seat.answer.load(Ordering::Acquire) {
                    STANDS => return false,
                    BUSY => {
                        seat.answer.store(ASKED, Ordering::Release);
                        let wait = waits_in(seat.tid);
                        signal
                            .into_iter()
                            .for_each(|signal| seat.ask(signal, wait.as_ref()));
                    }
                    _ if !thread::is_alive(seat.tid) => {
                        ended[index] = true;
                        return false;
                    }
                    _ if momentary.contains(&index) => {
                        let known = signal.and_then(|signal| deaf_to(seat.tid, signal));
                        deaf.extend(known.map(|masks| (seat.tid, masks)));
                        return known.is_none();
                    }
                    _ => {}
                }
                true
            });
            if waiting.len() < silent {
                deadline = soon();
            }
            if !waiting.is_empty() {
                thread::nap(NAP_NS);
            }
        }
        let is_deaf = |seat: &Seat| deaf.iter().any(|&(tid, _)| tid == seat.tid);
        let seats = seats.iter().zip(ended);
        let asked = seats.filter(|(seat, _)| !is_deaf(seat));
        self.threads.extend(asked.map(|(seat, ended)| Other {
            tid: seat.tid,
            registers: seat.stopped(),
            ended,
        }));
        deaf
    }
}

/// The signal that cancels a thread, which the C library lets no program block.
const SIGCANCEL: i32 = 32;

/// Whether a thread that blocks and waits for these signals would run the handler of this one, at once or soon. The C library itself
/// blocks everything for moments only: around a fork, at the end of a thread, and in a new one until it has first run. What
/// cancels a thread it blocks for long where it takes that with sigwait (its helper for timers, which would end).
fn can_be_asked(blocked: Set, awaited: Set, signal: i32) -> bool {
    let is_brief = signal != SIGCANCEL && is_for_moments(blocked);
    !awaited.meets(Set::of(signal)) && (is_brief || !blocked.meets(Set::of(signal)))
}

fn is_for_moments(blocked: Set) -> bool {
    blocked.meets(Set::of(SIGCANCEL))
}

/// All that a thread is deaf to, if this signal is among it now.
fn deaf_to(tid: u32, signal: i32) -> Option<Set> {
    let State::Lives { blocked, wait } = state_of(tid) else {
        return None;
    };
    let awaited = awaited_signals(wait.as_ref());
    (!can_be_asked(blocked, awaited, signal)).then(|| blocked.with(awaited))
}

impl Drop for Others {
    fn drop(&mut self) {
        // An odd number: threads stand.
        if STANDING.load(Ordering::Relaxed) & 1 == 1 {
            STANDING.fetch_add(1, Ordering::SeqCst);
            wake();
        }
        // Ignoring a signal drops what is pending; then what was there before. The kernel took the handler, so it takes these.
        // What a thread that ran on has set meanwhile stays.
        for (signal, before) in &self.signals {
            if signal::action(*signal).handler == stand as *const () as usize {
                let _ = signal::set_action(*signal, &Action::IGNORE);
                let _ = signal::set_action(*signal, before);
            }
        }
        let rounds = ROUNDS.swap(ptr::null_mut(), Ordering::AcqRel);
        // A thread that did not answer may be in the handler this moment: its seat stays for good.
        if self.unresponsive() == 0 && !rounds.is_null() {
            LEAVING.store(rounds, Ordering::Relaxed);
        }
    }
}

/// Waits until every thread has left the stop before, so that it is found where it was then, and frees the seats. At the end of that stop
/// it would be too early: where hundreds run on a few processors all of them have their turn first, and after the last stop of a
/// process nobody needs them to have left.
fn wait_for_the_last_stop() {
    let mut rounds = LEAVING.swap(ptr::null_mut(), Ordering::Relaxed);
    while !rounds.is_null() {
        // SAFETY: made by `round`, and still there: freed below alone.
        let round = unsafe { &*rounds };
        let next = round.next.load(Ordering::Relaxed);
        let stood = |seat: &&Seat| seat.answer.load(Ordering::Acquire) == STANDS;
        while round
            .seats
            .iter()
            .any(|seat| stood(&seat) && thread::is_alive(seat.tid))
        {
            thread::yield_now();
        }
        // SAFETY: every thread has left its seat, and no list leads here any more.
        drop(unsafe { Box::from_raw(rounds) });
        rounds = next;
    }
}

impl Seat {
    /// Sends the signal to the thread, which was seen to wait like this.
    fn ask(&self, signal: i32, wait: Option<&Wait>) {
        let (call, ip) = wait.map_or((0, 0), |wait| (wait.number + 1, wait.ip));
        self.call.store(u64::from(call), Ordering::Relaxed);
        self.call_ip.store(ip, Ordering::Release);
        let args = [
            thread::process_id() as usize,
            self.tid as usize,
            signal as usize,
        ];
        // SAFETY: a signal whose handler is ours.
        let _ = unsafe { syscall(libc::SYS_tgkill, &args) };
    }

    fn stopped(&self) -> Option<Stopped> {
        (self.answer.load(Ordering::Acquire) == STANDS).then(|| Stopped {
            all: core::array::from_fn(|index| self.registers[index].load(Ordering::Relaxed)),
            sp: self.sp.load(Ordering::Relaxed),
            control_block: self.control_block.load(Ordering::Relaxed),
            given_stacks: self
                .given_stacks
                .each_ref()
                .map(|kept| kept.load(Ordering::Relaxed)),
        })
    }
}

/// The handler: notes the registers and waits.
unsafe extern "C" fn stand(_signal: i32, _info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(seat) = my_seat() else { return };
    // SAFETY: the kernel hands over the interrupted registers.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    if thread::slot().inside_sp.get() != 0 {
        seat.restart(registers);
        seat.answer.store(BUSY, Ordering::Release);
        return;
    }
    for (kept, register) in seat.registers.iter().zip(registers.iter()) {
        kept.store(*register as u64, Ordering::Relaxed);
    }
    let sp = registers[libc::REG_RSP as usize] as u64;
    seat.sp.store(sp, Ordering::Relaxed);
    seat.control_block
        .store(thread::pointer(), Ordering::Relaxed);
    for (kept, stack) in seat.given_stacks.iter().zip(signal::given_stacks()) {
        kept.store(stack, Ordering::Relaxed);
    }
    seat.answer.store(STANDS, Ordering::Release);
    while STANDING.load(Ordering::Acquire) == seat.stop {
        let args = [
            STANDING.as_ptr() as usize,
            (libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG) as usize,
            seat.stop as usize,
        ];
        // SAFETY: waits on a static word.
        let _ = unsafe { syscall(libc::SYS_futex, &args) };
    }
    wake();
    seat.restart(registers);
    seat.answer.store(LEFT, Ordering::Release);
}

impl Seat {
    /// A system call that ended early because of our signal alone is made again.
    fn restart(&self, registers: &mut [i64; 23]) {
        if let Some(call) = self.call.swap(0, Ordering::Acquire).checked_sub(1) {
            interrupted::make_again(registers, call as u32, self.call_ip.load(Ordering::Relaxed));
        }
    }
}

fn my_seat() -> Option<&'static Seat> {
    let tid = thread::thread_id();
    let mut round = ROUNDS.load(Ordering::Acquire);
    while !round.is_null() {
        // SAFETY: rounds are freed only when every thread that was asked has answered and left.
        let seats = unsafe { &*round };
        if let Some(seat) = seats.seats.iter().find(|seat| seat.tid == tid) {
            let open = seat.answer.load(Ordering::Relaxed) == ASKED;
            return open.then_some(seat);
        }
        round = seats.next.load(Ordering::Relaxed);
    }
    None
}

/// Wakes two of those who stand, each of which wakes two more. Where hundreds compute on a few processors, one that woke them all lost
/// its turn to them while it did, and got the next one ten seconds later: the end of a process has little left to do.
fn wake() {
    const AT_ONCE: usize = 2;
    let args = [
        STANDING.as_ptr() as usize,
        (libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG) as usize,
        AT_ONCE,
    ];
    // SAFETY: wakes those who wait on a static word.
    let _ = unsafe { syscall(libc::SYS_futex, &args) };
}

/// A signal that nobody handles and that is in the fewest of these sets, with its disposition: a real-time one, or else that which
/// cancels threads, which a parent may have left ignored.
fn choose_signal(masks: &[Set]) -> Option<(i32, Action)> {
    let deaf = |signal: i32| {
        let masks = masks.iter();
        masks.filter(|mask| mask.meets(Set::of(signal))).count()
    };
    (libc::SIGRTMIN()..=libc::SIGRTMAX())
        .rev()
        .chain([SIGCANCEL])
        .filter_map(|signal| Some((signal, signal::try_action(signal).ok()?)))
        .filter(|(signal, action)| {
            action.is_default() || *signal == SIGCANCEL && action.is_ignored()
        })
        .min_by_key(|&(signal, _)| deaf(signal))
}

enum State {
    Ended,
    /// `wait` is read last: what it tells goes with the signal.
    Lives {
        blocked: Set,
        wait: Option<Wait>,
    },
}

fn threads_but(me: u32) -> Option<Vec<u32>> {
    let mut found = Vec::new();
    file::list(b"/proc/self/task\0", |name| {
        if let Some(tid) = core::str::from_utf8(name)
            .ok()
            .and_then(|name| name.parse().ok())
            && tid != me
        {
            found.push(tid);
        }
    })
    .ok()?;
    Some(found)
}

/// A file of `/proc` about one thread.
fn about(tid: u32, what: &str) -> Option<Vec<u8>> {
    super::proc::read(format!("/proc/self/task/{tid}/{what}\0").as_bytes())
}

fn state_of(tid: u32) -> State {
    let Some(status) = about(tid, "status") else {
        return State::Ended;
    };
    let field = |name: &[u8]| {
        status
            .split(|&byte| byte == b'\n')
            .find_map(|line| line.strip_prefix(name))
            .map(<[u8]>::trim_ascii)
    };
    match field(b"State:").and_then(<[u8]>::first) {
        None | Some(b'Z' | b'X' | b'x') => State::Ended,
        Some(_) => State::Lives {
            blocked: field(b"SigBlk:")
                .and_then(|digits| core::str::from_utf8(digits).ok())
                .and_then(|digits| u64::from_str_radix(digits, 16).ok())
                .map_or(Set(0), Set),
            wait: waits_in(tid),
        },
    }
}

/// The system call that a thread waits in.
struct Wait {
    number: u32,
    first_argument: u64,
    /// The address after it.
    ip: u64,
}

fn waits_in(tid: u32) -> Option<Wait> {
    let line = about(tid, "syscall")?;
    let mut words = core::str::from_utf8(&line).ok()?.split_ascii_whitespace();
    let number: u32 = words.next()?.parse().ok()?;
    let hexadecimal = |word: &str| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    Some(Wait {
        number,
        first_argument: hexadecimal(words.next()?)?,
        ip: hexadecimal(words.next_back()?)?,
    })
}

/// The signals that a thread waits for: while it does, the kernel lists them as not blocked, and would hand ours
/// to the program.
fn awaited_signals(wait: Option<&Wait>) -> Set {
    match wait {
        Some(wait) if i64::from(wait.number) == libc::SYS_rt_sigtimedwait => {
            readable::word(wait.first_argument).map_or(Set::ALL, Set)
        }
        _ => Set(0),
    }
}
