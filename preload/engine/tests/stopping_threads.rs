//! Other threads are stopped and go on as if nothing had been. One test, so that it has a process to
//! itself: whoever else ran here would be stopped as well, perhaps inside the allocator.

use std::arch::asm;
use std::ffi::c_int;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::thread;

use ldt_engine::sys::others::Others;
use ldt_engine::sys::signal::{self, How, Set};

/// What a spinning thread keeps in a register and nowhere else.
const MARK: u64 = 0x1234_5678_9abc_def0;

/// Tells its number, then runs `work`.
fn start<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> (u32, thread::JoinHandle<R>) {
    let tid = Arc::new(AtomicI32::new(0));
    let told = tid.clone();
    let handle = thread::spawn(move || {
        // SAFETY: no arguments.
        told.store(unsafe { libc::gettid() }, Ordering::Release);
        work()
    });
    while tid.load(Ordering::Acquire) == 0 {
        thread::yield_now();
    }
    (tid.load(Ordering::Acquire) as u32, handle)
}

/// Waits until a thread sleeps in a system call.
fn until_asleep(tid: u32) {
    let path = format!("/proc/self/task/{tid}/syscall");
    while std::fs::read_to_string(&path).is_ok_and(|text| text.starts_with("running")) {
        thread::yield_now();
    }
}

/// Whether a real-time signal waits for the calling thread, which blocks it.
fn is_asked() -> bool {
    // SAFETY: fills the set.
    unsafe {
        let mut pending = std::mem::zeroed();
        libc::sigpending(&mut pending);
        (libc::SIGRTMIN()..=libc::SIGRTMAX()).any(|signal| libc::sigismember(&pending, signal) == 1)
    }
}

#[test]
fn threads_stand_still_and_then_go_on() {
    static ENOUGH: AtomicBool = AtomicBool::new(false);
    static TURNS: AtomicU64 = AtomicU64::new(0);
    static BLOCKS_ALL: AtomicBool = AtomicBool::new(false);
    let dispositions = || (1..=64).map(signal::try_action).collect::<Vec<_>>();
    let before = dispositions();

    let (spinning, spinner) = start(|| {
        while !ENOUGH.load(Ordering::Relaxed) {
            TURNS.fetch_add(1, Ordering::Relaxed);
            // SAFETY: counts a register down.
            unsafe { asm!("2:", "dec {0}", "jnz 2b", inout(reg) 100_000u64 => _, in("r12") MARK) };
        }
    });
    let (read_end, write_end) = std::io::pipe().expect("there are descriptors");
    let descriptor = read_end.as_raw_fd();
    // A call that the kernel never restarts by itself, on a pipe that gets its byte only later.
    let (polling, poller) = start(move || -> (c_int, i32) {
        let mut poll = libc::pollfd {
            fd: descriptor,
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one structure; errno is this thread's.
        unsafe {
            *libc::__errno_location() = 77;
            (libc::poll(&mut poll, 1, -1), *libc::__errno_location())
        }
    });
    let (deaf, closed) = start(move || {
        // All that the C library lets a program block.
        let unblockable = Set::of(32).with(Set::of(33));
        signal::change_mask(How::Block, Set::ALL.without(unblockable));
        while !ENOUGH.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    });
    // One that would take any signal as what it waits for.
    let (waiting, waiter) = start(|| {
        signal::change_mask(How::Block, Set::ALL);
        let (all, bytes) = (Set::ALL.0, size_of::<u64>());
        // SAFETY: reads the set; no record, no end.
        unsafe { libc::syscall(libc::SYS_rt_sigtimedwait, &raw const all, 0, 0, bytes) }
    });
    // Just the signal that would be sent first.
    let (blocking, blocker) = start(|| {
        signal::change_mask(How::Block, Set::of(libc::SIGRTMAX()));
        while !ENOUGH.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    });
    // As the C library begins a thread.
    let (beginning, beginner) = start(|| {
        let mask = signal::change_mask(How::Block, Set::ALL);
        BLOCKS_ALL.store(true, Ordering::Release);
        while !is_asked() {
            thread::yield_now();
        }
        signal::change_mask(How::Set, mask);
        while !ENOUGH.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    });
    while !BLOCKS_ALL.load(Ordering::Acquire) {
        thread::yield_now();
    }
    until_asleep(polling);
    until_asleep(waiting);
    while !std::fs::read_to_string(format!("/proc/self/task/{deaf}/status"))
        .expect("it runs")
        .contains("SigBlk:\tf")
    {
        thread::yield_now();
    }

    for _ in 0..20 {
        let others = Others::stop().expect("there is /proc");
        let of = |tid: u32| others.threads.iter().find(|other| other.tid == tid);
        let spinner = of(spinning).expect("it is listed");
        let registers = spinner.registers.expect("it answers");
        let turns = TURNS.load(Ordering::SeqCst);
        assert!(registers.sp > 4096 && registers.control_block > registers.sp);
        assert!(of(polling).expect("it is listed").registers.is_some());
        assert!(of(beginning).expect("it is listed").registers.is_some());
        assert!(of(blocking).expect("it is listed").registers.is_some());
        assert!(of(deaf).expect("it is listed").registers.is_some());
        assert_eq!(of(waiting).expect("it is listed").registers, None);
        assert_eq!(others.unresponsive(), 1);
        for _ in 0..1000 {
            thread::yield_now();
        }
        assert_eq!(TURNS.load(Ordering::SeqCst), turns, "it has run on");
        drop(others);
        let spin = || TURNS.load(Ordering::SeqCst);
        let now = spin();
        while spin() == now {
            thread::yield_now();
        }
    }
    let sees_mark = (0..200).any(|_| {
        let others = Others::stop().expect("there is /proc");
        others
            .threads
            .iter()
            .filter_map(|other| other.registers)
            .any(|registers| registers.all.contains(&MARK))
    });
    assert!(sees_mark, "a pointer in a register alone was not seen");

    assert_eq!(dispositions(), before);
    ENOUGH.store(true, Ordering::Relaxed);
    drop(write_end);
    spinner.join().expect("it ends");
    closed.join().expect("it ends");
    blocker.join().expect("it ends");
    beginner.join().expect("it ends");
    // SAFETY: a thread of this process that waits for it.
    unsafe {
        libc::syscall(libc::SYS_tgkill, libc::getpid(), waiting, libc::SIGUSR1);
    }
    let taken = waiter.join().expect("it ends");
    assert_eq!(
        taken,
        i64::from(libc::SIGUSR1),
        "sigtimedwait was disturbed"
    );
    let (ready, errno) = poller.join().expect("it ends");
    assert_eq!((ready, errno), (1, 77), "poll was disturbed");
}
