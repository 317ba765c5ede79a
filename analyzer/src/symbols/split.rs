//! Debug information that lies outside of a program and its debug file (split DWARF, `-gsplit-dwarf`): each object's in a `.dwo`
//! file where the compiler has put it, or that of all in a package beside the program (`.dwp`). What stays in the program
//! has its lines, but not its inlined functions.

use super::module_names::{Slice, WithFile, with_file};
use super::sections::content;
use super::{LookUp, sysroot};
use addr2line::SplitDwarfLoad;
use addr2line::gimli::{
    Dwarf, DwarfPackage, DwarfPackageSections, DwarfSections, EndianSlice, Error, LittleEndian,
    SectionId,
};
use object::ReadRef;
use std::cell::{OnceCell, RefCell};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use typed_arena::Arena;

/// Packages that are larger are left aside: they would have to be read as a whole.
const LARGEST_PACKAGE_BYTES: u64 = 1 << 30;

type Load<'d> = SplitDwarfLoad<Slice<'d>>;
type Unit<'d> = Arc<Dwarf<Slice<'d>>>;

/// What has been read, which lives as long as the names that are made of it.
#[derive(Default)]
pub(super) struct Room {
    units: Arena<DwarfSections<Vec<u8>>>,
    package: OnceCell<DwarfPackageSections<Vec<u8>>>,
}

/// The split debug information of one program.
pub(super) struct Split<'d> {
    program: PathBuf,
    room: &'d Room,
    package: OnceCell<Option<DwarfPackage<Slice<'d>>>>,
    /// Files that are not there, or belong to another build.
    missing: RefCell<Vec<PathBuf>>,
}

impl<'d> Split<'d> {
    /// That of the program, or debug file, at this path.
    pub(super) fn of(program: &Path, room: &'d Room) -> Self {
        Split {
            program: program.to_owned(),
            room,
            package: OnceCell::new(),
            missing: RefCell::default(),
        }
    }

    /// The unit that is asked for, if it can be found.
    pub(super) fn unit(&self, load: &Load<'d>) -> Option<Unit<'d>> {
        let package = self.package.get_or_init(|| self.open_package());
        if let Some(package) = package
            && let Ok(Some(unit)) = package.find_cu(load.dwo_id, &load.parent)
        {
            return Some(Arc::new(unit));
        }
        let path = file_of(load)?;
        let unit = sysroot::candidates(&path).find_map(|path| self.in_file(&path, load));
        if unit.is_none() {
            self.missing.borrow_mut().push(path);
        }
        unit
    }

    fn open_package(&self) -> Option<DwarfPackage<Slice<'d>>> {
        let mut path = self.program.as_os_str().to_owned();
        path.push(".dwp");
        let path = Path::new(&path);
        if fs::metadata(path).ok()?.len() > LARGEST_PACKAGE_BYTES {
            return None;
        }
        let sections = with_file(path, LookUp::Lines, Package).ok()??;
        let sections = self.room.package.get_or_init(|| sections);
        let none = EndianSlice::new(&[], LittleEndian);
        sections.borrow(|section| slice(section), none).ok()
    }

    fn in_file(&self, path: &Path, load: &Load<'d>) -> Option<Unit<'d>> {
        let sections = with_file(path, LookUp::Lines, OneUnit).ok()??;
        let mut dwarf = self
            .room
            .units
            .alloc(sections)
            .borrow(|section| slice(section));
        let header = dwarf.units().next().ok()??;
        if dwarf.unit(header).ok()?.dwo_id != Some(load.dwo_id) {
            return None;
        }
        dwarf.make_dwo(&load.parent);
        Some(Arc::new(dwarf))
    }

    /// What a user should know of what was not found.
    pub(super) fn warning(&self) -> Option<String> {
        let missing = self.missing.borrow();
        let first = missing.first()?;
        let count = missing.len();
        Some(format!(
            "{}: {count} of its files with debug information, the first {}, cannot be read or are of another build: \
             inlined functions are missing there; {}",
            self.program.display(),
            first.display(),
            sysroot::HINT
        ))
    }
}

fn slice(section: &[u8]) -> Slice<'_> {
    EndianSlice::new(section, LittleEndian)
}

/// Where the compiler has put the unit.
fn file_of(load: &Load<'_>) -> Option<PathBuf> {
    let path = |bytes: &Slice<'_>| PathBuf::from(OsStr::from_bytes(bytes.slice()));
    let folder = load.comp_dir.as_ref().map(path).unwrap_or_default();
    Some(folder.join(load.path.as_ref().map(path)?))
}

/// Reads sections, all of them: a package's index says of each which part is a unit's.
fn load<'d, R: ReadRef<'d>>(
    file: &object::File<'d, R>,
) -> impl FnMut(SectionId) -> Result<Vec<u8>, Error> {
    |id| Ok(content(file, id.dwo_name()).into_owned())
}

/// Opens the file of one unit.
struct OneUnit;

impl WithFile for OneUnit {
    type Output = Option<DwarfSections<Vec<u8>>>;

    fn with<'d, R: ReadRef<'d>>(self, file: &object::File<'d, R>) -> Self::Output {
        DwarfSections::load(load(file)).ok()
    }
}

/// Opens the package of all units.
struct Package;

impl WithFile for Package {
    type Output = Option<DwarfPackageSections<Vec<u8>>>;

    fn with<'d, R: ReadRef<'d>>(self, file: &object::File<'d, R>) -> Self::Output {
        DwarfPackageSections::load(load(file)).ok()
    }
}
