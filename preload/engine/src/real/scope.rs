//! Operators that a library which was opened privately has for itself.
//!
//! Where neither the program nor a library that all can see has an operator, a private library's calls go to the first one
//! in the scope of the library with whose dlopen it came: often libstdc++'s, but one of its own where it has that, whose blocks
//! may be a pool's or those of an allocator that is linked into it. LDT's operator stands before all of these, and has
//! to find what the loader would have found.
//!
//! Such a call is known by the library that it returns to. But a function that ends in a call jumps there, and what stands on the
//! stack is the function's own caller, in any library. So where the operators cannot lead to malloc, LDT lets go of the library at
//! its first call: from then on its references lead where they would have led.

use core::ffi::{CStr, c_void};
use core::ops::Range;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use ldt_trace::Function;

use super::cxx;
use crate::modules::{self, Image, LinkMap};

const KNOWN: usize = 256;
const FUNCTIONS: usize = 64;

/// What a library's calls of operators are meant for.
struct Scope {
    library: *const LinkMap,
    /// Where its code lies.
    code: Range<u64>,
    generation: u64,
    /// By the operator's number; null where it is the C++ library's, or nobody's.
    operators: [*mut c_void; FUNCTIONS],
}

impl Scope {
    /// Lets the library's references lead to those operators that lead nowhere near malloc.
    fn let_go(&self) {
        let calls_malloc = |owner: *const LinkMap| {
            modules::references(owner).any(|one| one.is_foreign && one.name == c"malloc")
        };
        let mut owners: Vec<(*const LinkMap, bool)> = Vec::new();
        let mut is_apart = |target: *mut c_void| {
            let Some(owner) = modules::link_map_of(target as u64) else {
                return false;
            };
            if let Some(&(_, calls_malloc)) = owners.iter().find(|(known, _)| *known == owner) {
                return !calls_malloc;
            }
            let calls_malloc = calls_malloc(owner);
            owners.push((owner, calls_malloc));
            !calls_malloc
        };
        let apart: Vec<(&[u8], usize)> = each_operator()
            .map(|function| (function, self.operators[function as usize % FUNCTIONS]))
            .filter(|&(_, target)| !target.is_null() && is_apart(target))
            .map(|(function, target)| (function.symbol().as_bytes(), target as usize))
            .collect();
        if apart.is_empty() {
            return;
        }
        let references = modules::references(self.library);
        let led: Vec<_> = references
            .filter_map(|one| {
                let named = apart
                    .iter()
                    .find(|(name, _)| *name == one.name.to_bytes())?;
                Some((one, named.1))
            })
            .collect();
        modules::lead(self.library, &led);
    }
}

fn each_operator() -> impl Iterator<Item = Function> {
    let all = Function::ALL.iter().copied();
    all.filter(|&function| cxx::is_operator(function))
}

/// By the library's link map. What is replaced is not given back, since others may be reading it.
static SCOPES: [AtomicPtr<Scope>; KNOWN] = [const { AtomicPtr::new(ptr::null_mut()) }; KNOWN];

/// The same by the page that a call returns to: asking the loader for the library took 25 ns a call.
static NEAR: [AtomicPtr<Scope>; NEAR_PAGES] =
    [const { AtomicPtr::new(ptr::null_mut()) }; NEAR_PAGES];
const NEAR_PAGES: usize = 512;

/// The operator that the library of this return address would have found, unless that is a C++ library's.
pub fn operator(function: Function, caller: u64) -> *mut c_void {
    let near = &NEAR[(caller >> 12) as usize % NEAR_PAGES];
    // SAFETY: null or a leaked box.
    let known = unsafe { near.load(Ordering::Acquire).as_ref() };
    let is_good =
        |scope: &&Scope| scope.generation == modules::generation() && scope.code.contains(&caller);
    let scope = known.filter(is_good).or_else(|| {
        let scope = scope_of(caller)?;
        near.store(ptr::from_ref(scope).cast_mut(), Ordering::Release);
        Some(scope)
    });
    scope.map_or(ptr::null_mut(), |scope| {
        scope.operators[function as usize % FUNCTIONS]
    })
}

#[cold]
fn scope_of(caller: u64) -> Option<&'static Scope> {
    let library = modules::link_map_of(caller)?;
    let hash = (library as usize >> 4).wrapping_mul(0x9e37_79b9) >> 12;
    let slot = &SCOPES[hash % KNOWN];
    // SAFETY: null or a leaked box.
    let known = unsafe { slot.load(Ordering::Acquire).as_ref() };
    let is_good =
        |scope: &&Scope| scope.library == library && scope.generation == modules::generation();
    known.filter(is_good).or_else(|| {
        let code = Image::range_containing(caller)?;
        let scope = Box::leak(Box::new(look_around(library, code)));
        slot.store(scope, Ordering::Release);
        Some(scope)
    })
}

#[cold]
fn look_around(library: *const LinkMap, code: Range<u64>) -> Scope {
    let mut operators = [ptr::null_mut(); FUNCTIONS];
    let generation = modules::generation();
    crate::reentry::unrecorded(|| {
        let scopes = modules::scopes_of(library);
        for function in each_operator() {
            let mut name = [0u8; 64];
            let Some(symbol) = cxx::symbol_into(&mut name, function) else {
                continue;
            };
            let found = scopes.iter().map(|&scope| first_in(scope, symbol));
            let found = found.into_iter().find(|found| !found.is_null());
            let own = found.filter(|&found| !cxx::is_built_on_malloc(found as usize));
            operators[function as usize % FUNCTIONS] = own.unwrap_or(ptr::null_mut());
        }
    });
    let scope = Scope {
        library,
        code,
        generation,
        operators,
    };
    scope.let_go();
    scope
}

/// The first definition in a library and what it needs.
fn first_in(library: *const LinkMap, symbol: &CStr) -> *mut c_void {
    // SAFETY: glibc's handles are its link maps; this library is loaded, since code that came with it is running.
    unsafe { libc::dlsym(library.cast_mut().cast(), symbol.as_ptr()) }
}
