//! strlcpy and its kin for C libraries before 2.38, which have none. Libraries of programs bring their own
//! (libbsd, Ruby's), but the exports here come before theirs in every look-up, and theirs may be out of
//! RTLD_NEXT's reach (RTLD_LOCAL). What they do is the same everywhere, so it is done here rather than
//! looked for. For C23's readers of numbers and other names of later C libraries there are the older ones.

use crate::beneath;
use crate::index::Index;

/// What stands for the function with this number, if there is something.
pub(crate) fn instead_of(index: usize) -> Option<u64> {
    let found: unsafe extern "C" fn(u64, u64, u64) -> u64 = match index {
        _ if index == Index::strlcpy as usize || index == Index::__strlcpy_chk as usize => strlcpy,
        _ if index == Index::strlcat as usize || index == Index::__strlcat_chk as usize => strlcat,
        _ if index == Index::wcslcpy as usize || index == Index::__wcslcpy_chk as usize => wcslcpy,
        _ if index == Index::wcslcat as usize || index == Index::__wcslcat_chk as usize => wcslcat,
        _ => return None,
    };
    Some(found as *const () as u64)
}

/// The function of older C libraries that does the same as the one with this number; of one argument more, behind
/// theirs, they take no notice. What C23 has added (binary numbers) is beyond what such a library can read.
pub(crate) fn older(index: usize) -> Option<Index> {
    const OLDER: [(Index, Index); 36] = [
        (Index::__isoc23_strtol, Index::strtol),
        (Index::__isoc23_strtoll, Index::strtoll),
        (Index::__isoc23_strtoul, Index::strtoul),
        (Index::__isoc23_strtoull, Index::strtoull),
        (Index::__isoc23_strtol_l, Index::strtol_l),
        (Index::__isoc23_strtoll_l, Index::strtoll_l),
        (Index::__isoc23_strtoul_l, Index::strtoul_l),
        (Index::__isoc23_strtoull_l, Index::strtoull_l),
        (Index::__isoc23_strtoimax, Index::strtoimax),
        (Index::__isoc23_strtoumax, Index::strtoumax),
        (Index::__isoc23_wcstol, Index::wcstol),
        (Index::__isoc23_wcstoll, Index::wcstoll),
        (Index::__isoc23_wcstoul, Index::wcstoul),
        (Index::__isoc23_wcstoull, Index::wcstoull),
        (Index::__isoc23_wcstol_l, Index::wcstol_l),
        (Index::__isoc23_wcstoll_l, Index::wcstoll_l),
        (Index::__isoc23_wcstoul_l, Index::wcstoul_l),
        (Index::__isoc23_wcstoull_l, Index::wcstoull_l),
        (Index::__isoc23_wcstoimax, Index::wcstoimax),
        (Index::__isoc23_wcstoumax, Index::wcstoumax),
        (Index::__isoc23_scanf, Index::__isoc99_scanf),
        (Index::__isoc23_fscanf, Index::__isoc99_fscanf),
        (Index::__isoc23_sscanf, Index::__isoc99_sscanf),
        (Index::__isoc23_vscanf, Index::__isoc99_vscanf),
        (Index::__isoc23_vfscanf, Index::__isoc99_vfscanf),
        (Index::__isoc23_vsscanf, Index::__isoc99_vsscanf),
        (Index::__isoc23_wscanf, Index::__isoc99_wscanf),
        (Index::__isoc23_fwscanf, Index::__isoc99_fwscanf),
        (Index::__isoc23_swscanf, Index::__isoc99_swscanf),
        (Index::__isoc23_vwscanf, Index::__isoc99_vwscanf),
        (Index::__isoc23_vfwscanf, Index::__isoc99_vfwscanf),
        (Index::__isoc23_vswscanf, Index::__isoc99_vswscanf),
        (Index::memset_explicit, Index::memset),
        (Index::__memset_explicit_chk, Index::__memset_chk),
        (Index::__inet_ntop_chk, Index::inet_ntop),
        (Index::__inet_pton_chk, Index::inet_pton),
    ];
    let row = OLDER.iter().find(|(name, _)| *name as usize == index);
    row.map(|&(_, older)| older)
}

macro_rules! within {
    ($copy:ident $append:ident: $unit:ty, $length:ident) => {
        /// Copies a text, cut to `limit` units with its terminator; gives its whole length.
        unsafe extern "C" fn $copy(to: u64, from: u64, limit: u64) -> u64 {
            // SAFETY: the caller's text.
            let units = unsafe { beneath::$length(from) };
            if limit > 0 {
                let copied = units.min(limit - 1);
                // SAFETY: the caller vouches for `limit` units there.
                unsafe {
                    beneath::memcpy(to, from, copied * size_of::<$unit>() as u64);
                    *(to as *mut $unit).add(copied as usize) = 0;
                }
            }
            units
        }

        /// Appends a text within `limit` units in all; gives the length that it tried to make.
        unsafe extern "C" fn $append(to: u64, from: u64, limit: u64) -> u64 {
            let mut before = 0;
            // SAFETY: the caller vouches for `limit` units there.
            while before < limit && unsafe { *(to as *const $unit).add(before as usize) } != 0 {
                before += 1;
            }
            let end = to + before * size_of::<$unit>() as u64;
            // SAFETY: what is left of the caller's units, and the caller's text.
            before + unsafe { $copy(end, from, limit - before) }
        }
    };
}

within!(strlcpy strlcat: u8, strlen);
within!(wcslcpy wcslcat: u32, wcslen);
