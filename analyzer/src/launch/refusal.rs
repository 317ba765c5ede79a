//! Why the library did not get into a program: what its file says.

use object::elf::{FileHeader32, FileHeader64, STT_FUNC};
use object::read::elf::{ElfFile, FileHeader, ProgramHeader as _};
use object::{Endianness, Object as _, ObjectSymbol as _, SymbolFlags};
use rustix::fs::getxattr;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;

/// Where the shell would find a command.
#[must_use]
pub fn locate(command: &OsStr) -> Option<PathBuf> {
    let path = Path::new(command);
    if path.components().count() > 1 {
        return Some(path.to_owned());
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(path))
        .find(|candidate| fs::metadata(candidate).is_ok_and(|file| file.is_file()))
}

/// The reason, in words that follow "no trace was written: ".
#[must_use]
pub fn reason(command: &OsStr) -> String {
    let Some(path) = locate(command) else {
        return "the command's file cannot be found to look into it".to_owned();
    };
    let shown = path.display();
    let said = match fs::metadata(&path) {
        Ok(file) if file.permissions().mode() & (SETUID | SETGID) != 0 => Some(format!(
            "{shown} is setuid or setgid, and the loader preloads nothing into such programs; \
             run a copy of it without that bit"
        )),
        Ok(_) if has_capabilities(&path) => Some(format!(
            "{shown} has capabilities of its own (setcap), and the loader preloads nothing into such programs; \
             run a copy of it without them, or as root"
        )),
        _ => fs::read(&path)
            .ok()
            .and_then(|data| look_inside(&shown.to_string(), &data)),
    };
    said.unwrap_or_else(|| {
        format!(
            "{shown} ended before its first allocation could be recorded, could not write its trace (a line \
             above says so then), or something took LD_PRELOAD out of its environment"
        )
    })
}

fn has_capabilities(path: &Path) -> bool {
    let mut value = [0_u8; 24];
    getxattr(path, "security.capability", &mut value).is_ok()
}

/// What the kernel did not find when it was to run the command: mostly the command itself, but it
/// says the same of the interpreter that a script's first line names, and of the loader of a program.
#[must_use]
pub fn not_found(command: &OsStr) -> String {
    let data = locate(command).and_then(|path| fs::read(path).ok());
    let data = data.as_deref().unwrap_or_default();
    if let Some(interpreter) = first_word(data) {
        return format!(
            "its interpreter, {}, is not found; mend the script's first line",
            Path::new(&interpreter).display()
        );
    }
    match loader_of::<FileHeader64<Endianness>>(data)
        .or(loader_of::<FileHeader32<Endianness>>(data))
    {
        Some(loader) => format!(
            "its loader, {}, is not found; install the C library that it was linked with",
            loader.display()
        ),
        None => "not found".to_owned(),
    }
}

/// The loader that an ELF program asks the kernel for.
fn loader_of<Header: FileHeader<Endian = Endianness>>(data: &[u8]) -> Option<&Path> {
    let header = Header::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let parts = header.program_headers(endian, data).ok()?.iter();
    let mut paths = parts.filter_map(|part| part.interpreter(endian, data).ok().flatten());
    paths.next().map(|path| Path::new(OsStr::from_bytes(path)))
}

/// Why a command that the kernel refuses as no program is none for the shell either, which takes any file for a
/// script: it has bytes that no text has.
#[must_use]
pub fn no_script(command: &OsStr) -> Option<String> {
    let path = locate(command)?;
    let data = fs::read(&path).ok()?;
    let line = data.split(|byte| *byte == b'\n').next()?;
    let shown = path.display().to_string();
    line.contains(&0).then(|| {
        look_inside(&shown, &data)
            .unwrap_or_else(|| format!("{shown} is damaged: the kernel refuses it"))
    })
}

/// An allocator that an executable brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnAllocator {
    /// As `malloc`: none of its blocks are seen though the library is in the process.
    Malloc,
    /// Under names of its own, which a part of the program calls (a Rust program's `#[global_allocator]`): that part's blocks
    /// are not seen.
    Beside(&'static str),
}

/// Allocators that are linked into executables, by a function of each.
const BESIDE: [(&str, &str); 8] = [
    ("mi_malloc", "mimalloc"),
    ("mi_malloc_aligned", "mimalloc"),
    ("je_malloc", "jemalloc"),
    ("_rjem_malloc", "jemalloc"),
    ("_rjem_mallocx", "jemalloc"),
    ("tc_malloc", "tcmalloc"),
    ("sn_rust_alloc", "snmalloc"),
    ("rpmalloc", "rpmalloc"),
];

/// The allocator that an executable brings along; `None` also for what is no such file.
#[must_use]
pub fn own_allocator(executable: &Path) -> Option<OwnAllocator> {
    let data = fs::read(executable).ok()?;
    allocator_in(&ElfFile::parse(&*data).ok()?)
}

/// What to say of an allocator with names of its own.
#[must_use]
pub fn beside(executable: &str, allocator: &str) -> String {
    format!(
        "{executable} brings {allocator} along, under names of its own: blocks that it takes from that are not watched; \
         build it without to have them all"
    )
}

type Elf<'data> = ElfFile<'data, FileHeader64<Endianness>>;

fn allocator_in(file: &Elf<'_>) -> Option<OwnAllocator> {
    let mut found = None;
    for symbol in file.symbols().chain(file.dynamic_symbols()) {
        let is_function = matches!(symbol.flags(), SymbolFlags::Elf { st_info, .. } if st_info.st_type() == STT_FUNC);
        if !is_function || !symbol.is_definition() {
            continue;
        }
        let Ok(name) = symbol.name() else { continue };
        if name == "malloc" {
            return Some(OwnAllocator::Malloc);
        }
        let beside = BESIDE.iter().find(|(function, _)| *function == name);
        found = found.or(beside.map(|(_, allocator)| OwnAllocator::Beside(allocator)));
    }
    found
}

/// Whether a loader is known to start no program with a library of glibc's in LD_PRELOAD.
fn is_of_another_library(loader: &Path) -> bool {
    loader
        .file_name()
        .is_some_and(|name| name.as_bytes().starts_with(b"ld-musl-"))
}

fn look_inside(shown: &str, data: &[u8]) -> Option<String> {
    if let Some(interpreter) = interpreter_of_script(data) {
        let why = reason(&interpreter);
        return Some(format!("{shown} is a script; {why}"));
    }
    if !data.starts_with(b"\x7fELF") {
        return Some(format!("{shown} is no ELF program"));
    }
    let Ok(file) = Elf::parse(data) else {
        return Some(format!(
            "{shown} is a program of another architecture (not a 64-bit ELF file)"
        ));
    };
    let endian = file.endian();
    let own = if cfg!(target_arch = "aarch64") {
        object::elf::EM_AARCH64
    } else {
        object::elf::EM_X86_64
    };
    let machine = file.elf_header().e_machine(endian);
    if machine != own {
        let number = machine.0;
        return Some(format!(
            "{shown} is a program of another architecture (ELF machine {number})"
        ));
    }
    let Some(loader) = loader_of::<FileHeader64<Endianness>>(data) else {
        return Some(format!(
            "{shown} is statically linked, and the loader that preloads libraries is not part of it; \
             link it dynamically"
        ));
    };
    if is_of_another_library(loader) {
        return Some(format!(
            "{shown} is linked with another C library (its loader is {}), and LDT needs glibc; link it with glibc",
            loader.display()
        ));
    }
    (allocator_in(&file) == Some(OwnAllocator::Malloc)).then(|| {
        format!(
            "{shown} defines malloc itself, so its allocations never reach a preloaded library; \
             build it without its own allocator"
        )
    })
}

/// The file that the kernel runs for a script.
fn first_word(data: &[u8]) -> Option<OsString> {
    words_of_first_line(data)?
        .next()
        .map(|word| OsStr::from_bytes(word).to_owned())
}

fn words_of_first_line(data: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let line = data
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let words = line.split(|byte| *byte == b' ' || *byte == b'\t');
    Some(words.filter(|word| !word.is_empty()))
}

fn interpreter_of_script(data: &[u8]) -> Option<OsString> {
    let mut words = words_of_first_line(data)?;
    let interpreter = words.next()?;
    let is_env = interpreter.ends_with(b"/env");
    let named = if is_env { words.next()? } else { interpreter };
    Some(OsStr::from_bytes(named).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_name_their_interpreter() {
        let of = |text: &str| interpreter_of_script(text.as_bytes());
        assert_eq!(of("#!/bin/sh -e\necho"), Some("/bin/sh".into()));
        assert_eq!(of("#! /usr/bin/env python3\n"), Some("python3".into()));
        assert_eq!(of("echo"), None);
    }

    #[test]
    fn what_is_no_program_is_called_so() {
        assert!(look_inside("x", b"hello").is_some_and(|said| said.contains("no ELF")));
        assert!(
            look_inside("x", b"\x7fELF\x01\x01").is_some_and(|said| said.contains("architecture"))
        );
    }

    #[test]
    fn an_ordinary_program_gives_no_reason() {
        let own = std::env::current_exe()
            .and_then(fs::read)
            .expect("this test can be read");
        assert_eq!(look_inside("x", &own), None);
    }
}
