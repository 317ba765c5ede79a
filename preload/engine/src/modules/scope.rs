//! Which loaded libraries need one another: the loader's list and what each object's dynamic section says.

use core::ffi::{CStr, c_int, c_void};

use super::elf::{self, LinkMap};
use crate::sys::file::file_name;

// Tags of `<elf.h>`.
const NEEDED: i64 = 1;
pub(super) const STRINGS: i64 = 5;
const NAME: i64 = 14;

/// An entry of a dynamic section.
#[repr(C)]
pub(super) struct Entry {
    tag: i64,
    value: u64,
}

/// The libraries in whose scope this one's symbols are looked up, itself among them, in the order in which they were loaded:
/// the first is the one with whose dlopen it came. None for the program and for what it needs, which all libraries see.
#[must_use]
pub(crate) fn scopes_of(library: *const LinkMap) -> Vec<*const LinkMap> {
    struct Work {
        library: *const LinkMap,
        found: Vec<*const LinkMap>,
    }
    /// For the first object all is done, since the loader changes no list meanwhile.
    unsafe extern "C" fn look(_: *mut libc::dl_phdr_info, _: usize, work: *mut c_void) -> c_int {
        // SAFETY: handed over below.
        let work = unsafe { &mut *work.cast::<Work>() };
        work.found = look_around(work.library);
        1
    }
    let mut work = Work {
        library,
        found: Vec::new(),
    };
    // SAFETY: the function takes what it is given here.
    unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut work).cast()) };
    work.found
}

fn look_around(library: *const LinkMap) -> Vec<*const LinkMap> {
    let mut first = library;
    // SAFETY: the loader's list of loaded objects, which it does not change meanwhile.
    while let Some(object) = unsafe { first.as_ref() }.filter(|object| !object.previous.is_null()) {
        first = object.previous;
    }
    let all = || {
        // SAFETY: as above.
        let next = |object: &*const LinkMap| unsafe { (**object).next };
        core::iter::successors(Some(first), move |object| {
            Some(next(object)).filter(|next| !next.is_null())
        })
    };
    let mut found = vec![library];
    let mut looked_at = 0;
    while let Some(&one) = found.get(looked_at) {
        let needing = all().filter(|&object| !found.contains(&object) && needs(object, one));
        let needing: Vec<_> = needing.collect();
        found.extend(needing);
        looked_at += 1;
    }
    if found.contains(&first) {
        return Vec::new();
    }
    all().filter(|object| found.contains(object)).collect()
}

fn needs(object: *const LinkMap, library: *const LinkMap) -> bool {
    let path = file_name(elf::path_of(library));
    let name = texts(library, NAME).next();
    texts(object, NEEDED).any(|needed| Some(needed) == name || needed == path)
}

/// What the entries with this tag say.
fn texts(object: *const LinkMap, tag: i64) -> impl Iterator<Item = &'static [u8]> {
    let strings = address(object, STRINGS);
    let with_tag = entries(object).filter(move |entry| strings != 0 && entry.tag == tag);
    // SAFETY: NUL-terminated texts in the object's table of them.
    with_tag
        .map(move |entry| unsafe { CStr::from_ptr((strings + entry.value) as *const _) }.to_bytes())
}

/// Whether there is an entry with this tag.
pub(super) fn has(object: *const LinkMap, tag: i64) -> bool {
    entries(object).any(|entry| entry.tag == tag)
}

/// What the entry with this tag says, 0 where there is none.
pub(super) fn value(object: *const LinkMap, tag: i64) -> u64 {
    let entry = entries(object).find(|entry| entry.tag == tag);
    entry.map_or(0, |entry| entry.value)
}

/// The same for an address, of which the loader has made one in memory, but in the kernel's own object.
pub(super) fn address(object: *const LinkMap, tag: i64) -> u64 {
    // SAFETY: a loaded object's.
    let bias = unsafe { (*object).bias };
    let value = value(object, tag);
    if value != 0 && value < bias {
        value + bias
    } else {
        value
    }
}

fn entries(object: *const LinkMap) -> impl Iterator<Item = &'static Entry> {
    const END: i64 = 0;
    // SAFETY: a loaded object's dynamic section, null or up to its last entry.
    let mut entry = unsafe { (*object).dynamic };
    core::iter::from_fn(move || {
        // SAFETY: as above.
        let here = unsafe { entry.as_ref() }.filter(|entry| entry.tag != END)?;
        // SAFETY: one that is not the last has a next.
        entry = unsafe { entry.add(1) };
        Some(here)
    })
}
