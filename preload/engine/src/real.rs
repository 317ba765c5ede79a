//! The allocator beneath, and what serves before it is known.
//!
//! Each function is looked up once with `dlsym(RTLD_NEXT, …)`, at the first call of any: so a program
//! that links jemalloc or tcmalloc keeps it. dlsym itself may allocate; while the look-up runs,
//! memory comes from a small arena that is never given back, and whose blocks `free`, `realloc` and
//! `malloc_usable_size` know by their address.

use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};

use ldt_trace::Function;

mod scope;

use crate::early;

macro_rules! table {
    ($($(#[$doc:meta])* $name:ident: $symbol:literal;)*) => {
        /// The functions beneath, by what they do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is the C function of that name")]
        #[repr(usize)]
        pub enum Real { $($name,)* }

        const SYMBOLS: &[&CStr] = &[$($symbol,)*];
    };
}

table! {
    Malloc: c"malloc";
    Calloc: c"calloc";
    Realloc: c"realloc";
    Free: c"free";
    PosixMemalign: c"posix_memalign";
    AlignedAlloc: c"aligned_alloc";
    Memalign: c"memalign";
    Valloc: c"valloc";
    Pvalloc: c"pvalloc";
    UsableSize: c"malloc_usable_size";
    Mallinfo: c"mallinfo";
    Mallinfo2: c"mallinfo2";
    MallocInfo: c"malloc_info";
    MallocStats: c"malloc_stats";
    MallocTrim: c"malloc_trim";
    Mallopt: c"mallopt";
    Brk: c"brk";
    Sbrk: c"sbrk";
    RegisterAtfork: c"__register_atfork";
    Dlopen: c"dlopen";
    Dlmopen: c"dlmopen";
    Dlclose: c"dlclose";
    IconvClose: c"iconv_close";
    Exit: c"_exit";
    QuickExit: c"quick_exit";
    OrderlyExit: c"exit";
    Abort: c"abort";
    AssertFail: c"__assert_fail";
    Execve: c"execve";
    Execvpe: c"execvpe";
    Fexecve: c"fexecve";
    PosixSpawn: c"posix_spawn";
    PosixSpawnp: c"posix_spawnp";
    Sigaction: c"sigaction";
    Signal: c"signal";
    SysvSignal: c"sysv_signal";
    Sigset: c"sigset";
    Sigignore: c"sigignore";
    Siginterrupt: c"siginterrupt";
    Sigprocmask: c"sigprocmask";
    PthreadSigmask: c"pthread_sigmask";
    Sigblock: c"sigblock";
    Sigsetmask: c"sigsetmask";
    Sighold: c"sighold";
    Sigrelse: c"sigrelse";
    Sigaltstack: c"sigaltstack";
    PthreadAttrSetsigmaskNp: c"pthread_attr_setsigmask_np";
    Sigsuspend: c"sigsuspend";
    Ppoll: c"ppoll";
    Pselect: c"pselect";
    EpollPwait: c"epoll_pwait";
    EpollPwait2: c"epoll_pwait2";
}

static FOUND: [AtomicPtr<c_void>; SYMBOLS.len()] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SYMBOLS.len()];

const NEW: u8 = 0;
const RESOLVING: u8 = 1;
const READY: u8 = 2;
static STATE: AtomicU8 = AtomicU8::new(NEW);

/// Finds the next definition of a symbol after ours.
pub fn next(symbol: &CStr) -> *mut c_void {
    // SAFETY: a NUL-terminated name; what dlsym allocates is served from the arena or unrecorded.
    crate::reentry::unrecorded(|| unsafe { libc::dlsym(libc::RTLD_NEXT, symbol.as_ptr()) })
}

#[cold]
#[inline(never)]
fn resolve() {
    if STATE
        .compare_exchange(NEW, RESOLVING, Ordering::AcqRel, Ordering::Acquire)
        .is_err()
    {
        return;
    }
    for (slot, symbol) in FOUND.iter().zip(SYMBOLS) {
        slot.store(next(symbol), Ordering::Release);
    }
    STATE.store(READY, Ordering::Release);
}

impl Real {
    /// Its address; null while it is being looked up, or where libc has none.
    #[inline(always)]
    #[must_use]
    pub fn address(self) -> *mut c_void {
        let found = FOUND[self as usize].load(Ordering::Relaxed);
        if found.is_null() {
            self.look_up()
        } else {
            found
        }
    }

    /// Whether it is the C library's own, and not that of an allocator or a wrapper which lies between.
    #[must_use]
    pub fn is_the_c_librarys(self) -> bool {
        module_is(self.address() as usize, &[b"libc.so", b"libc-"])
    }

    #[cold]
    fn look_up(self) -> *mut c_void {
        resolve();
        FOUND[self as usize].load(Ordering::Acquire)
    }
}

macro_rules! forward {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $real:ident, else $otherwise:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// As for the C function.
        #[inline(always)]
        pub unsafe fn $name($($argument: $type),*) -> $result {
            let address = Real::$real.address();
            if address.is_null() {
                return $otherwise;
            }
            // SAFETY: the symbol of that name, with the C library's signature.
            let function: unsafe extern "C" fn($($type),*) -> $result = unsafe { core::mem::transmute(address) };
            // SAFETY: as the caller vouches.
            unsafe { function($($argument),*) }
        }
    )*};
}

forward! {
    /// `malloc` beneath.
    fn malloc(size: usize) -> *mut u8 = Malloc, else early::allocate(size, 16);
    /// `calloc` beneath.
    fn calloc(count: usize, size: usize) -> *mut u8 = Calloc, else early::allocate(count.saturating_mul(size), 16);
    /// `memalign` beneath.
    fn memalign(alignment: usize, size: usize) -> *mut u8 = Memalign, else early::allocate(size, alignment);
    /// `aligned_alloc` beneath.
    fn aligned_alloc(alignment: usize, size: usize) -> *mut u8 = AlignedAlloc, else early::allocate(size, alignment);
    /// `posix_memalign` beneath.
    fn posix_memalign(into: *mut *mut u8, alignment: usize, size: usize) -> c_int = PosixMemalign, else libc::ENOMEM;
    /// `valloc` beneath.
    fn valloc(size: usize) -> *mut u8 = Valloc, else ptr::null_mut();
    /// `pvalloc` beneath.
    fn pvalloc(size: usize) -> *mut u8 = Pvalloc, else ptr::null_mut();
    /// `sbrk` beneath.
    fn sbrk(increment: isize) -> *mut u8 = Sbrk, else usize::MAX as *mut u8;
    /// `brk` beneath.
    fn brk(address: *mut u8) -> c_int = Brk, else -1;
    /// `__register_atfork`, which is behind `pthread_atfork`.
    fn register_atfork(prepare: *mut c_void, parent: *mut c_void, child: *mut c_void, library: *mut c_void) -> c_int = RegisterAtfork, else libc::ENOMEM;
    /// `realloc` beneath, for its own blocks.
    fn realloc_own(block: *mut u8, size: usize) -> *mut u8 = Realloc, else early::allocate(size, 16);
    /// `malloc_usable_size` beneath, for its own blocks.
    fn usable_size_own(block: *mut u8) -> usize = UsableSize, else 0;
}

/// `free` beneath.
///
/// # Safety
/// As for the C function.
#[inline(always)]
pub unsafe fn free(block: *mut u8) {
    if early::owns(block) {
        return;
    }
    let address = Real::Free.address();
    if !address.is_null() {
        // SAFETY: the symbol of that name, with the C library's signature.
        let function: unsafe extern "C" fn(*mut u8) = unsafe { core::mem::transmute(address) };
        // SAFETY: as the caller vouches.
        unsafe { function(block) }
    }
}

/// Whether the allocator beneath is not libc's own: the program brings one, whose blocks may reach
/// `free` without having passed through LDT (jemalloc's mallocx).
#[must_use]
pub fn is_replaced() -> bool {
    static KNOWN: AtomicU8 = AtomicU8::new(0);
    match KNOWN.load(Ordering::Relaxed) {
        0 => {
            let replaced = !Real::Malloc.is_the_c_librarys();
            KNOWN.store(1 + u8::from(replaced), Ordering::Relaxed);
            replaced
        }
        known => known == 2,
    }
}

/// Whether an address lies in a library whose file name begins so.
fn module_is(address: usize, names: &[&[u8]]) -> bool {
    // SAFETY: all zero is a valid value; dladdr fills it.
    let mut info: libc::Dl_info = unsafe { core::mem::zeroed() };
    let address = address as *const c_void;
    // SAFETY: dladdr takes any address.
    let found = crate::reentry::unrecorded(|| unsafe { libc::dladdr(address, &raw mut info) });
    if found == 0 || info.dli_fname.is_null() {
        return true;
    }
    // SAFETY: the loader's name of a loaded library.
    let path = unsafe { CStr::from_ptr(info.dli_fname) }.to_bytes();
    let name = crate::sys::file::file_name(path);
    names.iter().any(|prefix| name.starts_with(prefix))
}

/// `realloc` beneath.
///
/// # Safety
/// As for the C function.
#[inline(always)]
pub unsafe fn realloc(block: *mut u8, size: usize) -> *mut u8 {
    if !early::owns(block) {
        // SAFETY: as the caller vouches.
        return unsafe { realloc_own(block, size) };
    }
    // SAFETY: as the caller vouches; the old block is ours and has this size.
    unsafe {
        let moved = malloc(size);
        if !moved.is_null() {
            ptr::copy_nonoverlapping(block, moved, early::size(block).min(size));
        }
        moved
    }
}

/// `malloc_usable_size` beneath.
///
/// # Safety
/// As for the C function.
pub unsafe fn usable_size(block: *mut u8) -> usize {
    if early::owns(block) {
        return early::size(block);
    }
    // SAFETY: as the caller vouches.
    unsafe { usable_size_own(block) }
}

/// The operators of C++ beneath. C programs load no C++ library, or load one later and privately, so
/// these are looked up one by one when first called.
///
/// Routes: libstdc++'s and libc++'s operators call malloc and free, which LDT sees anyway, so they are
/// jumped to and the event is named by [`crate::sys::thread::Slot::pending`]. An allocator
/// that brings operators of its own (tcmalloc, jemalloc, mimalloc) does not come back: there the event
/// is recorded around the call. What other libraries put in their place is jumped to, and what it does with
/// malloc and free is its own affair, as that of a program with operators of its own is.
pub mod cxx {
    pub use super::scope::operator as privately;
    use super::{AtomicUsize, CStr, Function, Ordering, c_void, ptr};
    use crate::modules::Image;

    static FOUND: [AtomicUsize; 64] = [const { AtomicUsize::new(0) }; 64];

    /// Libraries whose operators are built on malloc.
    const LIBRARIES: [&CStr; 3] = [c"libstdc++.so.6", c"libc++abi.so.1", c"libc++.so.1"];

    /// The address of an operator beneath; null when no library has it.
    #[must_use]
    pub fn address(function: Function) -> *mut c_void {
        let slot = &FOUND[function as usize % FOUND.len()];
        let known = slot.load(Ordering::Acquire) as *mut c_void;
        if !known.is_null() {
            return known;
        }
        let found = look_up(function);
        slot.store(found as usize, Ordering::Release);
        found
    }

    /// A name for the loader, with the NUL at its end.
    pub(super) fn symbol_into(name: &mut [u8; 64], function: Function) -> Option<&CStr> {
        let symbol = function.symbol().as_bytes();
        name[..symbol.len()].copy_from_slice(symbol);
        CStr::from_bytes_until_nul(name).ok()
    }

    /// Whether the program, or what was loaded before LDT, comes with an operator of its own, to which all calls by its name go.
    #[must_use]
    pub fn is_programs(function: Function) -> bool {
        let mut name = [0u8; 64];
        let Some(symbol) = symbol_into(&mut name, function) else {
            return false;
        };
        // SAFETY: a NUL-terminated name; what dlsym allocates is unrecorded.
        let found = crate::reentry::unrecorded(|| unsafe {
            libc::dlsym(libc::RTLD_DEFAULT, symbol.as_ptr())
        });
        !found.is_null()
            && is_defined_there(found)
            && !super::module_is(found as usize, &[b"libldt"])
    }

    /// Whether a symbol at this address is defined. A program at a fixed address that takes a function's has an
    /// entry of the function's name, which jumps to it.
    fn is_defined_there(address: *mut c_void) -> bool {
        const RTLD_DL_SYMENT: i32 = 1;
        const UNDEFINED: u16 = 0;
        // SAFETY: all zero is a valid value; dladdr1 fills it.
        let mut info: libc::Dl_info = unsafe { core::mem::zeroed() };
        let mut entry: *mut c_void = ptr::null_mut();
        // SAFETY: dladdr1 takes any address, and gives a symbol's entry of a module that stays loaded, or null.
        let found = crate::reentry::unrecorded(|| unsafe {
            libc::dladdr1(
                address,
                (&raw mut info).cast(),
                &raw mut entry,
                RTLD_DL_SYMENT,
            )
        });
        if found == 0 || entry.is_null() {
            return true;
        }
        // SAFETY: as above.
        unsafe { (*entry.cast::<libc::Elf64_Sym>()).st_shndx != UNDEFINED }
    }

    /// The operator that all libraries see, if there is one.
    #[must_use]
    pub fn for_all(function: Function) -> *mut c_void {
        let mut name = [0u8; 64];
        symbol_into(&mut name, function).map_or(ptr::null_mut(), super::next)
    }

    #[cold]
    fn look_up(function: Function) -> *mut c_void {
        let found = for_all(function);
        if !found.is_null() {
            return found;
        }
        let mut name = [0u8; 64];
        let Some(symbol) = symbol_into(&mut name, function) else {
            return ptr::null_mut();
        };
        // A library that was opened privately (a C program's C++ plugin) is not in the search order.
        crate::reentry::unrecorded(|| {
            LIBRARIES
                .iter()
                .map(|library| in_library(library, symbol))
                .find(|found| !found.is_null())
        })
        .unwrap_or(ptr::null_mut())
    }

    fn in_library(library: &CStr, symbol: &CStr) -> *mut c_void {
        let dlopen = super::Real::Dlopen.address();
        if dlopen.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: dlopen's signature; a library that is loaded already is only referenced once more.
        unsafe {
            let dlopen: unsafe extern "C" fn(*const libc::c_char, i32) -> *mut c_void =
                core::mem::transmute(dlopen);
            let handle = dlopen(library.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD);
            if handle.is_null() {
                return ptr::null_mut();
            }
            libc::dlsym(handle, symbol.as_ptr())
        }
    }

    /// Whether it is one of C++'s operators new and delete.
    #[must_use]
    pub fn is_operator(function: Function) -> bool {
        matches!(function as u8, 16..24 | 32..44)
    }

    /// Whether an operator at this address is built on malloc.
    #[must_use]
    pub fn is_built_on_malloc(operator: usize) -> bool {
        super::module_is(operator, &[b"libstdc++", b"libc++"])
    }

    /// Whether an operator at this address is the allocator's own: of the module that malloc comes from.
    #[must_use]
    pub fn is_of_allocator(operator: usize) -> bool {
        let malloc = super::Real::Malloc.address() as u64;
        Image::range_containing(malloc).is_some_and(|module| module.contains(&(operator as u64)))
    }
}
