//! What kind of process this is: its name, where its trace goes, what the trace says of it.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::clock;
use crate::message;
use crate::modules;
use crate::options::{Environment, Options};
use crate::recorder::Recorder;
use crate::sys::file::{self, file_name};
use crate::sys::proc;
use crate::sys::{self, syscall, system, thread};

/// Variables by which test runners tell which test a process runs.
const TEST_VARIABLES: [&str; 4] = [
    "LDT_TEST",
    "NEXTEST_BINARY_ID",
    "NEXTEST_TEST_NAME",
    "PYTEST_CURRENT_TEST",
];

const DEFAULT_PATTERN: &[u8] = b"ldt.%e.%p.trace";

/// What the kernel says of this program image. It is asked once, at the start: a forked child's image is its
/// parent's, and shells fork a great deal.
struct Image {
    /// The executable's path.
    executable: Vec<u8>,
    /// What a program is told that asks for its own: an emulator of one process (qemu-user) answers for its guest
    /// there, but does not know the folders of threads.
    told: Vec<u8>,
    /// The arguments, each with a zero byte behind it.
    command: Vec<u8>,
    environment: Environment,
}

/// Null until asked for; leaked.
static IMAGE: AtomicPtr<Image> = AtomicPtr::new(ptr::null_mut());

fn image() -> &'static Image {
    let mut known = IMAGE.load(Ordering::Acquire);
    if known.is_null() {
        let mut told = [0u8; 4096];
        let length = file::read_link(b"/proc/self/exe\0", &mut told).unwrap_or(0);
        known = Box::into_raw(Box::new(Image {
            executable: modules::executable_path(),
            told: told[..length].to_vec(),
            command: proc::read(b"/proc/thread-self/cmdline\0").unwrap_or_default(),
            environment: Environment::at_start(),
        }));
        // Two threads at once would find the same.
        IMAGE.store(known, Ordering::Release);
    }
    // SAFETY: leaked, and never changed.
    unsafe { &*known }
}

/// The environment at the start.
pub(super) fn environment() -> &'static Environment {
    &image().environment
}

/// The entries of a value of LD_PRELOAD, as the loader takes them apart.
pub fn libraries(preload: &[u8]) -> impl Iterator<Item = &[u8]> {
    preload
        .split(|&byte| byte == b':' || byte == b' ')
        .filter(|path| !path.is_empty())
}

/// Those of them that are LDT's, to be preloaded in children too; all of them where it has another name.
pub(super) fn own_libraries(preload: &[u8]) -> Vec<u8> {
    let own: Vec<&[u8]> = libraries(preload)
        .filter(|path| file_name(path).starts_with(b"libldt"))
        .collect();
    if own.is_empty() {
        preload.to_vec()
    } else {
        own.join(&b':')
    }
}

/// The pattern of the trace file made absolute now, before the program can change its directory.
pub(super) fn absolute_pattern(output: &[u8]) -> Vec<u8> {
    let pattern = if output.is_empty() {
        DEFAULT_PATTERN
    } else {
        output
    };
    match pattern.first() {
        Some(b'/') => pattern.to_vec(),
        _ => [&literal(&file::current_directory())[..], b"/", pattern].concat(),
    }
}

/// The same file name in the directory for temporary files.
pub(super) fn temporary_pattern(pattern: &[u8]) -> Vec<u8> {
    let directory = environment().value(b"TMPDIR=").unwrap_or(b"/tmp");
    [&literal(directory)[..], b"/", file_name(pattern)].concat()
}

/// A path in which nothing is to be filled in, as a part of a pattern.
fn literal(path: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(path.len());
    for &byte in path {
        pattern.push(byte);
        if byte == b'%' {
            pattern.push(byte);
        }
    }
    pattern
}

/// Fills in `%e` (executable), `%p` (process id), `%h` (host name); `%%` is a percent sign.
pub(super) fn expand(pattern: &[u8]) -> Vec<u8> {
    let mut path = Vec::new();
    let mut bytes = pattern.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            path.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'e') => path.extend_from_slice(file_name(&image().executable)),
            Some(b'p') => path.extend_from_slice(thread::process_id().to_string().as_bytes()),
            Some(b'h') => path.extend_from_slice(&kernel_names().1),
            Some(b'%') | None => path.push(b'%'),
            Some(&other) => path.extend_from_slice(&[b'%', other]),
        }
    }
    path
}

/// Why a process is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftAlone {
    /// For what its executable is called.
    ForItsName,
    /// For another reason.
    Otherwise,
}

/// Notes a program that is left alone for its name where `ldt` looks for it.
pub(super) fn note_left_alone(options: &Options) {
    if options.untraced.is_empty() {
        return;
    }
    let list = [&options.untraced[..], b"\0"].concat();
    if let Ok(out) = file::open_append(&list) {
        // One write, so that two children at once do not mix their lines.
        file::write_stream(out, &[&image().executable[..], b"\tleft alone\n"].concat());
        file::close(out);
    }
}

/// The program that an emulator runs in this process, if the emulator has LDT, too, from the environment that the kernel
/// started it with (`preload`): the process is the emulator's, and recorded there.
fn guest_of_recorded<'a>(image: &'a Image, preload: &[u8]) -> Option<&'a [u8]> {
    let is_known = !image.executable.is_empty() && !image.told.is_empty();
    // Longer by a word for an executable that is deleted between the two questions.
    let is_guest = is_known && !image.told.starts_with(&image.executable);
    (is_guest && libraries(preload).next().is_some()).then_some(&image.told)
}

/// Whether this process is one that is to be left alone. One that valgrind runs has its judge already, who would judge
/// LDT as well: a leak check reads whatever there is.
pub(super) fn is_skipped(options: &Options, forked: bool) -> Option<LeftAlone> {
    if sys::is_under_valgrind() {
        if options.launcher == 0 && !forked {
            message::say("not recording: valgrind runs this process");
        }
        return Some(LeftAlone::Otherwise);
    }
    let preload = environment().value(b"LD_PRELOAD=").unwrap_or_default();
    if let Some(guest) = guest_of_recorded(image(), preload) {
        if !forked {
            message::say(&format!(
                "what is looked at is {}, not {}, which it emulates",
                String::from_utf8_lossy(&image().executable),
                String::from_utf8_lossy(guest)
            ));
        }
        return Some(LeftAlone::Otherwise);
    }
    let command_itself =
        !forked && (options.launcher == 0 || options.launcher == thread::parent_process_id());
    if command_itself {
        return None;
    }
    if !options.trace_children {
        return Some(LeftAlone::Otherwise);
    }
    let is_left_alone = options.leaves_alone(&image().executable);
    is_left_alone.then_some(LeftAlone::ForItsName)
}

/// Kernel release and version, and the host's name.
fn kernel_names() -> (Vec<u8>, Vec<u8>) {
    let names = system::names();
    let text = |field: &[libc::c_char]| -> Vec<u8> {
        field
            .iter()
            .take_while(|&&c| c != 0)
            .map(|&c| c as u8)
            .collect()
    };
    let kernel = [
        &text(&names.sysname)[..],
        b" ",
        &text(&names.release),
        b" ",
        &text(&names.machine),
    ]
    .concat();
    (kernel, text(&names.nodename))
}

/// How many processors this process may run on.
fn processors() -> u32 {
    let mut mask = [0u64; 128];
    let args = [0, size_of_val(&mask), mask.as_mut_ptr() as usize];
    // SAFETY: the kernel fills at most the bytes given.
    let _ = unsafe { syscall(libc::SYS_sched_getaffinity, &args) };
    mask.iter().map(|word| word.count_ones()).sum()
}

/// The soft limit of the main stack.
fn stack_limit_bytes() -> u64 {
    let mut limits = [u64::MAX; 2];
    let args = [
        0,
        libc::RLIMIT_STACK as usize,
        0,
        limits.as_mut_ptr() as usize,
    ];
    // SAFETY: the kernel fills two 8-byte words.
    let _ = unsafe { syscall(libc::SYS_prlimit64, &args) };
    limits[0]
}

/// Writes down what a reader must know of the process.
pub(super) fn record(recorder: &mut Recorder) {
    let image = image();
    recorder.put_meta("command", &image.command);
    recorder.put_meta("exe", &image.executable);
    recorder.put_meta("cwd", &file::current_directory());
    recorder.put_meta("kernel", &kernel_names().0);
    recorder.put_meta("libc", &[b"glibc ", system::libc_version()].concat());
    let options = image.environment.value(b"LDT_OPTIONS=").unwrap_or_default();
    recorder.put_meta("options", options);
    for name in TEST_VARIABLES {
        let variable = [name.as_bytes(), b"="].concat();
        if let Some(value) = image.environment.value(&variable) {
            recorder.put_meta(&["env:", name].concat(), value);
        }
    }
    recorder.put_meta("page_size", b"4096");
    recorder.put_meta("clock", clock::name().as_bytes());
    recorder.put_meta("cpus", processors().to_string().as_bytes());
    recorder.put_meta("stack_limit", stack_limit_bytes().to_string().as_bytes());
    // A forked child knows modules from its parent, whose trace has their records.
    for module in modules::all().filter(|module| module.is_live()) {
        recorder.put_module(module);
    }
    recorder.put_sample();
}

/// The largest resident set that this program image had.
pub(super) fn rss_peak_bytes() -> u64 {
    proc::status_number(b"VmHWM:") << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image_of(executable: &str, told: &str) -> Image {
        Image {
            executable: executable.into(),
            told: told.into(),
            command: Vec::new(),
            environment: Environment::at_start(),
        }
    }

    /// Regression: LDT in a guest of qemu-user, beside its own, cost the emulator 6 GB and most of a minute.
    #[test]
    fn a_guest_is_left_to_its_recorded_emulator() {
        let emulated = image_of("/usr/bin/qemu-x86_64", "/usr/bin/ls");
        let guest = guest_of_recorded(&emulated, b"/opt/libldt.so");
        assert_eq!(guest, Some(&b"/usr/bin/ls"[..]));
        assert_eq!(guest_of_recorded(&emulated, b""), None);
        let deleted = image_of("/usr/bin/ls", "/usr/bin/ls (deleted)");
        for image in [
            image_of("/usr/bin/ls", "/usr/bin/ls"),
            deleted,
            image_of("", ""),
        ] {
            assert_eq!(guest_of_recorded(&image, b"/opt/libldt.so"), None);
        }
    }

    #[test]
    fn the_kernel_tells_a_program_of_its_own_what_it_runs() {
        assert_eq!(image().executable, image().told);
        assert!(!image().told.is_empty());
    }
}
