//! Changing code that runs, and making some.

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use super::lock::Lock;
use super::{file, mem, syscall, thread};

/// Two changes in one page at once would each make it unwritable under the other.
static CHANGING: Lock<()> = Lock::new(());

/// Replaces one byte of code. Other threads may run the instruction meanwhile: they see it as it was or as it
/// is. The page is readable and executable afterwards, as code is.
///
/// Programs may have forsworn code that can be written (systemd's `MemoryDenyWriteExecute`, `PR_SET_MDWE`) or sealed
/// theirs (`mseal`). The kernel writes it then, as it does for debuggers.
pub fn replace_byte(address: u64, byte: u8) -> Result<(), i32> {
    replace_in_place(address, byte).or_else(|refused| match thread::is_sandboxed() {
        // It may kill who opens files.
        true => Err(refused),
        false => replace_by_kernel(address, byte),
    })
}

fn replace_by_kernel(address: u64, byte: u8) -> Result<(), i32> {
    let memory = file::open_write(b"/proc/thread-self/mem\0")?;
    let written = file::write_at(memory, &[byte], address);
    file::close(memory);
    written
}

fn replace_in_place(address: u64, byte: u8) -> Result<(), i32> {
    let page = address as usize & !(mem::PAGE_BYTES - 1);
    let protect = |rights: i32| {
        let args = [page, mem::PAGE_BYTES, rights as usize];
        // SAFETY: the code stays readable and executable at every moment.
        unsafe { syscall(libc::SYS_mprotect, &args) }
    };
    const CODE: i32 = libc::PROT_READ | libc::PROT_EXEC;
    CHANGING.with(|()| {
        protect(CODE | libc::PROT_WRITE)?;
        // SAFETY: mapped and writable, as the call before has shown; one byte is written at once.
        let place = unsafe { AtomicU8::from_ptr(address as *mut u8) };
        place.store(byte, Ordering::SeqCst);
        protect(CODE).map(|_| ())
    })
}

/// Bytes of data that a piece of code may have beside it.
pub const DATA_BYTES: usize = 64;
const CODE_BYTES: usize = 64;
const PLACES: u64 = 512;
const ROOM_BYTES: usize = PLACES as usize * (DATA_BYTES + CODE_BYTES);

/// Where [`put_aside`] has put what.
#[derive(Clone, Copy, Debug)]
pub struct Aside {
    /// The data, at a multiple of 64.
    pub data: u64,
    /// The code.
    pub code: u64,
}

static ROOM: Lock<Option<u64>> = Lock::new(None);
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Puts data and code that reads it into memory that can be run. The place is used again after some hundred
/// others. `None`: it does not fit, or the kernel allows no such memory.
#[must_use]
pub fn put_aside(data: &[u8], code: &[u8]) -> Option<Aside> {
    if data.len() > DATA_BYTES || code.len() > CODE_BYTES {
        return None;
    }
    let room = ROOM.with(|room| {
        if room.is_none() {
            *room = make_room();
        }
        *room
    })?;
    let place = NEXT.fetch_add(1, Ordering::Relaxed) % PLACES;
    let data_at = room + place * (DATA_BYTES + CODE_BYTES) as u64;
    let code_at = data_at + DATA_BYTES as u64;
    // SAFETY: inside the room, which is writable and nobody else's; whoever ran the code that was here has
    // long left it. Returning from the handler makes the processor see the new code.
    unsafe {
        core::ptr::copy_nonoverlapping(data.as_ptr(), data_at as *mut u8, data.len());
        core::ptr::copy_nonoverlapping(code.as_ptr(), code_at as *mut u8, code.len());
    }
    Some(Aside {
        data: data_at,
        code: code_at,
    })
}

fn make_room() -> Option<u64> {
    let room = mem::allocate(ROOM_BYTES)?;
    const ALL: i32 = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    let args = [room as usize, ROOM_BYTES, ALL as usize];
    // SAFETY: just mapped, and ours.
    unsafe { syscall(libc::SYS_mprotect, &args) }.ok()?;
    Some(room as u64)
}
