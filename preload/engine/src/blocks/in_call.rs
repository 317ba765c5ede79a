//! What is open in case for the call of the C library that the calling thread is in: that stays open when the library itself
//! allocates meanwhile (the buffer of a stream, a translated message) and the block's slot lies beside it.
//!
//! It is one range, from the first byte to the last: guards of other blocks in between are left open, too, if such a slot lies
//! there. What a call had open that never came back (a handler's longjmp) is forgotten after the thread's next one. Another
//! thread's slot beside it closes it all the same.

use core::ops::Range;

use crate::sys::thread::slot;

/// This is open for the call, as well as what was before.
pub(super) fn add(range: &Range<u64>) {
    let [start, end] = &slot().open_for_call;
    if end.get() == 0 {
        start.set(range.start);
        end.set(range.end);
    } else {
        start.set(start.get().min(range.start));
        end.set(end.get().max(range.end));
    }
}

/// The call is over.
pub(super) fn clear() {
    slot().open_for_call[1].set(0);
}

/// Whether the call needs some of these bytes.
pub(super) fn needs(range: &Range<u64>) -> bool {
    let [start, end] = &slot().open_for_call;
    start.get() < range.end && range.start < end.get()
}
