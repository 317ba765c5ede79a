//! Memory that a vfork child builds its environment in. The child's thread-local memory is its parent's as well, and so it lasts:
//! the next child of the thread, which waits for each, takes it again.

use super::{mem, thread};

/// At least so many bytes, and how many they are; `None` when there is no memory.
pub fn take(bytes: usize) -> Option<(*mut u8, usize)> {
    let [memory, room] = &thread::slot().childs_scratch;
    if (room.get() as usize) < bytes {
        release();
        memory.set(mem::allocate(bytes)? as u64);
        room.set(bytes as u64);
    }
    Some((memory.get() as *mut u8, room.get() as usize))
}

/// Gives it back, at the end of the thread.
pub fn release() {
    let [memory, room] = &thread::slot().childs_scratch;
    let (memory, bytes) = (memory.replace(0), room.replace(0));
    if memory != 0 {
        // SAFETY: mapped by `take` with this size; the child that used it has gone.
        unsafe { mem::release(memory as *mut u8, bytes as usize) };
    }
}
