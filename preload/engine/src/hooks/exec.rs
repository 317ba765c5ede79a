//! exec and spawn: children are followed by default, also when the program gives them an environment
//! of its own making (`env -i`, su, cron-like servers). Where that lacks LDT, it is put back.
//!
//! A vfork child runs these with its parent's memory: nothing here writes to memory that the parent
//! knows. What must be built goes into a mapping of its own, only when something is missing, which is
//! given back when the exec fails.
//!
//! All functions: `# Safety` as for the C function of the name.

#![allow(clippy::missing_safety_doc, reason = "said once, above")]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use ldt_trace::header::flag;

use crate::emit::trace_file;
use crate::faults;
use crate::hooks::untraced::{self, Search};
use crate::real::{self, Real};
use crate::sys::{childs_scratch, mem, roomy, signal, thread};
use crate::{process, recording};

type Strings = *const *const c_char;

/// How many strings an array has before its null.
unsafe fn count(strings: Strings) -> usize {
    let mut count = 0;
    // SAFETY: the caller vouches for a null-terminated array.
    while unsafe { !(*strings.add(count)).is_null() } {
        count += 1;
    }
    count
}

/// Memory that lasts until the exec, or until it has failed. A vfork child's is its parent's, and lasts: the next child of the
/// thread, which waits for each, takes it again.
struct Scratch {
    memory: *mut u8,
    bytes: usize,
    used: usize,
    is_kept: bool,
}

impl Scratch {
    fn new(bytes: usize) -> Option<Scratch> {
        let bytes = bytes.next_multiple_of(mem::PAGE_BYTES);
        if recording::is_vfork_child() {
            return Scratch::kept(bytes);
        }
        Some(Scratch {
            memory: mem::allocate(bytes)?,
            bytes,
            used: 0,
            is_kept: false,
        })
    }

    /// In a vfork child, whose thread-local memory is its parent's as well.
    fn kept(bytes: usize) -> Option<Scratch> {
        let (memory, bytes) = childs_scratch::take(bytes)?;
        Some(Scratch {
            memory,
            bytes,
            used: 0,
            is_kept: true,
        })
    }

    /// Room for `bytes`, aligned for pointers; `new` was asked for enough.
    fn take(&mut self, bytes: usize) -> *mut u8 {
        let at = self.used.next_multiple_of(8);
        assert!(at + bytes <= self.bytes, "the sum was made before");
        self.used = at + bytes;
        // SAFETY: inside the mapping, as just checked.
        unsafe { self.memory.add(at) }
    }

    /// A string from parts, with its NUL.
    fn string(&mut self, parts: &[&[u8]]) -> *const c_char {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let start = self.take(length + 1);
        let mut at = start;
        for part in parts {
            // SAFETY: the room was taken for all parts.
            unsafe {
                ptr::copy_nonoverlapping(part.as_ptr(), at, part.len());
                at = at.add(part.len());
            }
        }
        start.cast()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_kept {
            // SAFETY: ours, and the exec that used it has failed or the spawn is done.
            unsafe { mem::release(self.memory, self.bytes) };
        }
    }
}

/// Whether an array of strings can be read, as far as its pages go: for a wild pointer the kernel has an error.
fn is_there(strings: Strings) -> bool {
    let can_read = |address: u64, bytes: usize| {
        let mut word = [0; 8];
        signal::read_memory(address, &mut word[..bytes]) == bytes
    };
    let mut at = strings as u64;
    loop {
        if !can_read(at, 8) {
            return false;
        }
        // SAFETY: just read, by the kernel.
        let string = unsafe { (at as *const u64).read_unaligned() };
        if string == 0 {
            return true;
        }
        if !can_read(string, 1) {
            return false;
        }
        at += 8;
    }
}

/// The environment with what following needs, or, for a program that does not start with LDT in LD_PRELOAD, without LDT
/// there; `None` when it is so as it is, or nothing can be read.
unsafe fn completed(environment: Strings, starts_with_us: bool) -> Option<(Scratch, Strings)> {
    if thread::slot().inside_sp.get() != 0 {
        // A program that LDT itself starts, the debugger, is not the user's.
        return None;
    }
    let (ours, options) = process::inheritance()?;
    if !environment.is_null() && !is_there(environment) {
        return None;
    }
    let variables = if environment.is_null() {
        // After clearenv().
        &[]
    } else {
        // SAFETY: the caller vouches for a null-terminated array of strings.
        unsafe { core::slice::from_raw_parts(environment, count(environment)) }
    };
    let value = |variable: *const c_char, name: &[u8]| -> Option<&[u8]> {
        // SAFETY: as above.
        unsafe { CStr::from_ptr(variable) }
            .to_bytes()
            .strip_prefix(name)
    };
    let find = |name: &[u8]| variables.iter().find_map(|&variable| value(variable, name));
    let theirs = find(b"LD_PRELOAD=").unwrap_or_default();
    let set = find(b"LDT_OPTIONS=");
    // An allocator before them would take all calls. (Whoever finds them a second time, behind it, loads them once.)
    let are_first = {
        let mut theirs = process::libraries(theirs);
        process::libraries(ours).all(|own| theirs.next() == Some(own))
    };
    let behind_ours = theirs.strip_prefix(ours);
    let is_complete = if starts_with_us {
        are_first && (set.is_some() || options.is_empty())
    } else {
        behind_ours.is_none()
    };
    if is_complete {
        return None;
    }
    let options = set.unwrap_or(options);
    let strings = variables.len() + 3;
    let mut scratch = Scratch::new(8 * strings + ours.len() + theirs.len() + options.len() + 128)?;
    let array = scratch.take(8 * strings).cast::<*const c_char>();
    let mut length = 0;
    let mut add = |string: *const c_char| {
        // SAFETY: at most all variables, our two and the null: `strings`.
        unsafe { *array.add(length) = string };
        length += 1;
    };
    for &variable in variables {
        let ours =
            value(variable, b"LD_PRELOAD=").is_some() || value(variable, b"LDT_OPTIONS=").is_some();
        if !ours {
            add(variable);
        }
    }
    if !starts_with_us {
        let rest = behind_ours.unwrap_or_default();
        let rest = rest.strip_prefix(b":").unwrap_or(rest);
        if !rest.is_empty() {
            add(scratch.string(&[b"LD_PRELOAD=", rest]));
        }
    } else {
        add(match (are_first, theirs.is_empty()) {
            (true, _) => scratch.string(&[b"LD_PRELOAD=", theirs]),
            (false, true) => scratch.string(&[b"LD_PRELOAD=", ours]),
            (false, false) => scratch.string(&[b"LD_PRELOAD=", ours, b":", theirs]),
        });
    }
    if set.is_some() || !options.is_empty() {
        add(scratch.string(&[b"LDT_OPTIONS=", options]));
    }
    add(ptr::null());
    Some((scratch, array))
}

/// The program's own environment.
fn own_environment() -> Strings {
    unsafe extern "C" {
        static environ: Strings;
    }
    // SAFETY: libc's variable, read as libc reads it.
    unsafe { environ }
}

/// The trace says that its process replaces itself by another program; dropping this, that it did not come
/// to that. A trace that ends so, with none after it, is of a command that went on without LDT.
struct Replacing {
    is_noted: bool,
}

impl Replacing {
    fn begin() -> Self {
        // A vfork child has its parent's trace before it, and does not end it.
        let is_noted = recording::is_on() && !recording::is_vfork_child();
        if is_noted {
            trace_file::set_flags(flag::EXECED);
        }
        Replacing { is_noted }
    }
}

impl Drop for Replacing {
    fn drop(&mut self) {
        if self.is_noted {
            trace_file::clear_flags(flag::EXECED);
        }
    }
}

/// Notes a program that LDT will not be in; whether it starts with LDT in LD_PRELOAD.
fn starts_with_us(path: *const c_char, search: Search) -> bool {
    roomy::with_room(|| Some(untraced::note(path, search))).unwrap_or(true)
}

/// Calls `function(a, b, environment)` with the environment completed.
unsafe fn execute(
    real: Real,
    path: *const c_char,
    arguments: Strings,
    environment: Strings,
) -> c_int {
    let address = real.address();
    if address.is_null() {
        return -1;
    }
    let search = match real {
        Real::Execvpe => Search::Path,
        _ => Search::Here,
    };
    let starts_with_us = starts_with_us(path, search);
    // SAFETY: execve and execvpe have this signature.
    let function: unsafe extern "C" fn(*const c_char, Strings, Strings) -> c_int =
        unsafe { core::mem::transmute(address) };
    // SAFETY: as the caller's; the function takes the program's own arguments.
    unsafe {
        replace(environment, starts_with_us, |environment| {
            function(path, arguments, environment)
        })
    }
}

/// Calls what replaces the process with the environment completed.
///
/// # Safety
/// `environment` is null or one as of execve.
unsafe fn replace(
    environment: Strings,
    starts_with_us: bool,
    call: impl FnOnce(Strings) -> c_int,
) -> c_int {
    let _undone = faults::before_exec();
    let _noted = Replacing::begin();
    // SAFETY: as the caller's. The completed environment lives until the call is over.
    match unsafe { completed(environment, starts_with_us) } {
        Some((scratch, environment)) => {
            let result = call(environment);
            drop(scratch);
            result
        }
        None => call(environment),
    }
}

/// `execve`.
pub unsafe extern "C" fn execve(
    path: *const c_char,
    arguments: Strings,
    environment: Strings,
) -> c_int {
    // SAFETY: as for the function beneath.
    unsafe { execute(Real::Execve, path, arguments, environment) }
}

/// `execvpe`.
pub unsafe extern "C" fn execvpe(
    file: *const c_char,
    arguments: Strings,
    environment: Strings,
) -> c_int {
    // SAFETY: as for the function beneath.
    unsafe { execute(Real::Execvpe, file, arguments, environment) }
}

/// `execv`.
pub unsafe extern "C" fn execv(path: *const c_char, arguments: Strings) -> c_int {
    // SAFETY: execv is execve with the program's own environment.
    unsafe { execute(Real::Execve, path, arguments, own_environment()) }
}

/// `execvp`.
pub unsafe extern "C" fn execvp(file: *const c_char, arguments: Strings) -> c_int {
    // SAFETY: execvp is execvpe with the program's own environment.
    unsafe { execute(Real::Execvpe, file, arguments, own_environment()) }
}

/// `fexecve`.
pub unsafe extern "C" fn fexecve(fd: c_int, arguments: Strings, environment: Strings) -> c_int {
    let address = Real::Fexecve.address();
    if address.is_null() {
        return -1;
    }
    // SAFETY: the symbol of that name, with the program's own arguments.
    unsafe {
        let function: unsafe extern "C" fn(c_int, Strings, Strings) -> c_int =
            core::mem::transmute(address);
        replace(environment, true, |environment| {
            function(fd, arguments, environment)
        })
    }
}

/// The one that is called; null where this C library lacks it.
struct Spawn {
    function: *mut c_void,
    search: Search,
}

/// All have the same signature.
unsafe fn spawn(
    called: Spawn,
    child: *mut c_int,
    path: *const c_char,
    actions: *const c_void,
    attributes: *const c_void,
    arguments: Strings,
    environment: Strings,
) -> c_int {
    type Function = unsafe extern "C" fn(
        *mut c_int,
        *const c_char,
        *const c_void,
        *const c_void,
        Strings,
        Strings,
    ) -> c_int;
    if called.function.is_null() {
        return libc::ENOSYS;
    }
    let starts_with_us = starts_with_us(path, called.search);
    let _undone = faults::before_spawn();
    // SAFETY: all have this signature; the completed environment lives until the child has it.
    unsafe {
        let function: Function = core::mem::transmute(called.function);
        match completed(environment, starts_with_us) {
            Some((scratch, environment)) => {
                let result = function(child, path, actions, attributes, arguments, environment);
                drop(scratch);
                result
            }
            None => function(child, path, actions, attributes, arguments, environment),
        }
    }
}

macro_rules! spawns {
    ($($name:ident: $function:expr, $search:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        pub unsafe extern "C" fn $name(
            child: *mut c_int,
            path: *const c_char,
            actions: *const c_void,
            attributes: *const c_void,
            arguments: Strings,
            environment: Strings,
        ) -> c_int {
            let called = Spawn { function: $function, search: $search };
            // SAFETY: as for the function beneath.
            unsafe { spawn(called, child, path, actions, attributes, arguments, environment) }
        }
    )*};
}

// Those of glibc 2.39 are looked for when they are called: dlsym allocates for a name that is missing, which at the start may
// be in the middle of the start of the program's own allocator.
spawns! {
    posix_spawn: Real::PosixSpawn.address(), Search::Here;
    posix_spawnp: Real::PosixSpawnp.address(), Search::Path;
    pidfd_spawn: real::next(c"pidfd_spawn"), Search::Here;
    pidfd_spawnp: real::next(c"pidfd_spawnp"), Search::Path;
}

/// The arguments of a variadic exec: five from registers, the rest from the stack, up to the null.
/// Gives them as an array, and the word after the null (execle's environment).
unsafe fn gathered(registers: Strings, stack: Strings) -> Option<(Scratch, Strings, Strings)> {
    const IN_REGISTERS: usize = 5;
    // SAFETY: the export has stored five registers and knows where the stack's arguments begin; the
    // caller of a variadic exec ends its list with a null.
    let argument = |index: usize| unsafe {
        if index < IN_REGISTERS {
            *registers.add(index)
        } else {
            *stack.add(index - IN_REGISTERS)
        }
    };
    let length = (0..)
        .take_while(|&index| !argument(index).is_null())
        .count();
    let mut scratch = Scratch::new(8 * (length + 1))?;
    let array = scratch.take(8 * (length + 1)).cast::<*const c_char>();
    for index in 0..=length {
        // SAFETY: room was taken for `length` strings and the null.
        unsafe { *array.add(index) = argument(index) };
    }
    Some((scratch, array, argument(length + 1).cast()))
}

macro_rules! variadic {
    ($($(#[$doc:meta])* $name:ident = $real:ident, $environment:expr;)*) => {$(
        $(#[$doc])*
        pub unsafe extern "C" fn $name(path: *const c_char, registers: Strings, stack: Strings) -> c_int {
            // SAFETY: as for the function beneath; the export hands over its arguments.
            unsafe {
                let Some((scratch, arguments, after)) = gathered(registers, stack) else { return -1 };
                let choose: fn(Strings) -> Strings = $environment;
                let result = execute(Real::$real, path, arguments, choose(after));
                drop(scratch);
                result
            }
        }
    )*};
}

variadic! {
    /// `execl`.
    execl = Execve, |_| own_environment();
    /// `execlp`.
    execlp = Execvpe, |_| own_environment();
    /// `execle`: the environment follows the null.
    execle = Execve, |after| after;
}
