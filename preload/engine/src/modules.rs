//! Loaded objects: which one an instruction pointer belongs to, and how to unwind through it.
//!
//! Modules are learned the first time a stack passes through them, from `_dl_find_object`, which
//! takes no lock and is made for unwinders. The rejected alternative, rebuilding a table with
//! `dl_iterate_phdr` when dlopen has run, takes the loader's lock inside malloc: the deadly bug of
//! this class of tools.
//!
//! The table only grows: an entry is dead once its module is gone (a sweep after each dlclose finds
//! out) and comes back to life when the same module returns to the same place. Each entry has an
//! unwinder of its own, so that nothing shared is ever rebuilt under a reader.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use framehop::x86_64::UnwinderX86_64;
use framehop::{ExplicitModuleSectionInfo, MustNotAllocateDuringUnwind, Unwinder};

use crate::sys::file::file_name;
use crate::sys::lock::Lock;

mod bound;
mod elf;
mod function;
mod scope;
pub(crate) use bound::{lead, references};
pub use elf::{Image, executable_path};
pub(crate) use elf::{LinkMap, link_map_of};
pub use function::start_of;
pub(crate) use scope::scopes_of;

/// The unwinder of one module; reads its tables in place.
pub type ModuleUnwinder = UnwinderX86_64<&'static [u8], MustNotAllocateDuringUnwind>;

/// One loaded object, or one that was.
pub struct Module {
    /// First address.
    pub start: u64,
    /// One past the last address.
    pub end: u64,
    /// Address in memory minus address in the file.
    pub bias: u64,
    /// Raised above those of all other modules that ever had some of these addresses.
    pub epoch: u16,
    /// GNU build-id, empty if none.
    pub build_id: Vec<u8>,
    /// Path as the loader knows it, absolute where it could be made so.
    pub path: Vec<u8>,
    /// The alignment that its code takes for granted of every block, whatever the size: with `--exact` such
    /// code gets no less.
    pub trusted_alignment: u64,
    /// Whether it is the C library, whose strdup and kin allocate for others.
    pub is_c_library: bool,
    /// How to unwind a frame whose ip is here.
    pub unwinder: ModuleUnwinder,
    live: AtomicBool,
}

/// Modules by their names without what says the version, and what they take for granted: CPython refuses to start where
/// byte code lies at an odd address, zstd's assertions want its work space at a multiple of 8, fontconfig marks offsets
/// by the lowest bit, graphviz numbers that are no names, perf has the kernel's trees, whose parents carry a colour,
/// systemd's libraries mark pointers by it, LLVM refuses object files in memory at odd addresses, and Qt puts a text behind its
/// head at the next multiple of 8, counting on malloc for the head's.
const TRUSTING: [(&[u8], u64); 13] = [
    (b"python3", 2),
    (b"libpython3", 2),
    (b"zstd", 8),
    (b"libzstd", 8),
    (b"libfontconfig", 2),
    (b"libcgraph", 2),
    (b"perf", 4),
    (b"libnss_systemd", 2),
    (b"libsystemd", 2),
    (b"libsystemd-shared", 2),
    (b"libLLVM", 8),
    (b"libQt5Core", 8),
    (b"libQt6Core", 8),
];

fn trusted_alignment(path: &[u8]) -> u64 {
    let name = file_name(path);
    TRUSTING
        .iter()
        .find(|(trusting, _)| name.strip_prefix(*trusting).is_some_and(is_version))
        .map_or(1, |&(_, alignment)| alignment)
}

/// Whether what follows a module's name says its version, or nothing: `perf`, `perf_6.1` and `libzstd.so.1` are meant, a
/// `performance_test` is not.
fn is_version(rest: &[u8]) -> bool {
    match rest {
        [] | [b'.', ..] => true,
        [b'_' | b'-', digit, ..] => digit.is_ascii_digit(),
        _ => false,
    }
}

impl Module {
    /// Whether the module was mapped at the last sweep.
    pub fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    fn covers(&self, ip: u64) -> bool {
        (self.start..self.end).contains(&ip)
    }
}

/// How many modules one process may load in its life; stacks through later ones follow frame pointers.
const MAX_MODULES: usize = 8192;
const DIRECTORY_SLOTS: usize = 4096;
const REGION_SHIFT: u32 = 16;

static MODULES: [AtomicPtr<Module>; MAX_MODULES] =
    [const { AtomicPtr::new(ptr::null_mut()) }; MAX_MODULES];
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Direct-mapped hints: the 64 KiB region of an address -> a module that covers some of it.
/// Region in the high 48 bits, index + 1 in the low 16.
static DIRECTORY: [AtomicU64; DIRECTORY_SLOTS] = [const { AtomicU64::new(0) }; DIRECTORY_SLOTS];
static LEARNING: Lock<()> = Lock::new(());
/// Raised when a module died: what was concluded from its unwind tables is void.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Changes whenever modules have gone.
#[inline(always)]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

fn get(index: usize) -> Option<&'static Module> {
    let entry = MODULES.get(index)?.load(Ordering::Acquire);
    // SAFETY: entries are null or leaked boxes, stored once and never freed.
    unsafe { entry.as_ref() }
}

/// All entries, dead ones too, in the order in which they were learned.
pub fn all() -> impl Iterator<Item = &'static Module> {
    (0..COUNT.load(Ordering::Acquire)).filter_map(get)
}

/// The module that covers `ip`; `None` for code that no object file brought (just-in-time code).
/// `announce` is called for a module that is new or back.
#[inline]
pub fn find(ip: u64, announce: &mut dyn FnMut(&Module)) -> Option<&'static Module> {
    match hinted(ip) {
        Some(module) => Some(module),
        None => find_slowly(ip, announce),
    }
}

/// The same, of the modules that are known already.
pub fn known(ip: u64) -> Option<&'static Module> {
    hinted(ip).or_else(|| all().find(|module| module.covers(ip) && module.is_live()))
}

#[inline]
fn hinted(ip: u64) -> Option<&'static Module> {
    let region = ip >> REGION_SHIFT;
    let hint = DIRECTORY[region as usize % DIRECTORY_SLOTS].load(Ordering::Relaxed);
    if hint >> 16 != region {
        return None;
    }
    let module = get((hint & 0xffff).checked_sub(1)? as usize)?;
    (module.covers(ip) && module.is_live()).then_some(module)
}

#[cold]
#[inline(never)]
fn find_slowly(ip: u64, announce: &mut dyn FnMut(&Module)) -> Option<&'static Module> {
    let found = |(index, module): (usize, &'static Module)| {
        let region = ip >> REGION_SHIFT;
        DIRECTORY[region as usize % DIRECTORY_SLOTS]
            .store(region << 16 | (index as u64 + 1), Ordering::Relaxed);
        module
    };
    let known = || {
        all()
            .enumerate()
            .find(|(_, module)| module.covers(ip) && module.is_live())
    };
    if let Some(entry) = known() {
        return Some(found(entry));
    }
    let image = Image::containing(ip)?;
    LEARNING
        .with(|()| known().or_else(|| learn(&image, announce)))
        .map(found)
}

/// Enters a module that is not in the table, or revives it. Called with `LEARNING` held.
fn learn(image: &Image, announce: &mut dyn FnMut(&Module)) -> Option<(usize, &'static Module)> {
    let returned = all().enumerate().find(|(_, module)| {
        module.start == image.start
            && module.end == image.end
            && module.build_id == image.build_id
            && module.path == image.path
            && !module.build_id.is_empty()
    });
    let overlapping = all().filter(|module| module.start < image.end && image.start < module.end);
    let top_epoch = overlapping
        .map(|module| module.epoch + 1)
        .max()
        .unwrap_or(0);
    if let Some((index, module)) = returned
        && module.epoch + 1 >= top_epoch
    {
        module.live.store(true, Ordering::Release);
        announce(module);
        return Some((index, module));
    }
    let index = COUNT.load(Ordering::Relaxed);
    let slot = MODULES.get(index)?;
    let mut unwinder = ModuleUnwinder::new();
    let sections = ExplicitModuleSectionInfo {
        base_svma: 0,
        eh_frame_hdr_svma: Some(image.eh_frame_hdr.clone()),
        eh_frame_hdr: image.bytes(&image.eh_frame_hdr),
        eh_frame_svma: Some(image.eh_frame.clone()),
        eh_frame: image.bytes(&image.eh_frame),
        ..Default::default()
    };
    if !image.eh_frame_hdr.is_empty() {
        unwinder.add_module(framehop::Module::new(
            String::new(),
            image.start..image.end,
            image.bias,
            sections,
        ));
    }
    let module = Box::leak(Box::new(Module {
        start: image.start,
        end: image.end,
        bias: image.bias,
        epoch: top_epoch.min(ldt_trace::words::MAX_EPOCH),
        build_id: image.build_id.clone(),
        path: image.path.clone(),
        trusted_alignment: trusted_alignment(&image.path),
        is_c_library: file_name(&image.path).starts_with(b"libc.so"),
        unwinder,
        live: AtomicBool::new(true),
    }));
    announce(module);
    slot.store(module, Ordering::Release);
    COUNT.store(index + 1, Ordering::Release);
    Some((index, module))
}

/// Finds out which modules are gone; `announce` gets the start of each. To be called when dlclose has
/// returned.
pub fn sweep(announce: &mut dyn FnMut(u64)) {
    for module in all().filter(|module| module.is_live()) {
        let there =
            Image::range_containing(module.start).is_some_and(|range| range.start == module.start);
        if !there && module.live.swap(false, Ordering::AcqRel) {
            GENERATION.fetch_add(1, Ordering::AcqRel);
            announce(module.start);
        }
    }
}

/// See [`Lock::reopen_after_fork`].
///
/// # Safety
/// As there.
pub unsafe fn reopen_after_fork() {
    // SAFETY: as the caller vouches.
    unsafe { LEARNING.reopen_after_fork() };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_only_begins_like_a_trusting_modules_is_held_to_the_byte() {
        let of = |path: &str| trusted_alignment(path.as_bytes());
        assert_eq!((of("/usr/bin/perf"), of("/usr/bin/perf_6.1")), (4, 4));
        assert_eq!((of("/usr/bin/python3.11"), of("/usr/bin/python3")), (2, 2));
        assert_eq!((of("/lib/libzstd.so.1.5.4"), of("zstd")), (8, 8));
        assert_eq!(
            (of("./performance_test"), of("./perf_test"), of("perfect")),
            (1, 1, 1)
        );
        assert_eq!(
            (of("/l/libLLVM-14.so.1"), of("libsystemd-shared-252.so")),
            (8, 2)
        );
    }
}
