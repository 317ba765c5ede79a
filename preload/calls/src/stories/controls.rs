//! Calls that do one of many things with what their argument points to: ioctl, and the controls of System V's shared memory,
//! queues and semaphores.

use core::mem::{MaybeUninit, offset_of};

use super::conversions::keeping_errno;
use super::records::{has_failed, watch_unless};
use crate::beneath;
use crate::call::{Call, Story, Then};

/// Which way the bytes go.
#[derive(Clone, Copy)]
enum Direction {
    /// The kernel reads them.
    In,
    /// It fills them.
    Out,
}

/// What a call asks for, where that is known: the bytes that its argument points to.
type Request = Option<(u64, Direction)>;

trait Requests {
    fn request(call: &Call<'_>) -> Request;
}

/// Roles: the request, what its argument points to, further ones.
const fn controls<R: Requests>() -> Story {
    Story {
        before: |call| match R::request(call) {
            Some((bytes, Direction::In)) => {
                call.read(call.arg(1), bytes);
                Then::Go
            }
            Some((bytes, Direction::Out)) => watch_unless(call.is_roomy(call.arg(1), bytes)),
            None => Then::Go,
        },
        after: |call, result| {
            if let Some((bytes, Direction::Out)) = R::request(call)
                && !has_failed(result)
            {
                call.write(call.arg(1), bytes);
            }
        },
    }
}

/// ioctl.
pub(crate) const CONTROL: Story = controls::<Devices>();
/// shmctl.
pub(crate) const CONTROL_SHARED: Story = controls::<SharedMemory>();
/// msgctl.
pub(crate) const CONTROL_QUEUE: Story = controls::<Queues>();
/// Roles: those, and which semaphores (semctl).
pub(crate) const CONTROL_SEMAPHORES: Story = controls::<Semaphores>();

/// Requests are known one by one: the sizes that some have in their numbers are not those that drivers go by.
struct Devices;

impl Requests for Devices {
    fn request(call: &Call<'_>) -> Request {
        match call.arg(0) {
            libc::FIONREAD | libc::TIOCOUTQ | libc::TIOCGPGRP => Some((4, Direction::Out)),
            libc::FIONBIO | libc::FIOASYNC | libc::TIOCSPGRP => Some((4, Direction::In)),
            libc::TIOCGWINSZ => Some((8, Direction::Out)),
            libc::TIOCSWINSZ => Some((8, Direction::In)),
            _ => None,
        }
    }
}

const SHM_STAT: i32 = 13;
const SHM_INFO: i32 = 14;
const SHM_STAT_ANY: i32 = 15;
const MSG_STAT: i32 = 11;
const MSG_INFO: i32 = 12;
const MSG_STAT_ANY: i32 = 13;
const SEM_STAT: i32 = 18;
const SEM_INFO: i32 = 19;
const SEM_STAT_ANY: i32 = 20;
/// All semaphores of a set, 16 bits each.
const GETALL: i32 = 13;
const SETALL: i32 = 17;

struct SharedMemory;

impl Requests for SharedMemory {
    fn request(call: &Call<'_>) -> Request {
        const RECORD_BYTES: u64 = size_of::<libc::shmid_ds>() as u64;
        /// `struct shminfo`: nine words.
        const LIMITS_BYTES: u64 = 72;
        /// `struct shm_info`: six words.
        const USE_BYTES: u64 = 48;
        match call.arg(0) as i32 {
            libc::IPC_STAT | SHM_STAT | SHM_STAT_ANY => Some((RECORD_BYTES, Direction::Out)),
            libc::IPC_SET => Some((RECORD_BYTES, Direction::In)),
            libc::IPC_INFO => Some((LIMITS_BYTES, Direction::Out)),
            SHM_INFO => Some((USE_BYTES, Direction::Out)),
            _ => None,
        }
    }
}

struct Queues;

impl Requests for Queues {
    fn request(call: &Call<'_>) -> Request {
        const RECORD_BYTES: u64 = size_of::<libc::msqid_ds>() as u64;
        /// `struct msginfo`.
        const LIMITS_BYTES: u64 = 32;
        match call.arg(0) as i32 {
            libc::IPC_STAT | MSG_STAT | MSG_STAT_ANY => Some((RECORD_BYTES, Direction::Out)),
            libc::IPC_SET => Some((RECORD_BYTES, Direction::In)),
            libc::IPC_INFO | MSG_INFO => Some((LIMITS_BYTES, Direction::Out)),
            _ => None,
        }
    }
}

struct Semaphores;

impl Requests for Semaphores {
    fn request(call: &Call<'_>) -> Request {
        const RECORD_BYTES: u64 = size_of::<Set>() as u64;
        /// `struct seminfo`: ten ints.
        const LIMITS_BYTES: u64 = 40;
        match call.arg(0) as i32 {
            libc::IPC_STAT | SEM_STAT | SEM_STAT_ANY => Some((RECORD_BYTES, Direction::Out)),
            libc::IPC_SET => Some((RECORD_BYTES, Direction::In)),
            libc::IPC_INFO | SEM_INFO => Some((LIMITS_BYTES, Direction::Out)),
            GETALL => Some((2 * semaphores(call.arg(2))?, Direction::Out)),
            SETALL => Some((2 * semaphores(call.arg(2))?, Direction::In)),
            _ => None,
        }
    }
}

/// `struct semid_ds`.
#[repr(C)]
struct Set {
    permissions: libc::ipc_perm,
    /// When it was used and changed last.
    times: [u64; 4],
    semaphores: u64,
    reserved: [u64; 2],
}

const _: () = assert!(size_of::<Set>() == 104 && offset_of!(Set, semaphores) == 80);

/// How many semaphores there are in a set that may be read.
fn semaphores(set: u64) -> Option<u64> {
    let mut found = MaybeUninit::<Set>::zeroed();
    // SAFETY: the record that the kernel fills, of its size.
    let result = keeping_errno(|| unsafe {
        beneath::semctl(set, 0, libc::IPC_STAT as u64, found.as_mut_ptr() as u64)
    });
    // SAFETY: all zeroes is valid, and whatever the kernel has filled.
    (result == 0).then(|| unsafe { found.assume_init() }.semaphores)
}
