//! Hardware watchpoints: a few bytes that the processor stops a thread at, after any instruction of user code that
//! has read or written one of them. The kernel lends the processor's registers for it as performance events
//! (`perf_event_open(2)`), and tells the thread itself by SIGTRAP (Linux 5.13).
//!
//! An event belongs to the thread that opened it and to the threads that this one starts later, not to
//! forked children, and is gone with an exec. Its descriptor is kept up high, out of the way of the program's.

use core::ops::Range;

use super::file::{self, Fd};
use super::syscall;

/// How many the processor has.
pub const COUNT: usize = 4;
/// The most bytes that one watches; they lie at a multiple of their number, which is a power of two.
pub const MAX_BYTES: u64 = 8;

/// In the signal's data, with the watchpoint's number in the lowest byte: tells ours from others'.
const COOKIE: u64 = 0x4c44_5477_6174_6300;

/// `PERF_EVENT_IOC_DISABLE`.
const DISABLE: usize = 0x2401;
/// `PERF_EVENT_IOC_ID`.
const ID: usize = 0x8008_2407;
/// `PERF_EVENT_IOC_MODIFY_ATTRIBUTES`.
const MODIFY_ATTRIBUTES: usize = 0x4008_240b;

/// The bit of `perf_event_attr` for what rests.
const DISABLED: u64 = 1;
/// Those that are always set: inherited by threads (and not by processes), user code only, gone with an exec, told by a
/// signal.
const FLAGS: u64 = 1 << 1 | 1 << 5 | 1 << 6 | 1 << 35 | 1 << 36 | 1 << 37;

/// `perf_event_attr` up to its seventh version, the first with `sig_data`.
#[repr(C)]
struct Attributes {
    kind: u32,
    bytes: u32,
    config: u64,
    period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint_type: u32,
    breakpoint_address: u64,
    breakpoint_bytes: u64,
    unused: [u64; 6],
    signal_data: u64,
}

impl Attributes {
    fn of(range: &Range<u64>, number: usize) -> Attributes {
        const BREAKPOINT: u32 = 5;
        const READ_OR_WRITE: u32 = 3;
        Attributes {
            kind: BREAKPOINT,
            bytes: size_of::<Attributes>() as u32,
            config: 0,
            period: 1,
            sample_type: 0,
            read_format: 0,
            flags: FLAGS,
            wakeup: 0,
            breakpoint_type: READ_OR_WRITE,
            breakpoint_address: range.start,
            breakpoint_bytes: range.end - range.start,
            unused: [0; 6],
            signal_data: COOKIE | number as u64,
        }
    }
}

/// What a signal's data says: the number of the watchpoint that was hit.
#[must_use]
pub fn number_in(signal_data: u64) -> Option<usize> {
    let number = (signal_data ^ COOKIE) as usize;
    (number < COUNT).then_some(number)
}

/// A watchpoint, at work or at rest.
#[derive(Debug)]
pub struct Watchpoint {
    descriptor: usize,
    number: usize,
    /// The kernel's own number of the event: that the descriptor is still it. Programs close what they do not know.
    id: u64,
}

impl Watchpoint {
    /// One that rests until it is pointed at something. Errors: the kernel's, when it lends none.
    pub fn open(number: usize) -> Result<Watchpoint, i32> {
        static NOTHING: u64 = 0;
        let nothing = &raw const NOTHING as u64;
        const MYSELF: usize = 0;
        const ANY_PROCESSOR: usize = usize::MAX;
        const NO_GROUP: usize = usize::MAX;
        const CLOSE_ON_EXEC: usize = 8;
        let mut attributes = Attributes::of(&(nothing..nothing + MAX_BYTES), number);
        attributes.flags |= DISABLED;
        let args = [
            &raw const attributes as usize,
            MYSELF,
            ANY_PROCESSOR,
            NO_GROUP,
            CLOSE_ON_EXEC,
        ];
        // SAFETY: reads the attributes.
        let low = unsafe { syscall(libc::SYS_perf_event_open, &args) }?;
        // Low numbers are the program's: where none may be high there is no watchpoint.
        let descriptor = file::move_far_up(Fd(low as i32)).ok_or(libc::EMFILE)?;
        let descriptor = descriptor.0 as usize;
        let id = id_of(descriptor)?;
        Ok(Watchpoint {
            descriptor,
            number,
            id,
        })
    }

    /// Watches another range. Errors: the kernel's; `EBADF` where the program has closed the descriptor.
    pub fn point_at(&self, range: &Range<u64>) -> Result<(), i32> {
        let attributes = Attributes::of(range, self.number);
        self.control(MODIFY_ATTRIBUTES, &raw const attributes as usize)
    }

    /// Watches nothing until it is pointed at something.
    pub fn rest(&self) -> Result<(), i32> {
        self.control(DISABLE, 0)
    }

    /// Gives it back to the kernel.
    pub fn close(self) {
        if id_of(self.descriptor) == Ok(self.id) {
            // SAFETY: the event's descriptor, as just compared.
            let _ = unsafe { syscall(libc::SYS_close, &[self.descriptor]) };
        }
    }

    fn control(&self, request: usize, argument: usize) -> Result<(), i32> {
        if id_of(self.descriptor) != Ok(self.id) {
            return Err(libc::EBADF);
        }
        // SAFETY: the event's descriptor; the argument is nothing, or attributes that are read.
        unsafe { syscall(libc::SYS_ioctl, &[self.descriptor, request, argument]) }.map(|_| ())
    }
}

/// The kernel's number of the event behind a descriptor; an error where it is none.
fn id_of(descriptor: usize) -> Result<u64, i32> {
    let mut id = 0u64;
    // SAFETY: writes a word.
    unsafe { syscall(libc::SYS_ioctl, &[descriptor, ID, &raw mut id as usize]) }.map(|_| id)
}
