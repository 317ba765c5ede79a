//! Regions: ranges of reserved addresses that all blocks lie in, and the way from an address to its
//! span.
//!
//! Usually there is one region of a tebibyte. Beside it lie two tables with an element a granule
//! (64 KiB): the first granule of the span that the granule belongs to, and room for a descriptor. Both
//! are touched only where the region is used. A margin on both sides of it stays inaccessible: what an index that ran
//! over reaches from a block is neither one of these tables nor anything else that the kernel would put there.

use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::limits;
use super::span::{Descriptor, Kind};
use crate::modes::redzone::GRANULE_BYTES;
use crate::sys::mem;

/// More are needed only where address space is limited, and then each takes a part of what is left.
pub(super) const REGIONS_MAX: usize = 128;

/// On each side of a region of full size: as far as the smallest number of 32 bits reaches in elements of eight bytes.
const MARGIN_BYTES: u64 = 16 << 30;

/// See the module. All zero is no region.
#[derive(Debug)]
pub(super) struct Region {
    start: AtomicU64,
    bytes: AtomicU64,
    /// On each side of it.
    margin_bytes: AtomicU64,
    /// Granules from here to `high` were never used.
    low: AtomicU64,
    high: AtomicU64,
    /// For each granule the number of its span's first granule, plus one; 0 for none.
    heads: AtomicPtr<AtomicU32>,
    spans: AtomicPtr<Descriptor>,
    /// What the program has changed itself: a word for each granule (see [`super::altered`]); null as long as nothing is
    /// marked there.
    pub(super) marks: AtomicPtr<AtomicU32>,
}

static REGIONS: [Region; REGIONS_MAX] = [const {
    Region {
        start: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        margin_bytes: AtomicU64::new(0),
        low: AtomicU64::new(0),
        high: AtomicU64::new(0),
        heads: AtomicPtr::new(ptr::null_mut()),
        spans: AtomicPtr::new(ptr::null_mut()),
        marks: AtomicPtr::new(ptr::null_mut()),
    }
}; REGIONS_MAX];
static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Region {
    #[inline(always)]
    pub(super) fn start(&self) -> u64 {
        self.start.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(super) fn granules(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed) / GRANULE_BYTES
    }

    #[inline(always)]
    fn covers(&self, address: u64) -> bool {
        address.wrapping_sub(self.start()) < self.bytes.load(Ordering::Acquire)
    }

    #[inline(always)]
    fn heads(&self) -> &'static [AtomicU32] {
        let heads = self.heads.load(Ordering::Relaxed);
        if heads.is_null() {
            return &[];
        }
        // SAFETY: the table has an element a granule and is never unmapped.
        unsafe { slice::from_raw_parts(heads, self.granules() as usize) }
    }

    /// The descriptor at a granule.
    #[inline(always)]
    pub(super) fn descriptor(&self, granule: u64) -> Option<&'static Descriptor> {
        let spans = self.spans.load(Ordering::Relaxed);
        // SAFETY: the table has an element a granule, all zero is valid, and is never unmapped.
        (granule < self.granules() && !spans.is_null())
            .then(|| unsafe { &*spans.add(granule as usize) })
    }

    /// The span or free run that a granule was last said to belong to.
    #[inline(always)]
    pub(super) fn span_of(&self, granule: u64) -> Option<&'static Descriptor> {
        let head = self.heads().get(granule as usize)?.load(Ordering::Acquire);
        if head == 0 {
            return None;
        }
        self.descriptor(u64::from(head) - 1)
    }

    /// Says which span granules belong to.
    pub(super) fn set_heads(&self, granules: core::ops::Range<u64>, first: u64) {
        if let Some(heads) = self
            .heads()
            .get(granules.start as usize..granules.end as usize)
        {
            for head in heads {
                head.store(first as u32 + 1, Ordering::Release);
            }
        }
    }

    /// Says which granules were never used.
    pub(super) fn set_unused(&self, unused: core::ops::Range<u64>) {
        self.low.store(unused.start, Ordering::Release);
        self.high.store(unused.end, Ordering::Release);
    }

    /// What is, or was, in use.
    pub(super) fn used_bytes(&self) -> u64 {
        let closed = self
            .granules()
            .saturating_sub(self.high.load(Ordering::Relaxed));
        (self.low.load(Ordering::Relaxed) + closed) * GRANULE_BYTES
    }

    /// The first granule after this one that may be in use.
    pub(super) fn next_used(&self, granule: u64) -> u64 {
        if granule < self.low.load(Ordering::Acquire) {
            return granule + 1;
        }
        self.high.load(Ordering::Acquire).max(granule + 1)
    }

    /// All its addresses.
    pub(super) fn range(&self) -> core::ops::Range<u64> {
        let start = self.start();
        start..start + self.bytes.load(Ordering::Acquire)
    }

    pub(super) fn granule_of(&self, address: u64) -> u64 {
        (address - self.start()) / GRANULE_BYTES
    }

    pub(super) fn address_of(&self, granule: u64) -> u64 {
        self.start() + granule * GRANULE_BYTES
    }
}

impl Region {
    /// Gives back the addresses from a granule on, none of which was ever used, what the tables have for them, and the
    /// margins. Only under the lock of the runs.
    pub(super) fn shrink(&self, granules: u64) {
        let before = self.granules();
        if granules >= before {
            return;
        }
        let margin_bytes = self.margin_bytes.swap(0, Ordering::Relaxed);
        let end = self.address_of(before) + margin_bytes;
        let heads = self.heads.load(Ordering::Relaxed) as u64;
        let spans = self.spans.load(Ordering::Relaxed) as u64;
        let table_ends = |granules: u64| {
            (
                heads + granules * size_of::<AtomicU32>() as u64,
                spans + granules * size_of::<Descriptor>() as u64,
            )
        };
        let (heads_end, spans_end) = table_ends(granules);
        // From here on nobody asks the tables about what goes.
        self.bytes
            .store(granules * GRANULE_BYTES, Ordering::Release);
        // SAFETY: reserved or mapped by `add`, and nothing was ever put there. A page that both tables have a part
        // of stays.
        unsafe {
            mem::release_part(self.start() - margin_bytes, self.start());
            mem::release_part(self.address_of(granules), end);
            mem::release_part(heads_end, spans);
            mem::release_part(spans_end, table_ends(before).1);
        }
    }
}

/// The regions that there are, in the order in which they were made.
pub(super) fn all() -> &'static [Region] {
    &REGIONS[..COUNT.load(Ordering::Acquire)]
}

/// The region that covers an address.
#[inline(always)]
pub(super) fn of(address: u64) -> Option<&'static Region> {
    if REGIONS[0].covers(address) {
        return Some(&REGIONS[0]);
    }
    others(address)
}

/// Whether an address certainly lies in no region. Where there are several, nothing is certain.
#[inline(always)]
pub(super) fn is_outside(address: u64) -> bool {
    !REGIONS[0].covers(address) && COUNT.load(Ordering::Acquire) <= 1
}

#[inline(never)]
fn others(address: u64) -> Option<&'static Region> {
    all().iter().find(|region| region.covers(address))
}

/// The span in use that covers an address.
#[inline(always)]
pub(super) fn span_at(address: u64) -> Option<&'static Descriptor> {
    let region = of(address)?;
    let span = region.span_of((address - region.start()) / GRANULE_BYTES)?;
    let inside = address.wrapping_sub(span.start()) < span.granules() * GRANULE_BYTES;
    (inside && !matches!(span.kind(), Kind::None | Kind::Free)).then_some(span)
}

/// The span that an address of the first region was last said to belong to, in use or not. Most
/// programs have no other region.
#[inline(always)]
pub(super) fn first_span_at(address: u64) -> Option<&'static Descriptor> {
    let region = &REGIONS[0];
    let offset = address.wrapping_sub(region.start());
    if offset >= region.bytes.load(Ordering::Acquire) {
        return None;
    }
    let heads = region.heads.load(Ordering::Relaxed);
    // SAFETY: a region has its tables before it has bytes, with an element a granule.
    let head = unsafe { &*heads.add((offset / GRANULE_BYTES) as usize) };
    let first = head.load(Ordering::Acquire).checked_sub(1)?;
    let spans = region.spans.load(Ordering::Relaxed);
    // SAFETY: as above; heads name granules of their region only.
    Some(unsafe { &*spans.add(first as usize) })
}

/// Reserves a region of so many granules. Only under the lock of the runs.
pub(super) fn add(granules: u64) -> Option<&'static Region> {
    let count = COUNT.load(Ordering::Relaxed);
    let region = REGIONS.get(count)?;
    let bytes = granules.checked_mul(GRANULE_BYTES)?;
    // A smaller one is made where addresses are few.
    let margin_bytes = if bytes >= limits::REGION_MAX_BYTES {
        MARGIN_BYTES
    } else {
        0
    };
    // A granule more, to start at a multiple of one.
    let reserved_bytes = bytes.checked_add(GRANULE_BYTES + 2 * margin_bytes)? as usize;
    let reserved = mem::reserve(reserved_bytes)?;
    let heads_bytes = (granules as usize * size_of::<AtomicU32>()).next_multiple_of(128);
    let tables_bytes = heads_bytes + granules as usize * size_of::<Descriptor>();
    let Some(tables) = mem::allocate(tables_bytes) else {
        // SAFETY: just made, and nobody knows of it.
        unsafe { mem::release(reserved, reserved_bytes) };
        return None;
    };
    let start = (reserved as u64 + margin_bytes).next_multiple_of(GRANULE_BYTES);
    region.heads.store(tables.cast(), Ordering::Relaxed);
    // SAFETY: inside the mapping, and a multiple of 128 from its start.
    let spans = unsafe { tables.add(heads_bytes) };
    region.spans.store(spans.cast(), Ordering::Relaxed);
    region.set_unused(0..granules);
    region.start.store(start, Ordering::Relaxed);
    region.margin_bytes.store(margin_bytes, Ordering::Relaxed);
    region.bytes.store(bytes, Ordering::Release);
    COUNT.store(count + 1, Ordering::Release);
    crate::hull::widen(start, bytes);
    Some(region)
}
