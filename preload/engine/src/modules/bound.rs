//! What a library calls by name: the words in it that hold the addresses which the loader has found for it.

use core::ffi::CStr;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::LEARNING;
use super::elf::{Image, LinkMap};
use super::scope::{address, has, value};
use crate::sys::{mem, pages, thread};

// Tags and kinds of `<elf.h>`.
const PLT_BYTES: i64 = 2;
const SYMBOLS: i64 = 6;
const TABLE: i64 = 7;
const TABLE_BYTES: i64 = 8;
const TEXT_RELOCATIONS: i64 = 22;
const PLT: i64 = 23;
const RELATIVE_COUNT: i64 = 0x6fff_fff9;
const ADDRESS: u64 = 1;
const GLOBAL_DATA: u64 = 6;
const JUMP_SLOT: u64 = 7;

#[repr(C)]
struct Relocation {
    offset: u64,
    info: u64,
    addend: i64,
}

/// A word with the address of a symbol.
#[derive(Clone, Copy)]
pub(crate) struct Reference {
    /// The symbol's name.
    pub name: &'static CStr,
    /// The library does not define it itself.
    pub is_foreign: bool,
    /// Where the word is.
    slot: usize,
}

/// A loaded library's references to symbols. Its code must be running, or that of a library which needs it.
pub(crate) fn references(library: *const LinkMap) -> impl Iterator<Item = Reference> {
    // SAFETY: a loaded object's.
    let bias = unsafe { (*library).bias };
    let symbols = address(library, SYMBOLS);
    let strings = address(library, super::scope::STRINGS);
    let tables = [
        (PLT, PLT_BYTES, 0),
        (TABLE, TABLE_BYTES, value(library, RELATIVE_COUNT)),
    ];
    let relocations = tables.into_iter().flat_map(move |(table, bytes, skipped)| {
        let table = address(library, table) as *const Relocation;
        let count = value(library, bytes) as usize / size_of::<Relocation>();
        let count = if table.is_null() || symbols == 0 || strings == 0 {
            0
        } else {
            count
        };
        // SAFETY: the dynamic section of a loaded object says so.
        (skipped as usize..count).map(move |index| unsafe { &*table.add(index) })
    });
    let by_name = relocations.filter(|relocation| {
        let kind = relocation.info & 0xffff_ffff;
        kind == GLOBAL_DATA || kind == JUMP_SLOT || kind == ADDRESS && relocation.addend == 0
    });
    by_name.map(move |relocation| {
        let symbol = symbols as *const libc::Elf64_Sym;
        // SAFETY: a loaded object's tables of symbols and names.
        let (name, is_foreign) = unsafe {
            let symbol = &*symbol.add((relocation.info >> 32) as usize);
            let name = CStr::from_ptr((strings + u64::from(symbol.st_name)) as *const _);
            (name, symbol.st_shndx == 0)
        };
        Reference {
            name,
            is_foreign,
            slot: (bias + relocation.offset) as usize,
        }
    })
}

/// Lets references of a library lead elsewhere from now on.
pub(crate) fn lead(library: *const LinkMap, to: &[(Reference, usize)]) {
    // There, words to change may lie in pages of code; and a sandbox may kill who changes what pages allow.
    if has(library, TEXT_RELOCATIONS) || thread::is_sandboxed() {
        return;
    }
    // SAFETY: a loaded object's.
    let dynamic = unsafe { (*library).dynamic } as u64;
    let Some(image) = Image::containing(dynamic) else {
        return;
    };
    let page = mem::PAGE_BYTES as u64;
    // As the loader does it: what begins in the range's last page stays writable.
    let first = image.sealed.start.wrapping_add(image.bias) / page * page;
    let end = image.sealed.end.wrapping_add(image.bias) / page * page;
    LEARNING.with(|()| {
        for &(reference, target) in to {
            let address = reference.slot as u64;
            let is_sealed = (first..end).contains(&address);
            let whole = address / page * page;
            // SAFETY: a page of a loaded library's that holds addresses, and is given back as it was.
            if is_sealed && unsafe { pages::open(whole, page) }.is_err() {
                continue;
            }
            // SAFETY: a word of that page, which code of the library reads at any moment; the loader aligns it.
            let slot = unsafe { &*(reference.slot as *const AtomicUsize) };
            slot.store(target, Ordering::Release);
            if is_sealed {
                // SAFETY: as above.
                let _ = unsafe { pages::seal(whole, page) };
            }
        }
    });
}
