//! Which memory is LDT's own: mappings made by [`super::mem`]. The leak check must not take it for the
//! program's, and the kernel joins neighbouring mappings, so the list of mappings does not tell.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

const PLACES: usize = 8192;

/// Start and end of each mapping; 0 is a free place.
static STARTS: [AtomicU64; PLACES] = [const { AtomicU64::new(0) }; PLACES];
static ENDS: [AtomicU64; PLACES] = [const { AtomicU64::new(0) }; PLACES];
/// No place at or after this one was ever in use.
static USED: AtomicUsize = AtomicUsize::new(0);
static OVERFLOWED: AtomicBool = AtomicBool::new(false);

pub(super) fn add(address: *mut u8, bytes: usize) {
    let (start, end) = (address as u64, address as u64 + bytes as u64);
    let used = USED.load(Ordering::Relaxed);
    // The last place first: most mappings stay, so earlier ones are rarely free.
    let places = (used.saturating_sub(1)..PLACES).chain(0..used);
    for place in places {
        let free = STARTS[place].load(Ordering::Relaxed) == 0
            && STARTS[place]
                .compare_exchange(0, start, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok();
        if free {
            ENDS[place].store(end, Ordering::Release);
            USED.fetch_max(place + 1, Ordering::Relaxed);
            return;
        }
    }
    OVERFLOWED.store(true, Ordering::Relaxed);
}

pub(super) fn remove(address: *mut u8) {
    let used = USED.load(Ordering::Relaxed);
    let place = (0..used).find(|&place| STARTS[place].load(Ordering::Relaxed) == address as u64);
    if let Some(place) = place {
        ENDS[place].store(0, Ordering::Relaxed);
        STARTS[place].store(0, Ordering::Release);
    }
}

/// A part of a mapping is given back; what lies on its two sides stays.
pub(super) fn cut(part: Range<u64>) {
    let used = USED.load(Ordering::Relaxed);
    let holds = |&place: &usize| {
        STARTS[place].load(Ordering::Relaxed) <= part.start
            && ENDS[place].load(Ordering::Relaxed) >= part.end
    };
    if let Some(place) = (0..used).find(holds) {
        let end = ENDS[place].swap(part.start, Ordering::AcqRel);
        if end > part.end {
            add(part.end as *mut u8, (end - part.end) as usize);
        }
    }
}

/// Every mapping of LDT's own, in no order.
pub fn all() -> impl Iterator<Item = Range<u64>> {
    (0..USED.load(Ordering::Relaxed)).filter_map(|place| {
        let start = STARTS[place].load(Ordering::Acquire);
        let end = ENDS[place].load(Ordering::Acquire);
        (start != 0 && end > start).then_some(start..end)
    })
}
