//! An object file of which only what names need is read: its symbols, its notes, its debug information (where that is asked for).
//!
//! The rest of the file, which is most of a program without debug information, stays zero and untouched, so that it takes
//! no memory either. Reading all of it took a report of a compiler 30 MiB, and a page fault for each 4 KiB.
//! Mapping the file would do the same, but a file that is cut while it is mapped ends the process.

use super::LookUp;
use object::elf::{FileHeader64, SHT_DYNSYM, SHT_NOTE, SHT_STRTAB, SHT_SYMTAB, SHT_SYMTAB_SHNDX};
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, ReadCache};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// The file's header, with which the table of segments begins.
const HEADER_BYTES: u64 = 4096;

/// Reads what is needed of a file of this length; everything else is zero. What is no 64-bit ELF file is read in full.
pub(super) fn read(file: &File, length: u64, look_up: LookUp) -> io::Result<Vec<u8>> {
    let mut data = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    let whole = 0..length;
    let parts = parts(file, length, look_up).unwrap_or_else(|| vec![whole]);
    for part in parts {
        // They are within the length, see `parts`.
        let place = &mut data[part.start as usize..part.end as usize];
        file.read_exact_at(place, part.start)?;
    }
    Ok(data)
}

/// The parts that are needed, all of them within the length; `None` when that is not told.
fn parts(file: &File, length: u64, look_up: LookUp) -> Option<Vec<Range<u64>>> {
    let cache = ReadCache::new(file);
    let header = FileHeader64::<Endianness>::parse(&cache).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, &cache).ok()?;
    let table = header.e_shoff(endian);
    let entry = u64::from(header.e_shentsize(endian));
    let table_end = table.checked_add(entry.checked_mul(sections.len() as u64)?)?;
    let mut parts = vec![0..HEADER_BYTES.min(length), table..table_end];
    for section in sections.iter() {
        let is_needed = matches!(
            section.sh_type(endian),
            SHT_SYMTAB | SHT_DYNSYM | SHT_STRTAB | SHT_SYMTAB_SHNDX | SHT_NOTE
        ) || sections
            .section_name(endian, section)
            .is_ok_and(|name| says_names(name, look_up));
        if let Some((offset, size)) = section.file_range(endian).filter(|_| is_needed) {
            parts.push(offset..offset.checked_add(size)?);
        }
    }
    parts.iter().all(|part| part.end <= length).then_some(parts)
}

/// Whether a section with this name is debug information, or says where that is, but for what
/// [`super::module_names::section`] leaves out.
fn says_names(name: &[u8], look_up: LookUp) -> bool {
    if look_up == LookUp::Functions {
        return name.starts_with(b".gnu_debug");
    }
    let is_debug = [&b".debug_"[..], b".zdebug_", b".gnu_debug"]
        .iter()
        .any(|start| name.starts_with(start));
    let is_left_out = [&b"loc"[..], b"loclists", b"macinfo", b"macro", b"names"]
        .iter()
        .any(|end| name.strip_prefix(b".debug_") == Some(end));
    is_debug && !is_left_out
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::{Object, ObjectSection};

    #[test]
    fn what_names_need_is_read_and_nothing_else() {
        let path = std::env::current_exe().expect("it is known");
        let whole = std::fs::read(&path).expect("it can be read");
        let file = File::open(&path).expect("it can be opened");
        let read = read(&file, whole.len() as u64, LookUp::Lines).expect("it can be read");
        let (whole, read) = (&*whole, &*read);
        let whole = object::File::parse(whole).expect("a program");
        let read = object::File::parse(read).expect("its header is there");
        assert_eq!(whole.build_id(), read.build_id());
        for section in whole.sections() {
            let name = section.name().expect("it has one");
            let data = |file: &object::File<'_>| {
                let section = file.section_by_name(name).expect("it is there");
                section.data().expect("it has some").to_vec()
            };
            let is_needed =
                name.starts_with(".debug_info") || name.ends_with("sym") || name.ends_with("str");
            if is_needed {
                assert_eq!(data(&whole), data(&read), "{name}");
            }
            if name == ".text" {
                assert!(data(&read).iter().all(|byte| *byte == 0));
            }
        }
    }

    #[test]
    fn what_is_no_program_is_read_in_full() {
        let mut file = tempfile::tempfile().expect("a file");
        io::Write::write_all(&mut file, b"no program").expect("room");
        assert_eq!(
            read(&file, 10, LookUp::Lines).expect("it can be read"),
            b"no program"
        );
        assert!(
            read(&file, 11, LookUp::Lines).is_err(),
            "it has become shorter"
        );
    }
}
