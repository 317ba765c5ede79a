//! Time in ticks: the processor's counter shifted right, or CLOCK_MONOTONIC where the counter cannot
//! be trusted.

use core::sync::atomic::{AtomicBool, Ordering};

use ldt_trace::Tick;

use crate::sys::{self, thread};

/// Ticks are the counter divided by 2 to this. About 25 ns on today's machines: less than it takes
/// two threads to hand over a block, and six bits fewer in every stamp of the trace.
pub const SHIFT: u32 = 6;

/// Whether CLOCK_MONOTONIC stands in for the counter.
static FALLBACK: AtomicBool = AtomicBool::new(false);

/// Decides for a clock. The kernel watches the counter of all processors and drops it as a clock
/// source when they drift apart; where it says so, it is right, and so it is where it uses the counter itself. Only
/// in between is the processor asked, which in a virtual machine costs as much as fifty system calls.
pub fn choose() {
    let kernel = crate::sys::proc::read(
        b"/sys/devices/system/clocksource/clocksource0/current_clocksource\0",
    )
    .unwrap_or_default();
    let is_steady = match &kernel[..] {
        name if name.starts_with(b"tsc") => true,
        name if name.starts_with(b"hpet") || name.starts_with(b"acpi_pm") => false,
        _ => sys::counter_is_steady(),
    };
    FALLBACK.store(!is_steady, Ordering::Relaxed);
}

/// The name of the clock in use, for the trace.
#[must_use]
pub fn name() -> &'static str {
    if FALLBACK.load(Ordering::Relaxed) {
        "monotonic"
    } else {
        "tsc"
    }
}

#[cold]
fn fallback() -> Tick {
    thread::clock_ns(libc::CLOCK_MONOTONIC) >> SHIFT
}

/// Now: after everything before this call has completed, and before anything after it is visible to
/// other threads.
#[inline(always)]
#[must_use]
pub fn now() -> Tick {
    if FALLBACK.load(Ordering::Relaxed) {
        fallback()
    } else {
        sys::counter() >> SHIFT
    }
}
