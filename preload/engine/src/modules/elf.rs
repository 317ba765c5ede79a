//! What a loaded object says of itself, read from its headers in memory.

mod executable;

pub use executable::path as executable_path;

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::MaybeUninit;
use core::ops::Range;

use super::scope::Entry;
use crate::sys::file;

/// `struct dl_find_object` of glibc 2.35 and later.
#[repr(C)]
struct DlFindObject {
    flags: u64,
    map_start: u64,
    map_end: u64,
    link_map: *const LinkMap,
    eh_frame: u64,
    reserved: [u64; 7],
}

/// The public head of the loader's `struct link_map`.
#[repr(C)]
pub(crate) struct LinkMap {
    pub(super) bias: u64,
    name: *const c_char,
    pub(super) dynamic: *const Entry,
    pub(super) next: *const LinkMap,
    pub(super) previous: *const LinkMap,
}

unsafe extern "C" {
    fn _dl_find_object(address: *const c_void, result: *mut DlFindObject) -> c_int;
}

/// A loaded object, as its program headers describe it. Ranges of unwind sections are addresses in
/// the file's own terms (add `bias`).
pub struct Image {
    /// First address in memory.
    pub start: u64,
    /// One past the last address in memory.
    pub end: u64,
    /// Address in memory minus address in the file.
    pub bias: u64,
    /// `.eh_frame_hdr`; empty if there is none.
    pub eh_frame_hdr: Range<u64>,
    /// `.eh_frame`, to the end of its segment (its true end is a terminator inside).
    pub eh_frame: Range<u64>,
    /// What the loader makes read-only when it has found the addresses of symbols; empty if nothing.
    pub sealed: Range<u64>,
    /// GNU build-id, empty if none.
    pub build_id: Vec<u8>,
    /// Path.
    pub path: Vec<u8>,
}

fn find(address: u64) -> Option<DlFindObject> {
    let mut result = MaybeUninit::<DlFindObject>::uninit();
    // SAFETY: fills the structure and gives 0, or gives -1; takes no locks.
    let failed = unsafe { _dl_find_object(address as *const c_void, result.as_mut_ptr()) };
    // SAFETY: filled when it returned 0.
    let mut object = (failed == 0).then(|| unsafe { result.assume_init() })?;
    if let Some(whole) = executable::range()
        && whole.contains(&object.map_start)
    {
        (object.map_start, object.map_end) = (whole.start, whole.end);
    }
    Some(object)
}

/// The loader's record of the object that covers `address`, never null: good as long as the object is loaded.
pub(crate) fn link_map_of(address: u64) -> Option<*const LinkMap> {
    let object = find(address)?;
    (!object.link_map.is_null()).then_some(object.link_map)
}

/// A loaded object's path as the loader has it; the program's is empty.
pub(super) fn path_of(object: *const LinkMap) -> &'static [u8] {
    // SAFETY: the loader's own record of an object that is loaded.
    let name = unsafe { (*object).name };
    if name.is_null() {
        return &[];
    }
    // SAFETY: names in link maps are NUL-terminated strings.
    unsafe { CStr::from_ptr(name) }.to_bytes()
}

impl Image {
    /// The address range of the object that covers `address`.
    pub fn range_containing(address: u64) -> Option<Range<u64>> {
        find(address).map(|object| object.map_start..object.map_end)
    }

    /// The object that covers `address`. The caller must be running code of that object (or be its
    /// loader), so that it cannot be unmapped meanwhile.
    pub fn containing(address: u64) -> Option<Image> {
        let object = find(address)?;
        if object.link_map.is_null() {
            return None;
        }
        // SAFETY: the loader's own record of an object that is loaded.
        let bias = unsafe { (*object.link_map).bias };
        let mut image = Image {
            start: object.map_start,
            end: object.map_end,
            bias,
            eh_frame_hdr: 0..0,
            eh_frame: 0..0,
            sealed: 0..0,
            build_id: Vec::new(),
            path: Vec::new(),
        };
        image.read_program_headers();
        image.path = match path_of(object.link_map) {
            // The main program's.
            [] => executable::path_at(image.start),
            name => absolute(name),
        };
        Some(image)
    }

    /// A range of the file's addresses as bytes in memory.
    pub fn bytes(&self, range: &Range<u64>) -> Option<&'static [u8]> {
        let start = range.start.wrapping_add(self.bias);
        let length = range.end.checked_sub(range.start)?;
        if start < self.start || start.checked_add(length)? > self.end {
            return None;
        }
        // SAFETY: inside the object's mapping, in a readable segment: program headers, notes and
        // unwind tables are. It stays mapped while code of the object can be on a stack.
        Some(unsafe { core::slice::from_raw_parts(start as *const u8, length as usize) })
    }

    fn read_program_headers(&mut self) {
        let header = size_of::<libc::Elf64_Ehdr>() as u64;
        let first = self.start.wrapping_sub(self.bias);
        let Some(bytes) = self.bytes(&(first..first + header)) else {
            return;
        };
        if bytes[..4] != *b"\x7fELF" {
            return;
        }
        // SAFETY: the bytes are an ELF header; mappings are aligned to pages.
        let header = unsafe { &*bytes.as_ptr().cast::<libc::Elf64_Ehdr>() };
        let table = first + header.e_phoff;
        let length = u64::from(header.e_phnum) * size_of::<libc::Elf64_Phdr>() as u64;
        let Some(bytes) = self.bytes(&(table..table + length)) else {
            return;
        };
        // SAFETY: the bytes are that many program headers, aligned as ELF demands.
        let headers = unsafe {
            core::slice::from_raw_parts(
                bytes.as_ptr().cast::<libc::Elf64_Phdr>(),
                usize::from(header.e_phnum),
            )
        };
        for segment in headers {
            let range = segment.p_vaddr..segment.p_vaddr + segment.p_memsz;
            match segment.p_type {
                libc::PT_GNU_EH_FRAME => self.find_eh_frame(range, headers),
                libc::PT_GNU_RELRO => self.sealed = range,
                libc::PT_NOTE if self.build_id.is_empty() => self.find_build_id(&range),
                _ => {}
            }
        }
    }

    /// `.eh_frame_hdr` begins with its version, three encodings, and a pointer to `.eh_frame`.
    fn find_eh_frame(&mut self, header: Range<u64>, segments: &[libc::Elf64_Phdr]) {
        const PC_RELATIVE_I32: u8 = 0x1b;
        let Some(bytes) = self.bytes(&header) else {
            return;
        };
        if bytes.len() < 8 || bytes[0] != 1 || bytes[1] != PC_RELATIVE_I32 {
            return;
        }
        let offset = i32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let start = (header.start + 4).wrapping_add_signed(i64::from(offset));
        let end = segments
            .iter()
            .filter(|segment| segment.p_type == libc::PT_LOAD)
            .map(|segment| segment.p_vaddr..segment.p_vaddr + segment.p_filesz)
            .find(|range| range.contains(&start))
            .map(|range| range.end);
        if let Some(end) = end {
            self.eh_frame_hdr = header;
            self.eh_frame = start..end;
        }
    }

    fn find_build_id(&mut self, notes: &Range<u64>) {
        const NT_GNU_BUILD_ID: u32 = 3;
        let Some(mut rest) = self.bytes(notes) else {
            return;
        };
        let word = |bytes: &[u8], at: usize| {
            bytes
                .get(at..at + 4)
                .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        };
        while let (Some(name), Some(content), Some(kind)) =
            (word(rest, 0), word(rest, 4), word(rest, 8))
        {
            let content_at = 12 + (name as usize).next_multiple_of(4);
            let end = content_at + content as usize;
            if kind == NT_GNU_BUILD_ID && rest.get(12..16) == Some(b"GNU\0") {
                self.build_id = rest.get(content_at..end).unwrap_or_default().to_vec();
                return;
            }
            let Some(tail) = rest.get(end.next_multiple_of(4)..) else {
                return;
            };
            rest = tail;
        }
    }
}

/// The path as it can be opened later from elsewhere.
fn absolute(name: &[u8]) -> Vec<u8> {
    match name {
        [b'/', ..] => name.to_vec(),
        _ if !name.contains(&b'/') => name.to_vec(),
        _ => [&file::current_directory()[..], b"/", name].concat(),
    }
}
