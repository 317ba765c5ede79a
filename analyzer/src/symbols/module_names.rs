//! Names for addresses of one module: its own file, its debug file, DWARF and symbol tables.

use super::debug_files::{self, hex};
use super::demangle::demangle;
use super::kept;
use super::nearby::Nearby;
use super::needed;
use super::sections::section;
use super::split::{Room, Split};
use super::symbol_table::SymbolTable;
use super::sysroot;
use super::{FrameName, LookUp};
use crate::replay::facts::LoadedModule;
use addr2line::gimli::{DwarfSections, EndianSlice, LittleEndian};
use object::{Object, ReadCache, ReadRef};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

/// Larger files are read section by section: a browser with its debug information is gigabytes,
/// of which a report needs a part. Of smaller ones all that may be needed is read at once, which is faster.
const LARGE_FILE_BYTES: u64 = 256 << 20;

/// A section's bytes.
pub(super) type Slice<'d> = EndianSlice<'d, LittleEndian>;
type Context<'d> = addr2line::Context<Slice<'d>>;

/// What one module's file told.
#[derive(Debug, Default)]
pub(super) struct ModuleNames {
    /// For each address asked for, its frames, innermost first; empty where nothing is known.
    pub(super) frames: Vec<Vec<FrameName>>,
    /// Why there are no names, or not those that one would expect.
    pub(super) warning: Option<String>,
}

/// The addresses to name, as they are in memory.
pub(super) struct Addresses {
    asked: OnceCell<Vec<u64>>,
    /// Where they come from, if they are not known before a module is open.
    told: Option<Receiver<Told>>,
    /// How much of each.
    look_up: LookUp,
}

/// What is told about addresses while a module is open.
pub(super) enum Told {
    /// These will probably be asked for.
    Likely(Vec<u64>),
    /// These are asked for; nothing comes after.
    Asked(Vec<u64>),
}

/// Addresses that are known.
pub(super) fn known(addresses: Vec<u64>, look_up: LookUp) -> Addresses {
    Addresses {
        asked: OnceCell::from(addresses),
        told: None,
        look_up,
    }
}

/// Addresses that will be told.
pub(super) fn to_come(told: Receiver<Told>, look_up: LookUp) -> Addresses {
    Addresses {
        asked: OnceCell::new(),
        told: Some(told),
        look_up,
    }
}

impl Addresses {
    /// Waits for what is told next; none once it is what is asked for.
    fn next_likely(&self) -> Option<Vec<u64>> {
        if self.asked.get().is_some() {
            return None;
        }
        let asked = match self.told.as_ref().map(Receiver::recv) {
            Some(Ok(Told::Likely(addresses))) => return Some(addresses),
            Some(Ok(Told::Asked(addresses))) => addresses,
            // Nobody will ask.
            Some(Err(_)) | None => Vec::new(),
        };
        self.asked.get_or_init(|| asked);
        None
    }

    /// Waits for them.
    fn asked(&self) -> &[u64] {
        while self.next_likely().is_some() {}
        self.asked.get_or_init(Vec::new)
    }
}

/// What is asked of a module.
#[derive(Clone, Copy)]
struct Asked<'a> {
    addresses: &'a Addresses,
    /// Address in memory less address in the file.
    bias: u64,
}

impl Asked<'_> {
    /// The addresses in the file. Asked for when all is ready to name them.
    fn in_file(&self) -> impl Iterator<Item = u64> {
        let asked = self.addresses.asked().iter();
        asked.map(|address| address.wrapping_sub(self.bias))
    }

    /// The next addresses in the file that will probably be asked for, until it is known which are.
    fn next_likely_in_file(&self) -> Option<impl Iterator<Item = u64>> {
        let likely = self.addresses.next_likely()?.into_iter();
        Some(likely.map(|address| address.wrapping_sub(self.bias)))
    }
}

/// Names addresses of a module.
pub(super) fn names_in(module: &LoadedModule, addresses: &Addresses) -> ModuleNames {
    // The kernel's own page has no file.
    let is_file = module.path.is_absolute();
    let candidates = sysroot::candidates(&module.path).filter(|_| is_file);
    let kept = std::iter::once_with(|| kept::files(&module.path)).flatten();
    let mut best = ModuleNames::default();
    for path in candidates.chain(kept) {
        let names = names_from(&path, module, addresses);
        if names.warning.is_none() {
            return names;
        }
        if best.frames.is_empty() {
            best = names;
        }
    }
    best
}

/// Names addresses of a module by the file at `path`, if that is the recorded one.
fn names_from(path: &Path, module: &LoadedModule, addresses: &Addresses) -> ModuleNames {
    let work = Names {
        path,
        module,
        addresses,
    };
    with_file(path, addresses.look_up, work).unwrap_or_else(|error| ModuleNames {
        frames: Vec::new(),
        warning: Some(format!(
            "{}: no names: {error}; {}",
            path.display(),
            sysroot::HINT
        )),
    })
}

/// Something to do with an object file, whichever way it is read.
pub(super) trait WithFile {
    type Output;
    fn with<'d, R: ReadRef<'d>>(self, file: &object::File<'d, R>) -> Self::Output;
}

pub(super) fn with_file<W: WithFile>(
    path: &Path,
    look_up: LookUp,
    work: W,
) -> Result<W::Output, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let file = fs::File::open(path).map_err(|error| said(&error))?;
    let length = file.metadata().map_err(|error| said(&error))?.len();
    if length > LARGE_FILE_BYTES {
        let cache = ReadCache::new(file);
        let object = object::File::parse(&cache).map_err(|error| said(&error))?;
        return Ok(work.with(&object));
    }
    let data = needed::read(&file, length, look_up).map_err(|error| said(&error))?;
    let object = object::File::parse(&*data).map_err(|error| said(&error))?;
    Ok(work.with(&object))
}

/// Opens the module's own file.
struct Names<'a> {
    path: &'a Path,
    module: &'a LoadedModule,
    addresses: &'a Addresses,
}

impl WithFile for Names<'_> {
    type Output = ModuleNames;

    fn with<'d, R: ReadRef<'d>>(self, file: &object::File<'d, R>) -> ModuleNames {
        let there = file.build_id().ok().flatten().unwrap_or_default();
        let recorded = &self.module.build_id;
        if !recorded.is_empty() && there != recorded {
            let path = self.path.display();
            let (recorded, there) = (hex(recorded), hex(there));
            return ModuleNames {
                frames: Vec::new(),
                warning: Some(format!(
                    "{path} has changed since it was recorded (build-id {there}, recorded {recorded}): \
                     its frames show addresses only; {}",
                    sysroot::HINT
                )),
            };
        }
        let asked = Asked {
            addresses: self.addresses,
            bias: self.module.bias,
        };
        let has_dwarf = file.section_by_name(".debug_info").is_some();
        let debug_path = (!has_dwarf).then(|| debug_file(self.path, file)).flatten();
        let names = debug_path.and_then(|path| {
            let work = InDebugFile {
                path: &path,
                symbols: SymbolTable::new([file]),
                asked,
            };
            with_file(&path, asked.addresses.look_up, work).ok()
        });
        names.unwrap_or_else(|| {
            let symbols = [SymbolTable::new([file])];
            names_of(self.path, file, &symbols, asked)
        })
    }
}

fn debug_file<'d, R: ReadRef<'d>>(path: &Path, file: &object::File<'d, R>) -> Option<PathBuf> {
    let by_id = file
        .build_id()
        .ok()
        .flatten()
        .and_then(debug_files::by_build_id);
    by_id.or_else(|| {
        let (name, checksum) = file.gnu_debuglink().ok().flatten()?;
        debug_files::by_link(path, name, checksum)
    })
}

/// Opens the separate debug file.
struct InDebugFile<'a> {
    path: &'a Path,
    symbols: SymbolTable<'a>,
    asked: Asked<'a>,
}

impl WithFile for InDebugFile<'_> {
    type Output = ModuleNames;

    fn with<'d, R: ReadRef<'d>>(self, file: &object::File<'d, R>) -> Self::Output {
        // The debug file has the full symbol table, the module perhaps only what it exports.
        let symbols = [SymbolTable::new([file]), self.symbols];
        if self.asked.addresses.look_up == LookUp::Functions {
            return names_of(self.path, file, &symbols, self.asked);
        }
        // Of libraries, a part of it mostly does. The program's own, where everything may be asked
        // for, is rather opened in full while there is time.
        let nearby = Nearby::open(file).and_then(|mut nearby| {
            while let Some(likely) = self.asked.next_likely_in_file() {
                nearby.prepare(likely);
            }
            nearby.sections(self.asked.in_file())
        });
        if let Some(sections) = nearby {
            return names_from_dwarf(&sections, None, None, &symbols, self.asked);
        }
        names_of(self.path, file, &symbols, self.asked)
    }
}

/// Opens the file that several debug files share.
struct Sections;

impl WithFile for Sections {
    type Output = Option<DwarfSections<Vec<u8>>>;

    fn with<'d, R: ReadRef<'d>>(self, file: &object::File<'d, R>) -> Self::Output {
        let load = |id| Ok::<_, ()>(section(file, id).into_owned());
        DwarfSections::load(load).ok()
    }
}

fn names_of<'d, R: ReadRef<'d>>(
    path: &Path,
    file: &object::File<'d, R>,
    symbols: &[SymbolTable<'_>],
    asked: Asked<'_>,
) -> ModuleNames {
    let only_symbols = || ModuleNames {
        frames: asked
            .in_file()
            .map(|address| frames_at(None, symbols, address))
            .collect(),
        warning: None,
    };
    let is_enough = asked.addresses.look_up == LookUp::Functions;
    if is_enough || file.section_by_name(".debug_info").is_none() {
        return only_symbols();
    }
    let load = |id| Ok::<_, ()>(section(file, id));
    let Ok(sections) = DwarfSections::load(load) else {
        return only_symbols();
    };
    let alternate = file.gnu_debugaltlink().ok().flatten();
    let alternate = alternate.and_then(|(name, build_id)| {
        let path = debug_files::by_alternate_link(path, name, build_id)?;
        with_file(&path, LookUp::Lines, Sections).ok()?
    });
    let room = Room::default();
    // Addresses that units elsewhere share with the program are always in this section.
    let is_split = file.section_by_name(".debug_addr").is_some();
    let split = is_split.then(|| Split::of(path, &room));
    names_from_dwarf(
        &sections,
        alternate.as_ref(),
        split.as_ref(),
        symbols,
        asked,
    )
}

fn names_from_dwarf<'d>(
    sections: &'d DwarfSections<Cow<'_, [u8]>>,
    alternate: Option<&'d DwarfSections<Vec<u8>>>,
    split: Option<&Split<'d>>,
    symbols: &[SymbolTable<'_>],
    asked: Asked<'_>,
) -> ModuleNames {
    let mut dwarf = sections.borrow(|section| EndianSlice::new(section, LittleEndian));
    if let Some(alternate) = alternate {
        dwarf.set_sup(alternate.borrow(|section| EndianSlice::new(section, LittleEndian)));
    }
    let context = Context::from_dwarf(dwarf).ok();
    let named = |address| {
        if let (Some(context), Some(split)) = (&context, split) {
            for (load, go_on) in context.preload_units(address) {
                // What cannot be understood has no inlined functions either.
                let _ = go_on(split.unit(&load));
            }
        }
        frames_at(context.as_ref(), symbols, address)
    };
    ModuleNames {
        frames: asked.in_file().map(named).collect(),
        warning: split.and_then(Split::warning),
    }
}

fn frames_at(
    context: Option<&Context<'_>>,
    symbols: &[SymbolTable<'_>],
    address: u64,
) -> Vec<FrameName> {
    let mut frames = Vec::new();
    let found = context.and_then(|context| context.find_frames(address).skip_all_loads().ok());
    if let Some(mut found) = found {
        while let Ok(Some(frame)) = found.next() {
            let name = frame
                .function
                .as_ref()
                .and_then(|name| name.raw_name().ok());
            frames.push(FrameName {
                function: name.map(Cow::into_owned),
                symbol: None,
                file: frame
                    .location
                    .as_ref()
                    .and_then(|at| at.file)
                    .map(str::to_owned),
                line: frame
                    .location
                    .as_ref()
                    .and_then(|at| at.line)
                    .filter(|line| *line > 0),
                is_inlined: true,
            });
        }
    }
    if frames.is_empty() {
        frames.push(FrameName::default());
    }
    // The outermost is the function that the code was compiled into; its symbol names it in full,
    // where DWARF may have just the last part.
    let symbol = symbols.iter().find_map(|symbols| symbols.find(address));
    if let Some(outermost) = frames.last_mut() {
        outermost.is_inlined = false;
        let is_full = |name: &str| name.starts_with("_Z") || name.starts_with("_R");
        if outermost.function.is_none() || symbol.is_some_and(is_full) {
            outermost.function = symbol.map(str::to_owned).or(outermost.function.take());
        }
    }
    for frame in &mut frames {
        let symbol = frame.function.take();
        frame.function = symbol.as_deref().map(demangle);
        frame.symbol = symbol.filter(|symbol| Some(symbol) != frame.function.as_ref());
    }
    if frames.iter().all(|frame| *frame == FrameName::default()) {
        frames.clear();
    }
    frames
}
