//! System calls that end early because of a signal of LDT's, which the program must not notice.
//!
//! The kernel itself goes on with most calls (`SA_RESTART`); those here end with EINTR after any handler.

/// Calls that can simply be made again. (Those with a relative time wait anew for all of it: better late than
/// early, when nobody expects early.)
const AGAIN: [i64; 17] = [
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_select,
    libc::SYS_pselect6,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_futex,
    libc::SYS_pause,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_rt_sigsuspend,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_msgrcv,
    libc::SYS_msgsnd,
    libc::SYS_io_getevents,
];

/// Bytes of the instruction `syscall`.
const SYSCALL_BYTES: i64 = 2;

/// In a handler: sets the interrupted registers back to before the call `number`, whose next instruction is
/// at `ip`, if that is what the signal has interrupted.
pub fn make_again(registers: &mut [i64; 23], number: u32, ip: u64) {
    let [rip, rax] = [libc::REG_RIP as usize, libc::REG_RAX as usize];
    let number = i64::from(number);
    if AGAIN.contains(&number)
        && registers[rip] == ip as i64
        && registers[rax] == -i64::from(libc::EINTR)
    {
        registers[rip] -= SYSCALL_BYTES;
        registers[rax] = number;
    }
}
