//! Looking for the end of what a call reads, never further than told.

use crate::arguments::Unit;
use crate::beneath;

/// The unit at an address.
///
/// # Safety
/// It may be read.
pub(crate) unsafe fn unit_at(address: u64, unit: Unit) -> u32 {
    // SAFETY: as the caller vouches.
    unsafe {
        match unit {
            Unit::Narrow => u32::from(*(address as *const u8)),
            Unit::Wide => (address as *const u32).read_unaligned(),
        }
    }
}

/// Where `wanted` stands first among so many units.
///
/// # Safety
/// All of them may be read, up to the one found.
pub(crate) unsafe fn find(address: u64, wanted: u32, units: u64, unit: Unit) -> Option<u64> {
    if units == 0 {
        return None;
    }
    // The C library's own stops at the first one found, but adds the count to the address at once.
    let units = units.min((u64::MAX - address) / unit as u64);
    // SAFETY: as the caller vouches.
    let found = unsafe {
        match unit {
            Unit::Narrow => beneath::memchr(address, u64::from(wanted & 0xff), units),
            Unit::Wide => beneath::wmemchr(address, u64::from(wanted), units),
        }
    };
    (found != 0).then(|| (found - address) / unit as u64)
}

/// Where the terminator stands among so many units; without a limit there must be one.
///
/// # Safety
/// All of them may be read, up to the terminator.
pub(crate) unsafe fn terminator(address: u64, units: u64, unit: Unit) -> Option<u64> {
    if units != u64::MAX {
        // SAFETY: as the caller vouches.
        return unsafe { find(address, 0, units, unit) };
    }
    // SAFETY: as the caller vouches.
    Some(unsafe {
        match unit {
            Unit::Narrow => beneath::strlen(address),
            Unit::Wide => beneath::wcslen(address),
        }
    })
}

/// Where the terminator or `wanted` stands first among so many units. Looked for in growing windows:
/// a character may be near, and the end of the text megabytes away.
///
/// # Safety
/// All of them may be read, up to what is found; without a limit there must be a terminator.
pub(crate) unsafe fn either(address: u64, wanted: u32, units: u64, unit: Unit) -> Option<u64> {
    let mut window = 256;
    let mut from = 0;
    while from < units {
        let at = address + from * unit as u64;
        let here = window.min(units - from);
        // SAFETY: as the caller vouches; what is beyond the terminator is not looked at for `wanted`,
        // and the C library looks for the terminator without a step beyond it.
        unsafe {
            let end = find(at, 0, here, unit);
            let found = find(at, wanted, end.unwrap_or(here), unit);
            if let Some(units) = found.or(end) {
                return Some(from + units);
            }
        }
        from += here;
        window *= 2;
    }
    None
}

/// Lower case of ASCII: locales may fold more, and then the texts agree for longer than is said here.
fn fold(unit: u32) -> u32 {
    match u8::try_from(unit) {
        Ok(byte) => u32::from(byte.to_ascii_lowercase()),
        Err(_) => unit,
    }
}

/// How units are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Kept,
    Folded,
}

/// Where comparing ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// At a difference only.
    Difference,
    /// At a terminator too.
    Terminator,
}

/// The units that are looked at in both places until they differ (or end); `None` when they agree in
/// all `units`.
///
/// # Safety
/// So many units may be read in both places, up to where comparing ends.
pub(crate) unsafe fn compare(
    left: u64,
    right: u64,
    units: u64,
    unit: Unit,
    case: Case,
    ends: Ends,
) -> Option<u64> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let mut at = 0;
    if unit == Unit::Narrow && case == Case::Kept && units != u64::MAX {
        // A text may end before the limit, at the end of its last page.
        let crosses = |address: u64| address % 4096 > 4096 - 8;
        while at + 8 <= units && !crosses(left + at) && !crosses(right + at) {
            // SAFETY: below the limit, and in one page with a unit that may be read.
            let (a, b) = unsafe {
                (
                    ((left + at) as *const u64).read_unaligned(),
                    ((right + at) as *const u64).read_unaligned(),
                )
            };
            let has_zero = a.wrapping_sub(LOW) & !a & (LOW << 7) != 0;
            if a != b || (ends == Ends::Terminator && has_zero) {
                break;
            }
            at += 8;
        }
    }
    while at < units {
        let offset = at * unit as u64;
        // SAFETY: as the caller vouches.
        let (a, b) = unsafe { (unit_at(left + offset, unit), unit_at(right + offset, unit)) };
        at += 1;
        let same = match case {
            Case::Kept => a == b,
            Case::Folded => fold(a) == fold(b),
        };
        if !same || (ends == Ends::Terminator && a == 0) {
            return Some(at);
        }
    }
    None
}

/// Where the `needle` begins among so many units.
///
/// # Safety
/// All of both may be read.
pub(crate) unsafe fn find_text(
    address: u64,
    units: u64,
    needle: u64,
    needle_units: u64,
    unit: Unit,
    case: Case,
) -> Option<u64> {
    if unit == Unit::Narrow && case == Case::Kept {
        // SAFETY: as the caller vouches.
        let found = unsafe { beneath::memmem(address, units, needle, needle_units) };
        return (found != 0).then(|| found - address);
    }
    let size = unit as u64;
    (0..(units + 1).saturating_sub(needle_units)).find(|at| {
        let here = address + at * size;
        // SAFETY: as the caller vouches.
        unsafe { compare(here, needle, needle_units, unit, case, Ends::Difference) }.is_none()
    })
}
